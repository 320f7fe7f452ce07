"""The module of the entry point ``http/1.1`` in the group ``zttp.protocols``: the description of this protocol.

Not compiled: pluggy cannot hook compiled functions. Nothing of HTTP/1.1 is imported before the first connection.
"""

from __future__ import annotations

import pluggy

from zttp_core.constants import CLIENT, HTTP1, SERVER
from zttp_core.descriptor import ProtocolDescriptor

hookimpl = pluggy.HookimplMarker("zttp")


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    """Describe HTTP/1.1."""
    return [
        ProtocolDescriptor(
            name=HTTP1,
            api_version=(1, 0),
            connection="zttp_h1.connection:H1Connection",
            factory="zttp_h1.connection:new_connection",
            transport="stream",
            aliases=(1,),
            alpn=(b"http/1.1",),
            roles=frozenset((SERVER, CLIENT)),
            multiplexed=False,
            capabilities=frozenset(("trailers", "informational", "upgrade", "keep-alive", "pipelining")),
            summary="HTTP/1.1 and HTTP/1.0 (RFC 9112)",
        )
    ]
