"""Content-Length values (RFC 9110 8.6): the usual form."""

from zttp_h1.native_ints import i64


def plain_length(raw: bytes, at: i64, stop: i64) -> i64:
    """Return the length of up to 18 digits, or -1 for values that ``zttp_core.messages`` must check."""
    if at == stop or stop - at > 18:
        return -1
    length: i64 = 0
    while at < stop:
        digit = i64(raw[at]) - 0x30
        if digit < 0 or digit > 9:
            return -1
        length = length * 10 + digit
        at += 1
    return length
