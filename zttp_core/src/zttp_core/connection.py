"""``Connection``: one name for the connections of all protocols.

Calling it returns an object of the plugin that provides the protocol; that object's class is a virtual subclass.
It inherits nothing native, because native classes of separate distributions cannot inherit from each other. The caller
then works with the plugin's object directly.
"""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import TYPE_CHECKING, Any, Final
from weakref import ref

from zttp_core.connect import connect
from zttp_core.registry import REGISTRY

if TYPE_CHECKING:
    from inspect import Signature

    from typing_extensions import Buffer

    from zttp_core.aliases import Event


class ConnectionType(ABCMeta):
    """The metaclass of ``Connection``: a call looks up a protocol, and every protocol's class is a subclass.

    Parsing a small request takes 250 ns, so the cost of this call matters. Here ``__call__`` is a compiled function
    that is called without the class: 80 ns. A ``__new__`` that returns an object of another class takes 105 ns. A class
    derived from ``Connection`` is called like any other class.
    """

    if not TYPE_CHECKING:  # pragma: no branch - checkers shall look at `Connection` itself, as `zttp` presents it
        __call__ = staticmethod(connect)

    def __new__(mcls, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **options: Any) -> ConnectionType:
        """Make ``Connection``, which has no bases, or a class that is derived from it."""
        return super().__new__(DerivedConnectionType if bases else mcls, name, bases, body, **options)

    def __instancecheck__(cls, instance: object) -> bool:
        # By its real class, not by the `__class__` that it claims; and without the cache of ABCMeta, which remembers
        # classes that were not registered at the time.
        return cls.__subclasscheck__(type(instance))

    def __subclasscheck__(cls, subclass: type) -> bool:
        if cls is not Connection and cls is not ByteStreamConnection:
            return super().__subclasscheck__(subclass)
        whole = _known(subclass)
        if whole is None and not super().__subclasscheck__(subclass):
            whole = _find(subclass)
            return whole is True or (whole is False and cls is Connection)
        return whole is not False or cls is Connection

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
    """A connection of any protocol: bytes in, events out, no I/O.

    ``Connection(role, protocol, **options)`` returns an object of the plugin that provides ``protocol``.
    ``isinstance(connection, Connection)`` is true for it, and for an object made by calling the plugin's own class.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        protocol: An ALPN identifier, so the result of TLS negotiation can be passed as it is. ``None``, which ``ssl``
            returns if nothing was negotiated, means HTTP/1.1. The integers 1, 2 and 3 are aliases.
        options: The keyword arguments of the protocol's own class.

    Raises:
        ProtocolLookupError: The protocol is not available; the subclass says why.
        LocalProtocolError: The protocol does not support the role.
        TypeError: The protocol has no such option.
        ValueError: The role is neither ``SERVER`` nor ``CLIENT``.

    A plugin written in plain Python may subclass this class, and must then define the abstract methods. A compiled
    class must not subclass it.
    """

    role: int

    if TYPE_CHECKING:

        def __init__(self, role: int, protocol: str | int | None = ..., **options: Any) -> None: ...

    @abstractmethod
    def next_event(self) -> Event:
        """Return the next event, ``NEED_DATA`` or ``CONNECTION_CLOSED``."""

    @abstractmethod
    def is_closed(self) -> bool:
        """Return whether the connection is finished: only bytes that are already queued may still be sent.

        It is finished when every event of a message was pulled and no message can be sent any more. After EOF, a server
        is not finished while a request still waits for its response. An error finishes the connection at once, except
        that an HTTP/1.1 server may still send its closing message.
        """


class ByteStreamConnection(Connection):
    """A connection over a byte stream such as TCP, of any protocol.

    HTTP/1.1 and HTTP/2 connections are instances of it. HTTP/3 connections take datagrams and are not. A plugin's class
    is registered as a virtual subclass if its transport is a stream and it has these methods.
    """

    @abstractmethod
    def receive_data(self, data: Buffer, /) -> None:
        """Give the connection bytes that were received; an empty buffer is EOF."""

    @abstractmethod
    def data_to_send(self) -> bytes:
        """Return the bytes to send and remove them from the connection."""

    def receive_event(self, data: Buffer, /) -> Event:
        """Give the connection bytes and return the next event: ``receive_data`` and ``next_event`` in one call."""
        self.receive_data(data)
        return self.next_event()


# The connection classes of plugins, and whether they are over a byte stream. The key is the identity, because a
# metaclass can define how a class compares. A class stays known when its protocol is unregistered.
_KNOWN: Final[dict[int, tuple[ref[type], bool]]] = {}


def remember(connection_class: type, transport: str) -> bool:
    """Make a plugin's class a virtual subclass, also of ``ByteStreamConnection`` if it is one; return whether it is."""
    methods = ("receive_data", "receive_event", "data_to_send")
    whole = transport == "stream" and _names_of(connection_class).issuperset(methods)
    key = id(connection_class)
    _KNOWN[key] = ref(connection_class, lambda _: _KNOWN.pop(key, None)), whole
    return whole


def _bases(one: type) -> tuple[type, ...]:
    """Return a class and its bases, without calling its metaclass, which may return anything."""
    bases: tuple[type, ...] = type.__getattribute__(one, "__mro__")
    return bases


def _names_of(one: type) -> set[str]:
    return {name for base in _bases(one) for name in type.__getattribute__(base, "__dict__")}


def _known(subclass: type) -> bool | None:
    """Return whether a known class, or one derived from it, is over a byte stream; ``None`` if it is not known."""
    for base in _bases(subclass):
        reference, whole = _KNOWN.get(id(base), (None, False))
        if reference is not None and reference() is base:
            return whole
    return None


def _find(subclass: type) -> bool | None:
    """Return the same for a plugin's connection class of which ``Connection`` has made no object yet."""
    bases = _bases(subclass)
    # A class without the methods of every connection is no reason to ask the plugins.
    if not _names_of(subclass).issuperset(("next_event", "is_closed")):
        return None
    found = REGISTRY.provided(bases)
    return None if found is None else remember(*found)
