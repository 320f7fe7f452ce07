"""An application behind nginx, by FastCGI: `python examples/fastcgi_server.py [port]`.

It needs the plugin: `pip install ./examples/fastcgi_plugin`. The loop is that of an HTTP/2 server: concurrent requests,
each with its stream. In the configuration of nginx:

    location / {
        fastcgi_pass 127.0.0.1:9000; fastcgi_keep_conn on; fastcgi_param REQUEST_METHOD $request_method;
        fastcgi_param REQUEST_URI $request_uri; fastcgi_param CONTENT_LENGTH $content_length;
    }
"""

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import zttp

if TYPE_CHECKING:
    from zttp_fastcgi.connection import FastCgiConnection


def answer(conn: "FastCgiConnection", event: zttp.Event) -> None:
    """Send back the content, after the method and target of the request."""
    match event:
        case zttp.Request():
            stream = conn.stream(event.stream_id)
            stream.send_response(200, [(b"content-type", b"application/octet-stream")])
            stream.send_data(b"%b %b\n" % (event.method, event.target))
        case zttp.Data():
            conn.stream(event.stream_id).send_data(event.data)
        case zttp.EndOfMessage():
            conn.stream(event.stream_id).end_message()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection; while nginx does not read, input is not read either."""
    conn = cast("FastCgiConnection", zttp.Connection(zttp.SERVER, protocol="fastcgi"))
    with suppress(zttp.RemoteProtocolError, ConnectionError):
        while True:
            event = conn.next_event()
            if isinstance(event, zttp.ConnectionClosed):
                break
            if isinstance(event, zttp.NeedData):
                if conn.is_closed():
                    break
                conn.receive_data(await reader.read(65536))
                continue
            answer(conn, event)
            writer.write(conn.data_to_send())
            await writer.drain()
    writer.close()


async def main(port: int) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9000))
