"""A server on h11: bytes of a connection in, bytes of the answers out."""

import h11


def answers(received: bytes) -> bytes:
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(received)
    output = b""
    target, size = b"", 0
    while True:
        event = conn.next_event()
        if event is h11.NEED_DATA or event is h11.PAUSED:
            return output
        if isinstance(event, h11.Request):
            target, size = event.target, 0
        elif isinstance(event, h11.Data):
            size += len(event.data)
        elif isinstance(event, h11.EndOfMessage):
            content = b"%s: %d bytes\n" % (target, size)
            head = h11.Response(status_code=200, headers=[("content-length", str(len(content)))], reason=b"OK")
            output += conn.send(head) + conn.send(h11.Data(data=content)) + conn.send(h11.EndOfMessage())
            if conn.our_state is h11.MUST_CLOSE:
                return output
            conn.start_next_cycle()


def refusal(received: bytes) -> bytes:
    """Return the answer to a malformed request."""
    conn = h11.Connection(h11.SERVER)
    conn.receive_data(received)
    try:
        conn.next_event()
    except h11.RemoteProtocolError as error:
        fields = [("content-length", "0"), ("connection", "close")]
        head = h11.Response(status_code=error.error_status_hint, headers=fields, reason=b"Bad Request")
        return conn.send(head) + conn.send(h11.EndOfMessage())
    return b""


if __name__ == "__main__":
    upload = b"PUT /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    print(answers(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + upload))
    print(refusal(b"GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").partition(b"\r\n")[0])
