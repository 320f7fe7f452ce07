"""Written for a plugin API that does not exist yet, with features of it."""

from zttp_core.plugin import ProtocolDescriptor, hookimpl


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    return [ProtocolDescriptor(name="newer", api_version=(99, 3), connection="zttp_newer:Nothing", colour="red")]
