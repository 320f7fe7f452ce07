"""Gives its ALPN identifiers as a list of str."""

from zttp_core.plugin import ProtocolDescriptor, hookimpl


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    alpn = ["bad"]
    return [
        ProtocolDescriptor(name="bad", api_version=(1, 0), connection="zttp_bad:Nothing", alpn=alpn)  # type: ignore[arg-type]
    ]
