"""Pair: our own client and server understand each other."""

from __future__ import annotations

from typing import Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import ProtocolError
from zttp_core.events import Data, Request
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.pair import Pair
from zttp_core.testing.subject import Subject
from zttp_core.testing.verdict import fail, not_applicable

_NETWORKS: Final = 10
_MANY: Final = 300  # exchanges on one connection
_MOST_CONTENT: Final = 64  # pieces
_PIECE: Final = bytes(1024 * 1024)


class Pairing(Subject):
    """A connected client and server understand each other."""

    def test_both_sides_understand_each_other(self, exchange: Exchange) -> None:
        """The messages of each side arrive at the other."""
        self.pair(exchange).converse(exchange)

    def test_exchanges_follow_each_other(self) -> None:
        """Exchanges continue on one connection as long as it is kept alive."""
        if len(self.descriptor.roles) < 2:
            not_applicable(f"'{self.protocol}' has one role")
        if "keep-alive" not in self.descriptor.capabilities:
            not_applicable(f"'{self.protocol}' does not claim keep-alive")
        pair = self.pair()
        for exchange in [*self.exchanges, *self.exchanges]:
            if exchange.resumes:
                continue
            pair.converse(exchange)
            if not pair.can_go_on():
                pair = self.pair()

    def test_a_connection_carries_more_messages_than_an_octet_counts(self) -> None:
        """The number of messages on an open connection is not limited, nor are stream numbers."""
        if len(self.descriptor.roles) < 2 or "keep-alive" not in self.descriptor.capabilities:
            not_applicable(f"'{self.protocol}' has one role, or does not claim keep-alive")
        if self.datagrams:
            not_applicable("a network for so many is simulated too slowly")
        for exchange in self.exchanges:
            pair = self.pair(exchange)
            pair.converse(exchange)
            if not exchange.ends or not pair.can_go_on():
                continue
            for number in range(2, _MANY):
                pair.converse(exchange)
                pair.forget()
                if not pair.can_go_on():
                    fail(f"exchange '{exchange.name}': {number} times on one connection, and then it does not go on")
            return

    def test_content_beyond_the_window_waits_and_arrives(self) -> None:
        """With flow control, content beyond the windows is blocked, and all of it arrives in the end."""
        if "flow-control" not in self.descriptor.capabilities or not self.multiplexed:
            not_applicable(f"'{self.protocol}' does not claim flow control")
        pair = self.pair()
        request = Request(b"POST", b"/", [(b"host", b"example.com")])
        pair.programs[CLIENT].send([request])
        pair.run()
        stream = pair.programs[CLIENT].sender(0)
        sent = 0
        while not stream.pending_bytes:
            if sent == _MOST_CONTENT:
                fail(f"flow control: {sent} MiB were sent to a peer that reads nothing, and none of it waits")
            stream.send_data(_PIECE)
            sent += 1
        stream.end_message()
        pair.run()
        content = b"".join(event.data for event in pair.received[SERVER].events if isinstance(event, Data))
        if content != _PIECE * sent:
            fail(f"flow control: of {sent * len(_PIECE)} bytes of content {len(content)} arrived")

    def test_a_bad_network_loses_no_message(self) -> None:
        """Datagrams are lost, duplicated and late; messages are not, except those that are datagrams themselves."""
        if not self.reliable:
            not_applicable("this protocol leaves what is lost to its caller")
        for exchange in self.exchanges:
            for number in range(_NETWORKS):
                network = {"loss": 0.1, "repetition": 0.1, "disorder": 0.2}
                self._network(exchange, number, **network).converse(exchange.without_datagrams())

    def test_a_network_that_repeats_and_reorders_breaks_nothing(self) -> None:
        """A datagram that arrives twice or late is not an error."""
        for exchange in self.exchanges:
            for number in range(_NETWORKS):
                try:
                    pair = self._network(exchange, number, repetition=0.5, disorder=0.5)
                    pair.programs[CLIENT].send(exchange.asked)
                    pair.run()
                except ProtocolError as error:
                    fail(f"exchange '{exchange.name}' over a network that repeats and reorders: {error}")

    def _network(self, exchange: Exchange, number: int, **faults: float) -> Pair:
        if not self.datagrams:
            not_applicable("a stream loses nothing and keeps its order")
        return self.pair(exchange, seed=f"{exchange.name}/{number}", **faults)
