"""Connections over encrypted datagrams without real protection, or without reproducible output."""

import os
from typing import Any

from tests.core.bad_protocols import bad
from tests.core.toy_sealed import Outgoing, SealedConnection
from zttp_core.constants import CLIENT
from zttp_core.errors import RemoteProtocolError
from zttp_core.sentinels import NEED_DATA


@bad(
    "test_the_same_surroundings_give_the_same",
    "played again it gives .* it uses entropy or time that was not handed in",
)
class WithEntropyOfItsOwn(SealedConnection):
    def __init__(self, role: int, **options: Any) -> None:
        super().__init__(role, **options | {"entropy": os.urandom if role == 1 else options["entropy"]})


@bad("test_connections_have_keys_of_their_own", "two connections with different entropy have sent the same datagram")
class WithOneKeyForAll(SealedConnection):
    def __init__(self, role: int, **options: Any) -> None:
        super().__init__(role, **options | {"entropy": bytes})


@bad("test_forged_datagrams_are_dropped", "with the forged datagram .* it gives ")
class BelievingEverything(SealedConnection):
    """Refuses the connection for datagrams that anybody may have sent."""

    def receive_datagram(self, datagram: Any, now: int = 0, peer_address: Any = None, /, **more: Any) -> None:
        if bytes(datagram[:1]) not in (b"H", b"S"):
            from tests.core.toy_datagrams import refusal

            self._error = refusal("this is no datagram of ours")
        super().receive_datagram(datagram, now, peer_address, **more)


@bad("test_forged_datagrams_are_dropped", "raised IndexError: IndexError")
class AfraidOfShortOnes(SealedConnection):
    def receive_datagram(self, datagram: Any, now: int = 0, peer_address: Any = None, /, **more: Any) -> None:
        self._last = datagram[20]
        super().receive_datagram(datagram, now, peer_address, **more)


@bad("test_a_peer_with_keys_is_refused", "abuse 'a part that nobody knows' was accepted")
class ToleratingAbuse(SealedConnection):
    def next_event(self) -> Any:
        try:
            return super().next_event()
        except RemoteProtocolError:
            return NEED_DATA


@bad("test_a_peer_with_keys_is_refused", "abuse .* raised UnboundLocalError|abuse .* raised ValueError: ValueError")
class ConfusedByAbuse(SealedConnection):
    def next_event(self) -> Any:
        try:
            return super().next_event()
        except RemoteProtocolError as error:
            raise ValueError("?") from error


@bad("test_both_sides_understand_each_other", "what was sent did not reach the client")
class StayingWithTheFirstAddress(SealedConnection):
    """Answers to the previous address of the client."""

    first: Any = None

    def data_to_send_with_addresses(self, now: int = 0) -> list[Outgoing]:
        self.first = self.first or self._peer_address
        return [Outgoing(datagram, self.first) for datagram in self.data_to_send(now)]


@bad("test_both_sides_understand_each_other", "a datagram is for 'nobody', which is nobody's address")
class SendingToNobody(SealedConnection):
    def data_to_send_with_addresses(self, now: int = 0) -> list[Outgoing]:
        return [Outgoing(datagram, "nobody") for datagram in self.data_to_send(now)]


@bad("test_both_sides_understand_each_other", 'a datagram is to leave from "the client\'s address", which is not where')
class LeavingFromElsewhere(SealedConnection):
    """Confuses the source of a datagram with its destination."""

    def data_to_send_with_addresses(self, now: int = 0) -> list[Outgoing]:
        return [Outgoing(datagram, self._peer_address, self._peer_address) for datagram in self.data_to_send(now)]


@bad("test_both_sides_understand_each_other", "raised ValueError: ValueError")
class AfraidOfItsOwnAddress(SealedConnection):
    def receive_datagram(
        self, datagram: Any, now: int = 0, peer_address: Any = None, /, *, local_address: Any = None, ecn: int = 0
    ) -> None:
        if local_address:
            raise ValueError("where am I?")
        super().receive_datagram(datagram, now, peer_address, ecn=ecn)


@bad("test_both_sides_understand_each_other", "raised ValueError: ValueError")
class AfraidOfMarks(SealedConnection):
    def receive_datagram(
        self, datagram: Any, now: int = 0, peer_address: Any = None, /, *, local_address: Any = None, ecn: int = 0
    ) -> None:
        if ecn:
            raise ValueError("marked")
        super().receive_datagram(datagram, now, peer_address, local_address=local_address, ecn=ecn)


@bad(
    "test_both_sides_understand_each_other",
    r"exchange 'a session that is resumed' resumes a session, and session_of\(\) has",
)
class WithoutTickets(SealedConnection):
    def session(self) -> bytes | None:
        return None


@bad(["test_an_exchange_gives_its_events", "test_both_sides_understand_each_other"][1], "did not reach the server")
class ForgettingItsTickets(SealedConnection):
    def _receive_hello(self, hello: bytes) -> None:
        super()._receive_hello(hello if self.role == 2 else hello[:16])


@bad("test_a_bad_network_loses_no_message", "was sent and not received|did not reach")
class GivingUpItsHello(SealedConnection):
    def handle_timeout(self, now: int, /) -> None:
        if self._key is not None:
            super().handle_timeout(now)
        else:
            self._hello_deadline = 1 << 60


bad(
    "test_the_suite_has_a_sample_of_everything",
    r"no sample of what a server must refuse \(malformed\); what a client must refuse",
    abuses={},
    abuses_of_servers={},
)(type("WithoutAbuses", (SealedConnection,), {}))


@bad("test_illegal_sends_leave_no_trace", "illegal sends have changed it")
class NumberingWhatItRefuses(SealedConnection):
    """As many datagrams are sent, but their numbers are different."""

    def _check(self, allowed: bool) -> None:
        self._sent += not allowed
        super()._check(allowed)


@bad("test_forged_datagrams_are_dropped", "with the forged datagram .* it gives ")
class BelievingTheFirst(SealedConnection):
    """Begins with any first datagram, and is then unusable."""

    def receive_datagram(self, datagram: Any, now: int = 0, peer_address: Any = None, /, **more: Any) -> None:
        self.first = self.__dict__.get("first") or bytes(datagram[1:5])
        if self.role == CLIENT or bytes(datagram[:1]) != b"H" or bytes(datagram[1:5]) == self.first:
            super().receive_datagram(datagram, now, peer_address, **more)
