"""The ``repr`` of bytes and fields: usual values whole, only the beginning of long ones.

A traceback or a log line must not grow with the input of a peer: 1 MiB of content would be 4 MiB of escapes.
"""

from typing import Final

_LONGEST_VALUE: Final = 1024  # bytes of one value
_LONGEST_NUMBER: Final = 512  # bits
_LONGEST_LIST: Final = 16_384  # characters of a list, after which no further entry is added


def excerpt(value: bytes) -> str:
    """Return the ``repr`` of a value, or of its beginning with its length."""
    if len(value) <= _LONGEST_VALUE:
        return repr(value)
    return f"{value[:_LONGEST_VALUE]!r}...({len(value)} bytes)"


def digits(value: int) -> str:
    """Return a number in digits, or the length of a huge one, which Python refuses to format."""
    return str(value) if value.bit_length() <= _LONGEST_NUMBER else f"<a number of {value.bit_length()} bits>"


def excerpt_of_fields(pairs: list[tuple[bytes, bytes]]) -> str:
    """Return the ``repr`` of a list of fields, or of its beginning and the number of omitted ones."""
    text = "["
    for number, (name, value) in enumerate(pairs):
        if number > 0:
            text += ", "
        if len(text) > _LONGEST_LIST:
            return text + f"...({len(pairs) - number} more)]"
        text += f"({excerpt(name)}, {excerpt(value)})"
    return text + "]"


def excerpt_of_settings(params: list[tuple[int, int]]) -> str:
    """Return the ``repr`` of a list of settings, or of its beginning and the number of omitted ones."""
    text = "["
    for number, param in enumerate(params):
        if number > 0:
            text += ", "
        if len(text) > _LONGEST_LIST:
            return text + f"...({len(params) - number} more)]"
        text += f"({digits(param[0])}, {digits(param[1])})"
    return text + "]"
