"""``Ahead``: the part of a message that was read before it is pulled. ``look_ahead`` fills it."""

from typing import Final, final

from zttp_h1.joined import Joined
from zttp_h1.native_ints import mypyc_attr


@final
@mypyc_attr(acyclic=True)
class Ahead:
    """Content that waits to be pulled, and the reason, excerpt and offset of an error after it."""

    def __init__(self) -> None:
        self.content: Final = Joined()
        self.failure: tuple[str, bytes | None, int] | None = None
