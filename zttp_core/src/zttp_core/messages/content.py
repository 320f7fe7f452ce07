"""Which messages have content, and which may declare its length (RFC 9110 6.4.1, 8.6, 9.3).

``STATUS_RULES`` has one byte for each status code up to 999; the functions have the rules that depend on the request as
well.
"""

from typing import Final

# The kinds of requests that change how a response is read or written.
OTHER: Final = 0
HEAD: Final = 1  # its response has no content, but may declare the length of the response to GET
CONNECT: Final = 2  # a 2xx turns the connection or stream into a tunnel

# Bits of STATUS_RULES.
INFORMATIONAL: Final = 1  # 1xx: the final response follows (RFC 9110 15.2); 101 ends HTTP on HTTP/1.1 only
BODYLESS: Final = 2  # no content, whatever the fields say: 1xx, 204, 304
UNSTATED: Final = 4  # Content-Length and Transfer-Encoding must not be sent: 1xx, 204 (RFC 9110 8.6, RFC 9112 6.1)
EMPTY: Final = 8  # content must not be sent, though its framing is that of other responses: 205 (RFC 9110 15.3.6)


def _rules_of(status: int) -> int:
    if status < 200:
        return INFORMATIONAL | BODYLESS | UNSTATED if status >= 100 else 0
    return {204: BODYLESS | UNSTATED, 205: EMPTY, 304: BODYLESS}.get(status, 0)


STATUS_RULES: Final = bytes([_rules_of(status) for status in range(1000)])


def method_kind(method: bytes) -> int:
    """Return HEAD, CONNECT or OTHER. Methods are case-sensitive (RFC 9110 9.1)."""
    return HEAD if method == b"HEAD" else CONNECT if method == b"CONNECT" else OTHER


def is_status(status: int) -> bool:
    """Return whether ``status`` is three digits, the first not zero (RFC 9110 15)."""
    return 100 <= status <= 999


def is_tunnel(status: int, kind: int) -> bool:
    """Return whether this response to a request of this kind opens a tunnel (RFC 9110 9.3.6)."""
    return kind == CONNECT and 200 <= status < 300


def is_bodyless(status: int, kind: int) -> bool:
    """Return whether this response to a request of this kind has no content, whatever its fields say.

    RFC 9112 6.3, rules 1 and 2, and RFC 9110 6.4.1.
    """
    return kind == HEAD or STATUS_RULES[status] & BODYLESS != 0 or is_tunnel(status, kind)


def may_have_content(status: int, kind: int) -> bool:
    """Return whether content may be sent in this response to a request of this kind."""
    return not is_bodyless(status, kind) and STATUS_RULES[status] & EMPTY == 0


def may_state_length(status: int, kind: int) -> bool:
    """Return whether this response to a request of this kind may have Content-Length (RFC 9110 8.6)."""
    return STATUS_RULES[status] & UNSTATED == 0 and not is_tunnel(status, kind)
