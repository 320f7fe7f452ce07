"""What a long connection keeps: nothing of the requests that are over, without the garbage collector's help."""

import gc

from tests.http3.h3_pair import Pair
from zttp_h3.quic.stream import QuicStream
from zttp_h3.reading.request_stream import RequestStream


def test_requests_that_are_over_are_gone() -> None:
    pair = Pair()
    gc.collect()
    gc.disable()
    try:
        for _ in range(60):
            pair.request(b"POST", b"/", b"content")
            pair.run()
            pair.wait(0.05)
        # By type(): isinstance() would ask __class__ of every object there is, and other tests keep some that refuse.
        kept = [found for found in gc.get_objects() if type(found) in (RequestStream, QuicStream)]
    finally:
        gc.enable()
    assert pair.server.open_streams == 0
    # The control streams of both sides, and those of QPACK.
    assert len(kept) <= 16
