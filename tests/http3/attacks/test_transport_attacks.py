"""Attacks on QUIC, and the limit for each, with the CVEs or issues of affected implementations.

The attacker has the keys: all its packets are authentic.
"""

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from tests.http3.quic.network import CLIENT, SERVER, Network
from tests.http3.quic.test_misbehaving import connected, new_id, sealed, varints
from zttp_h3 import COMPILED
from zttp_h3.codes import QuicErrorCode as Code
from zttp_h3.quic.close import OPEN
from zttp_h3.quic.transport import Transport
from zttp_h3.recovery.sent_packets import SentPacket

KIB = 1024


class Attack:
    """The costs of an attack: bytes it sends, bytes that stay, datagrams in answer."""

    def __init__(
        self,
        make: Callable[[int, Network], bytes],
        count: int,
        *,
        answered: bool = True,
        network: Network | None = None,
    ) -> None:
        self.network = network or connected()
        server = self.network.server
        assert server is not None
        self.server: Transport = server
        self.sent = self.answers = self.answered_bytes = 0
        now = self.network.now
        tracemalloc.start()
        try:
            before = tracemalloc.get_traced_memory()[0]
            for number in range(count):
                packet = sealed(self.network.client, make(number, self.network))
                self.sent += len(packet)
                server.receive(packet, now + number, CLIENT, None, 0)
                if answered:
                    for leaving in server.datagrams_to_send(now + number):
                        self.answers += 1
                        self.answered_bytes += len(leaving[0])
                if server.session.close.state != 0:
                    break
            self.kept = tracemalloc.get_traced_memory()[0] - before
        finally:
            tracemalloc.stop()

    @property
    def code(self) -> int:
        """The code with which the connection was closed; 0 if it was not."""
        close = self.server.session.close
        return int(close.error_code) if close.state != 0 else 0


def test_handshake_bytes_out_of_order() -> None:
    # aioquic issue 501, quiche CVE-2024-1765: endless CRYPTO, never in order.
    attack = Attack(lambda number, _: varints(0x06, 1 + 1000 * number, 1000) + bytes(1000), 100)
    assert attack.code == Code.CRYPTO_BUFFER_EXCEEDED
    assert attack.sent <= 70_000
    assert attack.kept < 100 * KIB


def test_path_challenges_without_end() -> None:
    # RFC 9000 8.2.2:
    # quic-go CVE-2023-49295, quiche CVE-2023-6193, aioquic issue 544.
    attack = Attack(lambda number, _: (varints(0x1A) + number.to_bytes(8, "big")) * 120, 100, answered=False)
    assert attack.code == 0
    assert attack.kept < 32 * KIB
    leaving = attack.server.datagrams_to_send(attack.network.now + 1_000)
    assert sum(len(datagram[0]) for datagram in leaving) <= 2 * 1200


def test_connection_ids_retired_without_end() -> None:
    # RFC 9000 5.1.2:
    # quic-go CVE-2024-22189, quiche CVE-2024-1410: each must be answered with RETIRE_CONNECTION_ID.
    def make(number: int, _: Network) -> bytes:
        name = (number + 10).to_bytes(8, "big")
        return varints(0x18, number + 10, number + 10, 8) + name + b"token" + bytes(3) + name

    attack = Attack(make, 1000, answered=False)
    assert attack.code == Code.CONNECTION_ID_LIMIT_ERROR
    assert attack.kept < 32 * KIB


def test_a_retirement_counts_once_however_often_it_is_acknowledged() -> None:
    # A peer that lets probes repeat RETIRE_CONNECTION_ID and acknowledges all at once must not be allowed more.
    network = connected()
    server = network.server
    assert server is not None
    peer_ids = server.session.peer_ids
    server.receive(sealed(network.client, new_id(9, 9)), network.now, CLIENT, None, 0)
    first = int(server.session.loss.spaces[2].next_number)
    for _ in range(4):
        server.datagrams_to_send(network.now)
        network.now = int(server.next_timeout())
        server.handle_timeout(network.now)
    assert peer_ids.unacknowledged_retirements > 0
    count = int(server.session.loss.spaces[2].next_number) - first
    assert count > 2
    for number in range(first, first + count):
        packet = sealed(network.client, varints(0x02, number, 0, 0, 0))
        server.receive(packet, network.now, CLIENT, None, 0)
    assert server.session.close.state == 0
    assert peer_ids.unacknowledged_retirements == 0


