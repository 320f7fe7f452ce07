"""The two answers of ``next_event`` that are not events: compare them with ``is``."""

from typing import Final, final

from zttp_core.native_ints import mypyc_attr


@final
@mypyc_attr(acyclic=True)
class NeedData:
    """The type of ``NEED_DATA``: no complete event is there yet, feed more bytes."""

    def __repr__(self) -> str:
        return "NEED_DATA"

    def __reduce__(self) -> str:
        # Pickled and copied by name, so that `is` holds on the other side too.
        return "NEED_DATA"


@final
@mypyc_attr(acyclic=True)
class ConnectionClosed:
    """The type of ``CONNECTION_CLOSED``: the peer is done, nothing more will come."""

    def __repr__(self) -> str:
        return "CONNECTION_CLOSED"

    def __reduce__(self) -> str:
        return "CONNECTION_CLOSED"


NEED_DATA: Final = NeedData()
CONNECTION_CLOSED: Final = ConnectionClosed()
