"""Streams that are over, for good: what still comes for them is late, not new (RFC 9000 2.1, 3.4).

Streams end nearly in order, so that one merged range stands for all but a few.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.ranges import Ranges
from zttp_h3.streams.identifiers import place_of


@final
@mypyc_attr(acyclic=True)
class FinishedStreams:
    """The identifiers of streams that are over, of all four types."""

    def __init__(self) -> None:
        self._types: Final = [Ranges(), Ranges(), Ranges(), Ranges()]

    def add(self, stream_id: i64) -> None:
        """Note that a stream is over."""
        place = place_of(stream_id)
        self._types[stream_id & 3].add(place, place + 1)

    def __contains__(self, stream_id: int) -> bool:
        return self._types[stream_id & 3].contains(place_of(stream_id))

    def count(self, stream_type: i64) -> i64:
        """Return how many ranges stand for the streams of one type: memory, for tests."""
        return len(self._types[stream_type])
