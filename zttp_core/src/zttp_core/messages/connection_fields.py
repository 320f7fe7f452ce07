"""The hop-by-hop fields of an HTTP/1.1 message (RFC 9110 7.6.1)."""

from zttp_core.messages.fields import CONNECTION_SPECIFIC_FIELDS
from zttp_core.messages.grammar import lower


def end_to_end(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the fields that may be forwarded to HTTP/2, HTTP/3 or another HTTP/1.1 connection, names in lower case.

    Left out are connection-specific fields, those that ``Connection`` lists, and TE except for trailers.
    """
    named = [(lower(name), value) for name, value in fields]
    gone = set(CONNECTION_SPECIFIC_FIELDS)
    for name, value in named:
        if name == b"connection":
            gone.update([lower(option.strip(b" \t")) for option in value.split(b",")])
    gone.discard(b"host")  # listing it would remove the authority of the request
    kept = []
    for name, value in named:
        if name == b"te":
            # RFC 9113 8.2.2; a proxy states it again for itself.
            if b"trailers" in [lower(coding.strip(b" \t")) for coding in value.split(b",")]:
                kept.append((name, b"trailers"))
        elif name not in gone:
            kept.append((name, value))
    return kept
