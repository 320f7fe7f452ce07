"""The latest reduction of the window, and whether all its packets were late instead of lost (RFC 9438 4.9.2)."""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

_MOST: Final = 32  # packets; a longer delay counts as loss


@final
@mypyc_attr(acyclic=True)
class LastCut:
    """The numbers of the packets whose loss caused the latest reduction, or that were lost after it."""

    def __init__(self) -> None:
        self._missing: list[int] | None = None  # None: the reduction is permanent

    def begin(self) -> None:
        """Record that the window was reduced."""
        self._missing = []

    def add(self, number: i64) -> None:
        """Record a lost packet that the same reduction covers."""
        missing = self._missing
        if missing is not None:
            missing.append(int(number))
            if len(missing) > _MOST:
                self._missing = None

    def on_late(self, number: i64) -> bool:
        """Take the acknowledgment of a lost packet; return whether the reduction was unnecessary."""
        missing = self._missing
        if missing is None or int(number) not in missing:
            return False
        missing.remove(int(number))
        if len(missing) > 0:
            return False
        self._missing = None
        return True

    def stand(self) -> None:
        """Make the reduction permanent: it has other causes than late packets, or belongs to another path."""
        self._missing = None
