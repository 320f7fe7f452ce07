"""The usage in the documentation, as the type checkers must accept it. Checked, and never run."""

import ssl
from typing import Any, Literal, assert_never, assert_type

import zttp


def roles_and_protocols_are_literals() -> None:
    assert_type(zttp.SERVER, Literal[1])
    assert_type(zttp.CLIENT, Literal[2])
    assert_type(zttp.HTTP1, Literal["http/1.1"])
    assert_type(zttp.HTTP2, Literal["h2"])
    assert_type(zttp.HTTP3, Literal["h3"])


def first_steps() -> None:
    connection = zttp.Connection(zttp.SERVER)
    assert_type(connection, zttp.H1Connection)
    connection.receive_data(b"POST /submit HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
    event = connection.next_event()
    while event is not zttp.NEED_DATA:
        event = connection.next_event()


def the_sentinels_narrow(connection: zttp.Connection) -> int:
    while (event := connection.next_event()) is not zttp.NEED_DATA:
        if event is zttp.CONNECTION_CLOSED:
            return -1
        if event.stream_id:
            return event.stream_id
    assert_type(event, Literal[zttp.NeedData.NEED_DATA])
    assert_type(zttp.NeedData(), zttp.NeedData)
    return 0


def a_pattern_takes_an_event_apart(event: zttp.Event) -> bytes:
    match event:
        case zttp.Data(data):
            assert_type(data, bytes)
            return data
        case zttp.Request(method, target, headers):
            assert_type(headers, zttp.HeaderBlock)
            return method + target
        case zttp.EndOfMessage(trailers):
            return b"".join(name for name, _ in trailers)
        case _:
            return b""


def every_spelling_gives_the_class() -> None:
    assert_type(zttp.Connection(zttp.CLIENT, zttp.HTTP1), zttp.H1Connection)
    assert_type(zttp.Connection(zttp.SERVER, "http/1.1", require_host=True), zttp.H1Connection)
    assert_type(zttp.Connection(zttp.SERVER, limits=zttp.H1Limits(max_headers=50)), zttp.H1Connection)
    assert_type(zttp.Connection(zttp.SERVER, None), zttp.H1Connection)
    assert_type(zttp.Connection(zttp.SERVER, 1), zttp.H1Connection)
    assert_type(zttp.Connection(zttp.SERVER, protocol="h2"), zttp.H2Connection)
    assert_type(zttp.Connection(zttp.SERVER, protocol=zttp.HTTP2, auto_credit=False), zttp.H2Connection)
    assert_type(zttp.Connection(zttp.SERVER, 2), zttp.H2Connection)
    assert_type(zttp.Connection(zttp.CLIENT, zttp.HTTP3, server_name="example.com"), zttp.H3Connection)
    assert_type(zttp.Connection(zttp.SERVER, "h3", limits=zttp.H3Limits(idle_timeout=60)), zttp.H3Connection)
    assert_type(zttp.Connection(zttp.SERVER, 3), zttp.H3Connection)
    assert_type(zttp.H3Connection(zttp.CLIENT, server_name=b"example.com", verify=False), zttp.H3Connection)


def what_tls_negotiated(tls: ssl.SSLObject) -> None:
    connection = zttp.Connection(zttp.SERVER, tls.selected_alpn_protocol())
    assert_type(connection, zttp.ByteStreamConnection)
    connection.receive_data(b"")
    assert_type(connection.receive_event(b""), zttp.Event)
    assert_type(connection.data_to_send(), bytes)
    assert_type(connection.next_event(), zttp.Event)
    if isinstance(connection, zttp.H1Connection):
        connection.start_next_cycle()
    elif isinstance(connection, zttp.H2Connection):
        connection.ping()


def any_connection_may_be_over_a_byte_stream(connection: zttp.Connection) -> bytes:
    return connection.data_to_send() if isinstance(connection, zttp.ByteStreamConnection) else b""


def a_protocol_of_somebody_else(options: dict[str, Any]) -> zttp.Connection:
    return zttp.Connection(zttp.SERVER, "scgi", **options)


def an_endpoint(datagram: bytes, now: int) -> list[bytes]:
    credentials = zttp.TlsCredentials.self_signed("localhost")
    endpoint = zttp.QuicEndpoint(credentials=credentials, retry=True, limits=zttp.H3Limits(), alpn=b"h3")
    connection = endpoint.receive_datagram(datagram, ("127.0.0.1", 1), now, ecn=2)
    if connection is not None:
        assert_type(connection, zttp.H3Connection)
        assert_type(connection.next_event(), zttp.Event)
        connection.consume_data(0, 10)
        endpoint.discard(connection)
    assert_type(zttp.parse_datagram_header(datagram).is_initial, bool)
    return [one.data for one in endpoint.data_to_send(now=now)]


def each_is_a_connection() -> list[zttp.Connection]:
    return [zttp.Connection(zttp.SERVER), zttp.Connection(zttp.SERVER, "h2"), zttp.Connection(zttp.SERVER, "h3")]


def the_class_can_be_called_too() -> zttp.H1Connection:
    return zttp.H1Connection(zttp.SERVER, require_host=True)


def events_are_a_union(connection: zttp.H1Connection) -> bytes:
    event = connection.next_event()
    assert_type(event, zttp.Event)
    if event is zttp.NEED_DATA or event is zttp.CONNECTION_CLOSED:
        return b""
    if isinstance(event, zttp.Request):
        assert_type(event.headers, zttp.HeaderBlock)
        return event.headers.get(b"host", b"") or event.target
    if isinstance(event, zttp.Data):
        return event.data
    return b""


def a_match_covers_them_all(event: zttp.Event) -> str:
    match event:
        case zttp.Request(method=method):
            return method.decode()
        case zttp.Response(status_code=status):
            return str(status)
        case zttp.Data() | zttp.EndOfMessage() | zttp.Datagram():
            return "content"
        case zttp.RstStream() | zttp.Goaway() | zttp.Settings() | zttp.Ping():
            return "control"
        case zttp.WindowUpdate() | zttp.PriorityUpdate():
            return "credit"
        case zttp.NeedData() | zttp.ConnectionClosed():
            return "nothing"
        case _:
            assert_never(event)


def sending(connection: zttp.H1Connection) -> bytes:
    headers: zttp.Headers = [(b"content-length", b"2")]
    connection.send_response(200, headers)
    connection.send_data(b"ok")
    connection.end_message()
    return connection.data_to_send()


def sniffing(data: bytes, tls: ssl.SSLObject) -> zttp.Connection | None:
    protocol = zttp.sniff(data, tls.selected_alpn_protocol())
    if isinstance(protocol, zttp.NeedData):
        return None
    return zttp.Connection(zttp.SERVER, protocol)


def errors(connection: zttp.H1Connection) -> int:
    try:
        connection.next_event()
    except zttp.RemoteProtocolError as error:
        return error.status_hint or 400
    return 200


def the_registry(descriptor: zttp.ProtocolDescriptor) -> list[str]:
    zttp.register_protocol(descriptor, replace=True)
    zttp.unregister_protocol(descriptor.name)
    return [info.name for info in zttp.protocols() if info.error is None]


class Derived(zttp.Connection):
    """A plugin's class may derive from the facade."""

    def next_event(self) -> zttp.Event:
        return zttp.NEED_DATA

    def is_closed(self) -> bool:
        return False
