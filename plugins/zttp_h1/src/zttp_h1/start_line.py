"""The start line: request line and status line (RFC 9112 3, 4). Pure: bytes in, values out.

Both parsers fill a ``Head``, return the end of the line, or -1 if bytes are missing, and raise Malformed.
"""

from typing import Final

from librt.strings import read_i16_le, read_i32_le, read_i64_le

from zttp_core.messages.targets import split_target
from zttp_h1.head import Head
from zttp_h1.malformed import Malformed, within_line
from zttp_h1.native_ints import i64
from zttp_h1.scan import first_hit, scan_target, scan_token, scan_value, target_hits

_HTTP_1_1: Final[i64] = 0x312E312F50545448  # HTTP/1.1
_HTTP_1_DOT: Final[i64] = 0x2E312F50545448  # HTTP/1.
_SEVEN_BYTES: Final[i64] = 0xFFFFFFFFFFFFFF
_CRLF: Final = 0x0A0D
_VERSION_PREFIX: Final = b"HTTP/1."

_GET: Final[i64] = 0x20544547  # "GET "
_POST: Final[i64] = 0x54534F50  # "POST"
_PUT: Final[i64] = 0x20545550  # "PUT "
_HEAD: Final[i64] = 0x44414548  # "HEAD"

_METHOD_GET: Final = b"GET"
_METHOD_POST: Final = b"POST"
_METHOD_PUT: Final = b"PUT"
_METHOD_HEAD: Final = b"HEAD"

LONGEST_METHOD: Final = 64
_TOO_LONG: Final = "request_target_too_long"


def parse_request_line(head: Head, raw: bytes, at: i64, end: i64, longest: i64) -> i64:
    """Parse ``method SP request-target SP HTTP-version CRLF`` (RFC 9112 3)."""
    start = at
    if at + 8 > end:
        return _parse_any_request(head, raw, start, end, longest)
    word = i64(read_i32_le(raw, at))
    if word == _GET:
        head.method = _METHOD_GET
        at += 4
    elif word == _POST and raw[at + 4] == 32:
        head.method = _METHOD_POST
        at += 5
    elif word == _PUT:
        head.method = _METHOD_PUT
        at += 4
    elif word == _HEAD and raw[at + 4] == 32:
        head.method = _METHOD_HEAD
        at += 5
    else:
        return _parse_any_request(head, raw, start, end, longest)
    target = at
    while at + 8 <= end:  # scan_target, as far as possible without a call: the version follows
        hits = target_hits(read_i64_le(raw, at))
        if hits != 0:
            at += first_hit(hits)
            break
        at += 8
    if (
        at + 11 <= end
        and at > target
        and raw[at] == 32
        and read_i64_le(raw, at + 1) == _HTTP_1_1
        and read_i16_le(raw, at + 9) == _CRLF
        and at + 9 - start <= longest
    ):
        head.target = raw[target:at]
        head.minor = 1
        return at + 11
    return _parse_any_request(head, raw, start, end, longest)


def _parse_any_request(head: Head, raw: bytes, start: i64, end: i64, longest: i64) -> i64:
    """The same for any method and version, byte by byte at an error."""
    method_end = scan_token(raw, start, end)
    if method_end - start > LONGEST_METHOD:
        seen = start + LONGEST_METHOD
        error = Malformed("invalid_method", start, raw[start : seen + 1], seen)
        raise within_line(error, start, longest, _TOO_LONG)
    if method_end >= end:
        return -1
    if raw[method_end] != 32 or method_end == start:
        raise within_line(_method_error(raw, start, method_end), start, longest, _TOO_LONG)
    at = scan_target(raw, method_end + 1, end)
    if at >= end:
        return -1
    if raw[at] != 32:
        target_error = _target_error(raw, method_end + 1, at, end)
        if target_error is None:
            return -1
        raise within_line(target_error, start, longest, _TOO_LONG)
    if at == method_end + 1:
        error = Malformed("malformed_request_line", at, raw[start : at + 1])
        raise within_line(error, start, longest, _TOO_LONG)
    version = at + 1
    length = _version_length(raw, version, end)
    if length == 0:
        return -1
    if length < 0:
        raise within_line(_version_error(raw, start, version, -length), start, longest, _TOO_LONG)
    if version + 8 - start > longest:
        raise Malformed(_TOO_LONG, start)
    head.method = raw[start:method_end]
    head.target = raw[method_end + 1 : at]
    head.minor = 0 if raw[version + 7] == 0x30 else 1
    return version + 10


