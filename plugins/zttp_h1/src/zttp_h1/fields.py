"""The field section of a message: field lines in, the facts that framing needs out (RFC 9112 5).

Each line is validated in one pass. No object is made for a name or a value: ``zttp_core.field_lines`` splits the
section if it is read. The few fields that the parser itself needs are recognised by their length and their words in the
same pass.
"""

from typing import Final

from librt.strings import read_i16_le, read_i64_le

from zttp_core.messages.authority import is_host
from zttp_core.messages.content_length import read_content_length
from zttp_core.messages.fields import expects_continue
from zttp_core.messages.trailers import FORBIDDEN_TRAILERS as _FORBIDDEN_TRAILERS
from zttp_h1.content_length import plain_length
from zttp_h1.head import CHUNKED, EXPECT_CONTINUE, HOST, OTHER_CODINGS, UPGRADE, Head
from zttp_h1.malformed import Malformed, within_line
from zttp_h1.names import (
    NAME_CONNECTION,
    NAME_CONTENT_LENGTH,
    NAME_EXPECT,
    NAME_HOST,
    NAME_TRANSFER_ENCODING,
    UNKNOWN,
    connection_options,
    lower,
    recognise,
)
from zttp_h1.native_ints import i64
from zttp_h1.scan import first_hit, scan_host, scan_token, scan_value, token_hits, value_hits

FORBIDDEN_TRAILERS: Final[frozenset[bytes]] = _FORBIDDEN_TRAILERS


def _beginnings() -> bytes:
    """Of each first byte and length below 32: whether a name that must not be a trailer has both."""
    table = bytearray(256 * 32)
    for name in FORBIDDEN_TRAILERS:
        for first in (name[0], name[0] - 32):  # in either case
            table[first * 32 + len(name)] = 1
    return bytes(table)


_BEGINNINGS: Final = _beginnings()

# The kind of section.
REQUEST: Final = 0
RESPONSE: Final = 1
TRAILERS: Final = 2

_CRLF: Final = 0x0A0D
_MOST_BLANKS: Final = 16  # are examined after a name, to find its fault


def parse_fields(head: Head, raw: bytes, at: i64, end: i64, shift: i64, most: i64, longest: i64, kind: i64) -> i64:
    """Parse field lines from ``raw[at:end]`` up to and with the empty line.

    Returns the end of the section, or, if bytes are missing, ``-1 -`` the start of the incomplete line.
    ``shift`` turns a position in ``raw`` into one in the section; there may be ``most`` fields, in lines of at most
    ``longest`` bytes. ``kind`` is the kind of section: the fields that the parser needs are recognised, but in a
    trailer section those that come too late are refused. Raises Malformed.
    """
    count = head.count
    # One comparison in the loop: in a trailer section each field is checked, in others only those beyond the limit.
    unjudged = most
    if kind == TRAILERS:  # a conditional expression with a literal would make objects of both
        unjudged = 0
    while True:
        start = at
        # Eight bytes at a time, without a call: this reads all but the last field of a buffer, if nothing is unusual.
        hits: i64 = 0
        while at + 8 <= end:
            hits = token_hits(read_i64_le(raw, at))
            if hits != 0:
                at += first_hit(hits)
                break
            at += 8
        if hits == 0 or raw[at] != 0x3A or at == start:
            if at == start and at + 2 <= end and read_i16_le(raw, at) == _CRLF:
                head.count = count
                return at + 2
            at = _name_end(raw, start, at, end, longest)
            if at < 0:
                head.count = count
                return -1 - start
        name = recognise(raw, start, at - start)
        at += 1
        if at < end and raw[at] == 32:
            at += 1
        value = at
        if name == NAME_HOST:
            # A value that is only a registered name, as nearly every one is, is scanned once.
            at = scan_host(raw, at, end)
        plain = at
        hits = 0
        while at + 8 <= end:
            hits = value_hits(read_i64_le(raw, at))
            if hits != 0:
                at += first_hit(hits)
                break
            at += 8
        if hits == 0 or at + 2 > end or read_i16_le(raw, at) != _CRLF:
            at = _value_end(raw, start, at, end, longest)
            if at < 0:
                head.count = count
                return -1 - start
        stop = at
        at += 2
        if stop - start > longest:
            raise Malformed("line_too_long", start)
        # RFC 9112 5.1: white space around the value is not part of it.
        while stop > value and raw[stop - 1] <= 32:
            stop -= 1
        count += 1
        if count > unjudged:
            _judge(raw, start, count, most, kind)
        if name != UNKNOWN:
            while value < stop and (raw[value] == 32 or raw[value] == 9):
                value += 1
            if kind == REQUEST or (kind == RESPONSE and name != NAME_HOST):  # Host means nothing in a response
                _note(head, raw, start, name, value, stop, shift, plain)


def _judge(raw: bytes, start: i64, count: i64, most: i64, kind: i64) -> None:
    """Refuse a field beyond the limit, or one that comes too late."""
    if count > most:
        raise Malformed("too_many_trailers" if kind == TRAILERS else "too_many_fields", start)
    # RFC 9110 6.5.1: merging it with the header fields is dangerous. The first byte decides for most names.
    colon = start
    while raw[colon] != 0x3A:
        colon += 1
    size = colon - start
    if size < 32 and _BEGINNINGS[i64(raw[start]) * 32 + size] != 0 and lower(raw[start:colon]) in FORBIDDEN_TRAILERS:
        raise Malformed("forbidden_trailer", start, raw[start:colon])


