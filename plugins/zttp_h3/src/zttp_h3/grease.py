"""What means nothing and is sent so that peers go on ignoring what they do not know (RFC 9114 7.2.4.1, 7.2.8, 6.2.3).

Reserved transport parameters and the bit of RFC 9287 are the transport's. Which value, and whether, is ``entropy``'s.
"""

from collections.abc import Callable
from typing import Final

from zttp_h3.frames import frame
from zttp_h3.native_ints import i64

_CHANCES: Final = 256
_STREAM_CHANCES: Final = 64  # of those: one connection in four opens a reserved stream


def reserved(number: i64) -> i64:
    """Return one of the identifiers that settings, frames and streams have in reserve."""
    return 0x1F * number + 0x21


def reserved_setting(entropy: Callable[[int], bytes]) -> tuple[int, int]:
    """Return a setting that means nothing."""
    chosen = entropy(2)
    return int(reserved(chosen[0])), chosen[1]


def reserved_frame(entropy: Callable[[int], bytes]) -> bytes:
    """Return a frame that means nothing."""
    chosen = entropy(2)
    return frame(int(reserved(chosen[0])), entropy(chosen[1] & 7))


def opens_reserved_stream(entropy: Callable[[int], bytes]) -> bool:
    """Tell whether a connection opens a stream that means nothing."""
    return entropy(1)[0] < _STREAM_CHANCES
