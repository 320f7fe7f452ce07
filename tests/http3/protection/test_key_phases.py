"""Key updates (RFC 9001 6): initiated, followed, reordered, forged, and invalid ones."""

import random

import pytest

from tests.http3.protection.helpers import ALL_SUITES, KEY_UPDATE_ERROR, End, pair, with_limits
from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.protection.suites import Suite


def exchange(one: End, other: End) -> None:
    """A packet in each direction."""
    for sender, receiver in ((one, other), (other, one)):
        number = sender.next_number
        assert receiver.receive(sender.send(b"\x01" + bytes(8))) == (number, b"\x01" + bytes(8))


@ALL_SUITES
def test_an_update_is_followed(suite: Suite) -> None:
    client, server = pair(suite)
    exchange(client, server)
    for update in range(1, 6):
        initiator, responder = (client, server) if update % 2 else (server, client)
        initiator.keys.update()
        assert (initiator.keys.updates, responder.keys.updates) == (update, update - 1)
        assert initiator.keys.phase_bit == (4 if update % 2 else 0)
        exchange(initiator, responder)
        assert (initiator.keys.updates, responder.keys.updates) == (update, update)
        assert initiator.keys.phase_bit == responder.keys.phase_bit
        exchange(responder, initiator)
    assert (client.forgeries.count, server.forgeries.count) == (0, 0)


def test_what_comes_late_is_opened_with_the_previous_keys_until_they_are_discarded() -> None:
    client, server = pair()
    exchange(client, server)
    early, late, later = client.send(), client.send(), client.send()
    client.keys.update()
    assert not server.keys.has_previous()
    number = client.next_number
    newer, newest = client.send(), client.send()
    assert server.receive(newest)[0] == number + 1
    assert server.keys.has_previous()
    assert server.keys.receives_current()
    assert server.receive(early)[0] == number - 3
    # Packets of the new phase that were overtaken.
    assert server.receive(newer)[0] == number
    assert server.receive(late)[0] == number - 2
    server.keys.discard_previous()
    assert not server.keys.has_previous()
    assert server.drops(later)
    assert server.receive(client.send())[0] == number + 2


def test_until_the_peer_follows_what_it_sends_is_opened_with_the_previous_keys() -> None:
    """RFC 9001 6.1 MUST."""
    client, server = pair()
    exchange(client, server)
    client.keys.update()
    assert client.keys.has_previous()
    for _ in range(5):
        assert client.receive(server.send())[0] > 0
    assert not client.keys.receives_current()
    last_of_old = server.send()
    server.receive(client.send())
    assert client.receive(server.send())[0] > 0
    assert client.keys.receives_current()
    assert client.receive(last_of_old)[0] > 0


def test_both_may_update_at_once() -> None:
    client, server = pair()
    exchange(client, server)
    for end in (client, server):
        end.keys.update()
    exchange(client, server)
    assert (client.keys.updates, server.keys.updates) == (1, 1)


def test_the_first_packet_of_all_may_be_of_the_next_phase() -> None:
    """The packets of the previous phase were lost."""
    client, server = pair()
    client.keys.update()
    assert server.receive(client.send())[0] == 0
    assert server.keys.updates == 1


def test_when_an_update_may_be_initiated() -> None:
    """RFC 9001 6.1 MUST NOT: before a packet of this phase is acknowledged."""
    client, server = pair()
    assert not client.keys.may_update(-1)
    client.send(), client.send()
    assert not client.keys.may_update(-1)
    assert client.keys.may_update(0)
    client.keys.update()
    assert not client.keys.may_update(1)
    client.send()
    assert not client.keys.may_update(1)
    assert client.keys.may_update(2)
    # The same holds for the side that followed.
    client.receive(server.send())
    server.receive(client.send())
    assert not server.keys.may_update(0)
    server.send()
    assert not server.keys.may_update(0)
    assert server.keys.may_update(1)


def test_when_an_update_is_due() -> None:
    # RFC 9001 5.3
    suite = with_limits(confidentiality=8)
    client, server = pair(suite)
    for sent in range(8):
        assert client.keys.update_due() is (sent >= 4)
        if sent % 2:
            client.keys.seal_in(client.keys.burst(), client.header(sent), 2, sent, bytes(4))
        else:
            client.send(number=sent)
    # RFC 9001 6.6 MUST: not one more.
    with pytest.raises(Malformed) as caught:
        client.send(number=8)
    assert (caught.value.reason, caught.value.error_code) == (
        "confidentiality_limit",
        QuicErrorCode.AEAD_LIMIT_REACHED,
    )
    client.keys.update()
    assert not client.keys.update_due()
    assert server.receive(client.send(number=9))[0] == 9


