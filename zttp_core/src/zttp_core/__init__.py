"""zttp-core: the facade, the events, the registry and the grammar that every protocol plugin of zttp shares.

``import zttp`` is for users; this package is for plugins. ``zttp_core.plugin`` has the names that a plugin needs.
"""

from typing import Final

# ruff: noqa: E402 - before anything compiled is imported
from zttp_core.interpreters import refuse_another_interpreter

# The module that tells whether this is the compiled build: all modules are compiled, or none.
_HOT_MODULE: Final = "zttp_core.events.factories"

refuse_another_interpreter(_HOT_MODULE)

from zttp_core.aliases import Event, GoAway, Headers
from zttp_core.connection import Connection
from zttp_core.constants import CLIENT, HTTP1, HTTP2, HTTP3, SERVER
from zttp_core.descriptor import ProtocolDescriptor, ProtocolInfo
from zttp_core.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
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
from zttp_core.module_files import is_compiled
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA, ConnectionClosed, NeedData

# Whether the events and the grammar are compiled.
COMPILED: Final = is_compiled(_HOT_MODULE) is True

__all__ = [
    "CLIENT", "COMPILED", "CONNECTION_CLOSED", "HTTP1", "HTTP2", "HTTP3", "NEED_DATA", "SERVER", "Connection",
    "ConnectionClosed", "Data", "Datagram", "EndOfMessage", "Event", "GoAway", "Goaway", "HeaderBlock", "Headers",
    "LocalProtocolError", "NeedData", "Ping", "PriorityUpdate", "ProtocolDescriptor", "ProtocolError", "ProtocolInfo",
    "RemoteProtocolError", "Request", "Response", "RstStream", "Settings", "WindowUpdate",
]  # fmt: skip
