"""0-RTT of the transport: remembered limits, acceptance, refusal, loss, reordering (RFC 9000 7.4.1, RFC 9001 4.6)."""

from typing import Any

import pytest

from tests.http3.quic.network import Link, Network
from zttp_h3.codes import QuicErrorCode
from zttp_h3.tls.early_data import still_holds, write_context
from zttp_h3.tls.groups import SECP256R1, X25519
from zttp_h3.tls.tickets import SessionTicket, TicketKeys
from zttp_h3.wire.packet_header import read_long_header

LATER = 5_000_000  # tickets are older
CONTEXT = write_context([100, 200], [4096])


def ticket(keys: TicketKeys, **options: Any) -> SessionTicket:
    network = Network(tickets=keys, context=CONTEXT, **options).run()
    assert network.client.session.handshake is not None
    [got] = network.client.session.handshake.tickets  # type: ignore[attr-defined]
    return SessionTicket.from_bytes(bytes(got))


def begin(keys: TicketKeys, session: SessionTicket, link: Link | None = None, **options: Any) -> Network:
    given: dict[str, Any] = {"context": CONTEXT, "start": LATER, **options}
    return Network(link, tickets=keys, session=session, early_data=True, **given)


def send(network: Network, content: bytes) -> int:
    stream = network.client.open(False)
    assert stream is not None
    network.client.session.streams.write(stream, content)
    network.client.session.streams.finish(stream)
    return int(stream.stream_id)


def early_streams(network: Network) -> dict[int, bool]:
    """Record for each stream that the server reads whether a part of it came in 0-RTT."""
    seen: dict[int, bool] = {}

    def note(is_server: bool, stream: Any) -> None:
        if is_server:
            seen.setdefault(int(stream.stream_id), stream.early_data)

    network.on_stream = note
    return seen


def zero_rtt_packets(network: Network) -> int:
    count = 0
    for _, by_client, datagram in network.log:
        at = 0
        while by_client and at < len(datagram) and datagram[at] & 0x80:
            header = read_long_header(datagram, at)
            if header is None:
                break
            count += header.kind == 1
            at = header.stop
    return count


def test_what_is_sent_in_0_rtt_arrives_with_the_hello() -> None:
    # RFC 9000 17.2.3
    keys = TicketKeys()
    network = begin(keys, ticket(keys))
    seen = early_streams(network)
    number = send(network, b"early")
    network.run(until=lambda: (True, number) in network.ended)
    assert network.now == LATER + 10_000  # one way
    assert seen == {number: True}
    late_one = send(network, b"late")
    network.run()
    assert network.received[True, late_one] == b"late"
    assert network.client.session.handshake is not None
    assert network.client.session.handshake.early_data_accepted
    assert network.server is not None
    assert network.server.session.zero_rtt_opener is None  # RFC 9001 4.9.3 MUST: soon after 1-RTT has begun
    later = send(network, b"in 1-RTT")
    network.run()
    assert seen[later] is False
    network.assert_settled_but_for([number, late_one, later])


@pytest.mark.parametrize(
    "change", ["rotated keys", "another context", "a replayed ticket", "a retry of the hello", "nothing taken"]
)
def test_refused_early_data_is_sent_again_in_1_rtt(change: str) -> None:
    # RFC 9001 4.6.2, RFC 8446 E.5
    keys = TicketKeys()
    session = ticket(keys, **({"groups": (X25519, SECP256R1)} if change == "a retry of the hello" else {}))
    options: dict[str, Any] = {}
    if change == "rotated keys":
        keys.rotate()
        keys.rotate()
    elif change == "another context":
        options["context"] = write_context([99, 200], [4096])
    elif change == "a replayed ticket":
        again = SessionTicket.from_bytes(bytes(session))
        begin(keys, again).run()
    elif change == "a retry of the hello":
        options["groups"] = (X25519, SECP256R1)
        options["server_groups"] = (SECP256R1,)
    network = begin(TicketKeys() if change == "nothing taken" else keys, session, **options)
    seen = early_streams(network)
    numbers = [send(network, bytes((n,)) * 3_000) for n in range(5)]
    network.run()
    assert zero_rtt_packets(network) > 0
    for n, number in enumerate(numbers):
        assert network.received[True, number] == bytes((n,)) * 3_000
        assert seen[number] is False
    assert network.client.session.handshake is not None
    assert not network.client.session.handshake.early_data_accepted
    network.assert_settled_but_for(numbers)


@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("link", [{"loss": 0.2}, {"jitter": 40_000}, {"loss": 0.1, "jitter": 20_000, "duplicate": 0.2}])
def test_over_a_bad_path(link: dict[str, Any], seed: int, accepted: bool) -> None:
    keys = TicketKeys()
    session = ticket(keys)
    patient = {"handshake_timeout": 60_000_000}
    options = {"client_options": patient, "server_options": patient}
    network = begin(keys if accepted else TicketKeys(), session, Link(**link), seed=seed, **options)
    numbers = [send(network, bytes((n,)) * 2_000) for n in range(6)]
    network.run(seconds=120)
    for n, number in enumerate(numbers):
        assert network.received[True, number] == bytes((n,)) * 2_000
    network.assert_settled_but_for(numbers)


