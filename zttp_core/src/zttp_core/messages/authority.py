"""Hosts and ports: the Host field, ``:authority``, and the authority of a request target (RFC 9110 4.2, 7.2)."""

from typing import Final

from zttp_core.messages.grammar import HOST_TABLE, all_in, lower, table_of
from zttp_core.native_ints import i64

_DIGITS: Final = b"0123456789"
_HEX_DIGITS: Final = b"0123456789ABCDEFabcdef"
_HEX_TABLE: Final = table_of(_HEX_DIGITS)
_IP_FUTURE_TABLE: Final = table_of(
    b"-._~!$&'()*+,;=:" + _DIGITS + b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)
_LARGEST_PORT: Final = 65535


def is_host(value: bytes) -> bool:
    """Return whether ``value`` is ``uri-host [ ":" port ]`` (RFC 9110 7.2, RFC 3986 3.2.2); the empty value is.

    A port without a host is not: http and https have no empty host (RFC 9110 4.2.1). Userinfo is not allowed: RFC 9110
    4.2.4 deprecates it, and RFC 9113 8.3.1 and RFC 9114 4.3.1 forbid it.
    """
    if all_in(value, HOST_TABLE):
        return True
    host, bracket, rest = value.rpartition(b"]")
    if bracket:
        if not host.startswith(b"[") or not _is_ip_literal(host[1:]):
            return False
    else:
        host, colon, port = value.partition(b":")
        rest = colon + port
        if host == b"" or not _is_reg_name(host):
            return False
    return rest == b"" or (rest[:1] == b":" and rest[1:].translate(None, _DIGITS) == b"")


def is_host_and_port(value: bytes) -> bool:
    """Return whether ``value`` names a host and a port to connect to, as for CONNECT (RFC 9110 9.3.6)."""
    host, colon, port = value.rpartition(b":")
    if colon == b"" or host == b"" or not 0 < len(port) < 6 or port.translate(None, _DIGITS) != b"":
        return False
    return 0 < int(port) <= _LARGEST_PORT and is_host(value)


def is_same_authority(one: bytes, other: bytes) -> bool:
    """Return whether both name the same authority: hosts are case-insensitive (RFC 3986 6.2.2.1)."""
    return one == other or lower(one) == lower(other)


def _is_reg_name(text: bytes) -> bool:
    at: i64 = 0
    end: i64 = len(text)
    while at < end:
        byte = text[at]
        at += 1
        if byte == 0x25:
            # RFC 3986 2.1: every "%" starts two hexadecimal digits.
            if at + 2 > end or _HEX_TABLE[text[at]] == 0 or _HEX_TABLE[text[at + 1]] == 0:
                return False
            at += 2
        elif HOST_TABLE[byte] == 0:
            return False
    return True


def _is_ip_literal(inside: bytes) -> bool:
    # IPv6address or IPvFuture; zone identifiers (RFC 6874) are local to a machine and not allowed in a message.
    if inside[:1] in (b"v", b"V"):
        version, dot, address = inside[1:].partition(b".")
        return (
            dot == b"."
            and len(version) > 0
            and version.translate(None, _HEX_DIGITS) == b""
            and len(address) > 0
            and all_in(address, _IP_FUTURE_TABLE)
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