def test_a_path_is_given_up_when_nothing_more_may_be_retired() -> None:
    # RFC 9000 5.1.2: it ends one connection, because its timer is that of all connections of an endpoint.
    network = connected()
    server = network.server
    assert server is not None
    peer_ids = server.session.peer_ids

    def receive(payload: bytes, address: object = CLIENT) -> None:
        assert server is not None
        server.receive(sealed(network.client, payload), network.now, address, None, 0)

    def offer(sequence: int, prior: int) -> bytes:
        return new_id(sequence, prior, sequence.to_bytes(8, "big"), sequence.to_bytes(16, "big"))

    for sequence in range(4, 17):
        receive(offer(sequence, sequence))
    receive(offer(17, 16))
    receive(varints(0x01), ("198.51.100.7", 4000))  # the previous path is validated again, and keeps its ID until then
    assert peer_ids.unacknowledged_retirements == 16
    assert server.session.close.state == OPEN
    while server.session.close.state == OPEN:
        network.now = int(server.next_timeout())
        server.handle_timeout(network.now)
        server.datagrams_to_send(network.now)
    assert server.session.close.cause == "too_many_retirements"


def test_a_server_that_hears_of_no_retirement_stops_its_client_from_moving() -> None:
    # RFC 9000 5.1.2: it continues to offer connection IDs, and acknowledges nothing.
    network = connected()
    client, server = network.client, network.server
    assert server is not None
    client.migrate(SERVER, ("198.51.100.7", 4000))
    for sequence in range(4, 40):
        if not client.migrate(SERVER, ("198.51.100.7", sequence)):
            break
        frame = new_id(sequence, 0, sequence.to_bytes(8, "big"), sequence.to_bytes(16, "big"))
        client.receive(sealed(server, frame), network.now, SERVER, None, 0)
    assert client.session.close.cause == "too_many_retirements"


def test_our_connection_ids_retired_without_end() -> None:
    # quiche CVE-2025-7054: each retirement makes us issue another one, and nothing is ever acknowledged.
    def make(number: int, network: Network) -> bytes:
        assert network.server is not None
        numbers = sorted(network.server.session.local_ids._by_sequence)
        used = network.client.session.peer_ids.sequence
        return varints(0x01) + b"".join(varints(0x19, one) for one in numbers if one != used)

    attack = Attack(make, 500)
    assert attack.code == 0
    assert attack.kept < 64 * KIB
    assert len(attack.server.session.local_ids.added) <= 1  # changes that are not read are not collected
    assert attack.server.session.local_ids._next <= 16
    # A peer that acknowledges gets new ones: migration stays possible.
    ids = attack.server.session.local_ids
    assert ids.issue(4) == []
    ids.on_settled()
    assert len(ids.issue(4)) == 1


def test_acknowledgments_of_what_was_not_sent() -> None:
    # quiche CVE-2025-4820, CVE-2025-4821: a window that grows by acknowledging ahead.
    attack = Attack(lambda number, _: varints(0x02, 50 + number, 0, 0, 0), 3)
    assert attack.code == Code.PROTOCOL_VIOLATION


def test_acknowledgments_of_numbers_that_were_skipped() -> None:
    network = connected()
    assert network.server is not None
    space = network.server.session.loss.spaces[2]
    skipped = int(space.next_number)
    space.skip()
    attack = Attack(lambda _, __: varints(0x02, skipped, 0, 0, 0), 1, network=network)
    assert attack.code == Code.PROTOCOL_VIOLATION


def test_whoever_sends_much_skips_a_number_now_and_then() -> None:
    # RFC 9000 21.4: a peer that acknowledges packets before they arrive is detected.
    events: list[dict[str, Any]] = []
    network = connected(server_options={"qlog": events.append})
    server = network.server
    assert server is not None
    sent: list[int] = []
    skipped: list[int] = []
    while not skipped:
        assert len(sent) < 5_000
        stream = server.open(True)
        assert stream is not None
        server.session.streams.write(stream, bytes(1_000_000))
        server.session.streams.finish(stream)
        network.run()
        headers = [event["data"]["header"] for event in events if event["name"].endswith("packet_sent")]
        sent = [header["packet_number"] for header in headers if header["packet_type"] == "1RTT"]
        skipped = sorted(set(range(sent[-1])) - set(sent))
    network.assert_settled()
    attack = Attack(lambda _, __: varints(0x02, skipped[-1], 0, 0, 0), 1, network=network)
    assert attack.code == Code.PROTOCOL_VIOLATION


