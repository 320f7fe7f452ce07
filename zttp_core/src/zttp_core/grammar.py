"""The field grammar that HTTP/1.1, HTTP/2 and HTTP/3 share (RFC 9110 5, RFC 9218 4). Pure: bytes in, values out.

The tables have one byte for each of the 256 values, so that a compiled plugin can bind them once and look bytes up in
its own loops; the functions are for everything that is not hot.
"""

from typing import Final

from zttp_core.field_names import LOWER
from zttp_core.native_ints import i64

_ALPHANUMERIC: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_HEX_DIGITS: Final = b"0123456789ABCDEFabcdef"
_IP_FUTURE_CHARS: Final = b"-._~!$&'()*+,;=:" + _ALPHANUMERIC


def _table(allowed: bytes) -> bytes:
    """Return 1 for each of the 256 bytes that is allowed, 0 for the others."""
    table = bytearray(256)
    for byte in allowed:
        table[byte] = 1
    return bytes(table)


# A-Z to a-z, every other byte as it is: for bytes.translate.
LOWER_TABLE: Final = LOWER
# 1 for tchar (RFC 9110 5.6.2).
TOKEN_TABLE: Final = _table(b"!#$%&'*+-.^_`|~" + _ALPHANUMERIC)
# 1 for what a field value may hold: HTAB, SP, VCHAR and obs-text (RFC 9110 5.5).
VALUE_TABLE: Final = bytes(9) + b"\x01" + bytes(22) + b"\x01" * 95 + bytes(1) + b"\x01" * 128
# 1 for what a request target may hold here: visible ASCII but "#", which starts a fragment (RFC 9112 3.2).
TARGET_TABLE: Final = bytes(33) + b"\x01\x01\x00" + b"\x01" * 91 + bytes(129)
# 1 for what a reg-name may hold as it is: unreserved and sub-delims (RFC 3986 3.2.2).
HOST_TABLE: Final = _table(b"-._~!$&'()*+,;=" + _ALPHANUMERIC)
_REG_NAME_TABLE: Final = _table(b"-._~!$&'()*+,;=%" + _ALPHANUMERIC)

DEFAULT_PRIORITY: Final[tuple[int, bool]] = (3, False)  # RFC 9218 4.1, 4.2

# RFC 9113 8.2.2, RFC 9114 4.2: fields that speak about a connection have no place where many streams share one.
CONNECTION_SPECIFIC: Final = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade")
)

# RFC 9110 6.5.1, 6.5.2: fields that frame, route, authenticate or control a message come too late in a trailer section.
FORBIDDEN_TRAILERS: Final = frozenset(
    (
        b"authorization",
        b"cache-control",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-range",
        b"content-type",
        b"expect",
        b"host",
        b"keep-alive",
        b"max-forwards",
        b"pragma",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"range",
        b"set-cookie",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"www-authenticate",
    )
)


def is_token(value: bytes) -> bool:
    """Tell whether ``value`` is a token: a method, a field name (RFC 9110 5.6.2)."""
    return len(value) > 0 and len(value.translate(TOKEN_TABLE).strip(b"\x01")) == 0


def is_field_value(value: bytes) -> bool:
    """Tell whether ``value`` can be a field value: no control bytes, no white space around it (RFC 9110 5.5)."""
    if len(value) == 0:
        return True
    if value[0] in (9, 32) or value[len(value) - 1] in (9, 32):
        return False
    return len(value.translate(VALUE_TABLE).strip(b"\x01")) == 0


def is_request_target(value: bytes) -> bool:
    """Tell whether ``value`` can be a request target (RFC 9112 3.2): visible ASCII without ``#``."""
    return len(value) > 0 and len(value.translate(TARGET_TABLE).strip(b"\x01")) == 0


def is_host(value: bytes) -> bool:
    """Tell whether ``value`` is ``uri-host [ ":" port ]`` (RFC 9110 7.2, RFC 3986 3.2.2); the empty value is."""
    host, bracket, rest = value.rpartition(b"]")
    if bracket:
        if not host.startswith(b"[") or not _is_ip_literal(host[1:]):
            return False
    else:
        host, colon, port = value.partition(b":")
        rest = colon + port
        if len(host.translate(_REG_NAME_TABLE).strip(b"\x01")) > 0 or not _is_percent_encoded(host):
            return False
    return rest == b"" or (rest[:1] == b":" and rest[1:].translate(None, b"0123456789") == b"")


def _is_ip_literal(inside: bytes) -> bool:
    # IPv6address or IPvFuture; zone identifiers (RFC 6874) are local to a machine and have no place in a message.
    if inside[:1] in (b"v", b"V"):
        version, dot, address = inside[1:].partition(b".")
        return (
            dot == b"."
            and len(version) > 0
            and version.translate(None, _HEX_DIGITS) == b""
            and len(address) > 0
            and address.translate(None, _IP_FUTURE_CHARS) == b""
        )
    head, double, tail = inside.partition(b"::")
    groups = _ipv6_groups(head, double == b"") if head != b"" or double == b"" else 0
    if double == b"":
        return groups == 8
    more = _ipv6_groups(tail, True) if tail != b"" else 0
    return groups >= 0 and more >= 0 and groups + more <= 7


def _ipv6_groups(text: bytes, last: bool) -> int:
    """Count the 16-bit groups; -1 if one is wrong. At the very end two may be written as an IPv4 address."""
    count = 0
    parts = text.split(b":")
    for number, part in enumerate(parts):
        if last and number == len(parts) - 1 and b"." in part:
            octets = part.split(b".")
            if len(octets) != 4:
                return -1
            for octet in octets:
                if not octet.isdigit() or len(octet) > 3 or int(octet) > 255 or (len(octet) > 1 and octet[0] == 0x30):
                    return -1
            count += 2
        elif 0 < len(part) <= 4 and part.translate(None, _HEX_DIGITS) == b"":
            count += 1
        else:
            return -1
    return count


def _is_percent_encoded(text: bytes) -> bool:
    # RFC 3986 2.1: every "%" starts two hexadecimal digits.
    for piece in text.split(b"%")[1:]:
        if len(piece) < 2 or piece[:2].translate(None, _HEX_DIGITS) != b"":
            return False
    return True


def parse_content_length(value: bytes) -> int:
    """Return the length that a Content-Length value states, or -1 if it is invalid (RFC 9110 8.6: 1*DIGIT).

    Lengths of 2**62 and more are invalid: no peer means them, and no machine integer holds them.
    """
    length: i64 = 0
    at: i64 = 0
    end: i64 = len(value)
    if end == 0:
        return -1
    while at < end:
        digit: i64 = i64(value[at]) - 0x30
        if digit < 0 or digit > 9 or length >= 461168601842738790:  # 2**62 / 10
            return -1
        length = length * 10 + digit
        at += 1
    return length


def parse_priority(value: bytes) -> tuple[int, bool]:
    """Return ``(urgency, incremental)`` of a Priority field value (RFC 9218 4).

    What is missing, unknown, of the wrong type or out of range counts as not sent: a bad priority is never an error.
    """
    urgency = 3
    incremental = False
    for member in value.split(b","):
        item = member.split(b";")[0].strip(b" \t")
        if len(item) == 3 and item[:2] == b"u=" and 0x30 <= item[2] <= 0x37:
            urgency = item[2] - 0x30
        elif item == b"i" or item == b"i=?1":
            incremental = True
        elif item == b"i=?0":
            incremental = False
    return (urgency, incremental)


def lower(name: bytes) -> bytes:
    """Return ``name`` with A-Z in lower case and every other byte as it is."""
    return name.translate(LOWER)
