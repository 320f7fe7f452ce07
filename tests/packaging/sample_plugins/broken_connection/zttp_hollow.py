"""Describes a connection that does not exist."""

from zttp_core.plugin import ProtocolDescriptor, hookimpl


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    return [ProtocolDescriptor(name="hollow", api_version=(1, 0), connection="zttp_hollow:Nothing")]
