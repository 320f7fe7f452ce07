"""The same here: one place for the end of a message, limits, `end_stream`, and an error with details."""

import zttp


def events_of(conn: zttp.H2Connection) -> list[zttp.Event]:
    pulled: list[zttp.Event] = []
    while (event := conn.next_event()) is not zttp.NEED_DATA:
        pulled.append(event)
    return pulled


def serve(conn: zttp.H2Connection, received: bytes) -> bytes:
    conn.receive_data(received)
    for event in events_of(conn):
        if isinstance(event, zttp.EndOfMessage):  # of each message
            stream = conn.stream(event.stream_id)
            stream.send_response(200, [(b"content-length", b"2")])
            stream.send_data(b"ok")
            stream.end_message()
    return conn.data_to_send()


def ask() -> list[object]:
    client = zttp.Connection(zttp.CLIENT, zttp.HTTP2)
    server = zttp.Connection(zttp.SERVER, zttp.HTTP2, limits=zttp.H2Limits(max_concurrent_streams=20))
    client.send_request(b"GET", b"/", b"2", [(b"host", b"example.com")], end_stream=True)
    upload = client.send_request(b"POST", b"/", b"2", [(b"host", b"example.com")])
    upload.send_data(b"hello")
    upload.end_message()
    client.receive_data(serve(server, client.data_to_send()))
    got: list[object] = []
    for event in events_of(client):
        match event:
            case zttp.Response(status_code=status):
                got.append(status)
            case zttp.Data(data=data):
                got.append(data)
    return got


def refused() -> str:
    conn = zttp.Connection(zttp.SERVER)
    conn.receive_data(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    try:
        conn.next_event()
    except zttp.RemoteProtocolError as error:
        return str(error.status_hint)  # and error.reason is "duplicate_host"
    return ""


if __name__ == "__main__":
    print(ask())
    print(refused())
