"""ECN over a path: marked, counted, reported, validated; CE slows a sender down (RFC 9000 13.4, RFC 9002 7.1)."""

from tests.http3.quic.network import CLIENT, Link, Network
from tests.http3.quic.test_transport import exchange
from zttp_h3.recovery.ecn import CAPABLE, ECT_0, FAILED, NOT_ECT
from zttp_h3.recovery.loss import APPLICATION

CE = 3
ECT_1 = 1


def test_a_path_that_carries_marks() -> None:
    network = Network().run()
    exchange(network, bytes(100_000), bytes(100_000))
    for side in network.sides():
        assert side.session.ecn.state == CAPABLE
        ect0, ect1, ce = side.session.ecn.counts()
        assert ect0 > 50
        assert (ect1, ce) == (0, 0)
    network.assert_settled()


def test_marks_leave_with_each_datagram() -> None:
    network = Network().run()
    exchange(network, b"question", bytes(30_000))
    stream = network.client.open(False)
    assert stream is not None
    network.client.session.streams.write(stream, b"x")
    [(_, _, mark)] = network.client.datagrams_to_send(network.now)
    assert mark == ECT_0


def test_marks_of_packets_that_overtook_their_keys_are_counted() -> None:
    # RFC 9000 13.4.1, RFC 9001 5.7: otherwise the counts would show that the path removes marks.
    network = Network()
    network.run(until=lambda: network.client.session.phases is not None)
    client, server = network.client, network.server
    assert server is not None
    stream = client.open(False)
    assert stream is not None
    client.session.streams.write(stream, bytes(3_000))
    finished, *others = client.datagrams_to_send(network.now)
    assert not server.session.confirmed
    for datagram, _, mark in (*others, finished):
        assert mark == ECT_0
        server.receive(datagram, network.now, CLIENT, None, mark)
    received = server.session.spaces[APPLICATION].received
    assert received.ect0 == received.largest + 1 > 2
    network.run()
    assert client.session.ecn.state == CAPABLE


def test_a_path_that_takes_the_marks_off() -> None:
    network = Network(Link(remark=lambda number, by_client, mark: NOT_ECT)).run()
    exchange(network, bytes(50_000), bytes(50_000))
    for side in network.sides():
        assert side.session.ecn.state == FAILED
        assert all(space.received.ect0 == 0 for space in side.session.spaces)
        stream = side.open(True)
        assert stream is not None
        side.session.streams.write(stream, b"x")
        assert [mark for _, _, mark in side.datagrams_to_send(network.now)] == [NOT_ECT]


def test_a_path_that_changes_the_marks() -> None:
    network = Network(Link(remark=lambda number, by_client, mark: ECT_1 if mark else mark)).run()
    exchange(network, bytes(50_000), bytes(50_000))
    assert [side.session.ecn.state for side in network.sides()] == [FAILED, FAILED]


def test_a_path_that_drops_what_is_marked() -> None:
    # RFC 9000 13.4.2: without marks the connection is established.
    options = {"handshake_timeout": 60_000_000}
    link = Link(remark=lambda number, by_client, mark: -1 if mark else mark)
    network = Network(link, client_options=options, server_options=options)
    network.run(seconds=120, until=lambda: bool(network.client.session.confirmed))
    assert network.client.session.ecn.mark() == NOT_ECT
    exchange(network, b"question", b"answer")


def test_congestion_that_is_marked_slows_a_sender_down_once_a_round_trip() -> None:
    # RFC 9002 7.1, 7.3.2
    marking = [False]
    network = Network(
        Link(remark=lambda number, by_client, mark: CE if marking[0] and not by_client and mark else mark)
    ).run()
    server = network.server
    assert server is not None
    exchange(network, b"question", bytes(60_000))
    before = server.session.loss.congestion.window
    stream = network.client.open(False)
    assert stream is not None
    network.client.session.streams.write(stream, b"more")
    network.client.session.streams.finish(stream)
    marking[0] = True
    answered = [False]

    def answer(is_server: bool, other: object) -> None:
        theirs = server.session.streams.streams.get(int(stream.stream_id))
        if theirs is not None and not answered[0]:
            answered[0] = True
            server.session.streams.write(theirs, bytes(30_000))

    network.on_stream = answer
    network.run()
    congestion = server.session.loss.congestion
    assert server.session.ecn.counts()[2] > 10
    assert server.session.loss.packets_lost == 0
    # All marks of one flight are one event: the window was cut once or twice, not by each mark.
    assert 2 * before < 5 * congestion.window
    assert congestion.window < before


def test_counts_are_reported_only_by_who_sees_marks() -> None:
    # RFC 9000 13.4.1
    network = Network(Link(remark=lambda number, by_client, mark: mark if by_client else NOT_ECT)).run()
    exchange(network, bytes(20_000), bytes(20_000))
    assert network.server is not None
    assert network.client.session.ecn.state == CAPABLE
    assert network.server.session.ecn.state == FAILED
    assert network.client.session.spaces[2].received.ect0 == 0


def test_acknowledgments_that_are_marked_are_not_acknowledged() -> None:
    # RFC 9000 13.2.1 MUST NOT: on a path that marks everything, that would be endless.
    network = Network(Link(remark=lambda number, by_client, mark: CE if mark else mark)).run()
    exchange(network, b"question", b"answer")
    assert network.is_quiet()
