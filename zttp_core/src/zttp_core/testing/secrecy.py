"""Secrecy: encrypted exchanges are recorded, replayed, forged, and abused by a peer that has the keys."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import RemoteProtocolError
from zttp_core.testing.datagram_pair import DatagramPair
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.subject import Subject
from zttp_core.testing.verdict import excerpt, fail, not_applicable, telling
from zttp_core.testing.wire import Arrival, take

_FORGERIES: Final = 200
_LONGEST_MESSAGE: Final = 500


class Secrecy(Subject):
    """Protocols whose bytes depend on entropy, and those that authenticate them."""

    def test_the_same_surroundings_give_the_same(self, exchange: Exchange) -> None:
        """With the same entropy, time and input a connection gives the same events and sends the same datagrams."""
        if not self.datagrams:
            not_applicable("the other tests play bytes again")
        for scenario in self.scenarios(exchange):
            first, sent = self.live_through(scenario)
            again, sent_again = self.live_through(scenario)
            if (first.told(), sent) != (again.told(), sent_again):
                fail(
                    f"{scenario}: played again it gives {excerpt((again.told(), sent_again))}, not "
                    f"{excerpt((first.told(), sent))}: it uses entropy or time that was not handed in"
                )
            if scenario.role == SERVER and first.refusal is None and first.events != list(exchange.events):
                fail(f"{scenario}: recorded and played again it gives {excerpt(first.events)}")

    def test_connections_have_keys_of_their_own(self) -> None:
        """With other entropy the output differs: no key and no nonce is universal."""
        self._check_encrypted()
        exchange = next(exchange for exchange in self.exchanges if not exchange.resumes)
        sent = []
        for salt in ("one", "other"):
            self._salt = salt
            pair = self.pair()
            pair.converse(exchange)
            assert isinstance(pair, DatagramPair)
            sent.append(set(pair.arrived[CLIENT]) | set(pair.arrived[SERVER]))
        self._salt = ""
        if both := sent[0] & sent[1]:
            fail(f"two connections with different entropy have sent the same datagram: {excerpt(min(both))}")

    def test_forged_datagrams_are_dropped(self, exchange: Exchange) -> None:
        """Changing, truncating or forging datagrams in transit has no effect: the messages still arrive."""
        self._check_encrypted()
        for scenario in self.scenarios(exchange):
            expected = scenario.play().told()
            random = Random(f"{scenario}")  # noqa: S311
            for number in range(_FORGERIES):
                at = number % len(scenario.received)
                original = scenario.received[at]
                forged = _like(original, forge(original, random))
                # Before the real one, as an attacker on the path would do it.
                pieces = [*scenario.received[:at], forged, *scenario.received[at:]]
                got = scenario.play(pieces).told()
                if got != expected:
                    fail(f"{scenario}: with the forged datagram {excerpt(bytes(forged))} it gives {excerpt(got)}")

    def test_a_peer_with_keys_is_refused(self, abuse: str) -> None:
        """A violation within the encryption is a RemoteProtocolError with a reason, again on each read."""
        role = CLIENT if abuse in self.abuses else SERVER
        victim = SERVER if role == CLIENT else CLIENT
        act = {**self.abuses_of_servers, **self.abuses}[abuse]
        pair = self.pair()
        connection = pair.connections[victim]
        with telling(f"abuse '{abuse}'"):
            act(pair.connections[role])
            error = _refusal(pair)
        if error is None:
            fail(f"abuse '{abuse}' was accepted: {excerpt(pair.received[victim].events)}")
        if not error.reason or error.reason == "protocol_error":
            fail(f"abuse '{abuse}': the error has no reason of its own, such as 'bad_length'")
        if not 0 < len(str(error)) <= _LONGEST_MESSAGE:
            fail(f"abuse '{abuse}': the message has {len(str(error))} characters, not 1 to {_LONGEST_MESSAGE}")
        take(connection)
        for _ in range(2):
            try:
                event = connection.next_event()
            except RemoteProtocolError as again:
                if (type(again), again.reason, str(again)) != (type(error), error.reason, str(error)):
                    fail(f"abuse '{abuse}': first the error is {error!r}, then {again!r}")
            else:
                fail(f"abuse '{abuse}': after the error next_event() returned {event!r}")
        # A server of one message at a time may still send its closing message.
        if not connection.is_closed() and not (hasattr(connection, "should_close") and connection.should_close()):
            fail(f"abuse '{abuse}': is_closed() is False after the error, which is terminal")

    def _check_encrypted(self) -> None:
        if not self.encrypted:
            not_applicable(f"the suite does not say that '{self.protocol}' is encrypted")


def forge(datagram: bytes, random: Random) -> bytes:
    """Return a datagram with one bit changed, truncated, extended, or of noise."""
    if not datagram:
        return b"\0"
    at = random.randrange(len(datagram))
    match random.randrange(4):
        case 0:
            return datagram[:at]
        case 1:
            return datagram + random.randbytes(random.randint(1, 16))
        case 2:
            return random.randbytes(len(datagram))
        case _:
            return datagram[:at] + bytes((datagram[at] ^ (1 << random.randrange(8)),)) + datagram[at + 1 :]


def _like(original: bytes, forged: bytes) -> bytes:
    if not isinstance(original, Arrival):
        return forged
    arrival = original.like(forged)
    arrival.answered = False
    return arrival


def _refusal(pair: Any) -> RemoteProtocolError | None:
    try:
        pair.run()
    except RemoteProtocolError as error:
        return error
    return None
