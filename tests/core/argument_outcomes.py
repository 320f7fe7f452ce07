"""The outcome of every public function for every kind of argument: a table that one build writes for the other's test.

Run as a program it prints the table as JSON. It imports nothing of the tests: the other build runs it alone.
"""

import datetime as dt
import json
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from random import Random
from types import GeneratorType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

import zttp
from zttp_core import events, header_block
from zttp_core.field_pairs import field_pairs


class BoomError(Exception):
    """The error of a caller's own object."""


def _boom(self: object, *_args: object) -> Any:
    raise BoomError


RAISING = ("len", "iter", "getitem", "contains", "index", "int", "bool", "eq", "hash", "repr", "str", "bytes", "format")
Raising = type("Raising", (), {f"__{name}__": _boom for name in RAISING})


class Bytes(bytes):
    pass


class Int(int):
    pass


class Tuple(tuple[Any, ...]):
    __slots__ = ()


class List(list[Any]):
    pass


for _class in (Raising, Bytes, Int, Tuple, List):
    _class.__module__ = "given"  # messages name the module, which otherwise is __main__ or not


def failing() -> Iterator[Any]:
    yield (b"x-a", b"b")
    raise BoomError


@cache
def credentials() -> zttp.TlsCredentials:
    """The same in every process: neither the key nor its signatures are random."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    name = x509.Name([])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, dt.datetime(2000, 1, 1), dt.datetime(2999, 1, 1))
    leaf = builder.add_extension(names, critical=True).sign(key, None)
    return zttp.TlsCredentials(certificate=leaf.public_bytes(Encoding.DER), private_key=key)


# Each is made anew for every call: some can be used only once.
VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    **{str(number): partial(int, number) for number in (0, 1, 2, 3, 200, 103, -1, 2**31, 2**63, 2**70, -(2**70))},
    "1.5": lambda: 1.5,
    "nan": lambda: float("nan"),
    "str": lambda: "text",
    "empty str": lambda: "",
    "empty bytes": lambda: b"",
    "bytes": lambda: b"ab",
    "name": lambda: b"HOST",
    "eight bytes": lambda: b"12345678",
    "request": lambda: b"GET / HTTP/1.1\r\nhost: a\r\n\r\n",
    "bytearray": lambda: bytearray(b"ab"),
    "memoryview": lambda: memoryview(b"ab"),
    "memoryview with steps": lambda: memoryview(b"abcd")[::2],
    "memoryview of words": lambda: memoryview(b"abcdefgh").cast("I"),
    "list": list,
    "tuple": tuple,
    "dict": dict,
    "set": set,
    "pairs": lambda: [(b"x-a", b"b")],
    "pairs as a tuple": lambda: ((b"x-a", b"b"),),
    "pairs as lists": lambda: [[b"x-a", b"b"]],
    "pairs of str": lambda: [("x-a", "b")],
    "pairs of int": lambda: [(1, 4096)],
    "a pair": lambda: (b"x-a", b"b"),
    "a listed pair": lambda: [b"x-a", b"b"],
    "three": lambda: [(b"a", b"b", b"c")],
    "generator": lambda: (pair for pair in [(b"x-a", b"b")]),
    "failing generator": failing,
    "dict of bytes": lambda: {b"x-a": b"b"},
    "dict of int": lambda: {3: 5},
    "dict of str": lambda: {"a": "b"},
    "frozenset": lambda: frozenset([b"x-a"]),
    "urgency": lambda: (1, True),
    "urgency as ints": lambda: (1, 1),
    "many": lambda: tuple(range(12)),
    "object": object,
    "raising": Raising,
    "pairs that raise": lambda: [(Raising(), Raising())],
    "raising in a list": lambda: [Raising()],
    "subclass of bytes": lambda: Bytes(b"ab"),
    "subclass of int": lambda: Int(3),
    "subclass of tuple": lambda: Tuple((b"x-a", b"b")),
    "subclass of list": lambda: List([(b"x-a", b"b")]),
    "pairs of subclasses": lambda: [Tuple((Bytes(b"x-a"), Bytes(b"b")))],
    "slice": lambda: slice(0, 1),
    "type": lambda: int,
    "block": lambda: zttp.HeaderBlock([(b"x-a", b"b")]),
    "event": lambda: zttp.Data(b"x"),
    "H1Limits": zttp.H1Limits,
    "H2Limits": zttp.H2Limits,
    "H3Limits": zttp.H3Limits,
    "TlsCredentials": credentials,
    "TicketKeys": lambda: zttp.TicketKeys(bytes(32)),
}

# The callables by name: a function that makes the callable, with valid arguments and keywords, and a function that
# returns the state afterwards.
Call = tuple[Callable[..., Any], list[Any], dict[str, Any], Callable[[], object]]
SUBJECTS: dict[str, Callable[[], Call]] = {}


def subject(name: str, make: Callable[[], Any], *args: Any, **keywords: Any) -> None:
    """Add what ``make`` returns, a callable, or an owner and the name of its method."""

    def call() -> Call:
        made = make()
        if not isinstance(made, tuple):
            return made, list(args), keywords, lambda: None
        owner, state_of, method = made
        return getattr(owner, method), list(args), keywords, lambda: _state(state_of)

    SUBJECTS[name] = call


def _state(connection: Any) -> object:
    if isinstance(connection, zttp.HeaderBlock):
        return repr(connection)
    sent = connection.data_to_send()
    if isinstance(connection, zttp.QuicEndpoint):
        return [repr(connection), described(sent)]
    if isinstance(sent, list):  # of datagrams
        sent = b"|".join(sent)
    try:
        event = connection.next_event()
    except zttp.ProtocolError as error:
        event = f"{type(error).__name__}: {error}"
    return [repr(connection), sent.hex(), described(event)]


def described(value: object) -> str:
    """Format a result, in the same way in every process."""
    if value is None or isinstance(value, (bool, int, bytes, str, float)):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}[{', '.join(described(item) for item in value)}]"
    if isinstance(value, (*EVENTS, zttp.HeaderBlock, zttp.NeedData, zttp.ConnectionClosed)):
        return repr(value)
    return f"<{type(value).__name__}>"


EVENTS: tuple[Any, ...] = (
    zttp.Request, zttp.Response, zttp.Data, zttp.EndOfMessage, zttp.RstStream, zttp.Goaway, zttp.Settings, zttp.Ping,
    zttp.WindowUpdate, zttp.PriorityUpdate, zttp.Datagram,
)  # fmt: skip

FIELDS = [(b"Host", b"a"), (b"x-a", b"b")]
subject("Request", lambda: zttp.Request, b"GET", b"/", FIELDS, scheme=b"https", http_version=b"2", stream_id=1,
        expect_continue=True, early_data=True, end_stream=True, protocol=b"p", priority=(1, True))  # fmt: skip
subject("Response", lambda: zttp.Response, 200, FIELDS, reason=b"OK", http_version=b"1.1", stream_id=0, end_stream=True)
subject("Data", lambda: zttp.Data, b"x", 1)
subject("EndOfMessage", lambda: zttp.EndOfMessage, FIELDS, 1)
subject("RstStream", lambda: zttp.RstStream, 1, 2)
subject("Goaway", lambda: zttp.Goaway, 1, 2, b"x")
subject("Settings", lambda: zttp.Settings, [(1, 2)], True)
subject("Ping", lambda: zttp.Ping, True, b"12345678")
subject("WindowUpdate", lambda: zttp.WindowUpdate, 1, 2)
subject("PriorityUpdate", lambda: zttp.PriorityUpdate, 1, 2, True)
subject("Datagram", lambda: zttp.Datagram, b"x", 1)
subject("HeaderBlock", lambda: zttp.HeaderBlock, FIELDS, never_indexed=[b"a"])


def of(make: Callable[[], Any], method: str) -> Callable[[], Any]:
    def bound() -> Any:
        owner = make()
        return owner, owner, method

    return bound


def made_block() -> zttp.HeaderBlock:
    return zttp.HeaderBlock(FIELDS)


def parsed_block() -> zttp.HeaderBlock:
    return header_block.packed_block(b"Host: a\r\nx-a: b\r\n\r\n", 0)


for _kind, _make in (("made", made_block), ("parsed", parsed_block)):
    _methods: list[tuple[str, list[Any], dict[str, Any]]] = [
        ("get", [b"host", None], {}),
        ("getall", [b"host"], {}),
        ("index", [FIELDS[0], 0, 9], {}),
        ("count", [FIELDS[0]], {}),
        ("to_list", [], {"lowercase_names": True}),
        ("__contains__", [b"host"], {}),
        ("__getitem__", [0], {}),
        ("__eq__", [FIELDS], {}),
    ]
    for _method, _args, _keywords in _methods:
        subject(f"HeaderBlock.{_method} {_kind}", of(_make, _method), *_args, **_keywords)

subject("field_pairs", lambda: field_pairs, FIELDS)
subject("packed_request", lambda: events.packed_request, b"GET", b"/", b"host: a\r\n\r\n", 0, 1)
subject("packed_response", lambda: events.packed_response, 200, b"OK", b"host: a\r\n\r\n", 0, 1)
subject("packed_trailers", lambda: events.packed_trailers, b"host: a\r\n\r\n", 0)
subject("shared_block_request", lambda: events.shared_block_request, b"GET", b"/", zttp.HeaderBlock(FIELDS), 0)
subject("new_data", lambda: events.new_data, b"x", 1)
subject("new_ping", lambda: events.new_ping, True, b"x")
subject("new_settings", lambda: events.new_settings, [(1, 2)], True)
subject("new_window_update", lambda: events.new_window_update, 1, 2)
subject("end_of_stream", lambda: events.end_of_stream, 1)
subject("rare_values", lambda: events.rare_values, b"https", None, b"2")
subject("listed_trailers", lambda: events.listed_trailers, FIELDS, 1, None)
subject("listed_response", lambda: events.listed_response, 200, b"2", FIELDS, 1, 0, None)
subject("listed_request", lambda: events.listed_request, b"GET", b"/", b"https", None, b"2", FIELDS, 1, 0, None)
subject("shared_list_request", lambda: events.shared_list_request, b"GET", b"/",
        events.rare_values(b"https", None, b"2"), FIELDS, 1, 0, None)  # fmt: skip
subject("repeated_request", lambda: events.repeated_request, zttp.Request(b"GET", b"/", FIELDS), 1, 0)

subject("sniff", lambda: zttp.sniff, b"GET / HTTP/1.1\r\n", None)
subject("H1Limits", lambda: zttp.H1Limits, max_line=100, max_headers=5, max_header_bytes=500, max_trailers=5,
        max_trailer_bytes=500, max_buffer=5000)  # fmt: skip
subject("H2Limits", lambda: zttp.H2Limits, max_concurrent_streams=5)
subject("H1Connection", lambda: zttp.H1Connection, zttp.SERVER, limits=None, require_host=True)
subject("H2Connection", lambda: zttp.H2Connection, zttp.SERVER, limits=None, auto_credit=True,
        enable_connect_protocol=True)  # fmt: skip


def h1_server() -> zttp.H1Connection:
    server = zttp.H1Connection(zttp.SERVER)
    server.receive_event(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    server.next_event()
    return server


def h1_sending() -> zttp.H1Connection:
    server = h1_server()
    server.send_response(200, [(b"transfer-encoding", b"chunked")])
    return server


def h1_client() -> zttp.H1Connection:
    return zttp.H1Connection(zttp.CLIENT)


def h1_fresh() -> zttp.H1Connection:
    return zttp.H1Connection(zttp.SERVER)


subject("H1Connection.receive_data", of(h1_fresh, "receive_data"), b"GET / HTTP/1.1\r\n\r\n")
subject("H1Connection.receive_event", of(h1_fresh, "receive_event"), b"GET / HTTP/1.1\r\n\r\n")
subject("H1Connection.send_request", of(h1_client, "send_request"), b"GET", b"/", b"1.1", FIELDS)
subject("H1Connection.send_response", of(h1_server, "send_response"), 200, FIELDS[1:], reason=b"OK")
subject("H1Connection.send_informational", of(h1_server, "send_informational"), 103, FIELDS[1:])
subject("H1Connection.send_data", of(h1_sending, "send_data"), b"x")
subject("H1Connection.end_message", of(h1_sending, "end_message"), FIELDS[1:])


def h2_client() -> zttp.H2Connection:
    return zttp.H2Connection(zttp.CLIENT)


def h2_fresh() -> zttp.H2Connection:
    return zttp.H2Connection(zttp.SERVER)


def h2_server() -> zttp.H2Connection:
    client, server = h2_client(), zttp.H2Connection(zttp.SERVER)
    client.send_request(b"POST", b"/", b"2", FIELDS).send_data(b"x" * 100)
    server.receive_data(client.data_to_send())
    for _ in range(4):
        server.next_event()
    server.data_to_send()
    return server


def h2_manual() -> zttp.H2Connection:
    client, server = h2_client(), zttp.H2Connection(zttp.SERVER, auto_credit=False)
    client.send_request(b"POST", b"/", b"2", FIELDS).send_data(b"x" * 100)
    server.receive_data(client.data_to_send())
    for _ in range(4):
        server.next_event()
    return server


def h2_open() -> zttp.H2Connection:
    client = h2_client()
    client.send_request(b"POST", b"/", b"2", FIELDS)
    client.data_to_send()
    return client


def of_stream(method: str, *, head_sent: bool = False) -> Callable[[], Any]:
    def bound() -> Any:
        server = h2_server()
        stream = server.stream(1)
        if head_sent:
            stream.send_response(200)
        return stream, server, method

    return bound


subject("H2Connection.receive_data", of(h2_server, "receive_data"), b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
subject("H2Connection.receive_event", of(h2_server, "receive_event"), b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
subject("H2Connection.consume_data", of(h2_manual, "consume_data"), 1, 10)
subject("H2Connection.initiate_upgrade_connection", of(h2_fresh, "initiate_upgrade_connection"), b"GET", b"/", FIELDS,
        b"")  # fmt: skip
subject("H2Connection.send_request", of(h2_client, "send_request"), b"GET", b"/", b"2", FIELDS, end_stream=True,
        scheme=b"https", protocol=None)  # fmt: skip
subject("H2Connection.stream", of(h2_server, "stream"), 1)
subject("H2Connection.ping", of(h2_server, "ping"), b"12345678")
subject("H2Connection.update_settings", of(h2_server, "update_settings"), {3: 5})
subject("H2Connection.update_priority", of(h2_open, "update_priority"), 1, 2, True)
subject("H2Connection.close", of(h2_server, "close"), 0, 1)
subject("Stream.send_response", of_stream("send_response"), 200, FIELDS[1:], True)
subject("Stream.send_informational", of_stream("send_informational"), 103, FIELDS[1:])
subject("Stream.send_data", of_stream("send_data", head_sent=True), b"x")
subject("Stream.end_message", of_stream("end_message", head_sent=True), FIELDS[1:])
subject("Stream.reset", of_stream("reset"), 8)


# ---------------------------------------------------------------------------------------------------------- HTTP/3


def h3(role: int, **options: Any) -> zttp.H3Connection:
    """A connection without randomness and time."""
    given: dict[str, Any] = {"entropy": Random(role).randbytes, "wall_clock": lambda: 1.8e9, "groups": ["x25519"]}
    if role == zttp.SERVER:
        given["credentials"] = credentials()
    else:
        given |= {"server_name": "localhost", "verify": credentials().certificate}
    return zttp.H3Connection(role, **{**given, **options})


def h3_client() -> zttp.H3Connection:
    return h3(zttp.CLIENT)


def h3_fresh() -> zttp.H3Connection:
    return h3(zttp.SERVER)


def h3_open() -> zttp.H3Connection:
    client = h3_client()
    client.send_request(b"POST", b"/", b"3", FIELDS)
    return client


def h3_server() -> zttp.H3Connection:
    """One with a request on stream 0, with content that was pulled but not consumed."""
    client, server = h3_client(), h3(zttp.SERVER, auto_credit=False)
    client.send_request(b"POST", b"/", b"3", FIELDS).send_data(b"x" * 100)
    for now in (1, 2, 3):
        for datagram in client.data_to_send(now):
            server.receive_datagram(datagram, now)
        for datagram in server.data_to_send(now):
            client.receive_datagram(datagram, now)
    while server.next_event() is not zttp.NEED_DATA:
        pass
    return server


def h3_stream(method: str, *, head_sent: bool = False) -> Callable[[], Any]:
    def bound() -> Any:
        server = h3_server()
        stream = server.stream(0)
        if head_sent:
            stream.send_response(200)
        return stream, server, method

    return bound


def h3_endpoint() -> zttp.QuicEndpoint:
    return zttp.QuicEndpoint(credentials=credentials(), entropy=Random(1).randbytes)


def first_datagram() -> bytes:
    return h3_client().data_to_send(1)[0]


OF_BOTH: dict[str, Any] = {
    "limits": None, "early_data": False, "alpn": b"h3", "auto_credit": True, "transport_params": {}, "keep_alive": 0,
    "congestion": "cubic", "max_datagram_size": 1400, "versions": (1,), "cipher_suites": None, "groups": None,
    "enable_connect_protocol": True, "enable_datagrams": True, "keylog": None, "qlog": None,
    "wall_clock": None, "entropy": None,
}  # fmt: skip
subject("H3Limits", lambda: zttp.H3Limits, max_concurrent_streams=5, idle_timeout=5)
subject("H3Connection", lambda: zttp.H3Connection, zttp.SERVER, credentials=credentials(), tickets=None, **OF_BOTH)
subject("H3Connection of a client", lambda: zttp.H3Connection, zttp.CLIENT, server_name="localhost", verify=False,
        session=None, validation_token=None, connection_id=b"12345678", **OF_BOTH)  # fmt: skip
subject("QuicEndpoint", lambda: zttp.QuicEndpoint, credentials=credentials(), retry=None, max_connections=9,
        connection_id_length=8, connection_id_factory=None, secret=None, token_lifetime=1, tickets=None,
        **OF_BOTH)  # fmt: skip
subject("H3Connection.receive_datagram", of(h3_fresh, "receive_datagram"), first_datagram(), 1, b"peer",
        local_address=None, ecn=0)  # fmt: skip
subject("H3Connection.data_to_send", of(h3_client, "data_to_send"), 1)
subject("H3Connection.data_to_send_with_addresses", of(h3_client, "data_to_send_with_addresses"), 1)
subject("H3Connection.handle_timeout", of(h3_open, "handle_timeout"), 1)
subject("H3Connection.send_request", of(h3_client, "send_request"), b"GET", b"/", b"3", FIELDS, end_stream=True,
        scheme=b"https", protocol=None)  # fmt: skip
subject("H3Connection.stream", of(h3_open, "stream"), 0)
subject("H3Connection.consume_data", of(h3_server, "consume_data"), 0, 10)
subject("H3Connection.update_priority", of(h3_open, "update_priority"), 0, 2, True)
subject("H3Connection.shutdown", of(h3_server, "shutdown"), 4)
subject("H3Connection.close", of(h3_open, "close"), 0x100, b"why", app=True)
subject("H3Connection.migrate", of(h3_open, "migrate"), b"local")
subject("H3Stream.send_response", h3_stream("send_response"), 200, FIELDS[1:], True)
subject("H3Stream.send_informational", h3_stream("send_informational"), 103, FIELDS[1:])
subject("H3Stream.send_data", h3_stream("send_data", head_sent=True), b"x")
subject("H3Stream.send_datagram", h3_stream("send_datagram", head_sent=True), b"x")
subject("H3Stream.end_message", h3_stream("end_message", head_sent=True), FIELDS[1:])
subject("H3Stream.reset", h3_stream("reset"), 8)
subject("QuicEndpoint.receive_datagram", of(h3_endpoint, "receive_datagram"), first_datagram(), b"peer", 1,
        local_address=None, ecn=0)  # fmt: skip
subject("QuicEndpoint.data_to_send", of(h3_endpoint, "data_to_send"), None, now=1)
subject("QuicEndpoint.handle_timeout", of(h3_endpoint, "handle_timeout"), 1)
subject("QuicEndpoint.discard", of(h3_endpoint, "discard"), h3_client())
subject("parse_datagram_header", lambda: zttp.parse_datagram_header, first_datagram(), 8)
subject("OutboundDatagram", lambda: zttp.OutboundDatagram, b"x", b"peer", None, 0)
subject("PathStatistics", lambda: zttp.PathStatistics, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, True, 14)
subject("CloseInfo", lambda: zttp.CloseInfo, 1, b"x", True)


def outcome(make: Callable[[], Call], place: int | str, value: Callable[[], Any]) -> str:
    """Call with one argument replaced, and return the outcome: result or error, and the state afterwards."""
    call, args, keywords, state = make()
    given = value()
    if isinstance(place, int):
        args = [*args[:place], given, *args[place + 1 :]]
    else:
        keywords = {**keywords, place: given}
    try:
        told = described(call(*args, **keywords))
    except Exception as error:  # noqa: BLE001 - which it is, is what is compared
        # Errors of a caller's object are passed on; addresses differ from process to process.
        told = f"{type(error).__name__}: {re.sub(r'0x[0-9a-f]+', '0x', str(error))}"
    if isinstance(given, GeneratorType):
        given.close()
    try:
        return f"{told} | {state()}"
    except Exception as error:  # noqa: BLE001
        return f"{told} | afterwards {type(error).__name__}: {error}"


def table() -> dict[str, str]:
    """Return the outcome of every call."""
    rows: dict[str, str] = {}
    for name, make in SUBJECTS.items():
        _, args, keywords, _ = make()
        for place in (*range(len(args)), *keywords):
            for label, value in VALUES.items():
                rows[f"{name}({place}={label})"] = outcome(make, place, value)
    return rows


if __name__ == "__main__":
    import zttp_core

    json.dump({"compiled": zttp_core.COMPILED, "table": table()}, sys.stdout)
