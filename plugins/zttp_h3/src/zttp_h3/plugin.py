"""The module of the entry point ``h3`` in the group ``zttp.protocols``: the description of this protocol.

Not compiled: pluggy cannot hook compiled functions. Nothing of HTTP/3, TLS or QPACK is imported before the first
connection.
"""

from __future__ import annotations

import pluggy

from zttp_core.constants import CLIENT, HTTP3, SERVER
from zttp_core.descriptor import ProtocolDescriptor

hookimpl = pluggy.HookimplMarker("zttp")


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    """Describe HTTP/3."""
    return [
        ProtocolDescriptor(
            name=HTTP3,
            api_version=(1, 0),
            connection="zttp_h3.connection:H3Connection",
            factory="zttp_h3.construction:new_connection",
            transport="datagram",
            aliases=(3,),
            alpn=(b"h3",),
            roles=frozenset((SERVER, CLIENT)),
            multiplexed=True,
            capabilities=frozenset(
                (
                    "trailers",
                    "informational",
                    "keep-alive",
                    "extended-connect",
                    "priority",
                    "flow-control",
                    "early-data",
                    "migration",
                    "datagrams",
                )
            ),
            summary="HTTP/3 (RFC 9114) on QUIC (RFC 9000)",
        )
    ]
