"""Requests and responses between our client and our server, over paths that delay, lose and reorder (RFC 9114 4)."""

import pytest

from tests.http3.h3_pair import Message, Pair, credentials
from zttp_core import CONNECTION_CLOSED, NEED_DATA, Goaway, Settings
from zttp_core.errors import LocalProtocolError
from zttp_h3 import COMPILED
from zttp_h3.codes import H3ErrorCode
from zttp_h3.connection import H3Connection
from zttp_h3.credentials import TlsCredentials
from zttp_h3.limits import H3Limits
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.reading.request_stream import RequestStream
from zttp_h3.tls.tickets import SessionTicket, TicketKeys


def test_a_request_before_the_handshake_is_done_leaves_with_it() -> None:
    pair = Pair()
    number = pair.request(b"POST", b"/hello?x=1", b"content")
    pair.run()
    request = pair.requests[number].head
    assert (request.method, request.target, request.scheme, request.http_version) == (
        b"POST",
        b"/hello?x=1",
        b"https",
        b"3",
    )
    assert list(request.headers) == [(b"host", b"localhost")]
    response = pair.responses[number]
    assert (response.head.status_code, response.content) == (200, b"content")
    assert pair.sent[CLIENT] <= 4
    assert pair.sent[SERVER] <= 4
    assert any(isinstance(event, Settings) for event in pair.control[CLIENT])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("loss", "jitter"), [(0.05, 0), (0.25, 0), (0.0, 40_000), (0.1, 30_000)])
def test_over_a_bad_path(seed: int, loss: float, jitter: int) -> None:
    patient = {"limits": H3Limits(handshake_timeout=60)}
    pair = Pair(seed=seed, loss=loss, jitter=jitter, client=patient, server=patient)
    contents = {pair.request(b"POST", b"/%d" % n, bytes((n,)) * (n * 700)): bytes((n,)) * (n * 700) for n in range(12)}
    pair.run(seconds=120)
    for number, content in contents.items():
        assert pair.responses[number].content == content
        assert pair.requests[number].content == content
    assert not pair.errors


def test_many_requests_on_one_connection() -> None:
    pair = Pair()
    for turn in range(20):
        pair.wait(0.1)
        numbers = [pair.request(b"GET", b"/%d/%d" % (turn, n), None, [(b"x-turn", b"%d" % turn)]) for n in range(50)]
        pair.run()
        for number in numbers:
            assert (b"x-target", pair.requests[number].head.target) in list(pair.responses[number].head.headers)
    assert pair.client.open_streams == 0
    assert pair.server.open_streams == 0


def test_informational_responses_and_trailers() -> None:
    def answer(pair: Pair, stream_id: int, message: Message) -> None:
        stream = pair.server.stream(stream_id)
        stream.send_informational(103, [(b"link", b"</style.css>")])
        stream.send_response(200, [])
        stream.send_data(b"x")
        stream.end_message([(b"grpc-status", b"0")])

    pair = Pair(answer)
    number = pair.request()
    pair.run()
    response = pair.responses[number]
    assert [event.status_code for event in response.informational] == [103]
    assert response.trailers == [(b"grpc-status", b"0")]


@pytest.mark.parametrize("status", [204, 304])
def test_trailers_of_a_response_that_is_only_a_head_are_refused(status: int) -> None:
    # RFC 9110 15.3.5, 15.4.5: it is terminated by the end of the header section.
    def answer(pair: Pair, stream_id: int, message: Message) -> None:
        stream = pair.server.stream(stream_id)
        stream.send_response(status, [])
        with pytest.raises(LocalProtocolError, match=r"\S") as raised:
            stream.end_message([(b"a", b"b")])
        assert raised.value.reason == "trailers_not_allowed"
        stream.end_message([])

    pair = Pair(answer)
    number = pair.request()
    pair.run()
    assert pair.responses[number].trailers == []


def test_content_larger_than_every_window() -> None:
    content = bytes(range(256)) * (20_000 if COMPILED else 4_000)
    limits = H3Limits(initial_window_size=20_000, connection_window_size=30_000, max_connection_window=60_000)
    pair = Pair(client={"limits": limits}, server={"limits": limits})
    number = pair.request(b"POST", b"/", content)
    pair.run(seconds=600)
    assert pair.responses[number].content == content


