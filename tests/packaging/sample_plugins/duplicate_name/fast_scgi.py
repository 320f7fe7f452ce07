"""Claims the protocol of zttp-scgi."""

from zttp_core.plugin import ProtocolDescriptor, hookimpl


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    return [ProtocolDescriptor(name="scgi", api_version=(1, 0), connection="fast_scgi:Nothing")]
