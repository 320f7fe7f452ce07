"""Names for several types together, and a second name for one."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from zttp_core.events import (
    Data,
    Datagram,
    EndOfMessage,
    Goaway,
    Ping,
    PriorityUpdate,
    Request,
    Response,
    RstStream,
    Settings,
    WindowUpdate,
)
from zttp_core.header_block import HeaderBlock
from zttp_core.sentinels import ConnectionClosed, NeedData

GoAway = Goaway

# The results of `next_event`.
Event: TypeAlias = (
    Request
    | Response
    | Data
    | EndOfMessage
    | RstStream
    | Goaway
    | Settings
    | Ping
    | WindowUpdate
    | PriorityUpdate
    | Datagram
    | NeedData
    | ConnectionClosed
)

# The fields that every `send_*` accepts: pairs of bytes, as tuples, lists or other sequences, in any iterable.
Headers: TypeAlias = Iterable[Sequence[bytes]] | HeaderBlock
