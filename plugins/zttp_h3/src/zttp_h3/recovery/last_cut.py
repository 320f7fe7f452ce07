"""The latest cut of the window, and whether all that it answered was late instead of lost (RFC 9438 4.9.2)."""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

_MOST: Final = 32  # packets; a path that delays more is as good as one that loses them


@final
@mypyc_attr(acyclic=True)
class LastCut:
    """The packets, by their numbers, whose loss was answered by the latest cut, or after it by none."""

    def __init__(self) -> None:
        self._missing: list[int] | None = None  # None: the cut stands, whatever arrives

    def begin(self) -> None:
        """Note that the window was cut."""
        self._missing = []

    def add(self, number: i64) -> None:
        """Note that a packet is lost that the cut answers too."""
        missing = self._missing
        if missing is not None:
            missing.append(int(number))
            if len(missing) > _MOST:
                self._missing = None

    def on_late(self, number: i64) -> bool:
        """Take the acknowledgment of a packet that was lost; tell whether the cut was for nothing."""
        missing = self._missing
        if missing is None or int(number) not in missing:
            return False
        missing.remove(int(number))
        if len(missing) > 0:
            return False
        self._missing = None
        return True

    def stand(self) -> None:
        """Note that the cut is not to be undone: it has more causes than late packets, or it is of another path."""
        self._missing = None
