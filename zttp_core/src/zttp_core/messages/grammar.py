"""The characters of HTTP (RFC 9110 5, RFC 3986): those of names, values, tokens, schemes and targets.

The tables have one byte for each of the 256 values, 1 where it is allowed, so that a plugin can use them in its own
loops, or make its own tables from them at import. The functions are for everything that is not hot.
"""

from typing import Final

from librt.strings import read_i64_le

from zttp_core.native_ints import i64

_DIGITS: Final = b"0123456789"
_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_UPPER: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TCHARS: Final = b"!#$%&'*+-.^_`|~" + _DIGITS + _LETTERS


def table_of(allowed: bytes) -> bytes:
    """Return 1 for each of the 256 bytes that is allowed, 0 for the others."""
    table = bytearray(256)
    for byte in allowed:
        table[byte] = 1
    return bytes(table)


# A-Z to a-z, every other byte unchanged: for bytes.translate.
LOWER_TABLE: Final = bytes([byte + 32 if 65 <= byte <= 90 else byte for byte in range(256)])
# tchar (RFC 9110 5.6.2): methods, field names, options.
TOKEN_TABLE: Final = table_of(_TCHARS)
# The same without upper case: field names of HTTP/2 and HTTP/3 (RFC 9113 8.2.1, RFC 9114 4.2).
NAME_TABLE: Final = table_of(_TCHARS.translate(None, _UPPER))
# The bytes of a field value: HTAB, SP, VCHAR and obs-text (RFC 9110 5.5).
VALUE_TABLE: Final = bytes(9) + b"\x01" + bytes(22) + b"\x01" * 95 + bytes(1) + b"\x01" * 128
# The bytes of a request target: visible ASCII except "#", which starts a fragment (RFC 9112 3.2).
TARGET_TABLE: Final = bytes(33) + b"\x01\x01\x00" + b"\x01" * 91 + bytes(129)
# The bytes of a scheme after its first letter (RFC 3986 3.1).
SCHEME_TABLE: Final = table_of(b"+-." + _DIGITS + _LETTERS)
# The bytes of a reg-name that need no escape: unreserved and sub-delims (RFC 3986 3.2.2).
HOST_TABLE: Final = table_of(b"-._~!$&'()*+,;=" + _DIGITS + _LETTERS)


def all_in(text: bytes, table: bytes) -> bool:
    """Return whether ``table`` allows every byte of ``text``."""
    at: i64 = 0
    end: i64 = len(text)
    while at < end:
        if table[text[at]] == 0:
            return False
        at += 1
    return True


def is_token(value: bytes) -> bool:
    """Return whether ``value`` is a token: a method, a field name (RFC 9110 5.6.2)."""
    return len(value) > 0 and all_in(value, TOKEN_TABLE)


def is_lower_name(name: bytes) -> bool:
    """Return whether ``name`` is a field name of HTTP/2 and HTTP/3: a token without upper case."""
    return len(name) > 0 and all_in(name, NAME_TABLE)


def is_field_value(value: bytes) -> bool:
    """Return whether ``value`` can be a field value: no control bytes, no white space around it (RFC 9110 5.5)."""
    end: i64 = len(value)
    if end == 0:
        return True
    first: i64 = value[0]
    last: i64 = value[end - 1]
    if first == 32 or first == 9 or last == 32 or last == 9:
        return False
    at: i64 = 0
    ones: i64 = 0x0101010101010101
    high = (ones << 5) << 2
    while at + 8 <= end:
        word = read_i64_le(value, at)
        deleted = word ^ (high - ones)
        # Each term is non-zero exactly if the word has a byte below 0x20 or DEL; the table lets HTAB through.
        if (((word - (ones << 5)) & ~word) | ((deleted - ones) & ~deleted)) & high and not all_in(
            value[at : at + 8], VALUE_TABLE
        ):
            return False
        at += 8
    while at < end:
        if VALUE_TABLE[value[at]] == 0:
            return False
        at += 1
    return True


def is_request_target(value: bytes) -> bool:
    """Return whether ``value`` has the characters of a request target (RFC 9112 3.2): visible ASCII without ``#``."""
    return len(value) > 0 and all_in(value, TARGET_TABLE)


def is_scheme(value: bytes) -> bool:
    """Return whether ``value`` is the scheme of a URI (RFC 3986 3.1)."""
    return len(value) > 0 and 97 <= value[0] | 32 <= 122 and all_in(value, SCHEME_TABLE)


def lower(text: bytes) -> bytes:
    """Return ``text`` with A-Z in lower case and every other byte unchanged."""
    return text.translate(LOWER_TABLE)
