"""``Connection``: one name for the connections of all protocols.

Calling it makes the object of the plugin that provides the protocol, and that object's class is a virtual subclass.
Nothing native is inherited, because native classes of separate distributions cannot inherit from each other, and
nothing stands between the caller and the plugin's object afterwards.
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
    """The type of ``Connection`` alone: calling it looks a protocol up, and every protocol's class is a subclass.

    A parse of a small request takes 250 ns, so what stands in front of it counts. Here ``__call__`` is a compiled
    function that is called without the class: 80 ns, where a ``__new__`` that returns a foreign object takes 105. A
    class derived from ``Connection`` is called like any other class.
    """

    if not TYPE_CHECKING:  # pragma: no branch - checkers shall look at `Connection` itself, as `zttp` presents it
        __call__ = staticmethod(connect)

    def __new__(mcls, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **options: Any) -> ConnectionType:
        """Make ``Connection``, which has no bases, or a class that is derived from it."""
        return super().__new__(DerivedConnectionType if bases else mcls, name, bases, body, **options)

    def __instancecheck__(cls, instance: object) -> bool:
        # By the class that it has, not that which it claims; and not by what ABCMeta remembers of classes that were
        # none at the time.
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
    """A connection of any protocol: bytes in, events out, nothing else.

    ``Connection(role, protocol, **options)`` returns the connection of the plugin that provides ``protocol``.
    ``isinstance(connection, Connection)`` holds for it, and for what the plugin's own class makes.

    Args:
        role: ``SERVER`` or ``CLIENT``.
        protocol: An ALPN identifier, so that what TLS negotiated can be passed straight in; ``None``, which ``ssl``
            gives where nothing was negotiated, is HTTP/1.1. The integers 1, 2 and 3 are aliases.
        options: What the protocol's own class takes.

    Raises:
        ProtocolLookupError: The protocol cannot be served; the subclass says why.
        LocalProtocolError: The protocol does not support the role.
        TypeError: The protocol has no such option.
        ValueError: The role is neither of the two.

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
        """Return whether nothing more will come in or go out, but the bytes that are queued already.

        Every event was pulled, and no message is left that can still be sent: at EOF a server is not closed as long as
        a request that has come waits for its answer. An error is the end at once, but for HTTP/1.1's closing message.
        """


class ByteStreamConnection(Connection):
    """A connection over a byte stream, whatever its protocol: what ALPN on TCP leads to.

    Those of HTTP/1.1 and HTTP/2 are, which ``isinstance`` knows; one of HTTP/3 takes datagrams and is not. A plugin's
    class over a stream that has these methods is registered as a virtual subclass.
    """

    @abstractmethod
    def receive_data(self, data: Buffer, /) -> None:
        """Take what was received; an empty buffer is EOF."""

    @abstractmethod
    def data_to_send(self) -> bytes:
        """Return the bytes to send, which are then the caller's."""

    def receive_event(self, data: Buffer, /) -> Event:
        """Take what was received, and return the next event: two calls in one."""
        self.receive_data(data)
        return self.next_event()


# The classes that plugins have been found to make connections of, and whether they are over a byte stream. By identity:
# what a class says when it is compared is up to its metaclass. What has been a connection remains one, whatever is
# registered or unregistered.
_KNOWN: Final[dict[int, tuple[ref[type], bool]]] = {}


def remember(connection_class: type, transport: str) -> bool:
    """Make a plugin's class a virtual subclass, of ``ByteStreamConnection`` too if that is what it is: return this."""
    methods = ("receive_data", "receive_event", "data_to_send")
    whole = transport == "stream" and _names_of(connection_class).issuperset(methods)
    key = id(connection_class)
    _KNOWN[key] = ref(connection_class, lambda _: _KNOWN.pop(key, None)), whole
    return whole


def _bases(one: type) -> tuple[type, ...]:
    """Return a class and what it is derived from. Its metaclass is not asked: it may answer anything."""
    bases: tuple[type, ...] = type.__getattribute__(one, "__mro__")
    return bases


def _names_of(one: type) -> set[str]:
    return {name for base in _bases(one) for name in type.__getattribute__(base, "__dict__")}


def _known(subclass: type) -> bool | None:
    """Return whether a class that is known, or derived from one, is over a byte stream; ``None`` if it is not known."""
    for base in _bases(subclass):
        reference, whole = _KNOWN.get(id(base), (None, False))
        if reference is not None and reference() is base:
            return whole
    return None


def _find(subclass: type) -> bool | None:
    """Return the same for a class that a plugin makes connections of, though none was made by ``Connection`` yet."""
    bases = _bases(subclass)
    # Whoever lacks what every connection has is not worth asking the plugins about.
    if not _names_of(subclass).issuperset(("next_event", "is_closed")):
        return None
    found = REGISTRY.provided(bases)
    return None if found is None else remember(*found)
