"""Many connections on one endpoint, many requests on one connection: the memory of each.

python tests/http3/many.py                                  # 10,000 connections, 100,000 requests
python tests/http3/many.py --connections 1000 --requests 0
"""

import argparse
import gc
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from tests.http3.h3_pair import Message, Pair, credentials
from zttp_core import NEED_DATA, EndOfMessage
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.options import CLIENT


class Kept:
    """Bytes that were allocated and not freed."""

    value = 0


@contextmanager
def measured() -> Iterator[Kept]:
    """Count what stays of what happens here, without what only the garbage collector can free."""
    kept = Kept()
    gc.collect()
    gc.disable()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    try:
        yield kept
        kept.value = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
        gc.enable()


def meet(endpoint: QuicEndpoint, address: int, now: int) -> None:
    """Let a client connect, send one request and become idle."""
    client = H3Connection(CLIENT, server_name="localhost", verify=credentials().certificate)
    client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
    for _ in range(6):
        now += 1_000
        for datagram in client.data_to_send(now):
            connection = endpoint.receive_datagram(datagram, address, now)
            while connection is not None and (event := connection.next_event()) is not NEED_DATA:
                if isinstance(event, EndOfMessage):
                    stream = connection.stream(event.stream_id)
                    stream.send_response(200, [(b"content-length", b"0")])
                    stream.end_message()
        for leaving in endpoint.data_to_send(now=now):
            client.receive_datagram(leaving.data, now, "server")
        while client.next_event() is not NEED_DATA:
            pass
    assert client.handshake_confirmed


def idle_connections(count: int) -> tuple[QuicEndpoint, int]:
    """An endpoint with so many idle connections, and the bytes that one of them keeps."""
    endpoint = QuicEndpoint(credentials=credentials(), retry=False)
    meet(endpoint, -1, 1_000_000)  # objects that are made once
    with measured() as kept:
        for number in range(count):
            meet(endpoint, number, 1_000_000 + number)
            if number % 16 == 0:
                gc.collect()  # of the clients
        gc.collect()
    assert len(endpoint.connections()) == count + 1
    return endpoint, kept.value // count


def requests_on_one(count: int) -> int:
    """Make so many requests on one connection; the bytes that both sides keep of one, without the first hundred."""

    def answer(pair: Pair, stream_id: int, _message: Message) -> None:
        stream = pair.server.stream(stream_id)
        stream.send_response(200, [(b"content-length", b"2"), (b"x-number", b"%d" % stream_id)])
        stream.send_data(b"ok")
        stream.end_message()

    pair = Pair(answer, delay=100)

    def ask(times: int) -> None:
        for number in range(times):
            pair.request(headers=[(b"x-varies", b"%d" % number)])
            pair.run()
            pair.requests.clear()
            pair.responses.clear()
            for events in pair.control.values():
                events.clear()

    ask(100)
    with measured() as kept:
        ask(count)
        pair.wait(1)
    assert pair.server.open_streams == 0
    return kept.value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--connections", type=int, default=10_000)
    parser.add_argument("--requests", type=int, default=100_000)
    options = parser.parse_args()
    if options.connections:
        began = time.monotonic()
        endpoint, each = idle_connections(options.connections)
        seconds = time.monotonic() - began
        print(f"{options.connections} idle connections: {each / 1024:.1f} KiB each, made in {seconds:.0f} s")  # noqa: T201
        endpoint.handle_timeout(2_000_000)  # for unanswered datagrams
        endpoint.data_to_send(now=2_000_000)
        began = time.perf_counter()
        endpoint.handle_timeout(2_000_000)
        endpoint.data_to_send(now=2_000_000)
        print(f"a timer that concerns none of them: {(time.perf_counter() - began) * 1e6:.0f} us")  # noqa: T201
    if options.requests:
        kept = requests_on_one(options.requests)
        print(f"{options.requests} requests on one connection: {kept / 1024:.1f} KiB more than before")  # noqa: T201


if __name__ == "__main__":
    main()
