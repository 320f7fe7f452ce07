"""Connections over datagrams that mishandle time, or an unreliable network."""

from typing import Any

from tests.core.bad_protocols import Sample
from tests.core.toy_datagrams import FIRST_TIMEOUT, ToyConnection, refusal
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA


class RingingInThePast(ToyConnection):
    def handle_timeout(self, now: int, /) -> None:
        for number, (datagram, _, tries) in self._unacknowledged.items():
            self._unacknowledged[number] = datagram, now, tries


class KeepingAlive(ToyConnection):
    def next_timeout(self) -> int | None:
        return self._now + FIRST_TIMEOUT if self._next_number else None

    def handle_timeout(self, now: int, /) -> None:
        self._now = now


class WakingLate(ToyConnection):
    def next_timeout(self) -> int | None:
        following = super().next_timeout()
        return 10**15 if following is None else following


class ActingUnasked(ToyConnection):
    def handle_timeout(self, now: int, /) -> None:
        super().handle_timeout(now)
        if not self._unacknowledged:
            self._queue.append(b"A\0\0\0\0")


class NeverGivingUp(ToyConnection):
    def handle_timeout(self, now: int, /) -> None:
        for number, (datagram, _, tries) in self._unacknowledged.items():
            self._unacknowledged[number] = datagram, now + FIRST_TIMEOUT, tries
            self._queue.append(datagram)


class NeverRepeating(ToyConnection):
    def data_to_send(self, now: int = 0) -> list[bytes]:
        queued, self._queue = self._queue, []
        return queued


class AfraidOfRepetition(ToyConnection):
    def receive_datagram(self, datagram: Any, now: int = 0, peer_address: Any = None, /) -> None:
        if datagram[:1] == b"D" and int.from_bytes(datagram[1:5]) < self._expected:
            self._error = refusal("this was received before")
        super().receive_datagram(datagram, now, peer_address)


class RingingEarly(ToyConnection):
    def handle_timeout(self, now: int, /) -> None:
        super().handle_timeout(max([now, *(deadline for _, deadline, _ in self._unacknowledged.values())]))


class WithBrokenTime(ToyConnection):
    def next_timeout(self) -> Any:
        following = super().next_timeout()
        return None if following is None else following / 1


class GivingATuple(ToyConnection):
    def data_to_send(self, now: int = 0) -> Any:
        return tuple(super().data_to_send(now))


class GivingNothingAtAll(ToyConnection):
    def data_to_send(self, now: int = 0) -> Any:
        return [*super().data_to_send(now), b""]


class AfraidOfLargeOnes(ToyConnection):
    def receive_datagram(self, datagram: Any, now: int = 0, peer_address: Any = None, /) -> None:
        if len(datagram) > 1000:
            raise KeyError(len(datagram))
        super().receive_datagram(datagram, now, peer_address)


class GoingThroughEverything(ToyConnection):
    """Its list of parts is searched for each one."""

    def receive_datagram(self, datagram: Any, now: int = 0, peer_address: Any = None, /) -> None:
        seen = self.__dict__.setdefault("_seen", [])
        if not any(other == datagram[:5] for other in seen):
            seen.append(bytes(datagram[:5]))
        super().receive_datagram(datagram, now, peer_address)


class SendingText(ToyConnection):
    def send_data(self, data: Any, /) -> None:
        super().send_data(data.encode() if isinstance(data, str) else data)


class GivingUpSilently(ToyConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        return NEED_DATA if event is CONNECTION_CLOSED else event


class GivingUpAgain(ToyConnection):
    def next_event(self) -> Any:
        self._end_told = False
        return super().next_event()


class GivingUpHalf(ToyConnection):
    def is_closed(self) -> bool:
        return self._error is not None


class TalkingToNobody(ToyConnection):
    def handle_timeout(self, now: int, /) -> None:
        super().handle_timeout(now)
        if self._given_up:
            self._queue.append(b"A\0\0\0\0")


class AfraidOfThePast(ToyConnection):
    def data_to_send(self, now: int = 0) -> list[bytes]:
        if now < self._now:
            raise ValueError("time must not go back")
        return super().data_to_send(now)


SAMPLES = [
    Sample(
        RingingEarly, "test_a_timer_that_rings_early_does_nothing", r"handle_timeout\(1000001\) acts, the deadline is"
    ),
    Sample(
        WithBrokenTime, "test_an_idle_pair_comes_to_rest", r"next_timeout\(\) returned .*, neither an integer nor None"
    ),
    Sample(GivingATuple, "test_an_exchange_gives_its_events", r"data_to_send\(\) returned \(.*, not a list of bytes"),
    Sample(GivingNothingAtAll, "test_an_exchange_gives_its_events", r"data_to_send\(\) returned a datagram of 0 bytes"),
    Sample(AfraidOfLargeOnes, "test_content_of_any_length_arrives", "raised KeyError: KeyError"),
    Sample(GoingThroughEverything, "test_cost_is_linear_in_what_is_received", "8 times as much costs .* times that"),
    Sample(SendingText, "test_what_is_no_bytes_is_refused", r"send_data\('text'\) was taken"),
    Sample(RingingInThePast, "test_a_silent_peer_is_given_up", r"after handle_timeout\(\d+\) next_timeout\(\) is \d+"),
    Sample(KeepingAlive, "test_an_idle_pair_comes_to_rest", "have acted 10000 times and do not come to rest"),
    Sample(WakingLate, "test_an_idle_pair_comes_to_rest", r"when all is done, next_timeout\(\) is 1000000000000000"),
    Sample(
        ActingUnasked, "test_a_timer_that_was_not_asked_for_does_nothing", r"acts although next_timeout\(\) was None"
    ),
    Sample(GivingUpSilently, "test_a_silent_peer_is_given_up", "gives up .* and CONNECTION_CLOSED was not returned"),
    Sample(GivingUpAgain, "test_a_silent_peer_is_given_up", "and returns CONNECTION_CLOSED more than once"),
    Sample(GivingUpHalf, "test_a_silent_peer_is_given_up", r"CONNECTION_CLOSED was returned, is_closed\(\) is False"),
    Sample(
        TalkingToNobody, "test_a_silent_peer_is_given_up", "has given up waiting for an answer, and goes on sending"
    ),
    Sample(
        AfraidOfThePast,
        "test_a_clock_that_goes_back_breaks_nothing",
        r"data_to_send\(\) at a time .* raised ValueError",
    ),
    Sample(NeverGivingUp, "test_a_silent_peer_is_given_up", "has timed out 10,000 times without an answer"),
    Sample(NeverRepeating, "test_a_bad_network_loses_no_message", "was sent and not received|did not reach"),
    Sample(
        AfraidOfRepetition,
        "test_a_network_that_repeats_and_reorders_breaks_nothing",
        "over a network that repeats and reorders: this was received before",
    ),
]
