"""Content-Length values (RFC 9110 8.6), as they are read and as they are given to be sent."""

from zttp_h2.native_ints import i64


def parse_content_length(value: bytes) -> i64:
    """Return the length that a value states, or -1 if it is not 1*DIGIT below 2**60."""
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
