"""An HTTP/1.1 server on plain sockets and threads: `python examples/threaded_server.py [port]`.

One thread for each connection: read, answer, continue. The loop is the same as with asyncio.
"""

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress

import zttp

IDLE_TIMEOUT = 15.0


def events(sock: socket.socket, conn: zttp.H1Connection) -> Iterator[zttp.Event]:
    """Yield events, reading as often as needed."""
    while True:
        event = conn.next_event()
        if isinstance(event, zttp.NeedData):
            conn.receive_data(sock.recv(65536))  # b"" means EOF, for the socket and for zttp
        else:
            yield event


def respond(conn: zttp.H1Connection, request: zttp.Request | None, status: int, text: str) -> None:
    """Queue a complete response; without a readable head there is no request."""
    content = text.encode("ascii", "backslashreplace")
    conn.send_response(status, [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(content))])
    if request is None or request.method != b"HEAD":
        conn.send_data(content)
    conn.end_message()


def answer(conn: zttp.H1Connection, request: zttp.Request, size: int) -> None:
    """Answer with the method and target; a 2xx to CONNECT would open a tunnel."""
    if request.method == b"CONNECT":
        respond(conn, request, 405, "no tunnels here\n")
    else:
        respond(conn, request, 200, f"{request.method!r} {request.target!r}: {size} bytes\n")


def serve(sock: socket.socket) -> None:
    """Answer each request on one connection with its method, target and content length."""
    conn = zttp.Connection(zttp.SERVER, zttp.HTTP1)
    request: zttp.Request | None = None
    size = 0
    try:
        for event in events(sock, conn):
            match event:
                case zttp.Request():
                    request, size = event, 0
                    if conn.waiting_for_100:
                        conn.send_informational(100)
                case zttp.Data():
                    size += len(event.data)
                case zttp.EndOfMessage():
                    assert request is not None
                    answer(conn, request, size)
                case zttp.ConnectionClosed():
                    return
            sock.sendall(conn.data_to_send())
            if isinstance(event, zttp.EndOfMessage):
                if conn.should_close():
                    return
                conn.start_next_cycle()
                request = None
    except zttp.RemoteProtocolError as error:
        respond(conn, request, error.status_hint or 400, f"{error}\n")
        sock.sendall(conn.data_to_send())


def handle(sock: socket.socket) -> None:
    """Serve one connection until the peer disconnects or is silent for too long."""
    sock.settimeout(IDLE_TIMEOUT)
    with sock, suppress(OSError):
        serve(sock)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):  # closing before the peer does could reset the connection before the response arrives
            pass


def main(port: int) -> None:
    with socket.create_server(("127.0.0.1", port)) as listener:
        print(f"listening on http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        with suppress(KeyboardInterrupt):
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=handle, args=(sock,), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8000)
