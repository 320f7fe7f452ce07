"""Describes SCGI for zttp. Nothing heavy is imported here, and the connection only when one is made."""

from zttp_core.constants import SERVER
from zttp_core.plugin import ProtocolDescriptor, hookimpl


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    """Describe the one protocol that this distribution provides."""
    return [
        ProtocolDescriptor(
            name="scgi",
            api_version=(1, 0),
            connection="zttp_scgi.connection:ScgiConnection",
            roles=frozenset((SERVER,)),
            summary="Simple Common Gateway Interface, behind nginx or lighttpd",
            docs_url="https://python.ca/scgi/protocol.txt",
        )
    ]