def parse_status_line(head: Head, raw: bytes, at: i64, end: i64, longest: i64) -> i64:
    """Parse ``HTTP-version SP status-code SP [ reason-phrase ] CRLF`` (RFC 9112 4).

    The space after the code is not required without a phrase: RFC 9112 4 tells clients to be lenient there.
    """
    start = at
    if at + 8 <= end and read_i64_le(raw, at) & _SEVEN_BYTES == _HTTP_1_DOT:
        at += 7
    while at < end and at - start < 7:
        if raw[at] != _VERSION_PREFIX[at - start]:
            raise Malformed("malformed_status_line", at, raw[start : at + 1])
        at += 1
    if at < end and not 0x30 <= raw[at] <= 0x39:
        raise Malformed("malformed_status_line", at, raw[start : at + 1])
    if at + 5 >= end:
        return -1
    if (
        raw[at + 1] != 32
        or not 0x30 <= raw[at + 2] <= 0x39
        or not 0x30 <= raw[at + 3] <= 0x39
        or not 0x30 <= raw[at + 4] <= 0x39
        or (raw[at + 5] != 32 and raw[at + 5] != 13)
    ):
        raise Malformed("malformed_status_line", at, raw[start : at + 6])
    minor = at
    code = (i64(raw[at + 2]) - 0x30) * 100 + (i64(raw[at + 3]) - 0x30) * 10 + (i64(raw[at + 4]) - 0x30)
    at += 5
    if code < 100:
        raise Malformed("invalid_status_code", at - 3, raw[start:at])
    if raw[at] == 32:
        at += 1
    phrase = at
    at = scan_value(raw, at, end)
    if at + 1 >= end and (at >= end or raw[at] == 13):
        return -1
    if raw[at] != 13 or raw[at + 1] != 10:
        raise within_line(_phrase_error(raw, start, at), start, longest)
    if at - start > longest:
        raise Malformed("line_too_long", start)
    head.minor = 0 if raw[minor] == 0x30 else 1
    head.status_code = code
    head.reason = raw[phrase:at]
    return at + 2


def check_target_form(method: bytes, target: bytes, at: i64) -> None:
    """Check the form of a target that does not start with ``/``, or of a CONNECT (RFC 9112 3.2). Raises Malformed."""
    if split_target(method, target) is None:
        raise Malformed("invalid_target_form", at, target)


def _version_length(raw: bytes, at: i64, end: i64) -> i64:
    """Check for ``HTTP/1.x CRLF``: 8 if it is at ``at``, 0 if bytes are missing, otherwise minus the matching bytes.

    RFC 9110 2.5: a higher minor version is read as the highest that is known.
    """
    good: i64 = 0
    while good < 10:
        if at + good >= end:
            return 0
        byte = raw[at + good]
        if good < 7:
            if byte != _VERSION_PREFIX[good]:
                return -1 - good
        elif good == 7:
            if not 0x30 <= byte <= 0x39:
                return -1 - good
        elif byte != (13 if good == 8 else 10):
            return -1 - good
        good += 1
    return 8


def _version_error(raw: bytes, start: i64, version: i64, place: i64) -> Malformed:
    at = version + place - 1
    byte = raw[at]
    if place == 10:
        return Malformed("bare_cr", at - 1)
    if byte == 10:
        return Malformed("bare_lf" if place == 9 else "malformed_request_line", at)
    if place == 9 or byte == 32 or byte == 13:
        # More than the version follows, or less than a version is there.
        return Malformed("malformed_request_line", at, raw[version : at + 1])
    if place == 6 and 0x30 <= byte <= 0x39:
        if raw[start : at + 1] == b"PRI * HTTP/2":  # RFC 9113 3.4
            return Malformed("looks_like_http2_preface", start, None, at)
        return Malformed("unsupported_version", version, raw[version : at + 1], at)
    return Malformed("invalid_version", at, raw[version : at + 1])


def _method_error(raw: bytes, start: i64, at: i64) -> Malformed:
    byte = raw[at]
    if at == start and byte == 0x16:
        # RFC 8446 5.1: the content type of a TLS handshake record.
        return Malformed("looks_like_tls", at)
    if byte == 10 or byte == 13 or byte == 32 or byte == 9:
        return Malformed("malformed_request_line", at, raw[start : at + 1])
    return Malformed("invalid_method", at, raw[start : at + 1])


def _target_error(raw: bytes, target: i64, at: i64, end: i64) -> Malformed | None:
    byte = raw[at]
    if byte == 13 and at + 1 >= end:
        return None
    if byte == 10 or (byte == 13 and raw[at + 1] == 10):
        return Malformed("malformed_request_line", at, raw[target:at])
    if byte == 13:
        return Malformed("bare_cr", at)
    if byte == 9:
        return Malformed("malformed_request_line", at, raw[target : at + 1])
    return Malformed("invalid_target", at, raw[target : at + 1])


def _phrase_error(raw: bytes, start: i64, at: i64) -> Malformed:
    byte = raw[at]
    if byte == 13:
        return Malformed("bare_cr", at)
    if byte == 10:
        return Malformed("bare_lf", at)
    return Malformed("invalid_reason_phrase", at, raw[start : at + 1])
