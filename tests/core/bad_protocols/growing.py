"""Connections that are right for small messages only: longer ones break them, cost too much, or leave memory behind."""

from typing import Any, ClassVar

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import HEAD, OPEN, LineConnection

CONTENT = "test_content_of_any_length_arrives"
RECEIVED = "test_cost_is_linear_in_what_is_received"


@bad(CONTENT, "exchange 'content', server raised KeyError: KeyError")
class AtALossWithMuch(LineConnection):
    sizes: ClassVar[dict[int, int]] = {0: 0}
    seen = 0

    def receive_data(self, data: Any, /) -> None:
        self.seen += len(data)
        if self.seen > 3_000 and self._reading != HEAD:
            self.sizes[self.seen]
        super().receive_data(data)


@bad(CONTENT, "growing 'content', 3001 bytes: the events are |what was sent did not reach the server")
class CuttingOffMuch(LineConnection):
    def _head(self, end: int) -> Any:
        event = super()._head(end)
        self._left = min(self._left, 3_000)
        return event


@bad(CONTENT, "what was sent did not reach the server")
class SendingAtMostSoMuch(LineConnection):
    def send_data(self, data: Any, /) -> None:
        super().send_data(bytes(data)[:65_535])


@bad(RECEIVED, "growing 'content', server, pulled at once: 8 times as much costs .* times that")
class CountingAllAgain(LineConnection):
    """Examines all content so far, whenever more arrives."""

    def receive_data(self, data: Any, /) -> None:
        self._all = self.__dict__.get("_all", b"") + bytes(data)
        self._lines = self._all.count(b"\n")
        super().receive_data(data)


@bad(RECEIVED, "growing 'content', client, pulled at once: 8 times as much costs .* times that")
class CopyingWhatIsLeft(LineConnection):
    """Keeps pieces in a list, and sums them up each time."""

    def receive_data(self, data: Any, /) -> None:
        if self.role == 2:
            pieces = self.__dict__.setdefault("_pieces", [])
            pieces.append(len(data))
            self._sum = sum([pieces[at] for at in range(len(pieces))])
        super().receive_data(data)


@bad("test_cost_is_linear_in_what_is_sent", "growing 'content': to send 8 times as much costs .* times as much")
class JoiningEachTime(LineConnection):
    def send_data(self, data: Any, /) -> None:
        self._check(self._writing == OPEN)
        joined = bytearray(b"".join([*self._output, bytes(data)]))
        self._output = [bytes(bytearray(bytes(joined)))]  # so often that it shows in the cost of sending


@bad("test_cost_is_linear_in_a_head", "8 times as much of b'a' from byte .* on costs .* times as much")
class ReadingFromTheStart(LineConnection):
    def next_event(self) -> Any:
        if self._reading == HEAD:
            self._longest = max((value for value in self._input), default=0)
        return super().next_event()


@bad("test_what_has_ended_is_forgotten", "each repetition of it on one connection leaves .* bytes behind")
class LeavingALittle(LineConnection):
    """Sixteen bytes for each message."""

    def start_next_cycle(self) -> None:
        super().start_next_cycle()
        self.__dict__.setdefault("_history", bytearray()).extend(bytes(16))


@bad("test_what_has_ended_is_forgotten", "each repetition of it on one connection leaves .* bytes behind")
class LeavingANumber(LineConnection):
    """Eight bytes for each message, in a list."""

    def start_next_cycle(self) -> None:
        super().start_next_cycle()
        self.__dict__.setdefault("_history", []).append(0)


@bad("test_dropped_connections_leave_nothing", "dropped connections of 'lines' leave .* bytes behind for each round")
class LeavingALittleOnItsClass(LineConnection):
    diary: ClassVar[bytearray] = bytearray()

    def next_event(self) -> Any:
        if self._eof:
            self.diary.extend(bytes(16))
        return super().next_event()


@bad("test_endless_input_is_bounded", "without an end from byte .* raised RecursionError|raised RecursionError")
class Recursive(LineConnection):
    """Skips empty lines before a head, each in a call of its own."""

    def _next_event(self) -> Any:
        if self._reading == HEAD and self._input.startswith(b"\n"):
            del self._input[:1]
            return self._next_event()
        return super()._next_event()
