"""``Connection``: one name for the connections of all protocols.

Calling it makes the object of the plugin that provides the protocol, and that object's class is registered as a virtual
subclass. Nothing native is inherited, because native classes of separate distributions cannot inherit from each other,
and nothing stands between the caller and the plugin's object afterwards.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zttp_core import lookup_errors
from zttp_core.constants import CLIENT, HTTP1, SERVER
from zttp_core.descriptor import BOTH_ROLES, ProtocolDescriptor
from zttp_core.errors import LocalProtocolError
from zttp_core.registry import REGISTRY

if TYPE_CHECKING:
    from inspect import Signature

    from zttp_core.aliases import Event

_makers = REGISTRY.makers


def connect(role: int, protocol: str | int | None = HTTP1, **options: Any) -> Any:
    """Return a new connection of the protocol; this is what ``Connection(...)`` calls."""
    try:
        make = _makers[protocol]
    except (KeyError, TypeError):
        make = _prepare(protocol)
    if role != SERVER and role != CLIENT:
        raise ValueError(f"role must be zttp.SERVER (1) or zttp.CLIENT (2), got {role!r}")
    if options:
        return _make_with_options(make, role, protocol, options)
    return make(role)


class ConnectionType(ABCMeta):
    """The type of ``Connection`` alone: calling it looks a protocol up.

    A parse of a small request takes 250 ns, so what stands in front of it counts. Here ``__call__`` is a function that
    is called without the class: 91 ns with the making of the object, where a ``__new__`` that returns a foreign object
    takes 115. A class derived from ``Connection`` is called like any other class.
    """

    if not TYPE_CHECKING:  # pragma: no branch - checkers shall look at `Connection` itself, as `zttp` presents it
        __call__ = staticmethod(connect)

    def __new__(mcls, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **options: Any) -> ConnectionType:
        """Make ``Connection``, which has no bases, or a class that is derived from it."""
        return super().__new__(DerivedConnectionType if bases else mcls, name, bases, body, **options)

    @property
    def __signature__(cls) -> Signature:
        from inspect import signature

        return signature(connect)


class DerivedConnectionType(ConnectionType):
    """The type of the classes that a plugin derives from ``Connection``."""

    if not TYPE_CHECKING:  # pragma: no branch
        __call__ = type.__call__

    @property
    def __signature__(cls) -> Signature:
        raise AttributeError("__signature__")  # inspect then looks at the class's own __init__


class Connection(metaclass=ConnectionType):
    """A connection of any protocol: bytes in, events out, nothing else.

    ``Connection(role, protocol, **options)`` returns the connection of the plugin that provides ``protocol``, and
    ``isinstance(connection, Connection)`` holds for it.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        protocol: An ALPN identifier, so that what TLS negotiated can be passed straight in; ``None``, which ``ssl``
            gives where nothing was negotiated, is HTTP/1.1. The integers 1, 2 and 3 are aliases.
        options: What the protocol's own class takes.

    Raises:
        ProtocolLookupError: The protocol cannot be served; the subclass says why.
        LocalProtocolError: The protocol does not support the role.
        TypeError: The protocol has no such option.

    A plugin may derive its class from this one, in plain Python, and has to define the abstract methods then. A class
    that is compiled must not.
    """

    role: int

    if TYPE_CHECKING:

        def __init__(self, role: int, protocol: str | int | None = ..., **options: Any) -> None: ...

    @abstractmethod
    def next_event(self) -> Event:
        """Return the next event, ``NEED_DATA`` or ``CONNECTION_CLOSED``."""

    @abstractmethod
    def is_closed(self) -> bool:
        """Return whether nothing more will come in or go out."""


def _prepare(protocol: object) -> Callable[..., Any]:
    """Find the plugin for a spelling that is used for the first time, and keep what to call for it."""
    registration = REGISTRY.resolve(HTTP1 if protocol is None else protocol)
    connection_class, factory = REGISTRY.connection_class(registration)
    Connection.register(connection_class)
    descriptor = registration.descriptor
    make = factory if descriptor.roles == BOTH_ROLES else _one_role_only(descriptor, factory)
    _makers[protocol] = make
    return make


def _one_role_only(descriptor: ProtocolDescriptor, factory: Callable[..., Any]) -> Callable[..., Any]:
    (supported,) = descriptor.roles

    def make(role: int, **options: Any) -> Any:
        if role != supported:
            side = "server" if supported == SERVER else "client"
            raise LocalProtocolError(
                f"protocol '{descriptor.name}' supports the {side} role only", reason="role_not_supported"
            )
        return factory(role, **options)

    return make


def _make_with_options(make: Callable[..., Any], role: int, protocol: object, options: dict[str, Any]) -> Any:
    try:
        return make(role, **options)
    except TypeError:
        # Either there is no such option, or the plugin refuses its value: only the first needs better words.
        fault = _unknown_option(protocol, options)
        if fault is None:
            raise
    raise TypeError(fault)


def _unknown_option(protocol: object, options: dict[str, Any]) -> str | None:
    from inspect import Parameter, signature

    registration = REGISTRY.resolve(HTTP1 if protocol is None else protocol)
    connection_class, _ = REGISTRY.connection_class(registration)
    try:
        parameters = signature(connection_class).parameters
    except ValueError:  # a class written in C may have no signature
        return None
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return None
    known = [name for name in parameters if name != "role"]
    for option in options:
        if option not in known:
            guess = lookup_errors.nearest(option, known)
            hint = f"; did you mean '{guess}'?" if guess else f". It has: {', '.join(known) or 'none'}"
            return f"{connection_class.__name__} has no option '{option}'{hint}"
    return None
