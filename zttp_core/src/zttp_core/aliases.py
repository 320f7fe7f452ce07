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

# What `next_event` returns.
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

# What every `send_*` takes as fields: pairs of bytes, as tuples, lists or other sequences, in any iterable.
Headers: TypeAlias = Iterable[Sequence[bytes]] | HeaderBlock
