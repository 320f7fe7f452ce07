"""Datagrams grow to the size that the path carries, and shrink if it carries less (RFC 9000 14.3, RFC 8899)."""

from typing import Any

import pytest

from tests.http3.quic.network import Link, Network
from tests.http3.quic.test_transport import exchange
from zttp_h3.recovery.path_mtu import COMPLETE

LARGER: dict[str, Any] = {"max_datagram_size": 1452}


def searching(link: Link | None = None, **options: Any) -> Network:
    """A connected pair that probes for larger datagrams."""
    given = {**LARGER, **options}
    return Network(link, client_options=dict(given), server_options=dict(given), largest=1452).run()


def narrow(carried: int) -> Link:
    return Link(drop=lambda _number, _by_client, datagram: len(datagram) > carried)


def sizes(network: Network) -> list[int]:
    return [int(side.session.loss.path_mtu.size) for side in network.sides()]


def test_a_transfer_finds_what_the_path_carries() -> None:
    network = searching()
    exchange(network, bytes(100_000), bytes(100_000))
    assert sizes(network) == [1452, 1452]
    assert max(len(datagram) for _, _, datagram in network.log) == 1452
    for side in network.sides():
        assert side.session.loss.packets_lost == 0
    network.assert_settled()


def test_who_sends_little_sends_no_probe() -> None:
    network = searching()
    for _ in range(20):
        exchange(network, b"question", b"answer")
    assert sizes(network) == [1200, 1200]
    assert max(len(datagram) for _, _, datagram in network.log) == 1200


@pytest.mark.parametrize("carried", [1200, 1231, 1232, 1280, 1400, 1451])
def test_a_narrower_path(carried: int) -> None:
    network = searching(narrow(carried))
    while not all(side.session.loss.path_mtu.state == COMPLETE for side in network.sides()):
        exchange(network, bytes(40_000), bytes(40_000))
        assert network.now < 60_000_000
    for size in sizes(network):
        assert carried - 16 < size <= carried
    for side in network.sides():
        # Only the probes; none of them counted as congestion (RFC 9000 14.4).
        assert 3 <= side.session.loss.packets_lost <= 15
        assert side.session.loss.congestion.in_slow_start()
    network.assert_settled()


@pytest.mark.parametrize("seed", range(3))
def test_a_lossy_path(seed: int) -> None:
    link = narrow(1400)
    link.loss = 0.05
    given = {**LARGER, "handshake_timeout": 60_000_000}
    network = Network(link, seed=seed, client_options=given, server_options=given, largest=1452).run()
    exchange(network, bytes(300_000), bytes(300_000))
    assert all(size <= 1400 for size in sizes(network))
    network.assert_settled()


def test_no_more_than_the_peer_takes() -> None:
    # max_udp_payload_size, RFC 9000 18.2
    network = Network(
        client_options=dict(LARGER),
        server_options={**LARGER, "declared": {"max_udp_payload_size": 1300}},
        largest=1452,
    ).run()
    exchange(network, bytes(100_000), bytes(100_000))
    assert sizes(network) == [1300, 1452]


def test_a_path_that_becomes_narrower() -> None:
    link = Link()
    network = searching(link)
    exchange(network, bytes(100_000), bytes(100_000))
    assert sizes(network) == [1452, 1452]
    link.drop = lambda _number, _by_client, datagram: len(datagram) > 1250
    exchange(network, bytes(200_000), bytes(200_000))
    assert sizes(network) == [1200, 1200]
    network.assert_settled()


def test_what_is_told() -> None:
    told: list[Any] = []
    link = Link()
    network = Network(link, client_options={**LARGER, "qlog": told.append}, largest=1452).run()
    exchange(network, bytes(100_000), b"")
    link.drop = lambda _number, _by_client, datagram: len(datagram) > 1250
    exchange(network, bytes(100_000), b"")
    updates = [event["data"] for event in told if event["name"] == "quic:mtu_updated"]
    assert updates == [{"old": 1200, "new": 1452}, {"old": 1452, "new": 1200}]


def test_datagram_frames_may_be_larger_then() -> None:
    network = searching(max_datagram_frame_size=65_535)
    before = int(network.client.session.largest_frame())
    exchange(network, bytes(100_000), b"")
    most = int(network.client.session.largest_frame())
    assert most == before + 252
    assert network.client.send_datagram(b"x" * (most - 3))
    assert not network.client.send_datagram(b"x" * (most - 2))
    network.run()
    assert network.server is not None
    assert [len(data) for data in network.server.session.datagrams] == [most - 3]
