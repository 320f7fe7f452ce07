"""Describes a connection that is not there."""

from zttp_core.plugin import ProtocolDescriptor, hookimpl


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    return [ProtocolDescriptor(name="hollow", api_version=(1, 0), connection="zttp_hollow:Nothing")]
