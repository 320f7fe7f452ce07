"""Control frames that wait to be sent, and are sent again if their packet is lost (RFC 9000 13.3).

The queue has the frames that are due, not their values, which are those at the time of sending. So a lost MAX_DATA is
replaced by the current one, and a frame that is due twice is sent once.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr


@final
@mypyc_attr(acyclic=True)
class Control:
    """One due frame: its type, its stream or sequence number, and its other arguments."""

    def __init__(self, kind: i64, subject: i64 = 0, value: i64 = 0, data: bytes = b"") -> None:
        self.kind: Final[i64] = kind  # the frame type
        self.subject: Final[i64] = subject
        self.value: i64 = value
        self.data: Final[bytes] = data
        self.queued = False
        self.dropped = False  # no longer due


@final
@mypyc_attr(acyclic=True)
class ControlQueue:
    """The frames that are due, in the order in which they became so."""

    def __init__(self) -> None:
        self.waiting: list[Control] = []

    def add(self, control: Control) -> None:
        """Make a frame due; a repetition has no effect."""
        if not control.queued and not control.dropped:
            control.queued = True
            self.waiting.append(control)

    def take(self) -> list[Control]:
        """Return and remove all due frames; those that do not fit are added again."""
        waiting = self.waiting
        self.waiting = []
        for control in waiting:
            control.queued = False
        return waiting
