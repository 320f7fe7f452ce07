"""Which stream sends next, when several have content parked and credit for it (RFC 9218 10).

The most urgent first. Among equals, those that are incremental take turns, frame by frame; the others are served one
after the other, in the order of their identifiers. Where there are both, the two groups take turns, so that neither
starves. A stream whose client sent no priority signal counts as incremental: nothing is known of it that would justify
to hold up the others of its kind.
"""

from typing import final

from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.stream_state import StreamState


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Scheduler:
    """The streams that could send if the connection had credit; ``StreamState.queued`` says which are here."""

    def __init__(self) -> None:
        self._in_turn: list[list[StreamState]] = [[], [], [], [], [], [], [], []]
        self._in_order: list[list[StreamState]] = [[], [], [], [], [], [], [], []]
        self._order_is_next: bool = True

    def add(self, stream: StreamState) -> None:
        """Queue a stream."""
        stream.queued = True
        if stream.incremental:
            self._in_turn[stream.urgency].append(stream)
            return
        waiting = self._in_order[stream.urgency]
        at: i64 = len(waiting)
        while at > 0 and waiting[at - 1].stream_id > stream.stream_id:
            at -= 1
        waiting.insert(at, stream)

    def remove(self, stream: StreamState) -> None:
        """Take a stream out, if it is queued."""
        if stream.queued:
            stream.queued = False
            waiting = (self._in_turn if stream.incremental else self._in_order)[stream.urgency]
            if waiting[-1] is stream:
                waiting.pop()  # `next` has just put it there
            else:
                waiting.remove(stream)

    def next(self) -> StreamState | None:
        """Return the stream whose turn it is to send one frame; it stays queued."""
        urgency: i64 = 0
        while urgency < 8:
            in_order = self._in_order[urgency]
            in_turn = self._in_turn[urgency]
            if len(in_order) > 0 and (self._order_is_next or len(in_turn) == 0):
                self._order_is_next = False
                return in_order[0]
            if len(in_turn) > 0:
                self._order_is_next = True
                stream = in_turn[0]
                if len(in_turn) > 1:
                    in_turn.append(in_turn.pop(0))
                return stream
            urgency += 1
        return None
