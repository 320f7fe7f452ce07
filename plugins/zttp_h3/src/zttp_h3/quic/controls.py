"""Control frames that wait to be sent, and come back if the packet they were in is lost (RFC 9000 13.3).

What is kept is that a frame is due, not what it says: it says what is true when it leaves. So a lost MAX_DATA is not
repeated but replaced by the present one, and a frame that is due twice leaves once.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr


@final
@mypyc_attr(acyclic=True)
class Control:
    """One frame that is due: its type, the stream or sequence number it is about, and what else it needs."""

    def __init__(self, kind: i64, subject: i64 = 0, value: i64 = 0, data: bytes = b"") -> None:
        self.kind: Final[i64] = kind  # the frame type
        self.subject: Final[i64] = subject
        self.value: i64 = value
        self.data: Final[bytes] = data
        self.queued = False
        self.dropped = False  # not due any more, wherever it is


@final
@mypyc_attr(acyclic=True)
class ControlQueue:
    """The frames that are due, in the order in which they became so."""

    def __init__(self) -> None:
        self.waiting: list[Control] = []

    def add(self, control: Control) -> None:
        """Make a frame due; again is no difference."""
        if not control.queued and not control.dropped:
            control.queued = True
            self.waiting.append(control)

    def take(self) -> list[Control]:
        """Return all that are due, and have none any more; what does not fit is added again."""
        waiting = self.waiting
        self.waiting = []
        for control in waiting:
            control.queued = False
        return waiting