def test_a_burst_may_go_across_an_update() -> None:
    client, server = pair()
    exchange(client, server)
    burst = client.keys.burst()
    for number in (1, 2, 3):
        if number == 2:
            client.keys.update()
        client.keys.seal_in(burst, client.header(number), 2, number, bytes(4))
    assert [server.receive(packet)[0] for packet in burst.take()] == [1, 2, 3]
    assert server.keys.updates == 1


# ------------------------------------------------------------------------------------------------------------- attacks
def flipped(packet: bytes) -> bytes:
    """With the other Key Phase bit: header protection changes single bits."""
    return bytes((packet[0] ^ 0x04,)) + packet[1:]


def test_a_forged_key_phase_changes_nothing_and_derives_keys_once() -> None:
    # RFC 9001 5.5
    client, server = pair()
    exchange(client, server)
    server.keys.prepare()
    ready = server.keys._next_key()
    for _ in range(20):
        assert server.drops(flipped(client.send()))
    assert server.keys._next_key() is ready
    assert server.keys.updates == 0
    exchange(client, server)
    client.keys.update()
    exchange(client, server)
    assert server.keys.updates == 1
    assert server.keys.phase_bit == 4


def test_a_forged_packet_of_the_phase_before_is_dropped() -> None:
    client, server = pair()
    exchange(client, server)
    old = client.send()
    client.keys.update()
    exchange(client, server)
    assert server.drops(old[:-1] + bytes((old[-1] ^ 1,)))
    assert server.drops(flipped(old))
    assert server.receive(old)[0] == 1


def test_old_keys_after_newer_ones() -> None:
    """RFC 9001 6.4 MUST: KEY_UPDATE_ERROR."""
    client, server = pair()
    backward, _ = pair()
    exchange(client, server)
    client.keys.update()
    exchange(client, server)
    assert server.fault(backward.send(number=client.next_number)) == ("old_keys", KEY_UPDATE_ERROR)


def test_newer_keys_before_old_ones() -> None:
    """RFC 9001 6.4 MUST: KEY_UPDATE_ERROR."""
    client, server = pair()
    exchange(client, server)
    forward, _ = pair()
    forward.keys.update()
    assert server.receive(client.send(number=9))[0] == 9
    assert server.fault(forward.send(number=8)) == ("early_key_update", KEY_UPDATE_ERROR)
    assert server.keys.updates == 0


def test_two_updates_without_waiting_for_an_acknowledgment() -> None:
    """RFC 9001 6.2: KEY_UPDATE_ERROR, if nothing was sent that could have been one."""
    client, server = pair()
    exchange(client, server)
    client.keys.update()
    assert server.receive(client.send())[0] == 1
    client.keys.update()
    assert server.fault(client.send()) == ("early_key_update", KEY_UPDATE_ERROR)


def test_what_is_below_the_current_phase_is_dropped_when_its_keys_are_gone() -> None:
    client, server = pair()
    exchange(client, server)
    client.keys.update()
    exchange(client, server)
    server.keys.discard_previous()
    forward, _ = pair()
    forward.keys.update()
    forward.keys.update()
    assert server.drops(forward.send(number=0))
    assert server.keys.updates == 1


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_updates_losses_and_delays(seed: int) -> None:
    """Both sides send and update when they may, with loss and delay. Packets that arrive in time are decrypted."""
    rng = random.Random(seed)
    client, server = pair()
    flights: dict[End, list[tuple[int, bytes]]] = {client: [], server: []}
    acknowledged = {client: -1, server: -1}
    late = opened = 0
    for _ in range(800):
        sender, receiver = rng.choice(((client, server), (server, client)))
        # RFC 9001 6.5: three PTO after the last update, so that neither side needs the previous keys any more.
        settled = not (sender.keys.has_previous() or receiver.keys.has_previous())
        if settled and sender.keys.may_update(acknowledged[sender]) and rng.random() < 0.2:
            sender.keys.update()
        number = sender.next_number
        flights[receiver].append((number, sender.send(number.to_bytes(4))))
        # One of the oldest in flight arrives or is lost.
        if len(flights[receiver]) > 3:
            number, packet = flights[receiver].pop(rng.randrange(3))
            if rng.random() < 0.8:
                assert receiver.receive(packet) == (number, number.to_bytes(4))
                opened += 1
                acknowledged[sender] = max(acknowledged[sender], number)
        if receiver.keys.has_previous() and receiver.keys.receives_current() and rng.random() < 0.2:
            # After three PTO no earlier packet is in flight.
            late += len(flights[receiver])
            flights[receiver].clear()
            receiver.keys.discard_previous()
    assert (client.forgeries.count, server.forgeries.count) == (0, 0)
    assert client.keys.updates > 3
    assert opened > 200
    assert late
