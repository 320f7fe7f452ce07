"""Multiplexed connections whose streams do not do what their methods promise."""

from typing import Any

from tests.core import toy_frames
from tests.core.bad_protocols import bad
from tests.core.toy_datagrams import refusal
from tests.core.toy_frames import FrameConnection, FrameStream
from zttp_core.constants import SERVER
from zttp_core.events import Data


def with_streams(test: str, message: str, **more: Any) -> Any:
    """Add a connection that makes streams of a class."""

    def add(streams: type[FrameStream]) -> type[FrameStream]:
        bad(test, message, **more)(type(f"With{streams.__name__}", (FrameConnection,), {"stream_class": streams}))
        return streams

    return add


@with_streams("test_a_stream_can_be_reset", r"reset\(\) raised KeyError: KeyError\(1\)")
class UnableToReset(FrameStream):
    def reset(self, error_code: int = 0, /) -> None:
        raise KeyError(self.stream_id)


@with_streams("test_a_stream_can_be_reset", r"after reset\(\) the other side is given .* and no RstStream")
class ResettingSilently(FrameStream):
    def reset(self, error_code: int = 0, /) -> None:
        self.reading = self.writing = 2
        self._connection.forget(self)


@with_streams("test_a_stream_can_be_reset", r"send_data\(\) after reset\(\) was allowed")
class SendingBehindReset(FrameStream):
    def reset(self, error_code: int = 0, /) -> None:
        self._connection.queue(b"X", self.stream_id, bytes(4))


@bad("test_a_stream_can_be_reset", r"after reset\(\) another request does not arrive|a request after reset")
class EndingWithAStream(FrameConnection):
    closed = False

    def _read(self, letter: bytes, stream_id: int, payload: bytes) -> Any:
        self.closed = self.closed or letter == b"X"
        return super()._read(letter, stream_id, payload) if not self.closed or letter == b"X" else None


@with_streams("test_an_informational_response_arrives", "sending Response.* raised NotImplementedError")
@with_streams("test_an_exchange_gives_its_events", r"sending Response\(status_code=103.* raised NotImplementedError")
class WithoutHints(FrameStream):
    def send_informational(self, status: int, headers: Any = None, /) -> None:
        raise NotImplementedError


@with_streams("test_an_informational_response_arrives", r"the client is given the responses \[\]")
class SwallowingHints(FrameStream):
    def send_informational(self, status: int, headers: Any = None, /) -> None:
        pass


@with_streams("test_end_stream_ends_the_message", r"send_response\(end_stream=True\) was called, and the other side")
class IgnoringTheEnd(FrameStream):
    def send_response(self, status: int, headers: Any = None, end_stream: bool = False) -> None:
        super().send_response(status, headers)


@bad("test_end_stream_ends_the_message", r"send_request\(end_stream=True\) was called, and the other side is given")
class IgnoringTheEndOfRequests(FrameConnection):
    def send_request(self, *head: Any, end_stream: bool = False) -> FrameStream:
        return super().send_request(*head)


@bad("test_end_stream_ends_the_message", r"send_data\(\) after send_request\(end_stream=True\) was allowed")
class SendingBehindTheEnd(FrameConnection):
    def send_request(self, *head: Any, end_stream: bool = False) -> FrameStream:
        stream = super().send_request(*head, end_stream=end_stream)
        stream.writing = 1
        return stream


@bad(
    "test_requests_are_limited",
    "201 requests were accepted, and none of them was answered: there is no limit",
    max_requests=200,
)
class WithoutALimit(FrameConnection):
    def send_request(self, *head: Any, end_stream: bool = False) -> FrameStream:
        kept, self._streams = self._streams, {}
        try:
            return super().send_request(*head, end_stream=end_stream)
        finally:
            self._streams |= kept

    def _request(self, letter: bytes, stream_id: int, payload: bytes) -> Any:
        kept, self._streams = self._streams, {}
        try:
            return super()._request(letter, stream_id, payload)
        finally:
            self._streams |= kept