def _name_end(raw: bytes, start: i64, at: i64, end: i64, longest: i64) -> i64:
    """Return the position of the colon after the name, whose bytes before ``at`` are valid; -1 if bytes are missing."""
    at = scan_token(raw, at, end)
    if at >= end:
        return -1
    if raw[at] != 0x3A or at == start:
        error = _name_error(raw, start, at, end)
        if error is None:
            return -1
        raise within_line(error, start, longest)
    return at


def _value_end(raw: bytes, start: i64, at: i64, end: i64, longest: i64) -> i64:
    """Return the position of CRLF after the value, whose bytes before ``at`` are valid; -1 if bytes are missing."""
    at = scan_value(raw, at, end)
    if at >= end or (at + 1 >= end and raw[at] == 13):
        return -1
    if raw[at] != 13 or raw[at + 1] != 10:
        raise within_line(_value_error(raw, start, at), start, longest)
    return at


def _note(head: Head, raw: bytes, start: i64, name: i64, value: i64, stop: i64, shift: i64, plain: i64) -> None:
    """Record a field that the parser needs; the bytes before ``plain`` are valid in a host."""
    if name == NAME_HOST:
        _check_host(head, raw, start, value, stop, plain)
    elif name == NAME_CONNECTION:
        head.facts |= connection_options(raw, value, stop)
    elif name == NAME_CONTENT_LENGTH:
        _content_length(head, raw, start, value, stop, shift)
    elif name == NAME_TRANSFER_ENCODING:
        _transfer_encoding(head, raw, value, stop, shift)
    elif name == NAME_EXPECT:
        # RFC 9110 10.1.1: another expectation may be ignored.
        if expects_continue(raw[value:stop]):
            head.facts |= EXPECT_CONTINUE
    else:
        if head.upgrades is None:
            head.upgrades = []
        head.upgrades.append(raw[value:stop])
        head.facts |= UPGRADE


def _check_host(head: Head, raw: bytes, start: i64, value: i64, stop: i64, plain: i64) -> None:
    # RFC 9112 3.2: a server must refuse a request with several Host fields or an invalid one.
    if head.facts & HOST:
        raise Malformed("duplicate_host", start)
    head.facts |= HOST
    if plain < stop and not is_host(raw[value:stop]):
        raise Malformed("invalid_host", value, raw[value:stop])


def _content_length(head: Head, raw: bytes, start: i64, value: i64, stop: i64, shift: i64) -> None:
    # RFC 9112 6.3: a list of identical lengths counts once. Only that one remains in the fields, so that the list is
    # not forwarded (RFC 9110 8.6).
    digits = stop - value
    length = plain_length(raw, value, stop)
    if length < 0:
        reason, stated, length = read_content_length(raw[value:stop])
        if reason is not None:
            raise Malformed(reason, value, raw[value:stop])
        digits = len(stated)
    if head.content_length < 0:
        head.content_length = length
        head.length_digits = digits
        head.framed_at = value + shift
        if value + digits < stop:
            head.cut(value + digits + shift, stop + shift)
    elif head.content_length == length and head.length_digits == digits:
        head.cut(start + shift, _line_end(raw, stop) + shift)
    else:
        raise Malformed("conflicting_content_length", start, raw[value:stop])


def _line_end(raw: bytes, at: i64) -> i64:
    while raw[at] != 10:
        at += 1
    return at + 1


def _transfer_encoding(head: Head, raw: bytes, value: i64, stop: i64, shift: i64) -> None:
    codings = lower(raw[value:stop])
    head.framed_at = value + shift
    if head.facts & (CHUNKED | OTHER_CODINGS) == 0 and codings == b"chunked":
        head.facts |= CHUNKED
        return
    if head.codings is None:
        head.codings = [b"chunked"] if head.facts & CHUNKED else []
    head.codings.append(codings)
    head.facts |= OTHER_CODINGS


def _name_error(raw: bytes, start: i64, at: i64, end: i64) -> Malformed | None:
    """Return why the field line that starts at ``start`` has no valid name; ``at`` is the end of the token.

    None: that depends on bytes still to come.
    """
    byte = raw[at]
    if byte == 10:
        return Malformed("bare_lf", at)
    if byte == 13:
        if at + 1 >= end:
            return None
        return Malformed("missing_colon", start, raw[start:at], at) if raw[at + 1] == 10 else Malformed("bare_cr", at)
    if byte == 32 or byte == 9:
        if at == start:
            return Malformed("obsolete_line_folding", at)
        colon = at
        while colon < end and (raw[colon] == 32 or raw[colon] == 9) and colon - at < _MOST_BLANKS:
            colon += 1
        if colon >= end:
            return None
        if raw[colon] == 0x3A or colon - at == _MOST_BLANKS:
            return Malformed("whitespace_before_colon", at, raw[start : colon + 1], colon)
        return Malformed("invalid_field_name", at, raw[start : at + 1], colon)
    if byte == 0x3A:
        return Malformed("empty_field_name", at)
    return Malformed("invalid_field_name", at, raw[start : at + 1])


def _value_error(raw: bytes, start: i64, at: i64) -> Malformed:
    """Return why the byte at ``at`` is invalid in the value of the field line that starts at ``start``."""
    byte = raw[at]
    if byte == 10:
        return Malformed("bare_lf", at)
    if byte == 13:
        return Malformed("bare_cr", at)
    return Malformed("invalid_field_value", at, raw[start : at + 1])
