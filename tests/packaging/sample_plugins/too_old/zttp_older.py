"""Written for a plugin API that no longer exists."""

from zttp_core.plugin import ProtocolDescriptor, hookimpl


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    return [ProtocolDescriptor(name="older", api_version=(0, 1), connection="zttp_older:Nothing")]
