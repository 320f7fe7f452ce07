"""Reads a decoded field section as a request, a response or a trailer section (RFC 9113 8.1-8.5, RFC 9114 4.1-4.4).

One call for each section, with the pairs of a decoder. The result is the head, or, as a ``str``, the reason why it is
malformed: that is a stream error, and never raised.
"""

from typing import Final, cast, final

from zttp_core.messages.authority import is_host, is_same_authority
from zttp_core.messages.content_length import read_content_length
from zttp_core.messages.cookies import join_cookies
from zttp_core.messages.fields import (
    AUTHORITY,
    CONTENT_LENGTH,
    COOKIE,
    EXPECT,
    HOST,
    METHOD,
    PATH,
    PRIORITY,
    PROTOCOL,
    REGULAR,
    SCHEME,
    STATUS,
    TE,
    expects_continue,
    field_fault,
    kind_of,
)
from zttp_core.messages.grammar import is_field_value
from zttp_core.messages.priorities import join_priorities
from zttp_core.messages.targets import is_http, target_fault
from zttp_core.messages.trailers import FORBIDDEN_TRAILERS
from zttp_core.native_ints import i64, mypyc_attr

_SWITCHING_PROTOCOLS: Final = 101

Pair = tuple[bytes, bytes]
Fields = list[tuple[bytes, bytes]]


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class RequestHead:
    """A request head.

    Attributes:
        method: The method.
        target: ``:path``, or for CONNECT the host and port.
        scheme: ``:scheme``; None for CONNECT.
        authority: ``:authority``, or otherwise Host; None without both.
        protocol: ``:protocol`` of an extended CONNECT (RFC 8441, RFC 9220).
        fields: The other fields; ``:authority`` comes first as ``host``, Cookie is one field, Content-Length one
            number.
        content_length: Its value, -1 without one.
        expect_continue: The client waits for a 100 before it sends content (RFC 9110 10.1.1).
        te_trailers: The client accepts trailers (RFC 9110 10.1.4).
        priority: ``(urgency, incremental)``, None if there is no Priority field (RFC 9218 4).
    """

    def __init__(self) -> None:
        self.method: bytes = b""
        self.target: bytes = b""
        self.scheme: bytes | None = None
        self.authority: bytes | None = None
        self.protocol: bytes | None = None
        self.fields: Fields = []
        self.content_length: i64 = -1
        self.expect_continue: bool = False
        self.te_trailers: bool = False
        self.priority: tuple[int, bool] | None = None


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ResponseHead:
    """A response head.

    Attributes:
        status: The status code.
        fields: The other fields; Content-Length is one number.
        content_length: Its value, -1 without one.
    """

    def __init__(self, status: i64, fields: Fields, content_length: i64) -> None:
        self.status: Final[i64] = status
        self.fields: Final = fields
        self.content_length: Final[i64] = content_length


