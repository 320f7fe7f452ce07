"""A plugin's description of its protocol, and the rules that it must follow.

The plugin builds a descriptor and the registry checks it. The registry knows the distribution, so it reports a fault
with its name and version. All fields but three are optional, so that a new field breaks no old plugin.

No dataclass: importing dataclasses alone costs as much as importing the rest of zttp.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, cast

from zttp_core.constants import CLIENT, HTTP1, HTTP2, HTTP3, SERVER
from zttp_core.messages.grammar import is_token
from zttp_core.wording import class_path, shown

PLUGIN_API_VERSION: Final = (1, 0)  # Minor: additions with defaults. Major: removals.
SUPPORTED: Final = ((1, 0), PLUGIN_API_VERSION)  # The oldest and the newest plugin API that plugins may be written for.
REMOVALS: Final[Mapping[int, str]] = {}  # Older major that is still supported: the zttp-core release that drops it.

BOTH_ROLES: Final = frozenset((SERVER, CLIENT))

CAPABILITIES: Final = frozenset(
    (
        "datagrams",
        "early-data",
        "extended-connect",
        "flow-control",
        "informational",
        "keep-alive",
        "migration",
        "pipelining",
        "priority",
        "push",
        "trailers",
        "upgrade",
    )
)

# Spellings that belong to one protocol, whatever its provider.
RESERVED_KEYS: Final[Mapping[object, str]] = {
    1: HTTP1, 2: HTTP2, 3: HTTP3, HTTP1: HTTP1, HTTP2: HTTP2, HTTP3: HTTP3
}  # fmt: skip

KNOWN_NAMES: Final = frozenset(RESERVED_KEYS.values())

_LONGEST_ALPN: Final = 255  # RFC 7301 3.1

Key = str | int


class ProtocolDescriptor:
    """A plugin's description of one protocol. Frozen; keyword arguments only.

    Attributes:
        name: The canonical name, which is the name of the entry point: lower case, such as ``"h2"`` or ``"scgi"``.
        api_version: The plugin API that the plugin was written for, as literal numbers: ``(1, 0)``.
        connection: The connection's class, or ``"module:Class"``, imported when the first connection is made. Called
            as ``(role, **options)`` and registered as a virtual subclass of ``zttp.Connection``.
        factory: A function that is called instead of the class, or ``"module:function"``. Calling a compiled function
            is 25 ns faster than calling a compiled class.
        transport: ``"stream"`` (bytes in order) or ``"datagram"``.
        aliases: Other names. The integers 1, 2 and 3 are aliases of HTTP/1.1, HTTP/2 and HTTP/3.
        alpn: ALPN identifiers (RFC 7301), exact bytes.
        preface: The fixed first bytes that a client sends, for ``zttp.sniff``.
        roles: The roles that a connection can have.
        multiplexed: Whether events carry a stream identifier and sending happens on ``connection.stream(id)``.
        capabilities: Names from ``CAPABILITIES``; private names begin with ``x-``.
        summary: One line for ``zttp.protocols()``.
        docs_url: The address of the protocol's documentation.
    """

    __slots__ = (
        "aliases",
        "alpn",
        "api_version",
        "capabilities",
        "connection",
        "docs_url",
        "factory",
        "multiplexed",
        "name",
        "newer_fields",
        "preface",
        "roles",
        "summary",
        "transport",
    )  # fmt: skip

    name: str
    api_version: tuple[int, int]
    connection: type[Any] | str
    factory: Callable[..., Any] | str | None
    transport: Literal["stream", "datagram"]
    aliases: tuple[Key, ...]
    alpn: tuple[bytes, ...]
    preface: bytes | None
    roles: frozenset[int]
    multiplexed: bool
    capabilities: frozenset[str]
    summary: str
    docs_url: str
    newer_fields: tuple[str, ...]

    def __init__(
        self,
        *,
        name: str,
        api_version: tuple[int, int],
        connection: type[Any] | str,
        factory: Callable[..., Any] | str | None = None,
        transport: Literal["stream", "datagram"] = "stream",
        aliases: tuple[Key, ...] = (),
        alpn: tuple[bytes, ...] = (),
        preface: bytes | None = None,
        roles: frozenset[int] = BOTH_ROLES,
        multiplexed: bool = False,
        capabilities: frozenset[str] = frozenset(),
        summary: str = "",
        docs_url: str = "",
        **newer: object,
    ) -> None:
        given = {
            "name": name, "api_version": api_version, "connection": connection, "factory": factory,
            "transport": transport, "aliases": aliases, "alpn": alpn, "preface": preface, "roles": roles,
            "multiplexed": multiplexed, "capabilities": capabilities, "summary": summary, "docs_url": docs_url,
            # Fields of a later plugin API. Kept by name, so that the answer can be "too new" and not "broken".
            "newer_fields": tuple(newer),
        }  # fmt: skip
        for field, value in given.items():
            object.__setattr__(self, field, value)

    def __setattr__(self, field: str, value: object) -> None:
        raise AttributeError(f"a ProtocolDescriptor is frozen, {field!r} cannot be set")

    def __delattr__(self, field: str) -> None:
        raise AttributeError(f"a ProtocolDescriptor is frozen, {field!r} cannot be deleted")

    def __reduce__(self) -> tuple[Any, ...]:
        return _described, ({field: getattr(self, field) for field in self.__slots__},)

    def __repr__(self) -> str:
        fields = [f"{field}={shown(getattr(self, field))}" for field in ("name", "connection", "transport")]
        return f"ProtocolDescriptor({', '.join(fields)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ProtocolDescriptor):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.name, self.api_version, self.alpn))

    @property
    def keys(self) -> tuple[Key, ...]:
        """Every name, alias and ALPN identifier by which the protocol can be requested."""
        return keys_of(self)


class ProtocolInfo(NamedTuple):
    """One entry of ``zttp.protocols()``.

    The fields that the descriptor provides are empty or ``None`` until the plugin is loaded, and if it is broken.
    """

    name: str
    provider: str  # the distribution
    version: str
    status: Literal["available", "loaded", "broken", "conflict"]
    transport: str | None
    alpn: tuple[bytes, ...]
    roles: frozenset[int]
    capabilities: frozenset[str]
    compiled: bool | None
    origin: str  # the module that holds the hook, or the connection's class if it was registered in this process
    error: str | None
    summary: str = ""
    docs_url: str = ""


def _described(fields: Mapping[str, object]) -> ProtocolDescriptor:
    """Make a descriptor from its fields, for copies and pickles."""
    made = object.__new__(ProtocolDescriptor)
    for field, value in fields.items():
        object.__setattr__(made, field, value)
    return made


def plain(descriptor: ProtocolDescriptor) -> ProtocolDescriptor:
    """Return a copy of the descriptor: a plugin could change its own, or derive its class.

    Fields that cannot be read are left out, and are a fault.
    """
    fields = {}
    for field in ProtocolDescriptor.__slots__:
        try:
            fields[field] = getattr(descriptor, field)
        except Exception:  # noqa: BLE001, S112 - made around its constructor, or of a class with ways of its own
            continue
    return _described(fields)


def find_fault(descriptor: ProtocolDescriptor) -> str | None:
    """Return the fault of the descriptor, with the name of the field, or ``None``."""
    for field, rule, holds in (*_RULES, ("newer_fields", "a tuple of str", _is_tuple_of_str)):
        if not hasattr(descriptor, field):
            return f"descriptor field '{field}' must be {rule}, and is missing"
        value = getattr(descriptor, field)
        if not holds(value):
            return f"descriptor field '{field}' must be {rule}, got {shown(value)}"
    if descriptor.newer_fields:
        return f"a descriptor has no field {shown(descriptor.newer_fields[0])}"
    preface = descriptor.preface
    if preface is not None and descriptor.transport != "stream":
        return "descriptor field 'preface' must be None for a datagram protocol"
    if preface is not None and _begins_a_request(preface):
        return f"descriptor field 'preface' must not be how an HTTP/1.1 request can begin, got {shown(preface)}"
    for key in keys_of(descriptor):
        owner = RESERVED_KEYS.get(key, descriptor.name)
        if owner != descriptor.name:
            claim = f"descriptor of '{descriptor.name}' must not claim {shown(key)}"
            return f"{claim}, which is reserved to protocol '{owner}'"
    return None


def keys_of(descriptor: ProtocolDescriptor) -> tuple[Key, ...]:
    """Return every name, alias and ALPN identifier by which the protocol can be requested."""
    spelled = [identifier.decode("ascii") for identifier in descriptor.alpn if identifier.isascii()]
    return tuple(dict.fromkeys((descriptor.name, *descriptor.aliases, *spelled)))


def find_connection_fault(connection: object) -> str | None:
    """Return why something cannot be the class of connections, or ``None``."""
    if not _is_class(connection):
        return f"must be a class, got {shown(connection)}"
    from zttp_core.connection import Connection

    # `object` above all: every object would be a Connection. Built-in classes are not connection classes either.
    own = any(connection is base for base in Connection.__mro__)
    if own or type.__getattribute__(cast(type, connection), "__module__") == "builtins":
        return f"must be a class of connections, got {class_path(cast(type, connection))}"
    return None


def is_api_version(value: object) -> bool:
    """Return whether the value is a plugin API version: two non-negative integers, which can be printed."""
    return type(value) is tuple and len(value) == 2 and all(type(part) is int and 0 <= part < 10**6 for part in value)


# The rules require the exact types: a derived class may compare in any way.


def _is_name(value: object) -> bool:
    import re

    return (
        type(value) is str and len(value) <= _LONGEST_ALPN and re.fullmatch(r"[a-z0-9][a-z0-9._/-]*", value) is not None
    )


def _is_class(value: object) -> bool:
    return issubclass(type(value), type)  # `isinstance` would ask the value as well


def _is_reference(value: object) -> bool:
    if type(value) is not str:
        return False
    module, colon, attribute = value.partition(":")
    return colon == ":" and attribute.isidentifier() and all(part.isidentifier() for part in module.split("."))


def _is_aliases(value: object) -> bool:
    return type(value) is tuple and all(
        type(alias) is int or (type(alias) is str and 0 < len(alias) <= _LONGEST_ALPN) for alias in value
    )


def _is_alpn(value: object) -> bool:
    return type(value) is tuple and all(
        type(identifier) is bytes and 0 < len(identifier) <= _LONGEST_ALPN for identifier in value
    )


def _is_tuple_of_str(value: object) -> bool:
    return type(value) is tuple and all(type(name) is str for name in value)


def _begins_a_request(preface: bytes) -> bool:
    """Return whether an HTTP/1.1 request line can begin like this: sniffing could not distinguish the two."""
    method, after_method, rest = preface.partition(b" ")
    if not is_token(method):
        return False
    target, after_target, version = rest.partition(b" ")
    if not after_method or (not after_target and target.isascii()):
        return True
    return version[:7] == b"HTTP/1."[: len(version)]


def _is_roles(value: object) -> bool:
    return type(value) is frozenset and bool(value) and all(type(role) is int and role in (1, 2) for role in value)


def _is_capabilities(value: object) -> bool:
    return type(value) is frozenset and all(
        type(name) is str and (name in CAPABILITIES or name.startswith("x-")) for name in value
    )


_RULES: Final[tuple[tuple[str, str, Callable[[Any], bool]], ...]] = (
    ("name", "a lower-case protocol name of letters, digits and . _ / -", _is_name),
    ("api_version", "a tuple of two integers, major and minor", is_api_version),
    ("connection", "a class or a string 'module:Class'", lambda value: _is_class(value) or _is_reference(value)),
    (
        "factory",
        "a callable, a string 'module:function' or None",
        lambda value: value is None or (_is_reference(value) if type(value) is str else callable(value)),
    ),
    ("transport", "'stream' or 'datagram'", lambda value: type(value) is str and value in ("stream", "datagram")),
    ("aliases", "a tuple of str and int", _is_aliases),
    ("alpn", "a tuple of bytes", _is_alpn),
    ("preface", "bytes or None", lambda value: value is None or (type(value) is bytes and value != b"")),
    ("roles", "a frozenset of zttp.SERVER and zttp.CLIENT", _is_roles),
    ("multiplexed", "a bool", lambda value: type(value) is bool),
    (
        "capabilities",
        "a frozenset of names from zttp_core.plugin.CAPABILITIES, or beginning with 'x-'",
        _is_capabilities,
    ),
    ("summary", "a str", lambda value: type(value) is str),
    ("docs_url", "a str", lambda value: type(value) is str),
)
