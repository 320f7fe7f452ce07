"""The number of streams of each kind and its limits: ours by the peer's, the peer's by ours (RFC 9000 4.6).

Pairs are of bidirectional and unidirectional streams; a place is the index of a stream among those of its type.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.streams.identifiers import UNIDIRECTIONAL, is_local, kind_of, place_of

# Streams that may be opened before the peer's limits are known; those beyond the limits wait then.
_AHEAD: Final = 100


@final
@mypyc_attr(acyclic=True)
class StreamCounts:
    """The limits on streams; ``bidirectional`` and ``unidirectional`` are how many the peer may have open."""

    def __init__(self, is_server: bool, bidirectional: i64, unidirectional: i64) -> None:
        self._is_server: Final = is_server
        self._known = False  # the peer's limits are known
        self._next_local: Final[list[int]] = [0, 0]
        self._next_remote: Final[list[int]] = [0, 0]
        self._local_limit: Final[list[int]] = [0, 0]  # our limits from the peer
        self._remote_limit: Final = [int(bidirectional), int(unidirectional)]  # the announced limits
        self._remote_window: Final = [int(bidirectional), int(unidirectional)]
        self._remote_over: Final[list[int]] = [0, 0]

    # ------------------------------------------------------------------------------------------------------------ ours

    def apply(self, bidirectional: i64, unidirectional: i64) -> None:
        """Take the peer's initial limits: those of its handshake, or before that the remembered ones of 0-RTT."""
        self._known = True
        self.raise_local(0, bidirectional)
        self.raise_local(1, unidirectional)

    def forget(self) -> None:
        """Drop remembered limits: early data was refused, and the real limits follow (RFC 9001 4.6.2)."""
        self._known = False
        self._local_limit[0] = 0
        self._local_limit[1] = 0

    def raise_local(self, kind: i64, limit: i64) -> bool:
        """Take a limit of the peer; returns whether it rose (RFC 9000 19.11)."""
        if limit <= self._local_limit[kind]:
            return False
        self._local_limit[kind] = int(limit)
        return True

    def can_open(self, unidirectional: bool) -> bool:
        """Return whether the peer allows us to open a stream now."""
        limit = self._local_limit[unidirectional] if self._known else _AHEAD
        return self._next_local[unidirectional] < limit

    def open(self, unidirectional: bool) -> i64:
        """Return the identifier of our next stream."""
        place: i64 = self._next_local[unidirectional]
        self._next_local[unidirectional] += 1
        return 4 * place + (UNIDIRECTIONAL if unidirectional else 0) + (1 if self._is_server else 0)

    def is_ahead(self, stream_id: i64) -> bool:
        """Return whether a stream of ours was opened ahead of the peer's limit."""
        if not is_local(stream_id, self._is_server):
            return False
        return place_of(stream_id) >= self._local_limit[kind_of(stream_id)]

    # ------------------------------------------------------------------------------------------------------ the peer's

    def may_exist(self, stream_id: i64) -> bool:
        """Return whether the peer may have opened this stream, or may still open it."""
        return place_of(stream_id) < self._remote_limit[kind_of(stream_id)]

    def announced(self, kind: i64) -> i64:
        """Return how many streams of a kind the peer may have opened by now, since the beginning."""
        return self._remote_limit[kind]

    def is_to_come(self, stream_id: i64) -> bool:
        """Return whether a stream of the peer is not open yet."""
        return place_of(stream_id) >= self._next_remote[kind_of(stream_id)]

    def open_remote(self, stream_id: i64) -> i64:
        """Return the next stream of the peer of the type of ``stream_id``, which opens it (RFC 9000 3.2)."""
        kind = kind_of(stream_id)
        place: i64 = self._next_remote[kind]
        self._next_remote[kind] += 1
        return 4 * place + (stream_id & 3)

    def is_known(self, stream_id: i64) -> bool:
        """Return whether a stream is open, or was."""
        opened = self._next_local if is_local(stream_id, self._is_server) else self._next_remote
        return place_of(stream_id) < opened[kind_of(stream_id)]

    def end(self, stream_id: i64) -> bool:
        """Record the end of a stream; returns whether to announce a new limit."""
        if is_local(stream_id, self._is_server):
            return False
        kind = kind_of(stream_id)
        self._remote_over[kind] += 1
        # The peer may always open the initial number at a time; a new limit is announced when half of them are used up.
        gained = self._remote_over[kind] + self._remote_window[kind] - self._remote_limit[kind]
        return gained >= (self._remote_window[kind] + 1) // 2

    def raise_remote(self, kind: i64) -> i64:
        """Return the number of streams for a MAX_STREAMS frame now."""
        self._remote_limit[kind] = self._remote_over[kind] + self._remote_window[kind]
        return self._remote_limit[kind]
