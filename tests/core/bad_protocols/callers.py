"""Connections that mistreat the arguments of a caller, or fail at repeated calls."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import OPEN, SENT, LineConnection
from tests.core.toy_frames import FrameConnection, FrameStream, check, response
from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.messages import is_field_value, is_request_target, is_token

# --------------------------------------------------------------------------------------------------------------- fields


@bad("test_fields_may_come_in_any_form", r"an iterator of lists: .*200\\n\\nhello.* is sent, not .*length: 5")
class ReadingFieldsTwice(LineConnection):
    """Iterates twice, to check and to write: an iterator is empty the second time."""

    def _send_head(self, first: bytes, fields: Any) -> None:
        self._check(all(is_token(name) and is_field_value(value) for name, value in fields))
        super()._send_head(first, fields)


@bad("test_the_fields_stay_the_callers", "changes the caller's list of fields to .*via")
class AddingToTheCallersFields(LineConnection):
    def _send_head(self, first: bytes, fields: Any) -> None:
        super()._send_head(first, fields)
        if isinstance(fields, list):
            fields.append((b"via", b"lines"))


@bad("test_the_fields_stay_the_callers", "a list of fields that is used again: .*x-added: later.* is sent")
class WritingHeadsLate(LineConnection):
    late: tuple[int, bytes, Iterable[Any]] | None = None

    def _send_head(self, first: bytes, fields: Any) -> None:
        super()._send_head(first, fields)
        self.late = len(self._output) - 1, first, fields

    def data_to_send(self) -> bytes:
        if self.late is not None:
            at, first, fields = self.late
            self._output[at] = b"\n".join([first, *(name + b": " + value for name, value in fields)]) + b"\n\n"
            self.late = None
        return super().data_to_send()


@bad("test_fields_that_fail_leave_no_trace", "fields that raise in the middle have queued ")
class WritingFieldsAsTheyCome(LineConnection):
    def _send_head(self, first: bytes, fields: Any) -> None:
        self._output.append(first + b"\n")
        for name, value in fields:
            self._check(is_token(name) and is_field_value(value))
            self._output.append(name + b": " + value + b"\n")
        self._output.append(b"\n")
        self._writing = OPEN


@bad("test_fields_that_fail_leave_no_trace", "were sent, and their error was lost")
class SendingWhatCame(LineConnection):
    def _send_head(self, first: bytes, fields: Any) -> None:
        known = []
        try:
            known.extend(fields)
        except Exception:  # noqa: BLE001 - that is what is wrong
            known.clear()
        super()._send_head(first, known)


@bad("test_a_head_needs_no_fields", r"send_response\(204\) without fields raised TypeError")
class NeedingFields(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        super().send_response(status, [*headers])


# -------------------------------------------------------------------------------------------------------------- content


@bad("test_empty_content_is_nothing", r"sending Data\(data=b'hello'\) was refused")
class EndingWithNothing(LineConnection):
    """Like a chunk of length 0 that is written unchecked."""

    def send_data(self, data: Any, /) -> None:
        super().send_data(data)
        self._writing = OPEN if memoryview(data).nbytes else SENT


@bad("test_illegal_sends_leave_no_trace", r"client: send_data\(\) after the end before the reply was allowed")
class AskingOn(LineConnection):
    def send_data(self, data: Any, /) -> None:
        self._check(self._writing == OPEN or (self.role == CLIENT and self._writing == SENT))
        self._output.append(bytes(memoryview(data)))


@bad("test_illegal_sends_leave_no_trace", r"client: a second send_request\(\) before the reply was allowed")
class AskingTwice(LineConnection):
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any) -> None:
        self._check(self.role == CLIENT and is_token(method) and is_request_target(target))
        self._send_head(method + b" " + target, headers)


# --------------------------------------------------------------------------------------------------------------- errors


@bad("test_malformed_input_is_refused", "the message holds what the peer sent as it is: 'bad: GET")
class QuotingThePeer(LineConnection):
    def _next_event(self) -> Any:
        quoted = bytes(self._input[:40]).decode("latin-1")
        try:
            return super()._next_event()
        except RemoteProtocolError as error:
            raise RemoteProtocolError(f"bad: {quoted}", reason=error.reason, status_hint=400) from None


@bad("test_malformed_input_is_refused", "the status_hint is 200, which is no error's status")
class HintingAtSuccess(LineConnection):
    def _next_event(self) -> Any:
        try:
            return super()._next_event()
        except RemoteProtocolError as error:
            error.status_hint = 200
            raise


@bad("test_illegal_sends_leave_no_trace", "was refused without a reason of its own")
class RefusingWithoutReason(LineConnection):
    def _check(self, allowed: bool) -> None:
        if not allowed:
            raise LocalProtocolError("no")


@bad("test_refused_sends_leave_nothing", r"send_request\(\) of a server leaves \d+ bytes behind each time")
class CountingRefusals(LineConnection):
    def __init__(self, role: int) -> None:
        super().__init__(role)
        self.refusals: list[bytes] = []

    def _check(self, allowed: bool) -> None:
        if not allowed:
            self.refusals.append(bytes(20))
        super()._check(allowed)


# ------------------------------------------------------------------------------------------------- what is kept of them

numbers: dict[bytes, int] = {}


@cache
def parsed(target: bytes) -> list[bytes]:
    return target.split(b"?")


@bad("test_modules_keep_nothing_of_connections", r"is kept by its module: tests\.core\.bad_protocols\.callers\.parsed")
class WithACacheWithoutLimit(LineConnection):
    def _next_event(self) -> Any:
        event = super()._next_event()
        parsed(getattr(event, "target", b""))
        return event


@bad("test_modules_keep_nothing_of_connections", r"is kept by its module: tests\.core\.bad_protocols\.callers\.numbers")
class NumberingWhatComes(LineConnection):
    def _next_event(self) -> Any:
        event = super()._next_event()
        for _, value in getattr(event, "headers", ()):
            numbers.setdefault(value, len(numbers))
        return event


# -------------------------------------------------------------------------------------------------------------- streams


@bad("test_streams_that_are_none_are_refused", r"stream\(-1\) raised OverflowError")
class WithNumbersOfFourBytes(FrameConnection):
    def stream(self, stream_id: int, /) -> FrameStream:
        stream_id.to_bytes(4)
        return super().stream(stream_id)


@bad("test_streams_that_are_none_are_refused", r"consume_data\(-1, 1\) raised KeyError")
class ConsumingWhatIsThere(FrameConnection):
    def consume_data(self, stream_id: int, length: int, /) -> None:
        self._streams[stream_id].received -= length


class WithCodesOfFourBytes(FrameStream):
    def reset(self, error_code: int = 0, /) -> None:
        error_code.to_bytes(4)
        super().reset(error_code)


@bad("test_codes_that_are_none_are_refused", r"reset\(-1\) raised OverflowError")
class OnStreamsWithCodes(FrameConnection):
    stream_class = WithCodesOfFourBytes


class ResettingAgain(FrameStream):
    def reset(self, error_code: int = 0, /) -> None:
        super().reset(error_code)
        self._connection.queue(b"X", self.stream_id, error_code.to_bytes(4))


@bad("test_a_reset_is_sent_once", r"a second reset\(\) of the same stream sends something")
class ResettingOnAndOn(FrameConnection):
    stream_class = ResettingAgain


class HintingTooLate(FrameStream):
    def send_informational(self, status: int, headers: Any = None, /) -> None:
        check(self._connection.role == SERVER and 100 <= status <= 199)
        self._connection.queue(b"I", self.stream_id, response(status, headers))


@bad("test_illegal_sends_leave_no_trace", r"send_informational\(\) after the head inside the reply was allowed")
class OnStreamsThatHint(FrameConnection):
    stream_class = HintingTooLate


@bad("test_a_stream_that_waits_holds_up_no_other", "the response on another does not go out")
class OneAfterTheOther(FrameConnection):
    """Content that waits for credit blocks later output of all streams."""

    def __init__(self, role: int) -> None:
        super().__init__(role)
        self._held: list[tuple[bytes, int, bytes]] = []

    def queue(self, letter: bytes, stream_id: int, payload: bytes) -> None:
        if any(one._blocked for one in self._streams.values() if one.stream_id != stream_id):
            self._held.append((letter, stream_id, payload))
        else:
            super().queue(letter, stream_id, payload)
