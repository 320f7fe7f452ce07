"""Tickets, resumption and early data, accepted and refused (RFC 8446 2.2, 4.2.10, 4.2.11, 8)."""

from typing import Any

import pytest

from tests.http3.tls.pair import SUITES, Clock, Wire, client, handshake, server
from zttp_h3.tls.alerts import DECRYPT_ERROR, Alert
from zttp_h3.tls.groups import SECP256R1, X25519
from zttp_h3.tls.messages import EARLY_DATA
from zttp_h3.tls.tickets import FRESH_MILLISECONDS, LIFETIME_SECONDS, SessionTicket, TicketKeys
from zttp_h3.wire.versions import VERSION_1


def ticket_of(keys: TicketKeys, clock: Clock, **options: Any) -> SessionTicket:
    wire = handshake(client(clock=clock, **options), server(tickets=keys, clock=clock))
    [ticket] = wire.client.tickets
    return SessionTicket.from_bytes(bytes(ticket))


@pytest.fixture(name="keys")
def _keys() -> TicketKeys:
    return TicketKeys()


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock()


def resume(keys: TicketKeys, clock: Clock, ticket: SessionTicket, *, early_data: bool = True, **options: Any) -> Wire:
    return handshake(
        client(session=ticket, early_data=early_data, clock=clock, seed=3),
        server(tickets=keys, clock=clock, seed=4, **options),
    )


def test_a_resumed_handshake_sends_no_certificate(keys: TicketKeys, clock: Clock) -> None:
    # RFC 8446 4.4.2
    wire = resume(keys, clock, ticket_of(keys, clock), early_data=False)
    assert wire.client.resumed
    assert wire.server.resumed
    assert [message[0] for _, message in wire.sent_by_server] == [2, 8, 20, 4]
    assert sum(len(message) for _, message in wire.sent_by_server) < 400


def test_early_data(keys: TicketKeys, clock: Clock) -> None:
    ticket = ticket_of(keys, clock)
    assert ticket.max_early_data == 0xFFFFFFFF
    wire = resume(keys, clock, ticket)
    assert wire.client.early_data_offered
    assert wire.client.early_data_accepted
    assert wire.server.early_data_accepted
    [theirs] = [secret for level, sending, secret in wire.server_secrets if level == EARLY_DATA and not sending]
    [ours] = [secret for level, sending, secret in wire.client_secrets if level == EARLY_DATA and sending]
    assert ours == theirs


def refused_but_resumed(wire: Wire) -> bool:
    assert wire.client.complete
    assert wire.client.answered_early_data
    assert wire.client.resumed
    return not wire.server.early_data_accepted and not wire.client.early_data_accepted


def test_a_replayed_hello_gets_no_early_data(keys: TicketKeys, clock: Clock) -> None:
    # RFC 9001 9.2
    ticket = ticket_of(keys, clock)
    again = SessionTicket.from_bytes(bytes(ticket))
    resume(keys, clock, ticket)
    assert refused_but_resumed(resume(keys, clock, again))


def test_a_ticket_is_used_once(keys: TicketKeys, clock: Clock) -> None:
    # RFC 8446 C.4
    ticket = ticket_of(keys, clock)
    resume(keys, clock, ticket)
    assert not resume(keys, clock, ticket).client.resumed


@pytest.mark.parametrize("late", [-1, 1])
def test_a_hello_that_is_not_fresh(keys: TicketKeys, clock: Clock, late: int) -> None:
    # RFC 8446 8.3: the hello is delayed by more than the window.
    ticket = ticket_of(keys, clock)
    arrival = Clock()
    clock.seconds += 60
    arrival.seconds = clock.seconds + late * (FRESH_MILLISECONDS / 1000 + 1)
    wire = handshake(
        client(session=ticket, early_data=True, clock=clock),
        server(tickets=keys, clock=arrival, accept_early_data=True),
    )
    assert refused_but_resumed(wire)


def test_what_early_data_relied_on_has_changed(keys: TicketKeys, clock: Clock) -> None:
    assert refused_but_resumed(resume(keys, clock, ticket_of(keys, clock), context=b"lower limits"))


def test_a_server_that_takes_no_early_data(keys: TicketKeys, clock: Clock) -> None:
    assert refused_but_resumed(resume(keys, clock, ticket_of(keys, clock), accept_early_data=False))


def test_a_ticket_for_no_early_data(clock: Clock) -> None:
    keys = TicketKeys()
    wire = handshake(client(clock=clock), server(tickets=keys, clock=clock, accept_early_data=False))
    [ticket] = wire.client.tickets
    assert ticket.max_early_data == 0
    assert not resume(keys, clock, ticket).client.early_data_offered


def test_another_suite_of_the_same_hash_resumes_without_early_data(keys: TicketKeys, clock: Clock) -> None:
    # RFC 8446 4.2.10: early data needs the same suite, resumption the same hash (4.2.11).
    ticket = ticket_of(keys, clock, suites=(SUITES[0],))
    wire = handshake(
        client(session=ticket, early_data=True, clock=clock), server(tickets=keys, clock=clock, suites=(SUITES[2],))
    )
    assert refused_but_resumed(wire)


