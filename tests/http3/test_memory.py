"""The memory of a long connection: nothing of completed requests, without the garbage collector.

`python tests/http3/many.py` does the same with 10,000 connections and 100,000 requests.
"""

import gc

from tests.http3.h3_pair import Pair
from tests.http3.many import idle_connections, requests_on_one
from zttp_h3 import COMPILED
from zttp_h3.quic.stream import QuicStream
from zttp_h3.reading.request_stream import RequestStream


def streams() -> list[object]:
    """All existing streams, of all connections."""
    # By type(): isinstance() would read __class__ of every object, and other tests keep some that refuse.
    return [found for found in gc.get_objects() if type(found) in (RequestStream, QuicStream)]


def test_requests_that_are_over_are_gone() -> None:
    pair = Pair()
    gc.collect()
    gc.disable()
    try:
        others = streams()  # of connections that other tests keep; the list keeps them until the end of this test
        for _ in range(60):
            pair.request(b"POST", b"/", b"content")
            pair.run()
            pair.wait(0.05)
        kept = len(streams()) - len(others)
    finally:
        gc.enable()
    assert pair.server.open_streams == 0
    # The control streams of both sides, and those of QPACK.
    assert 0 < kept <= 16


def test_an_idle_connection_keeps_little() -> None:
    endpoint, each = idle_connections(40 if COMPILED else 12)
    assert each < 48 * 1024
    for connection in endpoint.connections():
        connection.close()
        endpoint.discard(connection)
    assert endpoint.connections() == []


def test_more_requests_keep_no_more() -> None:
    # Both sides; 3,000 requests keep as much as these, see ``many``.
    assert requests_on_one(300 if COMPILED else 100) < 200 * 1024
