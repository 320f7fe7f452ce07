# A whole server for HTTP/1.1, and with h2 for HTTP/2: python docs/examples/small_server.py 8000 http/1.1
import asyncio
import sys

import zttp


def respond(to: zttp.H1Connection | zttp.Stream, request: zttp.Request) -> None:
    to.send_response(405 if request.method == b"CONNECT" else 200, [(b"content-length", b"%d" % len(request.target))])
    if request.method != b"HEAD":
        to.send_data(request.target)
    to.end_message()


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    conn, requests = zttp.Connection(zttp.SERVER, sys.argv[2]), dict[int, zttp.Request]()
    try:
        while (event := conn.next_event()) is not zttp.CONNECTION_CLOSED:
            if isinstance(event, zttp.Request):
                requests[event.stream_id] = event
            elif isinstance(event, zttp.EndOfMessage) and isinstance(conn, zttp.H1Connection):
                respond(conn, requests.pop(event.stream_id))
                if conn.should_close():
                    break
                conn.start_next_cycle()
            elif isinstance(event, zttp.EndOfMessage) and isinstance(conn, zttp.H2Connection):
                respond(conn.stream(event.stream_id), requests.pop(event.stream_id))
            elif event is zttp.NEED_DATA:
                writer.write(conn.data_to_send())
                conn.receive_data(await reader.read(65536))
    except zttp.RemoteProtocolError as error:
        if isinstance(conn, zttp.H1Connection):  # on HTTP/2 a GOAWAY is queued
            conn.send_response(error.status_hint or 400, [(b"content-length", b"0")])
    writer.write(conn.data_to_send())
    writer.close()


loop = asyncio.new_event_loop()
loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1])))
loop.run_forever()