def test_another_hash_does_not_resume(keys: TicketKeys, clock: Clock) -> None:
    # RFC 8446 4.6.1
    ticket = ticket_of(keys, clock, suites=(SUITES[0],))
    wire = handshake(client(session=ticket, clock=clock), server(tickets=keys, clock=clock, suites=(SUITES[1],)))
    assert wire.client.complete
    assert not wire.client.resumed


def test_a_retry_refuses_early_data_and_resumes(keys: TicketKeys, clock: Clock) -> None:
    ticket = ticket_of(keys, clock)
    wire = handshake(
        client(session=ticket, early_data=True, groups=(X25519, SECP256R1), clock=clock),
        server(tickets=keys, clock=clock, groups=(SECP256R1,)),
    )
    assert wire.client.early_data_offered
    assert refused_but_resumed(wire)


def test_another_name_does_not_resume(keys: TicketKeys, clock: Clock) -> None:
    # RFC 8446 4.6.1
    ticket = ticket_of(keys, clock)
    wire = handshake(client(name="other.example", verify=False, session=ticket, clock=clock), server(tickets=keys))
    assert not wire.client.resumed


def test_a_ticket_that_is_too_old(keys: TicketKeys, clock: Clock) -> None:
    ticket = ticket_of(keys, clock)
    clock.seconds += LIFETIME_SECONDS - 1
    assert ticket.is_valid(int(clock.seconds * 1000))
    clock.seconds += 2
    assert not ticket.is_valid(int(clock.seconds * 1000))


def test_keys_rotate(keys: TicketKeys, clock: Clock) -> None:
    first = ticket_of(keys, clock)
    second = SessionTicket.from_bytes(bytes(first))
    keys.rotate()
    assert resume(keys, clock, first).client.resumed
    keys.rotate()
    assert not resume(keys, clock, second).client.resumed


def test_a_secret_makes_the_same_keys_in_every_process(clock: Clock) -> None:
    ticket = ticket_of(TicketKeys(bytes(32)), clock)
    wire = resume(TicketKeys(bytes(32)), clock, ticket)
    # A process that has just started may have forgotten earlier tickets (RFC 8446 8.2).
    assert refused_but_resumed(wire)
    with pytest.raises(ValueError, match="32 bytes"):
        TicketKeys(bytes(31))


def test_a_forged_ticket_is_not_taken(keys: TicketKeys, clock: Clock) -> None:
    ticket = ticket_of(keys, clock)
    for forged in (
        ticket.identity[:-1],
        ticket.identity[:9],
        b"\x00" * len(ticket.identity),
        ticket.identity + b"\x00",
    ):
        assert keys.open(forged, VERSION_1) is None
    flipped = bytearray(ticket.identity)
    for at in range(len(flipped)):
        flipped[at] ^= 1
        assert keys.open(bytes(flipped), VERSION_1) is None
        flipped[at] ^= 1
    assert keys.open(bytes(flipped), VERSION_1) is not None


def test_a_binder_that_proves_nothing(keys: TicketKeys, clock: Clock) -> None:
    # RFC 8446 4.2.11
    sender = client(session=ticket_of(keys, clock), clock=clock)
    sender.start()
    [(level, hello)] = sender.take_messages()
    with pytest.raises(Alert) as raised:
        server(tickets=keys, clock=clock).receive(level, hello[:-1] + bytes((hello[-1] ^ 1,)))
    assert raised.value.description == DECRYPT_ERROR


def test_used_tickets_are_remembered_within_bounds() -> None:
    keys = TicketKeys()
    now = 1_000_000
    assert keys.use_once(b"first", now)
    assert not keys.use_once(b"first", now)
    # Full: early data is refused, because a replay might be accepted.
    for number in range(65_535):
        assert keys.use_once(b"%d" % number, now)
    assert not keys.use_once(b"one more", now)
    # A used ticket is forgotten only when it is no longer fresh.
    later = now + 2 * FRESH_MILLISECONDS + 1
    assert not keys.use_once(b"first", later)
    assert keys.use_once(b"one more", later)
    much_later = later + 5 * FRESH_MILLISECONDS
    assert keys.use_once(b"second", much_later)


def test_tickets_are_stored_as_bytes(keys: TicketKeys, clock: Clock) -> None:
    ticket = ticket_of(keys, clock)
    stored = bytes(ticket)
    assert bytes(SessionTicket.from_bytes(stored)) == stored
    assert repr(ticket) == "SessionTicket(server_name='localhost', max_early_data=4294967295)"
    for broken in (b"", b"\x02" + stored[1:], stored[:-1], stored + b"\x00"):
        with pytest.raises(ValueError, match="not a session ticket"):
            SessionTicket.from_bytes(broken)
