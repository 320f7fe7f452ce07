"""Request targets in both forms: in a request line, and as ``:scheme``, ``:authority`` and ``:path``.

RFC 9112 3.2 has four forms. ``split_target`` splits each, and so decides which are valid: HTTP/1.1 uses it to read and
write, and pseudo-header fields are made with it (RFC 9113 8.3.1, 8.5). ``join_target`` is for forwarding a request to
an HTTP/1.1 proxy. The characters of a target (``grammar.is_request_target``) are checked before.
"""

from zttp_core.messages.authority import is_host, is_host_and_port
from zttp_core.messages.grammar import is_scheme, lower
from zttp_core.native_ints import i64

# Scheme, authority and path; None for parts that a target does not have.
Parts = tuple[bytes | None, bytes | None, bytes | None]


def is_http(scheme: bytes) -> bool:
    """Return whether ``scheme`` is http or https, in any case (RFC 9110 4.2, RFC 3986 3.1)."""
    return lower(scheme) in (b"https", b"http")


def split_target(method: bytes, target: bytes) -> Parts | None:
    """Return the scheme, the authority and the path of ``target``, or None if ``method`` does not allow its form."""
    if method == b"CONNECT":
        # authority-form (RFC 9112 3.2.3): a host and a port, both required.
        return (None, target, None) if is_host_and_port(target) else None
    if target[:1] == b"/":
        return (None, None, target)  # origin-form
    if target == b"*":
        # asterisk-form (RFC 9112 3.2.4)
        return (None, None, target) if method == b"OPTIONS" else None
    return _split_absolute(method, target)


def _split_absolute(method: bytes, target: bytes) -> Parts | None:
    # absolute-form (RFC 9112 3.2.2): a scheme, a colon and more. Only http and https need an authority.
    scheme, _, rest = target.partition(b":")
    if rest == b"" or not is_scheme(scheme):
        return None
    http = is_http(scheme)
    if rest[:2] != b"//":
        return None if http else (scheme, None, rest)
    at: i64 = 2
    end: i64 = len(rest)
    while at < end and rest[at] != 0x2F and rest[at] != 0x3F:
        at += 1
    authority = rest[2:at]
    # RFC 9110 4.2.1, 4.2.4: a host that is not empty, and no userinfo.
    if (http and authority == b"") or not is_host(authority):
        return None
    path = rest[at:]
    if path == b"":
        # RFC 9113 8.3.1: OPTIONS for a URI without a path asks about the server.
        path = b"*" if http and method == b"OPTIONS" else b"/"
    elif path[0] == 0x3F:
        path = b"/" + path
    return (scheme, authority if authority != b"" else None, path)


def join_target(scheme: bytes, authority: bytes | None, path: bytes) -> bytes:
    """Return the absolute-form of a target, for a request to a proxy (RFC 9112 3.2.2, 3.2.4)."""
    if path == b"*":
        path = b""
    if authority is not None:
        return scheme + b"://" + authority + path
    # RFC 3986 3.3: without an authority a path must not start like one.
    return scheme + (b":///" + path[1:] if path[:1] == b"/" else b":" + path)


def target_fault(
    method: bytes | None,
    scheme: bytes | None,
    authority: bytes | None,
    path: bytes | None,
    protocol: bytes | None,
    extended_connect: bool,
) -> str | None:
    """Return the reason why a request cannot have these pseudo-header fields together, or None if it can.

    Each is valid by itself. The target is the path, or the authority if there is none.
    """
    if method is None:
        return "missing_pseudo_field"
    connect = method == b"CONNECT"
    if protocol is not None and not (connect and extended_connect):
        return "unexpected_pseudo_field"  # RFC 8441 3: only if it was announced
    if connect and protocol is None:
        # RFC 9113 8.5
        if scheme is not None or path is not None:
            return "unexpected_pseudo_field"
        if authority is None:
            return "missing_pseudo_field"
        return None if is_host_and_port(authority) else "invalid_target_form"
    if scheme is None or path is None or (connect and authority is None):
        return "missing_pseudo_field"  # RFC 9113 8.3.1, RFC 8441 4
    # RFC 9113 8.3.1: for http and https the path is absolute, or the asterisk of OPTIONS.
    if path[:1] != b"/" and is_http(scheme) and (path != b"*" or method != b"OPTIONS"):
        return "invalid_target_form"
    return None
