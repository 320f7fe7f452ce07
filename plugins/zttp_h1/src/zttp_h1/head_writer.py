"""Heads and trailer sections as bytes (RFC 9112 3-5). Pure: values in, bytes out.

A value that would split a message or smuggle a field is refused: ``write_fields`` raises LocalProtocolError before any
of it can be sent. Framing fields are recorded in the same pass, as in ``fields``.
"""

from typing import Final

from librt.strings import BytesWriter, write_i16_le

from zttp_core.messages.authority import is_host
from zttp_core.messages.content_length import given_content_length, parse_content_length
from zttp_core.messages.fields import expects_continue
from zttp_core.messages.targets import split_target
from zttp_core.messages.trailers import FORBIDDEN_TRAILERS
from zttp_core.reasons import local_error
from zttp_h1.content_length import plain_length
from zttp_h1.head import CHUNKED, EXPECT_CONTINUE, HOST, KEEP_ALIVE, UPGRADE
from zttp_h1.names import (
    NAME_CONNECTION,
    NAME_CONTENT_LENGTH,
    NAME_EXPECT,
    NAME_HOST,
    NAME_TRANSFER_ENCODING,
    NAME_UPGRADE,
    UNKNOWN,
    connection_options,
    lower,
    recognise,
)
from zttp_h1.native_ints import i64, u8
from zttp_h1.scan import scan_host, scan_target, scan_token, scan_value
from zttp_h1.start_line import LONGEST_METHOD
from zttp_h1.status import STATUS_LINES

_COLON_SPACE: Final = 0x203A
_CRLF: Final = 0x0A0D

# Which framing fields a head may carry.
ALLOW_FRAMING: Final = 0
# RFC 9110 8.6: a 1xx or 204 response and a 2xx to CONNECT must not have Content-Length; it is left out.
NO_FRAMING: Final = 1
# RFC 9112 6.1: an HTTP/1.0 peer does not know chunked; the field is left out and the connection ends the content.
NO_CHUNKED: Final = 2
# For a request: any framing; and Host, which has no meaning in a response, is checked (RFC 9112 3.2).
OF_REQUEST: Final = 3


def write_request_line(writer: BytesWriter, method: bytes, target: bytes, version: bytes) -> None:
    """Write ``method SP request-target SP HTTP-version CRLF``. Raises LocalProtocolError."""
    size: i64 = len(method)
    if not 0 < size <= LONGEST_METHOD or scan_token(method, 0, size) != size:
        raise local_error("invalid_method", method)
    size = len(target)
    if size == 0 or scan_target(target, 0, size) != size:
        raise local_error("invalid_target", target)
    if (target[0] != 0x2F or (len(method) == 7 and method == b"CONNECT")) and split_target(method, target) is None:
        raise local_error("invalid_target_form", target)
    if version != b"1.1" and version != b"1.0":
        raise local_error("unsupported_version", version)
    writer.write(method)
    writer.append(32)
    writer.write(target)
    writer.write(b" HTTP/1.1\r\n" if version == b"1.1" else b" HTTP/1.0\r\n")


def write_status_line(writer: BytesWriter, status: i64, reason: bytes | None) -> None:
    """Write ``HTTP-version SP status-code SP [ reason-phrase ] CRLF``. Raises LocalProtocolError."""
    if status < 100 or status > 999:
        raise local_error("invalid_status_code", b"%d" % status)
    if reason is None:
        writer.write(STATUS_LINES[status])
        return
    size: i64 = len(reason)
    if scan_value(reason, 0, size) != size:
        raise local_error("invalid_reason_phrase", reason)
    writer.write(b"HTTP/1.1 %d " % status)
    writer.write(reason)
    write_i16_le(writer, _CRLF)


