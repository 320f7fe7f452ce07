"""A client and a server of HTTP/2 on zttp 0.0.35, in memory."""

import zttp


def events_of(conn: zttp.H2Connection) -> list[zttp.Event]:
    pulled: list[zttp.Event] = []
    while (event := conn.next_event()) is not zttp.NEED_DATA:
        pulled.append(event)
    return pulled


def serve(conn: zttp.H2Connection, received: bytes) -> bytes:
    conn.receive_data(received)
    for event in events_of(conn):
        ended = isinstance(event, zttp.EndOfMessage) or (isinstance(event, zttp.Request) and event.end_stream)
        if ended:
            stream = conn.stream(event.stream_id)
            stream.send_response(200, [(b"content-length", b"2")])
            stream.send_data(b"ok")
            stream.end_message()
    return conn.data_to_send()


def ask() -> list[object]:
    client = zttp.Connection(zttp.CLIENT, zttp.HTTP2)
    server = zttp.Connection(zttp.SERVER, zttp.HTTP2)
    client.send_request(b"GET", b"/", b"2", [(b"host", b"example.com")]).end_message()
    upload = client.send_request(b"POST", b"/", b"2", [(b"host", b"example.com")])
    upload.send_data(b"hello")
    upload.end_message()
    client.receive_data(serve(server, client.data_to_send()))
    got: list[object] = []
    for event in events_of(client):
        if isinstance(event, zttp.Response):
            got.append(event.status_code)
        elif isinstance(event, zttp.Data):
            got.append(event.data)
    return got


def refused() -> str:
    conn = zttp.Connection(zttp.SERVER)
    conn.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    try:
        conn.next_event()
    except zttp.RemoteProtocolError:
        return "400"  # without the reason
    return ""


if __name__ == "__main__":
    print(ask())
    print(refused())
