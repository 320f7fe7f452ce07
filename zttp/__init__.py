r"""HTTP/1.1, HTTP/2 and HTTP/3 without I/O: bytes in, events out, nothing else.

    connection = zttp.Connection(zttp.SERVER)
    connection.receive_data(b"GET / HTTP/1.1\r\nhost: example.com\r\n\r\n")
    connection.next_event()  # Request, EndOfMessage, NEED_DATA

Every protocol is a plugin, found and imported on first use. The names of a plugin are attributes here, too:
``zttp.H1Connection`` imports HTTP/1.1, ``zttp.QuicEndpoint`` HTTP/3 or says what to install for it.
"""

from __future__ import annotations

from typing import Final

from zttp_core.aliases import Event, GoAway, Headers
from zttp_core.connection import ByteStreamConnection, Connection
from zttp_core.constants import CLIENT, HTTP1, HTTP2, HTTP3, SERVER
from zttp_core.descriptor import ProtocolDescriptor, ProtocolInfo
from zttp_core.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from zttp_core.events import (
    Data,
    Datagram,
    EndOfMessage,
    Goaway,
    Ping,
    PriorityUpdate,
    Request,
    Response,
    RstStream,
    Settings,
    WindowUpdate,
)
from zttp_core.header_block import HeaderBlock
from zttp_core.lookup_errors import (
    PluginAttributeError,
    PluginLoadError,
    PluginValidationError,
    PluginVersionError,
    ProtocolConflictError,
    ProtocolLookupError,
    ProtocolNotInstalledError,
    UnknownProtocolError,
    missing_attribute,
)
from zttp_core.registry import REGISTRY
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA, ConnectionClosed, NeedData
from zttp_core.sniff import sniff

__all__ = [
    "CLIENT", "CONNECTION_CLOSED", "HTTP1", "HTTP2", "HTTP3", "NEED_DATA", "SERVER",
    "ByteStreamConnection",
    "Connection", "ConnectionClosed", "Data", "Datagram", "EndOfMessage", "Event", "GoAway", "Goaway", "H2ErrorCode",
    "H2Settings", "HeaderBlock", "Headers", "LocalProtocolError", "NeedData", "Ping", "PluginAttributeError",
    "PluginLoadError", "PluginValidationError", "PluginVersionError", "PriorityUpdate", "ProtocolConflictError",
    "ProtocolDescriptor", "ProtocolError", "ProtocolInfo", "ProtocolLookupError", "ProtocolNotInstalledError",
    "RemoteProtocolError", "Request", "Response", "RstStream", "Settings", "Stream", "UnknownProtocolError",
    "WindowUpdate", "load_plugins", "protocols", "refresh_protocols", "register_protocol", "sniff",
    "unregister_protocol",
]  # fmt: skip

# Found on first use: names of plugins, with the protocol to install for each, and names that are rarely needed.
_OF_PLUGINS: Final = {
    "H1Connection": ("zttp_h1", HTTP1),
    "H1Limits": ("zttp_h1", HTTP1),
    "H2Connection": ("zttp_h2", HTTP2),
    "H2Limits": ("zttp_h2", HTTP2),
    "CloseInfo": ("zttp_h3", HTTP3),
    "PathStatistics": ("zttp_h3", HTTP3),
    "DatagramHeader": ("zttp_h3", HTTP3),
    "H3Connection": ("zttp_h3", HTTP3),
    "H3ErrorCode": ("zttp_h3", HTTP3),
    "H3Limits": ("zttp_h3", HTTP3),
    "H3Settings": ("zttp_h3", HTTP3),
    "OutboundDatagram": ("zttp_h3", HTTP3),
    "QuicEndpoint": ("zttp_h3", HTTP3),
    "QuicErrorCode": ("zttp_h3", HTTP3),
    "SessionTicket": ("zttp_h3", HTTP3),
    "TicketKeys": ("zttp_h3", HTTP3),
    "TlsCredentials": ("zttp_h3", HTTP3),
    "TrustStore": ("zttp_h3", HTTP3),
    "parse_datagram_header": ("zttp_h3", HTTP3),
}
_OF_THE_CORE: Final = {
    "H2ErrorCode": "zttp_core.http2_codes",
    "H2Settings": "zttp_core.http2_codes",
    "Stream": "zttp_core.plugin",
}


def protocols() -> tuple[ProtocolInfo, ...]:
    """List the installed protocols: the distribution that provides each, and the error if it is broken."""
    return REGISTRY.protocols()


def load_plugins() -> tuple[ProtocolInfo, ...]:
    """Import every installed protocol and its connection class now, and list them. A broken one does not raise."""
    return REGISTRY.load_plugins()


def register_protocol(descriptor: ProtocolDescriptor, *, replace: bool = False) -> None:
    """Add a protocol for this process; with ``replace`` it takes the place of an existing provider.

    Raises:
        ProtocolConflictError: The name already has a provider, or an alias belongs to another protocol.
        PluginValidationError: The descriptor breaks the plugin contract.
    """
    REGISTRY.register(descriptor, replace=replace)


def unregister_protocol(name: str) -> None:
    """Undo ``register_protocol``: an installed distribution that provides the protocol is used again."""
    REGISTRY.unregister(name)


def refresh_protocols() -> None:
    """Look again for installed protocols, and try broken ones again.

    For a program that installs or repairs plugins while it runs. Protocols added by ``register_protocol`` stay.
    """
    REGISTRY.refresh()


def __getattr__(name: str) -> object:
    if name in _OF_PLUGINS:
        value = _of_plugin(name)
    elif name in _OF_THE_CORE:
        value = _attribute(_OF_THE_CORE[name], name)
    elif name == "__version__":
        from zttp_core.installed import version_of

        value = version_of("zttp")
        if value is None:
            raise AttributeError("module 'zttp' has no attribute '__version__': it is run from its sources", name=name)
    else:
        raise AttributeError(f"module 'zttp' has no attribute {name!r}", name=name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    from zttp_core.module_files import is_compiled

    # A distribution without a hook has no connection yet, and none of these names.
    brought = [name for name, (package, _) in _OF_PLUGINS.items() if is_compiled(f"{package}.plugin") is not None]
    return sorted({*__all__, *brought, "__version__"})


def _of_plugin(name: str) -> object:
    package, protocol = _OF_PLUGINS[name]
    try:
        return _attribute(package, name)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise  # the plugin is installed, but broken
    raise missing_attribute(name, protocol)


def _attribute(module: str, name: str) -> object:
    from importlib import import_module

    return getattr(import_module(module), name)