def test_windows_do_not_grow_by_asking() -> None:
    # aioquic issue 589: a byte at the end of each window, and limits that double because of it.
    windows = 0

    def make(number: int, network: Network) -> bytes:
        assert network.server is not None
        nonlocal windows
        windows = int(network.server.session.streams.receiving.window.limit)
        # One byte at a large offset, on one stream after the other, up to the connection's limit.
        return varints(0x0E, 4 * (number % 4), 200_000 + number // 4, 1) + b"x" + varints(0x14, windows)

    attack = Attack(make, 400)
    assert attack.code in (0, Code.FLOW_CONTROL_ERROR)
    receiving = attack.server.session.streams.receiving.window
    assert windows == receiving.limit == attack.server.session.own.initial_max_data
    assert attack.kept < 256 * KIB


@pytest.mark.parametrize("backwards", [False, True])
def test_crumbs_with_gaps_between_them(backwards: bool) -> None:
    def make(number: int, _: Network) -> bytes:
        places = [200 * number + one for one in range(200)]
        return b"".join(varints(0x0E, 0, 200_000 - 2 * at if backwards else 2 * at + 1, 1) + b"x" for at in places)

    attack = Attack(make, 100)
    assert attack.code == Code.INTERNAL_ERROR
    assert attack.sent < 12_000
    assert attack.kept < 200 * KIB


def test_streams_of_crumbs_in_order() -> None:
    # Two bytes in a frame, and the application does not read: the memory is at most some twenty times the window.
    network = connected(server_options={"stream_window": 16 * KIB})
    attack = Attack(
        lambda number, _: b"".join(varints(0x0E, 0, 2 * (200 * number + one), 2) + b"xy" for one in range(200)),
        100,
        network=network,
    )
    assert attack.code == Code.FLOW_CONTROL_ERROR
    assert attack.kept < 24 * 16 * KIB


@pytest.mark.parametrize(
    ("what", "payload"),
    [
        ("PING", varints(0x01) * 1100),
        ("PADDING", bytes(1100)),
        ("empty STREAM frames", varints(0x08, 0) * 500),
        ("STREAM_DATA_BLOCKED", varints(0x15, 0, 9) * 300),
        ("DATA_BLOCKED", varints(0x14, 9) * 500),
        ("MAX_STREAM_DATA", varints(0x11, 0, 9) * 300),
        ("MAX_DATA", varints(0x10, 9) * 500),
        ("STOP_SENDING", varints(0x05, 0, 9) * 300),
        ("RESET_STREAM", varints(0x04, 0, 9, 0) * 250),
        ("answers to no challenge", (varints(0x1B) + bytes(8)) * 100),
        ("the same acknowledgment", varints(0x02, 0, 0, 0, 0) * 200),
    ],
)
def test_frames_that_bring_nothing(what: str, payload: bytes) -> None:
    # curl CVE-2026-11352, and control-frame floods in all stacks: no more is sent in answer, and nothing is kept.
    attack = Attack(lambda _, __: payload, 150 if COMPILED else 50)
    assert attack.code == 0, what
    assert attack.answered_bytes <= attack.sent // 10
    assert attack.kept < 64 * KIB


def test_what_is_only_acknowledged_is_heard_of() -> None:
    # A peer that only sends, and gets only acknowledgments, which it need not acknowledge (RFC 9000 13.2.4): from time
    # to time an acknowledgment is requested.
    network = connected()
    server = network.server
    assert server is not None
    sent = server.session.loss.spaces[2]
    asked = 0
    for number in range(400):
        network.client.session.loss.spaces[2].skip()  # acknowledged at once
        now = network.now + 1_000 * number
        server.receive(sealed(network.client, varints(0x01)), now, CLIENT, None, 0)
        server.datagrams_to_send(now)
        if sent.eliciting_in_flight > 0:
            asked += 1
            heard = varints(0x02, int(sent.next_number) - 1, 0, 0, 0)
            server.receive(sealed(network.client, heard), now, CLIENT, None, 0)
    assert server.session.close.state == 0
    assert sent.unasked < 40
    assert 0 < asked < 30


def test_a_fast_peer_far_away_is_not_one_that_never_acknowledges() -> None:
    # 10 Gbit/s and 200 ms, with some losses: more than 100,000 acknowledgments are sent in a round trip.
    network = connected()
    server = network.server
    assert server is not None
    sent = server.session.loss.spaces[2]
    for _ in range(110_000):
        sent.add(SentPacket(int(sent.next_number), 0, 40, False, False))
    last = int(sent.next_number)
    network.client.session.loss.spaces[2].skip()  # acknowledged at once
    server.receive(sealed(network.client, varints(0x01)), network.now, CLIENT, None, 0)
    server.datagrams_to_send(network.now)
    assert server.session.close.state == OPEN
    assert sent.eliciting_in_flight > 0
    heard = varints(0x02, last, 0, 0, last)
    server.receive(sealed(network.client, heard), network.now + 200_000, CLIENT, None, 0)
    assert server.session.close.state == OPEN
    assert sent.unasked == sent.eliciting_in_flight == 0
    assert sent.oldest() is None


def test_a_peer_that_never_acknowledges() -> None:
    # RFC 9000 13.2.1 MUST: a peer that never acknowledges on request makes us remember each acknowledgment we send.
    network = connected()
    server = network.server
    assert server is not None
    sent = server.session.loss.spaces[2]
    for _ in range((1 << 18) - 10):
        sent.add(SentPacket(int(sent.next_number), 0, 40, False, False))
    assert 0 < sent.unasked < 2_000  # of most only the number is remembered
    attack = Attack(lambda _, __: varints(0x01), 100, network=network)
    assert attack.code == Code.PROTOCOL_VIOLATION
    assert attack.answers < 20


@pytest.mark.parametrize(("size", "kept"), [(600, 4), (602, 0)])
def test_tokens_without_end(size: int, kept: int) -> None:
    # To a client: four NEW_TOKEN frames are kept. A token that leaves no room for a handshake would block the next
    # connection (RFC 9000 8.1.3): its datagrams have 1200 bytes.
    network = connected()
    for number in range(200):
        assert network.server is not None
        token = number.to_bytes(2, "big") * (size // 2)
        network.client.receive(
            sealed(network.server, varints(0x07, len(token)) + token), network.now, ("192.0.2.9", 443), None, 0
        )
    assert network.client.session.close.state == 0
    assert len(network.client.session.tokens) == kept


def test_datagrams_that_nobody_takes() -> None:
    network = connected(server_options={"max_datagram_frame_size": 65_535})
    attack = Attack(lambda _, __: varints(0x31, 1000) + bytes(1000), 500, network=network)
    assert attack.code == 0
    assert attack.kept < 100 * KIB


def test_forged_key_updates_derive_no_keys() -> None:
    # The phase bit of a packet was flipped without keys: the keys of the next phase exist, and stay.
    network = connected()
    assert network.server is not None
    phases = network.server.session.phases
    assert phases is not None
    following = phases._next
    assert following is not None
    packet = sealed(network.client, varints(0x01))
    for number in range(200):
        forged = bytes((packet[0] ^ 0x04,)) + packet[1:-1] + bytes((number,))
        network.server.receive(forged, network.now, CLIENT, None, 0)
    assert phases._next is following
    assert (phases.updates, network.server.session.close.state) == (0, 0)


def test_a_handshake_that_is_never_finished_ends() -> None:
    # Slow handshakes keep their state for ten seconds, whatever they send meanwhile.
    network = Network()
    network.flush()
    first = network.log[0][2]
    network.step()
    server = network.server
    assert server is not None
    for seconds in range(1, 12):
        now = network.now + seconds * 1_000_000
        server.receive(first, now, CLIENT, None, 0)
        server.handle_timeout(now)
        server.datagrams_to_send(now)
    assert server.is_over()


def test_a_reader_that_does_not_read_is_given_up() -> None:
    # Idle timeouts are never infinite, and only packets of the peer keep a connection alive.
    network = connected()
    server = network.server
    assert server is not None
    stream = network.client.open(False)
    assert stream is not None
    server.receive(sealed(network.client, varints(0x0B, 0, 1) + b"x"), network.now, CLIENT, None, 0)
    theirs = server.session.streams.streams[0]
    server.session.streams.write(theirs, bytes(1 << 20))
    now = network.now
    while not server.is_over():
        server.datagrams_to_send(now)
        timeout = server.next_timeout()
        assert timeout >= 0
        now = max(now + 1, timeout)
        server.handle_timeout(now)
    assert now < network.now + 120_000_000