def read_request(fields: Fields, extended_connect: bool = False, strict_authority: bool = False) -> RequestHead | str:
    """Read the field section of a request.

    ``extended_connect``: it was announced (RFC 8441 3). ``strict_authority``: http and https need an authority that is
    not empty, and a Host field must have the same octets (RFC 9114 4.3.1).
    """
    method: bytes | None = None
    path: bytes | None = None
    named: bytes | None = None  # :authority
    host: bytes | None = None
    head = RequestHead()
    kept: list[object] = [None]  # room for the host
    crumbs: list[bytes] = []
    priorities: list[bytes] = []
    cookie_at = 0
    digits = b""
    seen: i64 = 0
    for pair in cast("list[object]", fields):
        name, value = cast("Pair", pair)
        kind: i64 = kind_of(name)
        if kind == REGULAR:
            if not is_field_value(value):
                return "invalid_field_value"
            kept.append(pair)
            continue
        fault = field_fault(kind, value)
        if fault is not None:
            return fault
        if kind <= PROTOCOL:
            if len(kept) > 1 or seen >> HOST != 0:
                return "misplaced_pseudo_field"
            if kind == STATUS:
                return "unexpected_pseudo_field"
            if (seen >> kind) & 1:
                return "duplicate_pseudo_field"
            seen |= _bit(kind)
            if kind == METHOD:
                method = value
            elif kind == PATH:
                path = value
            elif kind == SCHEME:
                head.scheme = value
            elif kind == AUTHORITY:
                named = value
            else:
                head.protocol = value
            continue
        seen |= _bit(kind)
        if kind == HOST:
            if host is not None:
                return "duplicate_host"
            if not is_host(value):
                return "invalid_host"
            host = value
            if named is not None:
                if value != named and (strict_authority or not is_same_authority(value, named)):
                    return "conflicting_authority"
                continue
        elif kind == CONTENT_LENGTH:
            before = digits
            fault, digits, length = read_content_length(value, before)
            if fault is not None:
                return fault
            head.content_length = length
            if before != b"":
                continue
            if digits != value:
                kept.append((name, digits))
                continue
        elif kind == COOKIE:
            crumbs.append(value)
            if len(crumbs) > 1:
                continue
            cookie_at = len(kept)
        elif kind == EXPECT:
            head.expect_continue = head.expect_continue or expects_continue(value)
        elif kind == PRIORITY:
            priorities.append(value)
        elif kind == TE:
            head.te_trailers = True
        kept.append(pair)
    fault = target_fault(method, head.scheme, named, path, head.protocol, extended_connect)
    if fault is not None:
        return fault
    authority = host if named is None else named
    if strict_authority and head.scheme is not None and is_http(head.scheme):
        if authority is None:
            return "missing_pseudo_field"
        if authority == b"":
            return "invalid_host"
    assert method is not None
    head.method = method
    head.authority = authority
    if path is not None:
        head.target = path
    elif named is not None:
        head.target = named
    if len(crumbs) > 1:
        kept[cookie_at] = (b"cookie", join_cookies(crumbs))
    if named is not None:
        kept[0] = (b"host", named)
    else:
        del kept[0]
    head.fields = cast("Fields", kept)
    head.priority = join_priorities(priorities)
    return head


def read_response(fields: Fields) -> ResponseHead | str:
    """Read the field section of a response, final or informational."""
    status: i64 = -1
    kept: list[object] = []
    content_length: i64 = -1
    digits = b""
    regular = False
    for pair in cast("list[object]", fields):
        name, value = cast("Pair", pair)
        kind: i64 = kind_of(name)
        if kind == REGULAR:
            if not is_field_value(value):
                return "invalid_field_value"
        else:
            fault = field_fault(kind, value)
            if fault is not None:
                return fault
            if kind <= PROTOCOL:
                if regular:
                    return "misplaced_pseudo_field"
                if kind != STATUS:
                    return "unexpected_pseudo_field"
                if status >= 0:
                    return "duplicate_pseudo_field"
                status = int(value)
                continue
            if kind == CONTENT_LENGTH:
                before = digits
                fault, digits, length = read_content_length(value, before)
                if fault is not None:
                    return fault
                content_length = length
                if before != b"":
                    continue
                if digits != value:
                    kept.append((name, digits))
                    regular = True
                    continue
        regular = True
        kept.append(pair)
    if status < 0:
        return "missing_pseudo_field"
    # RFC 9113 8.6, RFC 9114 4.5: 101 has no meaning here.
    if status == _SWITCHING_PROTOCOLS:
        return "switching_protocols"
    return ResponseHead(status, cast("Fields", kept), content_length)


def read_trailers(fields: Fields) -> Fields | str:
    """Read a trailer section; the fields are returned unchanged."""
    for name, value in fields:
        fault = trailer_fault(name, value)
        if fault is not None:
            return fault
    return fields


def trailer_fault(name: bytes, value: bytes) -> str | None:
    """Return the reason why a trailer section of HTTP/2 or HTTP/3 cannot have this field, or None if it can."""
    kind: i64 = kind_of(name)
    if kind != REGULAR:
        if name[:1] == b":":
            return "pseudo_field_in_trailers"
        if name in FORBIDDEN_TRAILERS:
            return "forbidden_trailer"
        return field_fault(kind, value)
    if name in FORBIDDEN_TRAILERS:
        return "forbidden_trailer"
    return None if is_field_value(value) else "invalid_field_value"


def _bit(kind: i64) -> i64:
    return _BITS[kind]


_BITS: Final = [1 << kind for kind in range(16)]
