"""Connections that use forbidden resources: memory, files, clocks, threads; and some that misbehave otherwise."""

import decimal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread, get_ident
from typing import Any

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import LineConnection
from zttp_core.events import Data

LITTLE = 512 * 1024


def endless_pieces() -> Iterator[bytes]:
    while True:
        yield bytes(1024)


class Hoarding(LineConnection):
    def __init__(self, role: int) -> None:
        super().__init__(role)
        self._hoard: list[bytes] = []

    def receive_data(self, data: Any, /) -> None:
        self._hoard.append(b"." + bytes(data))

    def next_event(self) -> Any:
        from zttp_core.sentinels import NEED_DATA

        return NEED_DATA


bad(
    "test_endless_input_is_bounded",
    "without an end from byte 0 on: .* bytes are held, the limits say 524288",
    max_memory=LITTLE,
)(Hoarding)
bad(
    "test_floods_are_bounded",
    "flood 'zeros': .* bytes are held, the limits say 524288",
    max_memory=LITTLE,
    floods={"zeros": endless_pieces},
)(Hoarding)


@bad("test_what_has_ended_is_forgotten", "each repetition of it on one connection leaves .* bytes behind")
class RememberingMessages(LineConnection):
    def start_next_cycle(self) -> None:
        super().start_next_cycle()
        self.__dict__.setdefault("_history", []).append(bytes(1000))


@bad("test_nothing_is_opened_or_started", "a connection of 'lines' does I/O: open ")
class ReadingAFile(LineConnection):
    def data_to_send(self) -> bytes:
        Path(__file__).read_bytes()
        return super().data_to_send()


@bad("test_nothing_is_opened_or_started", "a connection of 'lines' does I/O: a thread")
class StartingAThread(LineConnection):
    def data_to_send(self) -> bytes:
        thread = Thread(target=list)
        thread.start()
        thread.join()
        return super().data_to_send()


@bad("test_dropped_connections_leave_nothing", "dropped connections of 'lines' can still be reached")
class Immortal(LineConnection):
    everyone: list[Any] = []

    def __init__(self, role: int) -> None:
        super().__init__(role)
        self.everyone.append(self)


@bad(
    "test_dropped_connections_leave_nothing",
    "dropped connections of 'lines' leave .* bytes behind for each round of the exchanges",
)
class LeavingADiary(LineConnection):
    diary: list[bytes] = []

    def data_to_send(self) -> bytes:
        self.diary.append(bytes(1000))
        return super().data_to_send()


@bad("test_the_process_is_left_as_it_was", r"changes the process that it runs in: decimal.getcontext\(\)")
class Exact(LineConnection):
    def __init__(self, role: int) -> None:
        super().__init__(role)
        decimal.getcontext().prec += 1


@bad("test_two_threads_use_two_connections", "in two threads raised .* raised RuntimeError: .*not my thread")
class OfOneThread(LineConnection):
    home = get_ident()

    def next_event(self) -> Any:
        if get_ident() != self.home:
            raise RuntimeError("not my thread")
        return super().next_event()


@bad("test_two_threads_use_two_connections", "with another connection in another thread the events are different")
class OfOneThreadAlone(LineConnection):
    home = get_ident()

    def next_event(self) -> Any:
        event = super().next_event()
        return Data(b"?") if isinstance(event, Data) and get_ident() != self.home else event


@bad("test_a_connection_says_what_it_is", r"repr\(\) of a connection tells nothing of it: <.* object at 0x")
class Taciturn(LineConnection):
    __repr__ = object.__repr__


@bad("test_a_connection_says_what_it_is", r"repr\(\) of a Talkative has \d+ characters")
class Talkative(LineConnection):
    def __repr__(self) -> str:
        return f"<Talkative {bytes(self._input)!r:>2000}>"


class Unpicklable:
    stream_id = 0

    def __reduce__(self) -> Any:
        raise TypeError("no")


class Unequal:
    stream_id = 0


class WithSuchEvents(LineConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        return self.kind() if isinstance(event, Data) else event

    kind: type[Any] = Unpicklable


bad("test_events_can_be_copied_and_pickled", "Unpicklable cannot be copied: TypeError: no")(WithSuchEvents)


@bad("test_events_can_be_copied_and_pickled", "Unequal is not equal to itself once it is copied")
class WithUnequalEvents(WithSuchEvents):
    kind = Unequal


@bad("test_an_option_that_does_not_exist_is_refused", "'lines' takes any option: a slip in a name would go unnoticed")
class TakingAnyOption(LineConnection):
    def __init__(self, role: int, **options: Any) -> None:
        super().__init__(role)


@bad("test_an_option_that_does_not_exist_is_refused", "raises a TypeError that does not name it: no options")
class RefusingAnyOption(LineConnection):
    def __init__(self, role: int, **options: Any) -> None:
        super().__init__(role)
        if options:
            raise TypeError("no options")


class Unrelated:
    """It may do all that is requested."""


@bad(
    "test_a_connection_is_a_zttp_connection",
    r"Unrelated is no zttp.Connection: return what zttp.Connection\(\) makes",
    connect=lambda suite, role: Unrelated(),
)
class Replaced(LineConnection):
    pass
