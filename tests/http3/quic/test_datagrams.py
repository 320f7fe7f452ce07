"""DATAGRAM frames: sent once, within limits, under congestion control (RFC 9221)."""

from tests.http3.quic.network import Link, Network
from zttp_h3.codes import QuicErrorCode

OPTIONS = {"max_datagram_frame_size": 65_535}


def connected(link: Link | None = None, **options: int) -> Network:
    given = {**OPTIONS, **options}
    return Network(link, client_options=given, server_options=given).run()


def arrived(network: Network) -> list[bytes]:
    assert network.server is not None
    return network.server.session.datagrams


def test_they_arrive_in_order_on_a_good_path() -> None:
    network = connected()
    wanted = [b"%d" % n for n in range(50)]
    for data in wanted:
        assert network.client.send_datagram(data)
    network.run()
    assert arrived(network) == wanted
    network.assert_settled()


def test_what_is_lost_stays_lost() -> None:
    # RFC 9221 5: never sent again.
    network = connected()
    lost = network.sent[0]
    network.link.drop = lambda number, by_client, datagram: by_client and number == lost
    network.client.send_datagram(b"first" * 200)
    network.client.send_datagram(b"second" * 180)
    network.run()
    assert arrived(network) == [b"second" * 180]
    network.assert_settled()


def test_of_too_many_the_oldest_are_dropped() -> None:
    # RFC 9221 5: both queues are bounded.
    network = connected()
    for number in range(200):
        assert network.client.send_datagram(b"%d" % number)
    assert len(network.client.session.outgoing_datagrams) == 64
    assert network.client.session.datagrams_dropped == 136
    network.run()
    assert arrived(network) == [b"%d" % number for number in range(136, 200)]
    for number in range(10):
        network.client.send_datagram(b"new %d" % number)
    network.run()
    assert len(arrived(network)) == 64
    assert arrived(network)[-1] == b"new 9"
    assert network.server is not None
    assert network.server.session.datagrams_dropped == 10


def test_a_datagram_is_not_larger_than_a_packet() -> None:
    network = connected()
    session = network.client.session
    most = session.largest_frame() - 3
    assert network.client.send_datagram(bytes(most))
    assert not network.client.send_datagram(bytes(most + 1))
    network.run()
    assert [len(data) for data in arrived(network)] == [most]


def test_a_datagram_is_not_larger_than_the_peer_takes() -> None:
    # RFC 9221 3 MUST NOT
    network = Network(client_options=OPTIONS, server_options={"max_datagram_frame_size": 100}).run()
    assert not network.client.send_datagram(bytes(98))
    assert network.client.send_datagram(bytes(97))
    network.run()
    assert arrived(network) == [bytes(97)]
    none = Network(client_options=OPTIONS).run()
    assert not none.client.send_datagram(b"")


def test_a_datagram_that_fits_no_packet_holds_nothing_up() -> None:
    network = connected()
    network.client.session.outgoing_datagrams.append(bytes(5_000))
    network.client.send_datagram(b"small")
    network.run()
    assert arrived(network) == [b"small"]


def test_datagrams_wait_for_the_congestion_window() -> None:
    # RFC 9221 5.4, RFC 9002 7
    network = connected()
    network.client.session.loss.congestion.window = 3_000
    for _ in range(10):
        network.client.send_datagram(bytes(1_100))
    before = network.sent[0]
    network.flush()
    assert network.sent[0] - before == 2
    network.run()
    assert len(arrived(network)) == 10


def test_a_frame_that_is_larger_than_announced() -> None:
    # RFC 9221 3 MUST
    network = connected()
    assert network.server is not None
    network.server.session.own.max_datagram_frame_size = 50
    network.client.send_datagram(bytes(60))
    network.run()
    close = network.server.session.close
    assert (close.error_code, close.by_peer) == (QuicErrorCode.PROTOCOL_VIOLATION, False)
