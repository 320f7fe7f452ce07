"""The names for plugin authors: the hook, the descriptor, and the structural types of a connection.

A plugin's own ``plugin.py`` marks one function with ``hookimpl``. That module is not compiled, because pluggy cannot
hook compiled functions, and is imported when its protocol is first used; so is this one, which imports pluggy.

The contract is structural: a connection needs no base class of ours, and must not have one that was compiled in another
distribution.
"""

# ruff: noqa: D102 - the implementations document the methods of the structural types
from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import pluggy

from zttp_core.descriptor import CAPABILITIES, PLUGIN_API_VERSION, SUPPORTED, ProtocolDescriptor

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from zttp_core.aliases import Event, Headers

__all__ = [
    "CAPABILITIES",
    "PLUGIN_API_VERSION",
    "SUPPORTED",
    "DatagramConnection",
    "MessageConnection",
    "MultiplexedConnection",
    "ProtocolDescriptor",
    "Stream",
    "StreamConnection",
    "ZttpSpecs",
    "hookimpl",
    "hookspec",
]

PROJECT: Final = "zttp"

hookspec: Final = pluggy.HookspecMarker(PROJECT)
hookimpl: Final = pluggy.HookimplMarker(PROJECT)


class ZttpSpecs:
    """The hooks that a plugin may implement."""

    @hookspec
    def zttp_register_protocols(self) -> Iterable[ProtocolDescriptor]:  # type: ignore[empty-body]
        """Return a descriptor for each protocol that this module provides.

        The name of the entry point must be among them::

            @hookimpl
            def zttp_register_protocols():
                connection = "zttp_scgi.connection:ScgiConnection"
                return [ProtocolDescriptor(name="scgi", api_version=(1, 0), connection=connection)]
        """


class _AnyConnection(Protocol):
    """The methods of every connection."""

    @property
    def role(self) -> int: ...
    def next_event(self) -> Event: ...
    def is_closed(self) -> bool: ...


@runtime_checkable
class StreamConnection(_AnyConnection, Protocol):
    """A connection over a byte stream. An empty buffer is EOF."""

    def receive_data(self, data: Buffer, /) -> None: ...
    def data_to_send(self) -> bytes: ...


@runtime_checkable
class DatagramConnection(_AnyConnection, Protocol):
    """A connection over datagrams. Time is a monotonic integer in microseconds that the caller supplies."""

    def receive_datagram(self, datagram: Buffer, now: int = ..., peer_address: Any = None, /) -> None: ...
    def data_to_send(self, now: int = ...) -> list[bytes]: ...
    def next_timeout(self) -> int | None: ...
    def handle_timeout(self, now: int, /) -> None: ...


@runtime_checkable
class MessageConnection(StreamConnection, Protocol):
    """A connection that carries one message at a time in each direction."""

    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Headers) -> None: ...
    def send_response(self, status: int, headers: Headers | None = None, /, *, reason: bytes | None = None) -> None: ...
    def send_informational(self, status: int, headers: Headers | None = None, /) -> None: ...
    def send_data(self, data: Buffer, /) -> None: ...
    def end_message(self, trailers: Headers | None = None) -> None: ...
    def start_next_cycle(self) -> None: ...
    def should_close(self) -> bool: ...


@runtime_checkable
class Stream(Protocol):
    """One request stream of a multiplexed connection (HTTP/2, HTTP/3): where its messages are sent."""

    @property
    def stream_id(self) -> int:
        """The number of the stream."""
        ...

    @property
    def send_window(self) -> int | None:
        """How many bytes of content the peer will take now; ``None`` once closed."""
        ...

    @property
    def pending_bytes(self) -> int | None:
        """How many bytes of content wait for the peer; ``None`` once closed."""
        ...

    def send_response(self, status: int, headers: Headers | None = None, end_stream: bool = False) -> None:
        """Queue the head of the response, and its end if ``end_stream``."""
        ...

    def send_informational(self, status: int, headers: Headers | None = None, /) -> None:
        """Queue an informational response (RFC 9110 15.2)."""
        ...

    def send_data(self, data: Buffer, /) -> None:
        """Queue content: what fits the window is sent, the rest waits for credit."""
        ...

    def end_message(self, trailers: Headers | None = None, /) -> None:
        """Queue the end of the message, with trailers if there are any."""
        ...

    def reset(self, error_code: int = ..., /) -> None:
        """End the stream at once, in both directions."""
        ...


@runtime_checkable
class MultiplexedConnection(_AnyConnection, Protocol):
    """A connection that carries many messages at once, each on its stream."""

    def send_request(
        self, method: bytes, target: bytes, version: bytes, headers: Headers, *, end_stream: bool = False
    ) -> Stream: ...
    def stream(self, stream_id: int, /) -> Stream: ...
    def consume_data(self, stream_id: int, length: int, /) -> None: ...