def test_a_slow_application_slows_its_peer_down() -> None:
    limits = H3Limits(initial_window_size=10_000, connection_window_size=10_000, max_connection_window=10_000)
    pair = Pair(server={"limits": limits, "auto_credit": False})
    number = pair.request(b"POST", b"/", bytes(50_000))
    pair.wait(5)
    assert 9_000 < len(pair.requests[number].content) <= 10_000
    consumed = 0
    while pair.requests[number].trailers is None:
        waiting = len(pair.requests[number].content)
        pair.server.consume_data(number, waiting - consumed)
        consumed = waiting
        assert pair.step()
    assert len(pair.requests[number].content) == 50_000


def test_a_reset_by_either_side() -> None:
    pair = Pair(lambda pair, stream_id, message: pair.server.stream(stream_id).reset(0x10C))
    number = pair.request()
    pair.run()
    assert pair.responses[number].reset == 0x10C
    stream = pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")])
    pair.run(until=lambda: int(stream.stream_id) in pair.requests)
    stream.reset()
    pair.run(until=lambda: pair.requests[int(stream.stream_id)].reset is not None)
    assert pair.requests[int(stream.stream_id)].reset == H3ErrorCode.H3_REQUEST_CANCELLED
    with pytest.raises(LocalProtocolError, match="closed"):
        stream.send_data(b"x")


def test_a_graceful_shutdown() -> None:
    # RFC 9114 5.2: requests in flight when the client received it are answered.
    pair = Pair()
    first = pair.request()
    pair.run()
    pair.wait(1)
    pair.server.shutdown()
    late = pair.request()  # sent before the client can know of it
    pair.run()
    assert pair.responses[late].head.status_code == 200
    pair.run(until=lambda: pair.client.goaway_received() == late + 4)
    said = [event.last_stream_id for event in pair.control[CLIENT] if isinstance(event, Goaway)]
    assert said == [2**62 - 4, late + 4]
    assert first < late
    assert not pair.client.can_open_stream
    with pytest.raises(LocalProtocolError) as raised:
        pair.request()
    assert raised.value.reason == "connection_closing"
    pair.server.shutdown()
    pair.wait(1)
    assert pair.client.goaway_received() == late + 4


