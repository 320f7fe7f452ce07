"""Content-Length values (RFC 9110 8.6): the usual form."""

from zttp_h2.native_ints import i64


def plain_length(value: bytes) -> i64:
    """Return the length of up to 18 digits, or -1 for a value that ``zttp_core.messages`` must check."""
    size: i64 = len(value)
    if size == 0 or size > 18:
        return -1
    length: i64 = 0
    at: i64 = 0
    while at < size:
        digit: i64 = i64(value[at]) - 0x30
        if digit < 0 or digit > 9:
            return -1
        length = length * 10 + digit
        at += 1
    return length
