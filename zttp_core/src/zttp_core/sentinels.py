"""The two results of ``next_event`` that are not events: compare them with ``is``.

They are enumerations of one member, because type checkers narrow ``is not NEED_DATA`` only for those. Not compiled.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, EnumMeta
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, cast

_Member = TypeVar("_Member")


class SentinelType(EnumMeta):
    """The metaclass of the two classes: calling a class returns its member."""

    def __call__(cls: type[_Member]) -> _Member:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride, reportGeneralTypeIssues]
        """Return the one member."""
        return next(iter(cast("Iterable[_Member]", cls)))


class Sentinel(Enum, metaclass=SentinelType):
    """The base class of both."""

    if TYPE_CHECKING:

        def __new__(cls) -> Self:  # noqa: D102
            ...

    def __repr__(self) -> str:
        return self.name

    __str__ = __repr__

    def __reduce_ex__(self, protocol: object) -> Any:
        # Pickled and copied by name, so that `is` holds on the other side too.
        return self.name


class NeedData(Sentinel):
    """The type of ``NEED_DATA``: no complete event is available, pass more bytes."""

    NEED_DATA = "NEED_DATA"


class ConnectionClosed(Sentinel):
    """The type of ``CONNECTION_CLOSED``: the input has ended, no more events follow."""

    CONNECTION_CLOSED = "CONNECTION_CLOSED"


def _refuse(sentinel: Sentinel, name: str) -> None:
    raise AttributeError(f"attribute {name!r} of {type(sentinel).__name__!r} objects is not writable")


# All connections share them. Done last, because making a member sets attributes of it.
if not TYPE_CHECKING:
    Sentinel.__setattr__ = lambda self, name, _value: _refuse(self, name)
    Sentinel.__delattr__ = _refuse

NEED_DATA: Final = NeedData.NEED_DATA
CONNECTION_CLOSED: Final = ConnectionClosed.CONNECTION_CLOSED
