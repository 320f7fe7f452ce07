"""Connections whose errors are not those of the contract."""

from typing import Any

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import HEAD, IDLE, OPEN, LineConnection, refusal
from zttp_core.constants import CLIENT
from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import EndOfMessage
from zttp_core.sentinels import NEED_DATA


@bad("test_malformed_input_is_refused", "malformed input 'no target' was accepted: ")
class AcceptingEverything(LineConnection):
    def next_event(self) -> Any:
        try:
            return super().next_event()
        except RemoteProtocolError:
            return NEED_DATA


@bad("test_malformed_input_is_refused", "malformed input 'no target': the error has no reason of its own")
class WithoutReason(LineConnection):
    def next_event(self) -> Any:
        try:
            return super().next_event()
        except RemoteProtocolError as error:
            raise RemoteProtocolError(str(error), status_hint=400) from None


@bad("test_malformed_input_is_refused", "the error has neither a status_hint nor an error_code to answer")
class WithoutAnswer(LineConnection):
    def next_event(self) -> Any:
        try:
            return super().next_event()
        except RemoteProtocolError as error:
            raise RemoteProtocolError(str(error), reason="bad") from None


@bad("test_malformed_input_is_refused", "the message has 0 characters")
class Speechless(LineConnection):
    def next_event(self) -> Any:
        try:
            return super().next_event()
        except RemoteProtocolError:
            raise RemoteProtocolError("", reason="bad", status_hint=400) from None


@bad("test_malformed_input_is_refused_however_it_is_cut", "malformed input 'no target': byte by byte it gives ")
class RefusingByTheFirstPiece(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        if self._reading == HEAD and len(data) == 1 and not self._input:
            self._error = RemoteProtocolError("too short", reason="too_short", status_hint=400)
        super().receive_data(data)


@bad("test_an_error_is_repeated", "malformed input 'no target': first the error is .*, then .*")
class ChangingItsMind(LineConnection):
    def next_event(self) -> Any:
        if self._error is not None:
            raise refusal("something else")
        return super().next_event()


@bad(
    "test_an_error_is_repeated",
    r"malformed input 'no target': first the error has the notes \['while reading'\], then ",
)
class NotingEachRead(LineConnection):
    def next_event(self) -> Any:
        try:
            return super().next_event()
        except RemoteProtocolError as error:
            error.add_note("while reading")
            raise


@bad("test_an_error_is_repeated", r"malformed input 'no target': after the error next_event\(\) returned ")
class Forgiving(LineConnection):
    def next_event(self) -> Any:
        return EndOfMessage() if self._error is not None else super().next_event()


@bad("test_an_error_is_repeated", r"malformed input 'no target': is_closed\(\) is False after the error")
class NeverClosed(LineConnection):
    def is_closed(self) -> bool:
        return False


@bad("test_an_error_is_repeated", "malformed input 'harmless' was accepted", malformed={"harmless": b"GET /\n\n"})
class NamingWhatIsRight(LineConnection):
    pass


@bad(
    "test_malformed_replies_are_refused",
    "malformed reply 'harmless' was accepted",
    malformed_replies={"harmless": b"200\n\n"},
)
class NamingARightReply(LineConnection):
    pass


class Fragile(LineConnection):
    def next_event(self) -> Any:
        if not self._input.isascii():  # which a search finds in any input
            raise IndexError("list index out of range")
        return super().next_event()


bad("test_mutated_input_raises_nothing_else", "that received .* raised IndexError: list index")(Fragile)
bad("test_no_input_raises_anything_else", "that received .* raised IndexError: list index")(Fragile)


@bad("test_illegal_sends_leave_no_trace", r"server: send_request\(\) of a server before anything else was allowed")
class SendingAnything(LineConnection):
    def _check(self, allowed: bool) -> None:
        pass


@bad(
    "test_illegal_sends_leave_no_trace",
    r"server: send_request\(\) of a server .* raised ValueError, not LocalProtocolError",
)
class RaisingSomethingElse(LineConnection):
    def _check(self, allowed: bool) -> None:
        if not allowed:
            raise ValueError("wrong order")


@bad(
    "test_illegal_sends_leave_no_trace",
    r"send_response\(\) with the field .* before the reply was refused, and has queued",
)
class QueuingBeforeChecking(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        self._output.append(b"%d\n" % status)
        super().send_response(status, headers)


@bad(
    "test_illegal_sends_leave_no_trace",
    r"before the reply was refused, and has changed <.* writing=0> to <.* writing=1>",
)
class ChangingBeforeChecking(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        try:
            super().send_response(status, headers)
        except LocalProtocolError:
            self._writing = OPEN if self._writing == IDLE else self._writing
            raise


@bad("test_illegal_sends_leave_no_trace", "exchange 'get', server: illegal sends have changed it")
class BearingAGrudge(LineConnection):
    def _check(self, allowed: bool) -> None:
        if not allowed:
            self._grudge = True
        super()._check(allowed)

    def data_to_send(self) -> bytes:
        queued = super().data_to_send()
        return queued.replace(b"hello", b"pffft") if getattr(self, "_grudge", False) else queued


@bad("test_illegal_sends_leave_no_trace", "exchange 'get', client: illegal sends have changed it")
class BearingAGrudgeAsAClient(LineConnection):
    def _check(self, allowed: bool) -> None:
        if not allowed and self.role == CLIENT:
            self._grudge = True
        super()._check(allowed)

    def data_to_send(self) -> bytes:
        queued = super().data_to_send()
        return queued.replace(b"GET", b"PUT") if getattr(self, "_grudge", False) else queued
