"""A complete server on asyncio, HTTP/1.1 and HTTP/2, as small as it can be: `python docs/examples/server.py [port]`."""

import asyncio
import sys

import zttp
from zttp_core.plugin import Stream


async def first_bytes(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read until the protocol is clear; with TLS, ALPN decides."""
    received = b""
    while True:
        more = await reader.read(65536)
        received += more
        protocol = zttp.sniff(received)
        if protocol is not zttp.NEED_DATA:
            return protocol, received
        if not more:
            return zttp.HTTP1, received


def sender(conn: zttp.ByteStreamConnection, stream_id: int) -> zttp.H1Connection | Stream:
    """Return the object that sends the messages of a stream: HTTP/1.1 has one at a time."""
    if isinstance(conn, zttp.H1Connection):
        return conn
    assert isinstance(conn, zttp.H2Connection)
    return conn.stream(stream_id)


def respond(to: zttp.H1Connection | Stream, request: zttp.Request | None, status: int, content: bytes) -> None:
    to.send_response(status, [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(content))])
    if request is None or request.method != b"HEAD":
        to.send_data(content)
    to.end_message()


def answer(to: zttp.H1Connection | Stream, request: zttp.Request, size: int) -> None:
    if request.method == b"CONNECT":  # a 2xx would open a tunnel
        respond(to, request, 405, b"no tunnels here\n")
    else:
        respond(to, request, 200, b"%s %s: %d bytes\n" % (request.method, request.target, size))


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    protocol, received = await first_bytes(reader)
    conn = zttp.Connection(zttp.SERVER, protocol)
    conn.receive_data(received)
    requests: dict[int, zttp.Request] = {}  # by stream; on HTTP/1.1 that is 0
    sizes: dict[int, int] = {}
    try:
        while True:
            event = conn.next_event()
            match event:
                case zttp.Request():
                    requests[event.stream_id], sizes[event.stream_id] = event, 0
                    if event.expect_continue:
                        sender(conn, event.stream_id).send_informational(100)
                case zttp.Data():
                    sizes[event.stream_id] += len(event.data)
                case zttp.EndOfMessage():
                    request = requests.pop(event.stream_id)
                    answer(sender(conn, event.stream_id), request, sizes.pop(event.stream_id))
                    if isinstance(conn, zttp.H1Connection):
                        if conn.should_close():
                            break
                        conn.start_next_cycle()
                case zttp.RstStream():
                    requests.pop(event.stream_id, None)
                    sizes.pop(event.stream_id, None)
                case zttp.NeedData():
                    writer.write(conn.data_to_send())
                    await writer.drain()
                    conn.receive_data(await reader.read(65536))
                case zttp.ConnectionClosed():
                    break
    except zttp.RemoteProtocolError as error:
        if isinstance(conn, zttp.H1Connection):  # on HTTP/2 a GOAWAY is queued already
            respond(conn, requests.get(0), error.status_hint or 400, f"{error}\n".encode())
    writer.write(conn.data_to_send())
    writer.close()


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
