"""A complete HTTP/1.1 server on asyncio, as small as it can be: `python docs/examples/server.py [port]`."""

import asyncio
import sys

import zttp


def respond(conn: zttp.H1Connection, status: int, content: bytes, method: bytes = b"GET") -> None:
    conn.send_response(status, [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(content))])
    if method != b"HEAD":
        conn.send_data(content)
    conn.end_message()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    conn = zttp.Connection(zttp.SERVER)
    method, target, size = b"", b"", 0
    try:
        while True:
            event = conn.next_event()
            match event:
                case zttp.Request():
                    method, target, size = event.method, event.target, 0
                    if conn.waiting_for_100:
                        conn.send_informational(100)
                case zttp.Data():
                    size += len(event.data)
                case zttp.EndOfMessage():
                    respond(conn, 200, b"%s %s: %d bytes\n" % (method, target, size), method)
                    if conn.should_close():
                        break
                    conn.start_next_cycle()
                case zttp.NeedData():
                    writer.write(conn.data_to_send())
                    await writer.drain()
                    conn.receive_data(await reader.read(65536))
                case _:
                    break
    except zttp.RemoteProtocolError as error:
        respond(conn, error.status_hint or 400, f"{error}\n".encode())
    writer.write(conn.data_to_send())
    writer.close()


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000))
