"""A complete HTTP/1.1 client on a plain socket: `python docs/examples/client.py host port /path [/path ...]`."""

import socket
import sys
from collections.abc import Iterator

import zttp


def fetch(sock: socket.socket, conn: zttp.H1Connection, host: bytes, target: bytes) -> Iterator[zttp.Event]:
    """Send a GET and yield the events of its response, informational responses included."""
    conn.send_request(b"GET", target, b"1.1", [(b"host", host), (b"accept", b"*/*")])
    conn.end_message()
    sock.sendall(conn.data_to_send())
    while True:
        event = conn.next_event()
        if isinstance(event, zttp.NeedData):
            conn.receive_data(sock.recv(65536))
            continue
        yield event
        if isinstance(event, zttp.EndOfMessage):
            return


def main(host: str, port: int, targets: list[str]) -> None:
    with socket.create_connection((host, port), timeout=30) as sock:
        conn = zttp.Connection(zttp.CLIENT)
        for target in targets:
            for event in fetch(sock, conn, host.encode(), target.encode()):
                match event:
                    case zttp.Response(is_informational=False):
                        print(event.status_code, event.headers.get(b"content-type", b"-").decode())
                    case zttp.Data():
                        print(f"{len(event.data)} bytes of content")
            if conn.should_close():
                print("the server closes the connection")
                return
            conn.start_next_cycle()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
