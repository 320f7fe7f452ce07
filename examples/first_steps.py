"""The first steps: bytes in, events out, in both directions. No socket is opened: `python examples/first_steps.py`."""

import zttp

# A server receives a request.
conn = zttp.Connection(zttp.SERVER)
conn.receive_data(b"POST /submit HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello")
while (event := conn.next_event()) is not zttp.NEED_DATA:
    print("server:", event)

# It answers, and returns the bytes for its socket.
conn.send_response(200, [(b"content-type", b"text/plain"), (b"content-length", b"6")])
conn.send_data(b"thanks")
conn.end_message()
answer = conn.data_to_send()
print("on the wire:", answer)

# A client receives that answer, in pieces of any size.
client = zttp.Connection(zttp.CLIENT)
client.send_request(b"POST", b"/submit", b"1.1", [(b"host", b"example.com"), (b"content-length", b"5")])
client.send_data(b"hello")
client.end_message()
for piece in (answer[:20], answer[20:]):
    client.receive_data(piece)
    while (event := client.next_event()) is not zttp.NEED_DATA:
        print("client:", event)

# Both are ready for the next message on the same connection.
for side in (conn, client):
    side.start_next_cycle()

# An error of the peer has a reason, a position and the section of the rule.
conn.receive_data(b"GET / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")
try:
    conn.next_event()
except zttp.RemoteProtocolError as error:
    print(f"error: {error} [{error.reason}, {error.section}; answer {error.status_hint}]")
