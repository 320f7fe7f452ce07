"""The same server on zttp, which makes events and writes answers."""

import zttp


def answers(received: bytes) -> bytes:
    conn = zttp.Connection(zttp.SERVER)
    conn.receive_data(received)
    target, size = b"", 0
    try:
        while (event := conn.next_event()) is not zttp.NEED_DATA:
            if isinstance(event, zttp.Request):
                target, size = event.target, 0
            elif isinstance(event, zttp.Data):
                size += len(event.data)
            elif isinstance(event, zttp.EndOfMessage):
                content = b"%s: %d bytes\n" % (target, size)
                conn.send_response(200, [(b"content-length", b"%d" % len(content))])
                conn.send_data(content)
                conn.end_message()
                if conn.should_close():
                    break
                conn.start_next_cycle()
    except zttp.RemoteProtocolError as error:
        conn.send_response(error.status_hint or 400, [(b"content-length", b"0")])
        conn.end_message()
    return conn.data_to_send()


if __name__ == "__main__":
    upload = (
        b"PUT /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    )
    print(answers(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" + upload))
    print(answers(b"GET /a HTTP/1.1\r\nHost a\r\n\r\n"))