@pytest.mark.parametrize("loss", [0.3, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_a_graceful_shutdown_over_a_bad_path(loss: float, seed: int) -> None:
    pair = Pair(seed=seed)
    pair.request()
    pair.run()
    pair.loss = loss
    numbers = [pair.request() for _ in range(5)]
    pair.flush()
    pair.server.shutdown()
    pair.run(until=lambda: pair.client.goaway_received() is not None and pair.is_answered(), seconds=120)
    pair.run(until=lambda: pair.client.goaway_received() == max(numbers) + 4, seconds=120)
    assert all(pair.responses[number].head.status_code == 200 for number in numbers)


def test_a_client_that_leaves() -> None:
    # RFC 9114 5.2: a client's GOAWAY names a push, of which there is none.
    pair = Pair()
    pair.request()
    pair.run()
    pair.client.shutdown()
    pair.client.shutdown()
    number = pair.request()
    pair.run()
    assert pair.responses[number].head.status_code == 200
    assert [event.last_stream_id for event in pair.control[SERVER] if isinstance(event, Goaway)] == [0]
    assert pair.server.goaway_received() == 0
    assert not pair.errors
    with pytest.raises(LocalProtocolError) as raised:
        pair.client.shutdown(4)
    assert raised.value.reason == "wrong_role"


def test_what_comes_before_a_client_has_begun_is_from_no_server() -> None:
    # RFC 9000 5.2: it took the first sender for its server, and then discarded what its server sent.
    pair = Pair()
    pair.client.receive_datagram(bytes(100), pair.now, "a stranger")
    assert pair.client.next_timeout() is None
    pair.request()
    pair.run()


def test_a_close_is_told_once_on_both_sides() -> None:
    pair = Pair()
    pair.request()
    pair.run()
    pair.client.close(H3ErrorCode.H3_NO_ERROR, b"done")
    assert pair.client.is_closed()
    pair.run(until=pair.server.is_closed)
    pair.pull()
    assert pair.control[CLIENT].count(CONNECTION_CLOSED) == 1
    assert pair.control[SERVER].count(CONNECTION_CLOSED) == 1
    assert pair.server.next_event() is NEED_DATA


def test_close_finishes_what_the_peer_has_closed_before() -> None:
    # A caller that closes wants no more events: a server discards closed connections.
    pair = Pair()
    pair.request()
    pair.run()
    pair.server.close()
    for datagram in pair.server.data_to_send(pair.now):
        pair.client.receive_datagram(datagram, pair.now)
    assert not pair.client.is_closed()
    pair.client.close()
    assert pair.client.is_closed()
    assert pair.client.close_info() == pair.server.close_info()


def test_what_came_before_a_close_is_pulled_before_it_is_closed() -> None:
    pair = Pair()
    pair.request()
    pair.run()
    pair.server.shutdown()
    leaving = pair.server.data_to_send(pair.now)
    pair.server.close()
    for datagram in [*leaving, *pair.server.data_to_send(pair.now)]:
        pair.client.receive_datagram(datagram, pair.now)
    events = []
    while not pair.client.is_closed():
        events.append(type(pair.client.next_event()).__name__)
    assert events == ["Goaway", "ConnectionClosed"]


def test_silence_is_told_as_a_close() -> None:
    pair = Pair(client={"limits": H3Limits(idle_timeout=2)})
    pair.request()
    pair.run()
    pair.run(until=lambda: pair.client.idle_timed_out() and pair.server.idle_timed_out())
    assert CONNECTION_CLOSED in pair.control[CLIENT]
    assert CONNECTION_CLOSED in pair.control[SERVER]


def test_a_client_that_trusts_nobody_here() -> None:
    pair = Pair(client={"verify": TlsCredentials.self_signed().certificate})
    pair.request()
    pair.run(until=lambda: bool(pair.errors))
    assert pair.errors[CLIENT].error_code == 0x100 + 46


def test_who_a_client_talks_to_must_be_said() -> None:
    with pytest.raises(ValueError, match="server_name"):
        H3Connection(CLIENT)
    with pytest.raises(ValueError, match="role"):
        H3Connection(3)
    with pytest.raises(ValueError, match="congestion"):
        H3Connection(SERVER, congestion="bbr")


def test_a_server_without_credentials_makes_some_up_for_development() -> None:
    pair = Pair(client={"verify": False}, server={"credentials": None})
    pair.request()
    pair.run()
    assert pair.client.peer_certificate is not None
    assert pair.client.peer_certificate != credentials().certificate


def test_a_resumed_connection() -> None:
    keys = TicketKeys()
    pair = Pair(server={"tickets": keys})
    pair.request()
    pair.run()
    pair.run(until=lambda: pair.client.handshake_confirmed)
    [ticket] = pair.client.session_tickets()
    again = Pair(server={"tickets": keys}, client={"session": ticket})
    number = again.request()
    again.run()
    assert again.responses[number].head.status_code == 200
    assert again.client.peer_certificate is None  # none was sent
    assert again.sent[SERVER] < pair.sent[SERVER] or again.sent[SERVER] <= 3


@pytest.mark.parametrize("verify", [False, credentials().certificate])
def test_a_ticket_of_an_unverified_server_does_not_replace_verification(verify: object) -> None:
    # A resumed server shows no certificate: whoever gave the ticket would be trusted.
    impostor = {"credentials": TlsCredentials.self_signed("localhost"), "tickets": TicketKeys()}
    pair = Pair(client={"verify": False}, server=impostor)
    pair.request()
    pair.run()
    pair.wait(1)
    [ticket] = pair.client.session_tickets()
    pair = Pair(client={"verify": verify, "session": SessionTicket.from_bytes(bytes(ticket))}, server=impostor)
    pair.request()
    pair.wait(1)
    assert (CLIENT in pair.errors) == (verify is not False)


def test_keys_are_updated_from_either_side() -> None:
    # RFC 9001 6
    pair = Pair()
    with pytest.raises(LocalProtocolError, match="keys can be updated"):
        pair.client.request_key_update()
    for turn in range(6):
        pair.request(b"POST", b"/", bytes(5000))
        pair.run()
        pair.run(until=lambda: pair.client.handshake_confirmed)
        side = pair.client if turn % 2 else pair.server
        side.request_key_update()
        pair.request(b"POST", b"/", bytes(5000))
        pair.run()
        pair.wait(2)
    assert not pair.errors
    assert all(message.head.status_code == 200 for message in pair.responses.values())


def test_a_request_that_is_made_before_the_time_is_known() -> None:
    # A caller's clock may be far from zero: the handshake's time begins with the first time passed in.
    client = H3Connection(CLIENT, server_name="localhost", verify=credentials().certificate)
    client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
    now = 5_000_000_000
    [first] = client.data_to_send(now)
    timeout = client.next_timeout()
    assert timeout is not None
    assert timeout > now
    client.handle_timeout(now + 1)
    server = H3Connection(SERVER, credentials=credentials())
    server.receive_datagram(first, now, b"client")
    for datagram in server.data_to_send(now):
        client.receive_datagram(datagram, now + 2, b"server")
    assert not client.is_closed()
    assert client.handshake_complete


def test_http_datagrams_without_those_of_quic() -> None:
    # RFC 9297 2.1.1 has no error for this: a datagram in a capsule is an HTTP datagram, too.
    pair = Pair(client={"limits": H3Limits(max_datagram_frame_size=0)})
    pair.request()
    pair.run()
    session = pair.server._session
    assert session is not None
    session.apply_peer_settings({0x33: 1})
    assert not session.peer_datagrams


def test_a_client_that_wants_no_more_of_a_response() -> None:
    # RFC 9114 4.1.1: STOP_SENDING alone, like a browser that cancels a download.
    def answer(pair: Pair, stream_id: int, _message: Message) -> None:
        stream = pair.server.stream(stream_id)
        stream.send_response(200)
        stream.send_data(bytes(10_000_000))

    pair = Pair(answer)
    number = pair.request()
    pair.run(until=lambda: len(pair.responses[number].content) > 100_000)
    session = pair.client._session
    assert session is not None
    streams = session.transport.session.streams
    streams.stop(streams.streams[number], H3ErrorCode.H3_REQUEST_CANCELLED)
    pair.run(until=lambda: pair.requests[number].reset is not None)
    assert pair.requests[number].reset == H3ErrorCode.H3_REQUEST_CANCELLED
    stream = pair.server.stream(number)
    assert (stream.pending_bytes, stream.send_window) == (None, None)
    pair.wait(1)
    assert pair.server.open_streams == 0
    assert not pair.server.has_pending_send()


def test_a_server_that_wants_no_more_of_a_request() -> None:
    # RFC 9114 4.1: the response is complete, and counts.
    def on_head(pair: Pair) -> None:
        if pair.requests and pair.requests[0].head is not None and not answered:
            answered.append(True)
            stream = pair.server.stream(0)
            stream.send_response(413, [(b"content-length", b"3")])
            stream.send_data(b"big")
            stream.end_message()
            session = pair.server._session
            assert session is not None
            streams = session.transport.session.streams
            streams.stop(streams.streams[0], H3ErrorCode.H3_NO_ERROR)

    answered: list[bool] = []
    pair = Pair()
    pair.request(b"POST", b"/", bytes(3_000_000))
    while pair.responses[0].trailers is None:
        assert pair.step()
        on_head(pair)
    assert pair.responses[0].head.status_code == 413
    assert pair.responses[0].content == b"big"
    assert pair.responses[0].reset is None


def test_a_request_that_is_reset_while_its_head_waits() -> None:
    # RFC 9204 2.2.2.2: the stream is cancelled, and no longer counts as blocked.
    pair = Pair()
    pair.request()
    pair.run()
    pair.wait(0.2)
    server = pair.server._session
    client = pair.client._session
    assert server is not None
    assert client is not None
    stream = client.transport.open(False)
    assert stream is not None
    stream.application = RequestStream(client, stream)
    # A section that needs an entry that never arrives: Required Insert Count 200 of a table of 4096 bytes.
    block = bytes((100 + 1, 0, 0x80))
    client.transport.session.streams.write(stream, b"\x01" + bytes((len(block),)) + block)
    pair.wait(0.1)
    assert server.decoder.blocked == {int(stream.stream_id)}
    client.transport.session.streams.reset(stream, H3ErrorCode.H3_REQUEST_CANCELLED)
    pair.wait(0.1)
    assert server.decoder.blocked == set()
    assert not pair.errors
    assert pair.server.open_streams == 0


def large(pair: Pair, stream_id: int, message: Message) -> None:
    """Answer with much content."""
    stream = pair.server.stream(stream_id)
    stream.send_response(200)
    stream.send_data(bytes(100_000))
    stream.end_message()


@pytest.mark.parametrize("before", [True, False])
def test_a_changed_priority_overrides_the_field_of_its_request(before: bool) -> None:
    # RFC 9218 7: the control stream goes first, so that the change may arrive before the request.
    pair = Pair(large)
    pair.client.initiate_connection()
    pair.run(until=lambda: pair.client.handshake_confirmed)
    urgent, later = (pair.request(headers=[(b"priority", b"u=%d" % urgency)]) for urgency in (3, 5))
    if not before:
        pair.flush()
    pair.client.update_priority(later, 0)
    pair.run(until=lambda: any(message.trailers is not None for message in pair.responses.values()))
    assert pair.responses[later].trailers is not None
    assert pair.responses[urgent].trailers is None
