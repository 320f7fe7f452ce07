"""The kinds of fields, by name, and the rules for their values (RFC 9110 5, RFC 9113 8.2, 8.3).

HTTP/2 and HTTP/3 check fields by their kind, and HTTP/1.1 has the same kinds with names in any case. The kinds are
small integers, so that a plugin can pack them; it can make its own loop from ``KINDS`` and ``KIND_LENGTHS``.
"""

from typing import Final

from zttp_core.messages.authority import is_host
from zttp_core.messages.grammar import is_field_value, is_lower_name, is_request_target, is_scheme, is_token, lower
from zttp_core.native_ints import i64

REGULAR: Final = 0
# Pseudo-header fields (RFC 9113 8.3, RFC 8441 4).
METHOD: Final = 1
SCHEME: Final = 2
AUTHORITY: Final = 3
PATH: Final = 4
STATUS: Final = 5
PROTOCOL: Final = 6
# Fields that matter to the reader or writer of a message.
HOST: Final = 7
CONTENT_LENGTH: Final = 8
COOKIE: Final = 9
TE: Final = 10
EXPECT: Final = 11
PRIORITY: Final = 12
# Fields that are not allowed in HTTP/2 and HTTP/3.
CONNECTION_SPECIFIC: Final = 13
UNKNOWN_PSEUDO: Final = 14
INVALID_NAME: Final = 15

# RFC 9113 8.2.2, RFC 9114 4.2: connection-specific fields are not allowed on streams.
CONNECTION_SPECIFIC_FIELDS: Final = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade")
)

KINDS: Final[dict[bytes, int]] = {
    b":method": METHOD,
    b":scheme": SCHEME,
    b":authority": AUTHORITY,
    b":path": PATH,
    b":status": STATUS,
    b":protocol": PROTOCOL,
    b"host": HOST,
    b"content-length": CONTENT_LENGTH,
    b"cookie": COOKIE,
    b"te": TE,
    b"expect": EXPECT,
    b"priority": PRIORITY,
    **dict.fromkeys(CONNECTION_SPECIFIC_FIELDS, CONNECTION_SPECIFIC),
}


def _lengths() -> int:
    bits = 0
    for name in KINDS:
        if name[0] != 0x3A:
            bits |= 1 << len(name)
    return bits


# The lengths of the names above except pseudo-header fields, as bits: nearly every other name has another length.
KIND_LENGTHS: Final[i64] = _lengths()
_CONTINUE: Final = b"100-continue"
_MOST_EXPECTATIONS: Final = 8
_LONGEST_EXPECT: Final = 128
_LONGEST: Final[i64] = max([len(name) for name in KINDS])


def kind_of(name: bytes) -> int:
    """Return the kind of a field of HTTP/2 or HTTP/3, whose name has no upper case; INVALID_NAME if it is invalid."""
    size: i64 = len(name)
    if size > 0 and name[0] == 0x3A:
        return KINDS.get(name, UNKNOWN_PSEUDO)
    if size == 0 or not is_lower_name(name):
        return INVALID_NAME
    if size > _LONGEST or (KIND_LENGTHS >> size) & 1 == 0:
        return REGULAR
    return KINDS.get(name, REGULAR)


def field_fault(kind: int, value: bytes) -> str | None:
    """Return the reason why a field of this kind cannot have this value in HTTP/2 or HTTP/3, or None if it can.

    Rules that depend on other fields, like those of Host and Content-Length, are not checked here.
    """
    if kind == REGULAR or HOST <= kind <= PRIORITY:
        if not is_field_value(value):
            return "invalid_field_value"
        # RFC 9113 8.2.2: TE may have only this value, in any case (RFC 9110 10.1.4).
        return "connection_specific_field" if kind == TE and lower(value) != b"trailers" else None
    if kind == METHOD:
        return None if is_token(value) else "invalid_method"
    if kind == PATH:
        return None if is_request_target(value) else "invalid_target"
    if kind == AUTHORITY:
        return None if is_host(value) else "invalid_host"
    if kind == SCHEME:
        return None if is_scheme(value) else "invalid_pseudo_field"
    if kind == PROTOCOL:
        return None if is_token(value) else "invalid_pseudo_field"
    if kind == STATUS:
        return None if is_status_value(value) else "invalid_status_code"
    if kind == CONNECTION_SPECIFIC:
        return "connection_specific_field"
    return "invalid_field_name" if kind == INVALID_NAME else "unexpected_pseudo_field"


def is_status_value(value: bytes) -> bool:
    """Return whether ``value`` is a status code: three digits, the first not zero (RFC 9110 15)."""
    return len(value) == 3 and 49 <= value[0] <= 57 and 48 <= value[1] <= 57 and 48 <= value[2] <= 57


def expects_continue(value: bytes) -> bool:
    """Return whether 100-continue, in any case, is among the expectations (RFC 9110 10.1.1).

    Nobody sends many, nor long ones: from a dynamic table a single octet could repeat them with every request.
    """
    if len(value) == len(_CONTINUE):
        return lower(value) == _CONTINUE
    if len(value) > _LONGEST_EXPECT or value.count(b",") >= _MOST_EXPECTATIONS:
        return False
    return _CONTINUE in [member.strip(b" \t") for member in lower(value).split(b",")]