def write_fields(writer: BytesWriter, fields: list[tuple[bytes, bytes]], framing: i64) -> tuple[i64, i64]:
    """Write field lines, without the empty line. Raises LocalProtocolError.

    Returns the facts as in ``head``, and the content length, -1 without one.
    """
    facts: i64 = 0
    content_length: i64 = -1
    stated = b""
    for name, value in fields:
        size: i64 = len(name)
        if size == 0 or scan_token(name, 0, size) != size:
            raise local_error("invalid_field_name", name)
        length: i64 = len(value)
        known = recognise(name, 0, size)
        if known == NAME_HOST and framing == OF_REQUEST and scan_host(value, 0, length) == length:
            # Only a registered name, as nearly every host is: it is scanned once.
            if facts & HOST:
                raise local_error("duplicate_host", value)
            facts |= HOST
        # RFC 9110 5.5: no control bytes, and no white space around it.
        elif scan_value(value, 0, length) != length or (length > 0 and (value[0] <= 32 or value[length - 1] <= 32)):
            raise local_error("invalid_field_value", name + b": " + value)
        elif known != UNKNOWN:
            if known == NAME_CONTENT_LENGTH:
                if framing == NO_FRAMING:
                    continue
                if content_length >= 0:
                    reason, _ = given_content_length(value, stated)
                    if reason is not None:
                        raise local_error(reason, value)
                    continue
                content_length = plain_length(value, 0, length)
                if content_length < 0:
                    content_length = parse_content_length(value)
                if content_length < 0:
                    raise local_error("invalid_content_length", value)
                stated = value
            elif known == NAME_TRANSFER_ENCODING:
                if framing == NO_FRAMING:
                    raise local_error("transfer_encoding_not_allowed", value)
                if lower(value) != b"chunked":
                    raise local_error("unsupported_transfer_coding", value)
                if facts & CHUNKED:
                    raise local_error("duplicate_transfer_encoding", value)
                facts |= CHUNKED
                if framing == NO_CHUNKED:
                    continue
            elif known == NAME_CONNECTION:
                facts |= connection_options(value, 0, length)
            elif known == NAME_UPGRADE:
                facts |= UPGRADE
            elif known == NAME_HOST:
                if framing == OF_REQUEST:
                    if facts & HOST:
                        raise local_error("duplicate_host", value)
                    if not is_host(value):
                        raise local_error("invalid_host", value)
                    facts |= HOST
            elif known == NAME_EXPECT and expects_continue(value):
                facts |= EXPECT_CONTINUE
        writer.write(name)
        write_i16_le(writer, _COLON_SPACE)
        writer.write(value)
        write_i16_le(writer, _CRLF)
    if facts & CHUNKED and content_length >= 0:
        raise local_error("transfer_encoding_and_content_length")
    return facts, content_length


def without_keep_alive(head: bytes) -> bytes:
    """Return a written head, still without the empty line, without the keep-alive of its Connection fields."""
    kept: list[bytes] = []
    for line in head.split(b"\r\n"):
        name, colon, value = line.partition(b":")
        if colon and lower(name) == b"connection" and connection_options(value, 0, len(value)) & KEEP_ALIVE:
            options = [option.strip(b" \t") for option in value.split(b",")]
            value = b", ".join([option for option in options if option and lower(option) != b"keep-alive"])
            if value:
                kept.append(name + b": " + value)
        else:
            kept.append(line)
    return b"\r\n".join(kept)


def write_chunk_size(writer: BytesWriter, size: i64) -> None:
    """Write the line before chunk-data of ``size`` bytes (RFC 9112 7.1)."""
    shift: i64 = 0
    while size >> shift >= 16:
        shift += 4
    while shift >= 0:
        digit = (size >> shift) & 15
        writer.append(u8(digit + 48 if digit < 10 else digit + 87))
        shift -= 4
    write_i16_le(writer, _CRLF)


def write_trailers(writer: BytesWriter, trailers: list[tuple[bytes, bytes]]) -> None:
    """Write trailer field lines, without the empty line. Raises LocalProtocolError."""
    for name, value in trailers:
        size: i64 = len(name)
        if size == 0 or scan_token(name, 0, size) != size:
            raise local_error("invalid_field_name", name)
        if lower(name) in FORBIDDEN_TRAILERS:
            raise local_error("forbidden_trailer", name)
        if not _is_value(value, len(value)):
            raise local_error("invalid_field_value", name + b": " + value)
        writer.write(name)
        write_i16_le(writer, _COLON_SPACE)
        writer.write(value)
        write_i16_le(writer, _CRLF)


def _is_value(value: bytes, size: i64) -> bool:
    """Return whether ``value`` can be a field value, which has no white space around it (RFC 9110 5.5)."""
    if scan_value(value, 0, size) != size:
        return False
    # It has no other byte up to 32 now.
    return size == 0 or (value[0] > 32 and value[size - 1] > 32)
