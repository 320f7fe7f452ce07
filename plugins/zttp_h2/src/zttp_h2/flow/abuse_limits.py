"""The limits on work that a peer can cause without progress (RFC 9113 10.5).

Every frame costs a bounded amount of work and memory; these counters limit how many a peer can send without a message
in either direction. Progress lowers them again, so that a long-lived connection never reaches them. Not counted are
frames to which a peer is entitled: answers to our own PINGs and SETTINGS, credit for content that it received, frames
in flight to a stream when it was reset. A few signals (PING, SETTINGS, PRIORITY, PRIORITY_UPDATE, empty DATA,
informational responses, frames of unknown type) are forgiven each time that output is taken after all input was read:
as keepalives, which arrive without other frames.

    frames   PING (CVE-2019-9512), SETTINGS (CVE-2019-9515), PRIORITY and PRIORITY_UPDATE (CVE-2019-9513), WINDOW_UPDATE
             that is not earned by content (tiny windows, CVE-2019-9511), RST_STREAM for closed streams (CVE-2019-9514),
             empty DATA, HEADERS and CONTINUATION (CVE-2019-9518), GOAWAY, and frames of unknown type
    resets   streams that the peer opens and resets before anything of the answer has left (rapid reset,
             CVE-2023-44487), and streams that it makes us reset by breaking their rules (MadeYouReset, CVE-2025-8671)
"""

from typing import Final, final

from zttp_h2.codes import ENHANCE_YOUR_CALM
from zttp_h2.limits import H2Limits
from zttp_h2.malformed import Malformed
from zttp_h2.native_ints import i64, mypyc_attr

# WINDOW_UPDATE frames that a DATA frame allows: one for its stream, one for the connection, as many again, and one for
# each 32 octets: some clients return credit in small steps, at any time after the content.
_EARNED_BY_FRAME: Final = 4
_EARNING_SHIFT: Final = 5
# A DATA frame that the peer's own windows make smaller allows none.
SLIVER: Final = 64
# This many signals between two outputs count as keepalives, without any message. Each costs no more than the calls to
# read it.
_KEEPALIVE: Final = 4


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class AbuseLimits:
    """The counters of one connection."""

    def __init__(self, limits: H2Limits) -> None:
        self._max_frames: Final[i64] = limits.max_control_frames
        self._max_resets: Final[i64] = limits.max_stream_resets
        self._frames: i64 = 0
        self._resets: i64 = 0
        self._earned: i64 = 0
        self.signals: i64 = 0  # since output was taken, or since progress

    def frame(self, weight: i64) -> None:
        """Count a frame that no message needs."""
        self._frames += weight
        if self._frames > self._max_frames:
            raise Malformed("too_many_control_frames", ENHANCE_YOUR_CALM)

    def signal(self, weight: i64) -> None:
        """Count a frame that an honest peer sends now and then although no message needs it."""
        self.signals += weight
        self.frame(weight)

    def forgive_no_signal(self) -> None:
        """Count the signals since the last output permanently: they changed the windows of streams."""
        self.signals = _KEEPALIVE + 1

    def earned_frame(self) -> None:
        """Count a frame, unless earlier messages entitle the peer to it."""
        if self._earned > 0:
            self._earned -= 1
        else:
            self.frame(1)

    def output_taken(self) -> None:
        """The answers to signals were taken, if there were any: forgive the keepalives."""
        signals = self.signals
        self.signals = 0
        if signals <= _KEEPALIVE:
            self._recover(signals)

    def progress(self) -> None:
        """Record progress of a message: content or a head arrived."""
        self._frames = 0
        self.signals = 0

    def content_sent(self, size: i64) -> None:
        """Record content that was sent, not as a tiny piece because of the peer's windows."""
        earned = _EARNED_BY_FRAME + (size >> _EARNING_SHIFT)
        self._earned += earned
        self._recover(earned)

    def reset(self) -> None:
        """Count a stream that the peer reset, or made us reset."""
        self._resets += 1
        if self._resets > self._max_resets:
            raise Malformed("too_many_resets", ENHANCE_YOUR_CALM)

    def reset_here(self) -> None:
        """Record that a stream was reset without an error of the peer; frames that cross the reset are not abuse."""
        self._earned += _EARNED_BY_FRAME

    def completed(self) -> None:
        """Record that a stream ended in both directions, or was fully answered; frames that cross it are no abuse."""
        self._earned += _EARNED_BY_FRAME
        if self._resets > 0:
            self._resets -= 1

    def _recover(self, frames: i64) -> None:
        left = self._frames - frames
        if left < 0:
            left = 0
        self._frames = left
