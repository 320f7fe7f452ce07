"""The module of the entry point ``h2`` in the group ``zttp.protocols``: the description of this protocol.

Not compiled: pluggy cannot hook compiled functions. Nothing of HTTP/2 is imported before the first connection.
"""

from __future__ import annotations

import pluggy

from zttp_core.constants import CLIENT, HTTP2, SERVER
from zttp_core.descriptor import ProtocolDescriptor

hookimpl = pluggy.HookimplMarker("zttp")


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    """Describe HTTP/2."""
    return [
        ProtocolDescriptor(
            name=HTTP2,
            api_version=(1, 0),
            connection="zttp_h2.connection:H2Connection",
            factory="zttp_h2.connection:new_connection",
            transport="stream",
            aliases=(2,),
            alpn=(b"h2",),
            preface=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",  # RFC 9113 3.4
            roles=frozenset((SERVER, CLIENT)),
            multiplexed=True,
            capabilities=frozenset(
                ("trailers", "informational", "keep-alive", "extended-connect", "priority", "flow-control")
            ),
            summary="HTTP/2 (RFC 9113)",
        )
    ]