@bad(
    "test_floods_are_bounded",
    "flood 'streams opened and reset': .* bytes are held, the limits say 524288",
    max_memory=512 * 1024,
)
@bad("test_what_has_ended_is_forgotten", "each repetition of it on one connection leaves .* bytes behind")
class RememberingStreams(FrameConnection):
    def forget(self, stream: FrameStream) -> None:
        super().forget(stream)
        if stream.stream_id not in self._streams:
            self.__dict__.setdefault("_gone", {})[stream.stream_id] = stream


@bad("test_illegal_sends_leave_no_trace", r"send_data\(\) on a stream that was never opened .* raised KeyError")
class WithoutAGuard(FrameConnection):
    def stream(self, stream_id: int, /) -> FrameStream:
        return self._streams[stream_id]


@bad("test_illegal_sends_leave_no_trace", r"was refused, and has changed <.*streams=0> to <.*streams=1")
class MakingStreamsWhenAsked(FrameConnection):
    def stream(self, stream_id: int, /) -> FrameStream:
        return self._streams.setdefault(stream_id, self.stream_class(self, stream_id))


@with_streams("test_content_beyond_the_window_waits_and_arrives", "64 MiB were sent .* and none of it waits")
class WithoutWindows(FrameStream):
    def flush(self) -> None:
        self.send_window = 1 << 40
        super().flush()


@bad("test_content_beyond_the_window_waits_and_arrives", "flow control: of .* bytes of content .* arrived")
class GivingNoCredit(FrameConnection):
    def queue(self, letter: bytes, stream_id: int, payload: bytes) -> None:
        if letter != b"W" or self.role != SERVER:
            super().queue(letter, stream_id, payload)


@bad("test_an_exchange_gives_its_events", "exchange 'two streams'.* b'hello'. was sent, .'end of message'")
class MixingStreams(FrameConnection):
    def _read(self, letter: bytes, stream_id: int, payload: bytes) -> Any:
        event = super()._read(letter, stream_id, payload)
        return Data(event.data, self._latest) if isinstance(event, Data) else event


@bad("test_a_message_that_breaks_off_is_refused", "exchange 'get', server: EOF after byte 2 of 20 is taken for a clean")
class EndingInAFrame(FrameConnection):
    def _next_event(self) -> Any:
        if self._eof and len(self._input) - self._at < 9:
            self._at = len(self._input)
        return super()._next_event()


bad(
    "test_the_suite_has_a_sample_of_everything",
    r"no sample of what costs and never ends, such as streams that are opened and reset \(floods\)",
    floods={},
)(type("WithoutFloods", (FrameConnection,), {}))
bad(
    "test_a_stream_can_be_reset",
    "no sample shows a request of 'toy-frames' without content",
    exchanges=toy_frames.EXCHANGES[:0],
)(type("WithoutRequests", (FrameConnection,), {}))


@bad(
    "test_what_is_under_way_to_a_reset_stream_breaks_nothing", "before it knew is refused: nothing comes after a reset"
)
class AfraidOfWhatIsLate(FrameConnection):
    def _read(self, letter: bytes, stream_id: int, payload: bytes) -> Any:
        if letter in b"BE" and stream_id not in self._streams:
            raise refusal("nothing comes after a reset")
        return super()._read(letter, stream_id, payload)


@bad("test_what_is_under_way_to_a_reset_stream_breaks_nothing", "an answer beside reset")
class ThrowingAllAway(FrameConnection):
    def _read(self, letter: bytes, stream_id: int, payload: bytes) -> Any:
        if letter == b"X":
            self._output.clear()
        return super()._read(letter, stream_id, payload)


@bad("test_an_early_answer_loses_no_content", r"'two streams', server: answered after byte \d+ of \d+ the request is ")
class ForgettingStreams(FrameConnection):
    """Ignores a stream after its answer."""

    def _read(self, letter: bytes, stream_id: int, payload: bytes) -> Any:
        stream = self._streams.get(stream_id)
        if letter == b"B" and self.role == SERVER and stream is not None and stream.writing:
            return None
        return super()._read(letter, stream_id, payload)
