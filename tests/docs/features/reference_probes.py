"""The features of zttp 0.0.35."""

# mypy: ignore-errors
# A type checker finds our package under this name.

from collections.abc import Sequence
from typing import Any

import zttp
from http3_suite import identity
from tests.docs.features.probing import PREFACE, SETTINGS, frame, pings, probe, probe_refusals, resets, said

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
HOST = [(b"host", b"a")]


def events_of(conn: Any) -> list[Any]:
    pulled = []
    while (event := conn.next_event()) is not zttp.NEED_DATA and event is not zttp.CONNECTION_CLOSED:
        pulled.append(event)
    return pulled


def served(data: bytes, protocol: int = zttp.HTTP1) -> list[Any]:
    """The events of a server for bytes."""
    conn = zttp.Connection(zttp.SERVER, protocol)
    conn.receive_data(data)
    return events_of(conn)


def answered(data: bytes) -> list[Any]:
    """The events of an HTTP/1.1 client for an answer."""
    conn = zttp.Connection(zttp.CLIENT)
    conn.send_request(b"GET", b"/", b"1.1", HOST)
    conn.receive_data(data)
    return events_of(conn)


def refused(data: bytes, protocol: int = zttp.HTTP1) -> bool:
    try:
        served(data, protocol)
    except zttp.RemoteProtocolError:
        return True
    return False


class Pair:
    """A client and a server of HTTP/2 or HTTP/3, and the bytes between them."""

    def __init__(self, protocol: int = zttp.HTTP2) -> None:
        of_client: dict[str, Any] = {}
        of_server: dict[str, Any] = {}
        if protocol == zttp.HTTP3:
            of_client = {"server_name": b"localhost", "server_certificate": identity.CERTIFICATE}
            of_server["credentials"] = {
                "certificate": identity.CERTIFICATE,
                "private_key_scalar": identity.KEY_SCALAR,
            }
        self.client: Any = zttp.Connection(zttp.CLIENT, protocol, **of_client)
        self.server: Any = zttp.Connection(zttp.SERVER, protocol, **of_server)
        self.now = 0
        self.sizes: list[int] = []  # of the datagrams, in order

    def carry(self, rounds: int = 8) -> tuple[list[Any], list[Any]]:
        """Exchange; return the events of the client, and of the server."""
        got: tuple[list[Any], list[Any]] = ([], [])
        for _ in range(rounds):
            for sender, receiver, events in (
                (self.client, self.server, got[1]),
                (self.server, self.client, got[0]),
            ):
                self.now += 1_000
                if isinstance(sender, zttp.H3Connection):
                    sender.handle_timeout(self.now)
                    for datagram in sender.data_to_send():
                        self.sizes.append(len(datagram))
                        receiver.receive_datagram(datagram, self.now)
                elif data := sender.data_to_send():
                    receiver.receive_data(data)
                events += events_of(receiver)
        return got


