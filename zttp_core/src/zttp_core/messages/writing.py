"""Makes field sections of HTTP/2 and HTTP/3 from a caller's arguments (RFC 9113 8.2, 8.3, RFC 9114 4.2, 4.3).

Names are given in any case and sent in lower case; pseudo-header fields are made from the arguments. Anything that the
reading side would refuse raises LocalProtocolError before it is encoded.
"""

from typing import Final

from zttp_core.messages.authority import is_host, is_same_authority
from zttp_core.messages.content import EMPTY, OTHER, STATUS_RULES, is_status, may_state_length
from zttp_core.messages.content_length import given_content_length
from zttp_core.messages.fields import (
    AUTHORITY,
    CONTENT_LENGTH,
    HOST,
    METHOD,
    PROTOCOL,
    UNKNOWN_PSEUDO,
    field_fault,
    kind_of,
)
from zttp_core.messages.grammar import is_request_target, is_scheme, is_token, lower
from zttp_core.messages.reading import trailer_fault
from zttp_core.messages.targets import Parts, is_http, split_target
from zttp_core.native_ints import i64
from zttp_core.reasons import local_error

_SWITCHING_PROTOCOLS: Final = 101

Fields = list[tuple[bytes, bytes]]


def write_request(
    method: bytes,
    target: bytes,
    fields: Fields,
    scheme: bytes = b"https",
    protocol: bytes | None = None,
    strict_authority: bool = False,
) -> tuple[Fields, int]:
    """Return the field section of a request, and its Content-Length, -1 without one. Raises LocalProtocolError.

    ``target`` has any form of RFC 9112 3.2; the authority of an absolute one takes precedence over a ``host`` field.
    ``strict_authority`` is as in ``read_request``.
    """
    given, has_authority = given_authority(fields)
    sent_scheme, authority, path = request_parts(method, target, scheme, given, protocol)
    if strict_authority and authority is None and sent_scheme is not None and is_http(sent_scheme):
        raise local_error("missing_pseudo_field", b":authority")
    section = [(b":method", method)]
    if sent_scheme is not None:
        section.append((b":scheme", sent_scheme))
    if authority is not None:
        section.append((b":authority", authority))
    if path is not None:
        section.append((b":path", path))
    if protocol is not None:
        section.append((b":protocol", protocol))
    return section, _write_fields(section, fields, True, has_authority)


def write_response(status: int, fields: Fields, kind: int = OTHER) -> tuple[Fields, int]:
    """Return the field section of a response, and its Content-Length, -1 without one. Raises LocalProtocolError.

    ``kind`` is that of the request's method (``content.method_kind``). A Content-Length that the response must not have
    is left out (RFC 9110 8.6).
    """
    if not is_status(status):
        raise local_error("invalid_status_code", b"%d" % status)
    if status == _SWITCHING_PROTOCOLS:
        raise local_error("switching_protocols", b"101")
    section = [(b":status", b"%d" % status)]
    length = _write_fields(section, fields, may_state_length(status, kind), False)
    if length > 0 and STATUS_RULES[status] & EMPTY:
        raise local_error("no_content_allowed", b"%d" % status)
    return section, length


def write_trailers(fields: Fields) -> Fields:
    """Return the field section of trailers. Raises LocalProtocolError."""
    section = []
    for name, value in fields:
        small = lower(name)
        fault = trailer_fault(small, value)
        if fault is not None:
            raise field_error("pseudo_field_given" if fault == "pseudo_field_in_trailers" else fault, name, value)
        section.append((small, value))
    return section


def _write_fields(section: Fields, fields: Fields, states_length: bool, leaves_host: bool) -> int:
    """Append the fields after the pseudo-header fields; return the Content-Length."""
    content_length = -1
    stated = b""
    for name, value in fields:
        small = lower(name)
        kind: i64 = kind_of(small)
        if (leaves_host and (kind == HOST or kind == AUTHORITY)) or (kind == CONTENT_LENGTH and not states_length):
            continue
        fault = given_field_fault(kind, value)
        if fault is not None:
            raise field_error(fault, name, value)
        if kind == CONTENT_LENGTH:
            fault, content_length = given_content_length(value, stated)
            if fault is not None:
                raise local_error(fault, value)
            if stated != b"":
                continue
            stated = value
        section.append((small, value))
    return content_length


def given_field_fault(kind: int, value: bytes) -> str | None:
    """Return the reason why a field of this kind cannot be given with this value, or None if it can."""
    if METHOD <= kind <= PROTOCOL or kind == UNKNOWN_PSEUDO:
        return "pseudo_field_given"
    return field_fault(kind, value)


def field_fault_of(name: bytes, value: bytes) -> str:
    """Return the reason why this field, whose name is in any case, cannot be given; there is one."""
    fault = given_field_fault(kind_of(lower(name)), value)
    return "invalid_field_value" if fault is None else fault


def field_error(reason: str, name: bytes, value: bytes) -> Exception:
    """Make the error for a field that must not be sent; it shows the name, or the whole field."""
    excerpt = name + b": " + value if reason == "invalid_field_value" or lower(name) == b"te" else name
    error: Exception = local_error(reason, excerpt)
    return error


def given_authority(fields: Fields) -> tuple[bytes | None, bool]:
    """Return the authority of ``host`` or ``:authority`` in the fields, and whether there is one.

    Raises LocalProtocolError for two of a kind, two that differ, or an invalid host (RFC 9112 3.2, RFC 9113 8.3.1).
    """
    host: bytes | None = None
    authority: bytes | None = None
    for name, value in fields:
        size = len(name)
        if size != 4 and size != 10:
            continue
        small = lower(name)
        if small == b"host":
            if host is not None:
                raise local_error("duplicate_host", value)
            host = value
        elif small == b":authority":
            if authority is not None:
                raise local_error("duplicate_pseudo_field", name)
            authority = value
        else:
            continue
        if not is_host(value):
            raise local_error("invalid_host", value)
    if host is None:
        return authority, authority is not None
    if authority is not None and not is_same_authority(host, authority):
        raise local_error("conflicting_authority", host)
    return (host if authority is None else authority), True


def request_parts(method: bytes, target: bytes, scheme: bytes, given: bytes | None, protocol: bytes | None) -> Parts:
    """Return the values of ``:scheme``, ``:authority`` and ``:path``, None for one that is not sent.

    ``given`` is the authority from the fields. Raises LocalProtocolError. RFC 9113 8.3.1, 8.5, RFC 8441 4.
    """
    if not is_token(method):
        raise local_error("invalid_method", method)
    if not is_request_target(target):
        raise local_error("invalid_target", target)
    connect = method == b"CONNECT"
    if protocol is not None:
        if not connect:
            raise local_error("protocol_without_connect", method)
        if not is_token(protocol):
            raise local_error("invalid_pseudo_field", b":protocol " + protocol)
    # RFC 8441 4: an extended CONNECT names its resource like any other request.
    parts = split_target(b"GET" if protocol is not None else method, target)
    if parts is None:
        raise local_error("invalid_target_form", target)
    if connect and protocol is None:
        return parts
    stated, named, path = parts
    if stated is None:
        if not is_scheme(scheme):
            raise local_error("invalid_pseudo_field", b":scheme " + scheme)
        stated = scheme
        # RFC 9113 8.3.1: without an authority, none is sent.
        named = given if given != b"" else None
    elif named is not None and given is not None and not is_same_authority(named, given):
        raise local_error("conflicting_authority", given)
    if connect and named is None:
        raise local_error("missing_pseudo_field", b":authority")
    return lower(stated), named, path