def test_packets_that_come_before_the_hello_are_kept() -> None:
    # RFC 9001 5.7 permits it: reordering alone costs no round trip.
    keys = TicketKeys()
    network = begin(keys, ticket(keys))
    numbers = [send(network, bytes(2_500))]
    network.flush()
    queue = network._queue
    assert len(queue) >= 2
    network._queue = [(when, -count, *rest) for when, count, *rest in queue]
    network._queue.sort()
    seen = early_streams(network)
    # The server of this network begins with an Initial packet: earlier packets are lost with it.
    network.run()
    assert network.received[True, numbers[0]] == bytes(2_500)
    assert numbers[0] in seen


def test_a_reset_in_0_rtt_that_was_refused() -> None:
    keys = TicketKeys()
    session = ticket(keys)
    network = begin(TicketKeys(), session)
    number = send(network, bytes(5_000))
    network.flush()
    streams = network.client.session.streams
    streams.reset(streams.streams[number], 7)
    network.run()
    assert network.resets[True, number] == 7
    assert network.server is not None
    assert network.server.session.streams.receiving.received == 0


@pytest.mark.parametrize("leaves", [True, False])
@pytest.mark.parametrize("way", ["reset", "stop"])
def test_refused_streams_beyond_a_lower_limit_are_not_spoken_of(way: str, leaves: bool) -> None:
    # RFC 9000 4.6 MUST NOT, 7.4.1: where early data is refused, only the later limits count.
    keys = TicketKeys()
    session = ticket(keys)
    network = begin(TicketKeys(), session, server_options={"max_streams_bidirectional": 1})
    numbers = [send(network, b"early") for _ in range(3)]
    network.flush()
    streams = network.client.session.streams
    getattr(streams, way)(streams.streams[numbers[2]], 7)
    if leaves:
        network.flush()
    network.run()
    assert network.server is not None
    for number in numbers:  # the end of each allows the next
        theirs = network.server.session.streams.streams.get(number)
        if theirs is not None:
            network.server.session.streams.finish(theirs)
            network.run()
    network.assert_settled()
    assert not network.client.session.streams.streams
    if way == "reset":
        assert network.resets[True, numbers[2]] == 7


def test_remembered_limits_hold_until_the_handshake() -> None:
    # RFC 9000 7.4.1
    keys = TicketKeys()
    small = {"max_streams_bidirectional": 3, "connection_window": 10_000}
    session = ticket(keys, server_options=small)
    network = begin(keys, session, server_options={"max_streams_bidirectional": 30, "connection_window": 100_000})
    numbers = [send(network, bytes(5_000)) for _ in range(3)]
    assert network.client.open(False) is None
    network.flush()
    assert network.client.session.streams.credit.used <= 10_000
    network.run()
    assert network.client.open(False) is not None
    assert all(network.received[True, number] == bytes(5_000) for number in numbers)


@pytest.mark.parametrize("name", ["max_streams_bidirectional", "connection_window", "stream_window"])
def test_a_server_that_accepts_and_lowers_a_limit(name: str) -> None:
    # RFC 9000 7.4.1: the server's context does not show it, and the client detects it.
    keys = TicketKeys()
    session = ticket(keys, server_options={name: 200})
    network = begin(keys, session, server_options={name: 100})
    send(network, b"x")
    network.run(until=lambda: network.client.session.close.state != 0)
    close = network.client.session.close
    assert (close.error_code, close.by_peer, close.cause) == (
        QuicErrorCode.PROTOCOL_VIOLATION,
        False,
        "remembered_limit_reduced",
    )


def test_a_stream_that_must_not_leave_early() -> None:
    keys = TicketKeys()
    network = begin(keys, ticket(keys))
    seen = early_streams(network)
    streams = network.client.session.streams
    unsafe = network.client.open(False)
    assert unsafe is not None
    streams.wait_for_handshake(unsafe)
    streams.write(unsafe, b"unsafe")
    streams.finish(unsafe)
    safe = send(network, b"safe")
    network.run()
    assert seen == {safe: True, int(unsafe.stream_id): False}
    assert network.received[True, int(unsafe.stream_id)] == b"unsafe"


def test_early_data_is_not_sent_unless_asked() -> None:
    # RFC 9001 5.6, RFC 8446 E.5
    keys = TicketKeys()
    network = Network(tickets=keys, context=CONTEXT, session=ticket(keys), start=LATER)
    send(network, b"x")
    network.run()
    assert zero_rtt_packets(network) == 0


@pytest.mark.parametrize(
    ("before", "now", "holds"),
    [
        (([1, 2], [3]), ([1, 2], [3]), True),
        (([1, 2], [3]), ([1, 200], [3]), True),
        (([1, 256], [3]), ([1, 255], [3]), False),
        (([1, 2], [3]), ([1, 2], [4]), False),
        (([1, 2], [4]), ([1, 2], [3]), False),
        (([1, 2], [0]), ([1, 2], [4]), True),
        (([1, 2], [4]), ([1, 2], [0]), False),
        (([1, 2], []), ([1, 2, 3], []), False),
    ],
)
def test_a_context(before: tuple[list[int], list[int]], now: tuple[list[int], list[int]], holds: bool) -> None:
    assert still_holds(write_context(*before), write_context(*now)) is holds
