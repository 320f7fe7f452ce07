"""Content-Length values (RFC 9110 8.6): what nearly every one looks like."""

from zttp_h1.native_ints import i64


def plain_length(raw: bytes, at: i64, stop: i64) -> i64:
    """Return the length that up to 18 digits state, or -1 for what ``zttp_core.messages`` has to judge."""
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
