"""The options of a constructor: each only for its role, checked before anything is sent."""

import random
from collections.abc import Callable
from typing import Any

import pytest

import zttp
from tests.http3.h3_pair import Pair, credentials
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.limits import H3Limits
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.tls.tickets import TicketKeys

PIN = credentials().certificate
OF_CLIENTS: dict[str, Any] = {
    "server_name": "localhost",
    "verify": False,
    "session": None,
    "validation_token": b"t",
    "connection_id": b"12345678",
}
OF_SERVERS: dict[str, Any] = {"credentials": credentials(), "tickets": TicketKeys()}


@pytest.mark.parametrize("name", [name for name, value in OF_CLIENTS.items() if value is not None])
def test_a_server_has_no_option_of_clients(name: str) -> None:
    with pytest.raises(TypeError, match=f"^H3Connection has no option '{name}' in the server role$"):
        H3Connection(SERVER, **{name: OF_CLIENTS[name]})


@pytest.mark.parametrize("name", OF_SERVERS)
def test_a_client_has_no_option_of_servers(name: str) -> None:
    with pytest.raises(TypeError, match=f"^H3Connection has no option '{name}' in the client role$"):
        H3Connection(CLIENT, server_name="localhost", verify=PIN, **{name: OF_SERVERS[name]})


def test_the_facade_names_an_option_that_there_is_not() -> None:
    with pytest.raises(TypeError, match=r"^H3Connection has no option 'server_nam'; did you mean 'server_name'[?]$"):
        zttp.Connection(zttp.CLIENT, zttp.HTTP3, server_nam="localhost")
    with pytest.raises(TypeError, match=r"^H3Connection has no option 'credentials' in the client role$"):
        zttp.Connection(zttp.CLIENT, zttp.HTTP3, server_name="localhost", verify=PIN, credentials=credentials())
    with pytest.raises(TypeError, match=r"^H3Connection has no option '_origin'"):
        zttp.Connection(zttp.SERVER, zttp.HTTP3, _origin=None)


def test_an_endpoint_judges_when_it_is_made() -> None:
    with pytest.raises(
        TypeError, match=r"^QuicEndpoint has no option 'server_name'\. Of a connection's options it has: limits"
    ):
        QuicEndpoint(server_name="localhost")
    with pytest.raises(ValueError, match=r"^congestion must be"):
        QuicEndpoint(credentials=credentials(), congestion="bbr")


CANNOT_BE: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"server_name": None}, ValueError, "a client needs server_name"),
    ({"server_name": ""}, ValueError, "server_name must have from 1 to 253 bytes, got 0"),
    ({"server_name": "b\u00fccher.example"}, ValueError, "server_name must be ASCII"),
    ({"server_name": "a b"}, ValueError, "server_name must be a host name"),
    ({"server_name": "."}, ValueError, "server_name must be a host name"),
    ({"server_name": "a" * 254}, ValueError, "server_name must have"),
    ({"server_name": 7}, TypeError, "server_name must be bytes or str, got int"),
    ({"alpn": b""}, ValueError, "alpn must have from 1 to 255 bytes"),
    ({"alpn": ["h3"]}, TypeError, "alpn must be bytes or str, got list"),
    ({"verify": None}, TypeError, "verify must be a TrustStore"),
    ({"connection_id": b"x" * 21}, ValueError, "a connection ID must have from 0 to 20 bytes, got 21"),
    ({"validation_token": bytes(601)}, ValueError, "a validation token must have at most 600 bytes, got 601"),
    ({"congestion": "bbr"}, ValueError, "congestion must be 'cubic' or 'newreno', got 'bbr'"),
    ({"max_datagram_size": 1199}, ValueError, "max_datagram_size must be from 1200 to 65527 bytes, got 1199"),
    ({"keep_alive": -1}, ValueError, "keep_alive must be from 0"),
    ({"versions": (1, 3)}, ValueError, "each of versions must be"),
    ({"cipher_suites": ["TLS_NULL"]}, ValueError, "each of cipher_suites must be one of TLS_AES_128_GCM_SHA256, "),
    ({"cipher_suites": []}, ValueError, "cipher_suites must have at least one name"),
    ({"cipher_suites": "TLS_AES_128_GCM_SHA256"}, TypeError, "cipher_suites must be an iterable of names, got str"),
    ({"groups": [0x9999]}, ValueError, "each of groups must be one of x25519, "),
    ({"keylog": "file"}, TypeError, "keylog must be callable, got str"),
    ({"wall_clock": 1}, TypeError, "wall_clock must be callable, got int"),
    ({"entropy": b"1"}, TypeError, "entropy must be callable, got bytes"),
    ({"transport_params": [1]}, TypeError, "transport_params must be a mapping, got list"),
    (
        {"transport_params": {"stateless_reset_token": b""}},
        ValueError,
        "transport_params cannot set 'stateless_reset_token'",
    ),
    ({"transport_params": {"max_idle_timeout": "1"}}, TypeError, "max_idle_timeout must be an integer, got str"),
    ({"transport_params": {"max_udp_payload_size": 1199}}, ValueError, "max_udp_payload_size must be from 1200"),
]


