"""Describes LINE for zttp. Nothing heavy is imported here, and the connection only when one is made."""

from zttp_core.constants import SERVER
from zttp_core.plugin import ProtocolDescriptor, hookimpl


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    """Describe the one protocol that this distribution provides."""
    return [
        ProtocolDescriptor(
            name="line",
            api_version=(1, 0),
            connection="zttp_line.connection:LineConnection",
            roles=frozenset((SERVER,)),
            summary="a line, and content: the template of a plugin",
        )
    ]
