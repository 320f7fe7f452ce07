"""The protocols that a 101 may switch to: only those of the request's Upgrade field (RFC 9110 7.8).

Upgrade          = #protocol
protocol         = protocol-name ["/" protocol-version]
"""

from zttp_h1.head import UPGRADE_LISTED
from zttp_h1.names import connection_options, lower


def is_offered(answer: bytes, request: bytes) -> bool:
    """Return whether every protocol of ``answer``, at least one, is among those of ``request``.

    Names are compared in any case. A request without a version accepts any.
    """
    offered = set(_members(request))  # of any number
    chosen = _members(answer)
    named = [protocol for protocol in chosen if protocol in offered or protocol.partition(b"/")[0] in offered]
    return len(named) == len(chosen) > 0


def requested_by(fields: list[tuple[bytes, bytes]]) -> bytes | None:
    """Return the Upgrade value of a head that is sent, if its Connection field lists ``upgrade``."""
    values: list[bytes] = []
    options = 0
    for name, value in fields:
        known = lower(name)
        if known == b"upgrade":
            values.append(value)
        elif known == b"connection":
            options |= connection_options(value, 0, len(value))
    return b", ".join(values) if values and options & UPGRADE_LISTED else None


def _members(value: bytes) -> list[bytes]:
    return [member for member in [part.strip(b" \t") for part in lower(value).split(b",")] if member]
