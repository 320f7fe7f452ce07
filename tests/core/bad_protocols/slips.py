"""Connections that accept or return values that are not bytes, or end where they must not."""

from typing import Any

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import CONTENT, END, EXCHANGES, HEAD, OPEN, SENT, LineConnection, refusal
from zttp_core.constants import CLIENT
from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import Data, EndOfMessage
from zttp_core.messages import is_token
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA

# --------------------------------------------------------------------------------------------------------- what goes in


@bad("test_what_is_no_bytes_is_refused", r"server: send_data\('text'\) was taken, although it is of the wrong type")
class SendingText(LineConnection):
    def send_data(self, data: Any, /) -> None:
        super().send_data(data.encode() if isinstance(data, str) else data)


@bad("test_what_is_no_bytes_is_refused", r"server: send_data\(5\) was taken, although it is of the wrong type")
class SendingZeros(LineConnection):
    """``bytes(5)`` is not an error: it is five zeros."""

    def send_data(self, data: Any, /) -> None:
        super().send_data(bytes(data) if isinstance(data, int) else data)


@bad("test_what_is_no_bytes_is_refused", r"server: receive_data\(None\) was taken, although")
class ReceivingNothing(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        if data is not None:
            super().receive_data(data)


@bad("test_what_is_no_bytes_is_refused", r"receive_data\('text'\) raised AttributeError, not TypeError or ValueError")
class RaisingAttributeErrors(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        if isinstance(data, str):
            data.decode()  # type: ignore[attr-defined]
        super().receive_data(data)


@bad("test_what_is_no_bytes_is_refused", r"send_data\('text'\) was refused, and has queued b'\[5\]'")
class QueuingBeforeLooking(LineConnection):
    def send_data(self, data: Any, /) -> None:
        if self._writing == OPEN and isinstance(data, str):
            self._output.append(b"[5]")
        super().send_data(data)


@bad("test_what_was_sent_may_be_used_again", r"a buffer that is used again after send_data\(\) changes ")
@bad("test_an_asking_program_may_use_its_buffer_again", "exchange 'post', client: a buffer that is used again changes")
class KeepingTheCallersBuffer(LineConnection):
    def send_data(self, data: Any, /) -> None:
        self._check(self._writing == OPEN)
        self._output.append(data)


@bad("test_a_received_buffer_may_be_used_again", "the buffer that was received is changed, and it is its caller's")
class UsingTheBuffer(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        super().receive_data(data)
        if not memoryview(data).readonly:
            view = memoryview(data).cast("B")
            view[:] = bytes(len(view))


@bad("test_an_exchange_gives_its_events", r"next_event\(\) returned a Data without any content")
class GivingNoContent(LineConnection):
    told = False

    def next_event(self) -> Any:
        event = super().next_event()
        if isinstance(event, EndOfMessage) and not self.told:
            self.told, self._reading = True, END
            return Data(b"")
        return event


@bad("test_an_end_is_told", "where EOF comes before the first pull, the events are ")
class ForgettingTheEnd(LineConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        return CONNECTION_CLOSED if isinstance(event, EndOfMessage) and self._eof else event


@bad("test_an_end_is_told", "what comes after EOF is read: ")
class ReadingBehindTheEnd(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        self._eof = False
        super().receive_data(data)

    def should_close(self) -> bool:
        return True


@bad("test_an_end_is_told", r"after it, at EOF, should_close\(\) is False")
class NeverClosing(LineConnection):
    def should_close(self) -> bool:
        return False


@bad("test_who_ends_its_side_is_answered", r"at EOF is_closed\(\) is True, although the answer has not gone out")
class HangingUp(LineConnection):
    def is_closed(self) -> bool:
        return self._error is not None or self._eof


@bad("test_who_ends_its_side_is_answered", "sending Response.* was refused: this must not be sent now")
class RefusingToAnswerWhoLeft(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        self._check(not self._eof)
        super().send_response(status, headers)


@bad("test_who_ends_its_side_is_answered", "after EOF nothing of the answer goes out")
class AnsweringWhoLeftInVain(LineConnection):
    def data_to_send(self) -> bytes:
        queued = super().data_to_send()
        return b"" if self._eof else queued


@bad("test_who_ends_its_side_is_answered", "EOF changes the answer that was queued before it")
class DroppingWhatWasQueued(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        super().receive_data(data)
        if self._eof:
            self._output.clear()


@bad("test_who_ends_its_side_is_answered", r"is_closed\(\) is False after EOF and the answer")
class WaitingForWhoLeft(LineConnection):
    def is_closed(self) -> bool:
        return self._error is not None


@bad("test_an_answer_behind_an_error_is_sent_or_refused", "raised KeyError: KeyError")
class AfraidToAnswer(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        if self._error is not None:
            raise KeyError(status)
        super().send_response(status, headers)


@bad("test_a_received_buffer_may_be_used_again", "the buffer that was received is still held, and cannot be resized")
class HoldingTheBuffer(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        super().receive_data(data)
        self._held = data


# -------------------------------------------------------------------------------------------------------- what goes out


class Giving(LineConnection):
    def data_to_send(self) -> Any:
        return self.made_of(super().data_to_send())

    made_of: Any = bytearray


bad("test_an_exchange_gives_its_events", r"data_to_send\(\) returned bytearray, not bytes: bytearray")(Giving)


@bad("test_both_sides_understand_each_other", r"data_to_send\(\) returned NoneType, not bytes: None")
class GivingNothing(Giving):
    made_of = staticmethod(lambda queued: queued or None)


@bad("test_an_exchange_gives_its_events", r"data_to_send\(\) returned list, not bytes: \[\]")
class GivingAList(Giving):
    made_of = staticmethod(lambda queued: [queued] if queued else [])


@bad("test_both_sides_understand_each_other", "have answered each other 10000 times|did not reach")
class GivingTwice(LineConnection):
    def data_to_send(self) -> bytes:
        return b"".join(self._output)


@bad("test_looking_changes_nothing", r"is_closed\(\) returned 0, which is no bool")
class WithNumbersForAnswers(LineConnection):
    def is_closed(self) -> Any:
        return int(super().is_closed())


@bad("test_looking_changes_nothing", "looked at between all pieces: the events are ")
class ForgettingWhenLookedAt(LineConnection):
    def __repr__(self) -> str:
        if self._reading == HEAD:
            self._input.clear()
        return super().__repr__()


@bad("test_looking_changes_nothing", "looked at between all pieces: the events are ")
class EndingWhenPulledInVain(LineConnection):
    waits = 0

    def next_event(self) -> Any:
        event = super().next_event()
        self.waits = self.waits + 1 if event is NEED_DATA else 0
        return EndOfMessage() if self.waits == 3 else event


@bad("test_pulling_late_gives_the_same", "pulled when all was received|pulled in the end: the events are ")
class WithRoomForOnePiece(LineConnection):
    fresh = False

    def receive_data(self, data: Any, /) -> None:
        if self.fresh and self._input:
            self._input.clear()
        self.fresh = True
        super().receive_data(data)

    def next_event(self) -> Any:
        self.fresh = False
        return super().next_event()


@bad(
    "test_illegal_sends_leave_no_trace",
    r"client: send_request\(\) of b'' before a request was allowed",
)
class SendingAnyMethod(LineConnection):
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any) -> None:
        self._check(self.role == CLIENT and not self._writing)
        self._check(b" " not in target and min(target, default=0) > 32)
        self._send_head(method + b" " + target, headers)


@bad("test_illegal_sends_leave_no_trace", r"client: send_request\(\) to b'/ x' before a request was allowed")
class SendingToAnyTarget(LineConnection):
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any) -> None:
        self._check(self.role == CLIENT and not self._writing and is_token(method))
        self._send_head(method + b" " + target, headers)


@bad("test_illegal_sends_leave_no_trace", r"server: send_response\(42\) before the reply was allowed")
class SendingAnyStatus(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        super().send_response(200 if 0 < status < 100 else status, headers)


@bad("test_illegal_sends_leave_no_trace", r"with the field \(b'x-split', b'a\\nb'\) before .* was allowed")
class OverlookingLineFeeds(LineConnection):
    def _send_head(self, first: bytes, fields: Any) -> None:
        super()._send_head(first, [(name, value.replace(b"a\nb", b"ab")) for name, value in fields])


@bad("test_illegal_sends_leave_no_trace", r"a second send_response\(\) inside the reply was allowed")
class AnsweringTwice(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        if self._writing == OPEN and self.role != CLIENT:
            self._writing = 0
        super().send_response(status, headers)


# ---------------------------------------------------------------------------------------------------------- how it ends


@bad(
    "test_a_message_that_breaks_off_is_refused",
    "exchange 'get', server: EOF after byte 1 of 13 is taken for a clean close",
)
class EndingInAHead(LineConnection):
    def next_event(self) -> Any:
        if self._eof and self._reading == HEAD and b"\n\n" not in self._input:
            return CONNECTION_CLOSED
        return super().next_event()


@bad("test_a_message_that_breaks_off_is_refused", "EOF after byte 15 of 20 is taken for a clean close, with")
class EndingInContent(LineConnection):
    def next_event(self) -> Any:
        if self._eof and self._reading == CONTENT and not self._input:
            return CONNECTION_CLOSED
        return super().next_event()


@bad("test_an_end_is_told", "after it EOF gives NEED_DATA, not CONNECTION_CLOSED")
class NeverEnding(LineConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        return NEED_DATA if event is CONNECTION_CLOSED else event


@bad("test_an_early_answer_loses_no_content", r"exchange 'post', server: answered after byte \d+ of 20 the request is ")
class ForgettingWhatIsAnswered(LineConnection):
    """Ignores the peer after the answer."""

    def next_event(self) -> Any:
        if self._reading == CONTENT and self.role != CLIENT and self._writing == SENT:
            del self._input[: self._left]
            self._reading = END
        return super().next_event()


@bad("test_an_end_is_told", r"exchange 'get', server: behind the CONNECTION_CLOSED of an EOF next_event\(\) returns ")
class EndingForEver(LineConnection):
    """A program that pulls until nothing is left never ends."""

    def next_event(self) -> Any:
        event = super().next_event()
        return CONNECTION_CLOSED if event is NEED_DATA and self._eof else event


@bad("test_an_end_is_told", "before anything came EOF gives RemoteProtocolError malformed_lines, not CONNECTION_CLOSED")
class AfraidOfSilence(LineConnection):
    def next_event(self) -> Any:
        if self._eof and self._reading == HEAD and not self._input:
            raise refusal("somebody must speak")
        return super().next_event()


@bad("test_mutated_input_raises_nothing_else", "gives events in a wrong order: .* comes after the end of its message")
class AddingSomething(LineConnection):
    """Odd inputs give content after the end."""

    added = False

    def next_event(self) -> Any:
        event = super().next_event()
        if event is NEED_DATA and self._reading == 3 and self._input and not self.added:
            self.added = True
            return Data(b"?")
        return event


@bad("test_an_error_that_is_read_again_keeps_nothing", "the error that is raised again keeps .* bytes for each read")
class CollectingFrames(LineConnection):
    def next_event(self) -> Any:
        try:
            return super().next_event()
        except RemoteProtocolError as error:
            self.__dict__.setdefault("_frames", []).append(error.__traceback__)
            raise


@bad(
    "test_a_refused_peer_is_not_listened_to",
    "malformed input 'no target', and more after it: .* bytes are held",
)
class ListeningOn(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        if self._error is not None:
            self._input += data
        super().receive_data(data)


@bad("test_unanswered_requests_are_bounded", "the same request without an end, unanswered: .* bytes are held")
class WaitingForAnything(LineConnection):
    """Keeps all bytes after a request until it is answered."""

    def receive_data(self, data: Any, /) -> None:
        if self._reading == HEAD:
            super().receive_data(data)
        else:
            self.__dict__.setdefault("_later", bytearray()).extend(data)


# ---------------------------------------------------------------------------------------------- what a suite leaves out

MISSING = "the suite of 'lines' has no sample of .*"
SUITE = "test_the_suite_has_a_sample_of_everything"
for left_out, missing in {
    "malformed": r"what a server must refuse \(malformed\)",
    "malformed_replies": r"what a client must refuse \(malformed_replies\)",
    "growing": r"content of any length, in both directions \(growing\)",
}.items():
    bad(SUITE, MISSING + missing, **{left_out: {}})(type(f"Without_{left_out}", (LineConnection,), {}))
bad(SUITE, MISSING + r"any exchange \(exchanges\)", exchanges=[])(type("WithoutAny", (LineConnection,), {}))
bad(SUITE, MISSING + "content that goes to the server", exchanges=EXCHANGES[:1])(
    type("WithoutRequestContent", (LineConnection,), {})
)
bad(SUITE, MISSING + "content that goes to the client", exchanges=EXCHANGES[1:])(
    type("WithoutReplyContent", (LineConnection,), {})
)
bad(SUITE, "exchanges of 'lines' have the same name", exchanges=[EXCHANGES[0], EXCHANGES[0]])(
    type("WithTwins", (LineConnection,), {})
)
for silent in ("test_mutated_input_raises_nothing_else", "test_two_threads_use_two_connections"):
    bad(silent, "no sample shows what .* of 'lines' receives", exchanges=[])(type("Silent", (LineConnection,), {}))


@bad(
    "test_every_claim_is_shown",
    "'lines' claims informational, no exchange shows it",
    {"capabilities": frozenset(("keep-alive", "pipelining", "informational"))},
)
class ClaimingHints(LineConnection):
    def send_informational(self, status: int, headers: Any = None, /) -> None:
        raise NotImplementedError


@bad(
    "test_an_informational_response_arrives",
    r"sending Response\(status_code=103.* raised NotImplementedError",
    {"capabilities": frozenset(("keep-alive", "pipelining", "informational"))},
)
class HintingNothing(ClaimingHints):
    pass


@bad("test_an_exchange_gives_its_events", r"sending Response\(status_code=200.* was refused: not today")
class RefusingToAnswer(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        raise LocalProtocolError("not today", reason="wrong_order")
