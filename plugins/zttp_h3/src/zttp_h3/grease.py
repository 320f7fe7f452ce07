"""Reserved values, sent so that peers keep ignoring unknown ones (RFC 9114 7.2.4.1, 7.2.8, 6.2.3).

The transport has reserved transport parameters and the bit of RFC 9287. ``entropy`` decides which value, and whether.
"""

from collections.abc import Callable
from typing import Final

from zttp_h3.frames import frame
from zttp_h3.native_ints import i64

_STREAM_CHANCES: Final = 64  # one connection in this many opens a reserved stream


def reserved(number: i64) -> i64:
    """Return one of the reserved identifiers of settings, frames and streams."""
    return 0x1F * number + 0x21


def reserved_setting(entropy: Callable[[int], bytes]) -> tuple[int, int]:
    """Return a reserved setting."""
    chosen = entropy(2)
    return int(reserved(chosen[0])), chosen[1]


def reserved_frame(entropy: Callable[[int], bytes]) -> bytes:
    """Return a reserved frame."""
    chosen = entropy(2)
    return frame(int(reserved(chosen[0])), entropy(chosen[1] & 7))


def opens_reserved_stream(entropy: Callable[[int], bytes]) -> bool:
    """Return whether a connection opens a reserved stream."""
    return entropy(1)[0] < _STREAM_CHANCES