def of_kind(events: Sequence[object], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


@probe
def http1() -> str:
    return said(served(GET)[0].target == b"/")


@probe
def http2() -> str:
    pair = Pair()
    pair.client.send_request(b"GET", b"/", b"2", HOST).end_message()
    return said(bool(of_kind(pair.carry()[1], zttp.Request)))


@probe
def http3() -> str:
    pair = Pair(zttp.HTTP3)
    pair.client.handle_timeout(0)
    pair.carry()  # a request can be sent after the handshake
    pair.client.send_request(b"GET", b"/", b"3", HOST).end_message()
    return said(bool(of_kind(pair.carry()[1], zttp.Request)))


@probe
def pulled() -> str:
    return said(bool(served(GET)))


@probe
def writes() -> str:
    conn = zttp.Connection(zttp.SERVER)
    conn.receive_data(GET)
    conn.next_event()
    conn.send_response(204, [])
    return said(conn.data_to_send().startswith(b"HTTP/1.1 204"))


@probe
def events_are_values() -> str:
    try:
        zttp.Data(b"x")
    except TypeError:
        return "no"
    return "yes"


@probe
def reasons() -> str:
    try:
        served(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    except zttp.RemoteProtocolError as error:
        return said(hasattr(error, "reason") or hasattr(error, "offset") or hasattr(error, "status_hint"))
    raise AssertionError("two Host fields were accepted")


@probe
def head_limit() -> str:
    for options in ({"limits": None}, {"max_header_bytes": 100}, {"max_incomplete_event_size": 100}):
        try:
            zttp.Connection(zttp.SERVER, **options)
        except TypeError:
            continue
        return "yes"
    return "no"


probe_refusals(refused)


@probe
def case_and_order() -> str:
    fields = served(b"GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nA: 2\r\n\r\n")[0].headers
    return said([name for name, _ in fields] == [b"Host", b"B", b"A"])


@probe
def trailers() -> str:
    *_, end = answered(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n\r\n")
    return said([(name.lower(), value) for name, value in end.trailers] == [(b"x", b"1")])


@probe
def informational() -> str:
    got = answered(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")
    return said([event.status_code for event in of_kind(got, zttp.Response)] == [103, 204])


@probe
def expect() -> str:
    [request] = served(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
    return said(request.expect_continue)


@probe
def after_switch() -> str:
    return said(any("trailing" in name or "remaining" in name for name in dir(zttp.H1Connection)))


@probe
def pipelining() -> str:
    return said(len(of_kind(served(GET + GET), zttp.Request)) == 1)


def uploaded(auto: bool) -> str:
    pair = Pair()
    stream = pair.client.send_request(b"POST", b"/", b"2", HOST)
    stream.send_data(b"x" * 500_000)
    return said(auto and sum(len(event.data) for event in of_kind(pair.carry(40)[1], zttp.Data)) == 500_000)


@probe
def credit_by_itself() -> str:
    return uploaded(auto=True)


@probe
def credit_by_hand() -> str:
    return "yes" if hasattr(zttp.H2Connection, "consume_data") else "no"


@probe
def receive_window() -> str:
    for options in ({"limits": None}, {"initial_window_size": 1 << 20}, {"settings": {4: 1 << 20}}):
        try:
            zttp.Connection(zttp.SERVER, zttp.HTTP2, **options)
        except TypeError:
            continue
        return "yes"
    return "no"


@probe
def waits_for_credit() -> str:
    pair = Pair()
    stream = pair.client.send_request(b"POST", b"/", b"2", HOST)
    stream.send_data(b"x" * 500_000)
    return said(stream.pending_bytes > 0)


@probe
def extended_connect() -> str:
    sent = PREFACE + frame(SETTINGS, 0, 0, b"")
    block = b"\x02\x07CONNECT\x00\x09:protocol\x09websocket\x84\x87\x41\x01a"
    [request] = of_kind(served(sent + frame(1, 4, 1, block), zttp.HTTP2), zttp.Request)
    return said(request.protocol == b"websocket")


@probe
def priorities() -> str:
    update = frame(16, 0, 0, bytes((0, 0, 0, 1)) + b"u=1")  # PRIORITY_UPDATE (RFC 9218 7.1)
    got = served(PREFACE + frame(SETTINGS, 0, 0, b"") + update, zttp.HTTP2)
    return said([type(event).__name__ for event in got] != ["Settings"])


@probe
def rapid_reset() -> str:
    return said(refused(PREFACE + frame(SETTINGS, 0, 0, b"") + resets(2_000), zttp.HTTP2))


@probe
def control_floods() -> str:
    return said(refused(PREFACE + frame(SETTINGS, 0, 0, b"") + pings(5_000), zttp.HTTP2))


@probe
def push() -> str:
    return said(any("push" in name for name in (*dir(zttp.H2Connection), *dir(zttp.Stream))))


@probe
def clear_text_upgrade() -> str:
    server = zttp.Connection(zttp.SERVER, zttp.HTTP2)
    server.initiate_upgrade_connection(b"GET", b"/", HOST)
    server.stream(1).send_response(204, [], True)
    return said(bool(server.data_to_send()))


@probe
def endpoint() -> str:
    return said(hasattr(zttp.QuicEndpoint, "receive_datagram"))


@probe
def early_data() -> str:
    # It refuses a value that is not a bool, which shows that it knows the option.
    return accepts("early_data")


@probe
def http_datagrams() -> str:
    return said(hasattr(zttp.Stream, "send_datagram"))


@probe
def webtransport() -> str:
    return said(any("webtransport" in name.lower() for name in dir(zttp)))


def accepts(option: str) -> str:
    """Whether a client has this option, whatever its effect."""
    try:
        zttp.Connection(zttp.CLIENT, zttp.HTTP3, server_name=b"localhost", **{option: None})
    except TypeError as error:
        return said("unexpected" not in str(error) and "invalid keyword" not in str(error))
    return "yes"


@probe
def qlog() -> str:
    return accepts("qlog")


@probe
def key_log() -> str:
    return accepts("keylog")


@probe
def ecn() -> str:
    try:
        Pair(zttp.HTTP3).server.receive_datagram(b"", 0, None, ecn=1)
    except TypeError:
        return "no"
    return "yes"


@probe
def path_mtu() -> str:
    pair = Pair(zttp.HTTP3)
    pair.client.handle_timeout(0)
    pair.carry()
    pair.client.send_request(b"POST", b"/", b"3", HOST).send_data(b"x" * 200_000)
    pair.carry(20)
    return said(max(pair.sizes) > pair.sizes[0])


@probe
def newer_version() -> str:
    # An endpoint answers an unknown version with the versions that it supports (RFC 9000 17.2.1).
    unknown = b"\xc0" + b"\x1a\x2a\x3a\x4a" + b"\x08" + bytes(8) + b"\x08" + bytes(8)
    endpoint = zttp.QuicEndpoint()
    endpoint.receive_datagram(unknown + bytes(1200 - len(unknown)), b"a", 0)
    [answer] = endpoint.data_to_send()
    return said(b"\x6b\x33\x43\xcf" in answer.data)


@probe
def post_quantum() -> str:
    hello = Pair(zttp.HTTP3).client.data_to_send()
    return said(len(hello) > 1)  # a key share of 1216 bytes does not fit into one datagram