@pytest.mark.parametrize(
    ("options", "error", "words"), CANNOT_BE, ids=[f"{next(iter(row[0].items()))}" for row in CANNOT_BE]
)
def test_what_cannot_be_is_refused(options: dict[str, Any], error: type[Exception], words: str) -> None:
    given: dict[str, Any] = {"server_name": "localhost", "verify": b"a leaf" if "server_name" not in options else True}
    if options == {"server_name": None}:
        given["verify"] = zttp_trust()
    with pytest.raises(error, match=r"^" + words):
        H3Connection(CLIENT, **{**given, **options})


def zttp_trust() -> Any:
    """A store that checks names."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from zttp_h3.credentials import TrustStore

    return TrustStore.from_pem(x509.load_der_x509_certificate(PIN).public_bytes(Encoding.PEM))


def test_a_role_is_one_of_two() -> None:
    with pytest.raises(ValueError, match=r"^role must be zttp.SERVER \(1\) or zttp.CLIENT \(2\), got 3$"):
        H3Connection(3)


def test_a_server_takes_early_data_by_tickets_alone() -> None:
    with pytest.raises(ValueError, match=r"^a server with early_data needs tickets="):
        H3Connection(SERVER, credentials=credentials(), early_data=True)


def test_whom_a_pin_names_needs_no_server_name() -> None:
    pair = Pair(client={"server_name": None})
    pair.request(b"GET", b"/")
    assert pair.run().responses[0].head.status_code == 200


@pytest.mark.parametrize("name", ["localhost", b"localhost", "localhost.", b"LOCALHOST"])
def test_names_are_bytes_or_str(name: str | bytes) -> None:
    pair = Pair(client={"server_name": name, "alpn": "h3"}, server={"alpn": b"h3"})
    pair.request(b"GET", b"/")
    pair.run()
    assert pair.client.alpn == pair.server.alpn == b"h3"


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
@pytest.mark.parametrize("group", ["x25519", "secp256r1", "secp384r1", "X25519MLKEM768"])
def test_suites_and_groups_by_name(suite: str, group: str) -> None:
    pair = Pair(client={"cipher_suites": [suite], "groups": iter([group])})
    pair.request(b"POST", b"/", b"x" * 2000)
    assert pair.run().responses[0].content == b"x" * 2000


def test_transport_params_win_over_limits() -> None:
    params = {"initial_max_data": 3_000, "initial_max_streams_bidi": 2, "max_idle_timeout": 5_000, "max_ack_delay": 3}
    pair = Pair(server={"transport_params": params, "limits": H3Limits(max_concurrent_streams=50, idle_timeout=99)})
    pair.client.initiate_connection()
    pair.run(lambda: pair.client.handshake_confirmed)
    assert pair.client.send_window <= 3_000
    pair.request(b"GET", b"/")
    pair.request(b"GET", b"/")
    assert not pair.client.can_open_stream
    pair.run()
    start = pair.now
    pair.run(pair.server.idle_timed_out)
    assert pair.now - start < 6_000_000


def test_keep_alive_outlives_the_idle_timeout() -> None:
    limits = H3Limits(idle_timeout=5)
    for seconds, alive in ((0, False), (2, True)):
        pair = Pair(client={"limits": limits, "keep_alive": seconds}, server={"limits": limits})
        pair.request(b"GET", b"/")
        pair.run()
        pair.wait(20)
        assert pair.server.is_closed() is not alive


@pytest.mark.parametrize("role", ["client", "server"])
def test_keep_alive_does_not_wait_for_who_is_gone(role: str) -> None:
    # RFC 9000 10.1: only the first ack-eliciting packet starts the idle timer again.
    limits = H3Limits(idle_timeout=5)
    patient = {"limits": limits, "keep_alive": 2}
    pair = Pair(
        client=patient if role == "client" else {"limits": limits},
        server=patient if role == "server" else {"limits": limits},
    )
    pair.request(b"GET", b"/")
    pair.run()
    side = pair.client if role == "client" else pair.server
    end = pair.now + 8_000_000
    while not side.is_closed():
        side.data_to_send(pair.now)  # nothing arrives
        timeout = side.next_timeout()
        assert timeout is not None
        assert timeout <= end
        pair.now = timeout
        side.handle_timeout(timeout)
    assert side.idle_timed_out()


def test_a_run_is_a_function_of_entropy_and_clock() -> None:
    def run() -> list[bytes]:
        sent: list[bytes] = []
        chance = random.Random(3).randbytes
        client = H3Connection(CLIENT, server_name="localhost", verify=PIN, entropy=chance, wall_clock=lambda: 1.7e9)
        client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
        sent += client.data_to_send(1000)
        client.handle_timeout(2_000_000)
        return sent + client.data_to_send(2_000_000)

    first = run()
    assert len(first) >= 2
    assert first == run()


CALLS: dict[str, Callable[[H3Connection], object]] = {
    "stream": lambda one: one.stream(2**62),
    "an odd stream": lambda one: one.stream(1),
    "consume": lambda one: one.consume_data(0, -1),
    "close": lambda one: one.close(2**62),
    "shutdown": lambda one: one.shutdown(3),
    "ecn": lambda one: one.receive_datagram(b"x", 0, ecn=4),
}


@pytest.mark.parametrize("name", CALLS)
def test_numbers_out_of_range_are_refused(name: str) -> None:
    server = H3Connection(SERVER, credentials=credentials())
    with pytest.raises(ValueError, match=r"got -?\d+$"):
        CALLS[name](server)


@pytest.mark.parametrize("role", [CLIENT, SERVER])
def test_what_is_closed_before_it_began_is_closed(role: int) -> None:
    options: dict[str, Any] = {"server_name": "localhost", "verify": PIN} if role == CLIENT else {}
    connection = H3Connection(role, **options)
    connection.close()
    assert connection.is_closed()
    assert connection.data_to_send(1) == []
    assert connection.next_timeout() is None
    assert connection.next_event() is zttp.CONNECTION_CLOSED
    assert connection.next_event() is zttp.NEED_DATA
    if role == CLIENT:
        with pytest.raises(zttp.LocalProtocolError):
            connection.send_request(b"GET", b"/", b"3", [(b"host", b"a")])


def test_nothing_is_probed_before_something_was_sent() -> None:
    # RFC 9002 6.2.1: only a probe doubles the time to the next one.
    client = H3Connection(CLIENT, server_name="localhost", verify=PIN)
    client.initiate_connection()
    now = 1_000_000_000_000
    client.handle_timeout(now)
    assert len(client.data_to_send(now)) > 0
    timeout = client.next_timeout()
    assert timeout is not None
    assert now < timeout < now + 1_100_000


def test_errors_say_whose_code_it_is() -> None:
    pair = Pair()
    pair.request(b"GET", b"/")
    pair.run()
    session = pair.client._session
    assert session is not None
    session.write_control(b"\x00\x00")  # DATA
    pair.run(lambda: bool(pair.errors))
    error = pair.errors[SERVER]
    assert (error.reason, error.error_code, error.code_space) == ("h3_frame_unexpected", 0x105, "h3")

    # RFC 8446 6.2, RFC 9001 4.8: no_application_protocol, and 0x100.
    pair = Pair(client={"alpn": "h3-29"})
    pair.client.initiate_connection()
    pair.run(lambda: bool(pair.errors))
    error = pair.errors[SERVER]
    assert (error.reason, error.error_code, error.code_space) == ("handshake_failed", 0x178, "quic")


def test_an_error_found_after_the_peer_has_closed_is_one_of_its_own_protocol() -> None:
    pair = Pair()
    stream = pair.client.send_request(b"POST", b"/", b"3", [(b"host", b"localhost")])
    pair.wait(1)
    session = pair.client._session
    assert session is not None
    session.write_control(b"\x00\x00")  # DATA
    stream.send_data(b"x")
    leaving = pair.client.data_to_send(pair.now)
    pair.client.close(0x0A, app=False)
    for datagram in leaving + pair.client.data_to_send(pair.now):
        pair.server.receive_datagram(datagram, pair.now, CLIENT)
    with pytest.raises(zttp.RemoteProtocolError) as raised:
        while pair.server.next_event() is not zttp.CONNECTION_CLOSED:
            pass
    error = raised.value
    assert (error.reason, error.error_code, error.code_space) == ("h3_frame_unexpected", 0x105, "h3")
    info = pair.server.close_info()
    assert info is not None
    assert (info.error_code, info.is_application) == (0x0A, False)


def test_the_longest_token_leaves_room_for_a_handshake() -> None:
    # RFC 9000 8.1.3: it is in every Initial packet.
    pair = Pair(client={"validation_token": bytes(600)})
    pair.request()
    pair.run()
    assert pair.responses[0].head.status_code == 200


def test_nothing_begins_on_a_connection_that_has_ended() -> None:
    pair = Pair()
    pair.client.initiate_connection()
    pair.run(lambda: pair.client.handshake_confirmed)
    pair.wait(1)
    pair.client.close()
    with pytest.raises(zttp.LocalProtocolError):
        pair.client.request_key_update()
    with pytest.raises(zttp.LocalProtocolError):
        pair.client.migrate("elsewhere")


def test_why_a_handshake_failed_is_told_in_words() -> None:
    pair = Pair(client={"verify": zttp.TlsCredentials.self_signed().certificate})
    pair.client.initiate_connection()
    pair.run(lambda: bool(pair.errors))
    said = "the TLS handshake failed: the server's certificate is not the pinned one (RFC 9001 4.8)"
    assert str(pair.errors[CLIENT]) == said


def test_a_server_may_be_begun_like_any_other() -> None:
    server = H3Connection(SERVER, credentials=credentials())
    server.initiate_connection()  # HTTP/2 sends then; in HTTP/3 the client sends first
    assert server.data_to_send(1) == []
    assert not server.is_closed()
