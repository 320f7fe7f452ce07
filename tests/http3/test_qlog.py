"""The diagnostics of a connection: qlog events as dicts, and a key log that decrypts its packets."""

import json
import random
from collections import Counter
from typing import Any

import pytest

from tests.http3.h3_pair import Pair
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.quic.qlog import frames_of
from zttp_h3.tls.tickets import TicketKeys
from zttp_h3.wire.frame_types import IN_ONE_RTT


def logged(**options: Any) -> tuple[Pair, list[dict[str, Any]], list[dict[str, Any]]]:
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    client = {"qlog": ours.append, **options.pop("client", {})}
    server = {"qlog": theirs.append, **options.pop("server", {})}
    return Pair(client=client, server=server, **options), ours, theirs


def test_every_packet_is_told_on_both_sides() -> None:
    pair, ours, theirs = logged()
    pair.request(b"POST", b"/", bytes(20_000))
    pair.run()
    pair.wait(1)
    sent = [event["data"]["header"] for event in ours if event["name"] == "quic:packet_sent"]
    received = [event["data"]["header"] for event in theirs if event["name"] == "quic:packet_received"]
    assert received == sent
    assert pair.client.statistics().packets_sent == len(sent)
    kinds = Counter(header["packet_type"] for header in sent)
    assert set(kinds) == {"initial", "handshake", "1RTT"}
    json.dumps(ours + theirs)
    assert [event["time"] for event in ours] == sorted(event["time"] for event in ours)


def test_a_callback_that_asks_for_datagrams_repeats_no_packet_number() -> None:
    # RFC 9000 12.3 MUST NOT: two packets with one number have the same nonce.
    chance = random.Random(1)
    events: list[dict[str, Any]] = []
    asks = False

    def entropy(size: int) -> bytes:
        nonlocal asks
        if asks:
            asks = False  # once
            pair.server.data_to_send(pair.now)
        return chance.randbytes(size)

    pair = Pair(server={"entropy": entropy, "qlog": events.append})
    pair.request()
    pair.run()
    pair.wait(1)
    pair.request()
    asks = True  # for the data of PATH_CHALLENGE, when its packet has begun
    for datagram in pair.client.data_to_send(pair.now):
        pair.server.receive_datagram(datagram, pair.now, "another address")
    pair.server.data_to_send(pair.now)
    assert not asks
    headers = [event["data"]["header"] for event in events if event["name"] == "quic:packet_sent"]
    numbers = [header["packet_number"] for header in headers if header["packet_type"] == "1RTT"]
    assert sorted(set(numbers)) == numbers


def test_frames_are_told_without_their_contents() -> None:
    pair, ours, _ = logged()
    pair.request(b"POST", b"/", b"secret content" * 100)
    pair.run()
    pair.client.close(0x100, b"over")
    pair.run(until=pair.server.is_closed)
    frames = [frame for event in ours for frame in event["data"].get("frames", [])]
    names = {frame["frame_type"] for frame in frames}
    assert {"crypto", "stream", "ack", "handshake_done", "new_connection_id", "padding", "connection_close"} <= names
    assert "unknown" not in names
    assert b"secret" not in json.dumps(frames).encode()
    assert max(frame["offset"] for frame in frames if frame["frame_type"] == "stream") > 1_000


def test_losses_and_metrics_are_told() -> None:
    pair, ours, theirs = logged(loss=0.1, seed=3)
    pair.request(b"POST", b"/", bytes(200_000))
    pair.run()
    lost = [event for event in ours + theirs if event["name"] == "quic:packet_lost"]
    assert len(lost) == pair.client.statistics().packets_lost + pair.server.statistics().packets_lost > 3
    metrics = [event["data"] for event in ours if event["name"] == "quic:recovery_metrics_updated"]
    assert metrics[-1]["smoothed_rtt"] >= 20
    assert metrics[-1]["congestion_window"] > 0


@pytest.mark.parametrize("closer", [CLIENT, SERVER])
def test_the_end_is_told_once_on_either_side(closer: int) -> None:
    pair, ours, theirs = logged()
    pair.request()
    pair.run()
    side, other = (pair.client, pair.server) if closer == CLIENT else (pair.server, pair.client)
    side.close(0x10C, b"why")
    side.close(0x100)
    pair.run(until=other.is_closed)
    for events, initiator in ((ours, CLIENT), (theirs, SERVER)):
        [end] = [event["data"] for event in events if event["name"] == "quic:connection_closed"]
        wanted = "local" if initiator == closer else "remote"
        assert end == {"initiator": wanted, "application_error": 0x10C, "reason": "why"}


def test_what_cannot_be_read_is_unknown() -> None:
    assert frames_of(b"\x01\x1f", IN_ONE_RTT) == [{"frame_type": "ping"}, {"frame_type": "unknown"}]
    assert frames_of(b"\x10\xc0", IN_ONE_RTT) == [{"frame_type": "unknown"}]


def test_a_listener_must_be_callable() -> None:
    with pytest.raises(TypeError, match="qlog must be callable"):
        Pair(client={"qlog": "file"})


def test_the_key_log_is_whole() -> None:
    # In the format for other tools: every secret that protects packets, with the client's random.
    lines: dict[int, list[str]] = {CLIENT: [], SERVER: []}
    keys = TicketKeys()
    first = Pair(server={"tickets": keys, "early_data": True})
    first.request()
    first.run()
    first.wait(1)
    [ticket] = first.client.session_tickets()
    pair = Pair(
        client={"keylog": lines[CLIENT].append, "session": ticket, "early_data": True},
        server={"keylog": lines[SERVER].append, "tickets": keys, "early_data": True},
    )
    pair.request()
    pair.run()
    pair.wait(1)
    names = {line.split()[0] for line in lines[CLIENT]}
    assert {
        "CLIENT_EARLY_TRAFFIC_SECRET",
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
    } <= names
    assert sorted(lines[CLIENT]) == sorted(lines[SERVER])
    assert len({line.split()[1] for line in lines[CLIENT]}) == 1
