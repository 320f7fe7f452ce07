"""The one table of reasons: every way in which HTTP can be broken, with what to answer and the rule.

A row is found by its token, the ``reason`` of the error. The sentence says what was received (or asked for) and what
the rule wants; an excerpt of the bytes concerned follows it where that helps. Third-party plugins may use these tokens
or raise errors with tokens of their own.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from zttp_core.errors import LocalProtocolError, RemoteProtocolError

_EXCERPT_BYTES: Final = 60


class Reason(NamedTuple):
    """One row: ``status_hint`` for a server, the ``section`` that rules, the ``sentence`` that explains."""

    status_hint: int | None
    section: str | None
    sentence: str


REASONS: Final[dict[str, Reason]] = {
    # ------------------------------------------------------------ HTTP/1.1: what a peer can get wrong
    # First bytes
    "looks_like_tls": Reason(
        400, "RFC 9112 2.2", "these bytes look like a TLS handshake, not like HTTP/1.1 in clear text"
    ),
    "looks_like_http2_preface": Reason(
        400, "RFC 9113 3.4", 'this is the connection preface of HTTP/2: use protocol="h2" or zttp.sniff()'
    ),
    "too_many_empty_lines": Reason(400, "RFC 9112 2.2", "too many empty lines stand before the start line"),
    # Lines
    "bare_cr": Reason(400, "RFC 9112 2.2", "a CR must be followed by LF"),
    "bare_lf": Reason(400, "RFC 9112 2.2", "a line must end with CRLF, this one ends with LF alone"),
    "line_too_long": Reason(431, None, "a line is longer than max_line allows"),
    # Request line
    "malformed_request_line": Reason(
        400, "RFC 9112 3", "a request line must be a method, one space, a target, one space and the version"
    ),
    "invalid_method": Reason(400, "RFC 9110 9.1", "a method must be a token"),
    "invalid_target": Reason(400, "RFC 9112 3.2", "a request target must be visible ASCII without a fragment"),
    "invalid_target_form": Reason(400, "RFC 9112 3.2", "this form of request target does not fit the method"),
    "request_target_too_long": Reason(414, "RFC 9112 3", "the request line is longer than max_line allows"),
    "invalid_version": Reason(400, "RFC 9112 2.3", "the version must read HTTP/ and two digits with a dot between"),
    "unsupported_version": Reason(505, "RFC 9110 15.6.6", "only HTTP/1.1 and HTTP/1.0 are spoken here"),
    # Status line
    "malformed_status_line": Reason(
        None, "RFC 9112 4", "a status line must be HTTP/1.1, one space, three digits, one space and the reason phrase"
    ),
    "invalid_status_code": Reason(None, "RFC 9110 15", "a status code must be from 100 to 999"),
    "invalid_reason_phrase": Reason(None, "RFC 9112 4", "a reason phrase must not hold control bytes"),
    "unexpected_status": Reason(
        None, "RFC 9110 15.2.2", "a server may switch protocols only if the request asked for it"
    ),
    # Fields
    "missing_colon": Reason(400, "RFC 9112 5", "a field line must have a colon after its name"),
    "empty_field_name": Reason(400, "RFC 9110 5.1", "a field must have a name"),
    "invalid_field_name": Reason(400, "RFC 9110 5.1", "a field name must be a token"),
    "whitespace_before_colon": Reason(
        400, "RFC 9112 5.1", "no white space may stand between a field name and its colon"
    ),
    "obsolete_line_folding": Reason(400, "RFC 9112 5.2", "a field line must not be folded"),
    "invalid_field_value": Reason(400, "RFC 9110 5.5", "a field value must not hold control bytes"),
    "header_section_too_large": Reason(431, "RFC 6585 5", "the header section is larger than max_header_bytes allows"),
    "too_many_fields": Reason(431, "RFC 6585 5", "the header section has more fields than max_headers allows"),
    "trailer_section_too_large": Reason(
        431, "RFC 6585 5", "the trailer section is larger than max_trailer_bytes allows"
    ),
    "too_many_trailers": Reason(431, "RFC 6585 5", "the trailer section has more fields than max_trailers allows"),
    "forbidden_trailer": Reason(400, "RFC 9110 6.5.1", "this field must not be in a trailer section"),
    # Host
    "missing_host": Reason(400, "RFC 9112 3.2", "an HTTP/1.1 request must have a Host field"),
    "duplicate_host": Reason(400, "RFC 9112 3.2", "a request must not have more than one Host field"),
    "invalid_host": Reason(400, "RFC 9112 3.2", "a Host field must be a host name or address with an optional port"),
    # Framing
    "invalid_content_length": Reason(400, "RFC 9112 6.3", "Content-Length must be one decimal number"),
    "conflicting_content_length": Reason(
        400, "RFC 9112 6.3", "Content-Length is given several times with different values"
    ),
    "transfer_encoding_and_content_length": Reason(
        400, "RFC 9112 6.3", "a message must not have both Transfer-Encoding and Content-Length"
    ),
    "transfer_encoding_in_http_1_0": Reason(400, "RFC 9112 6.1", "an HTTP/1.0 message must not have Transfer-Encoding"),
    "invalid_transfer_encoding": Reason(400, "RFC 9112 6.1", "Transfer-Encoding must be a list of codings"),
    "duplicate_transfer_encoding": Reason(400, "RFC 9112 6.1", "Transfer-Encoding must be chunked, once"),
    "chunked_not_final": Reason(400, "RFC 9112 6.3", "the last transfer coding must be chunked"),
    "unsupported_transfer_coding": Reason(501, "RFC 9112 6.1", "the only transfer coding understood here is chunked"),
    # Chunks
    "invalid_chunk_size": Reason(400, "RFC 9112 7.1", "a chunk must start with its size in hexadecimal digits"),
    "chunk_size_overflow": Reason(413, "RFC 9112 7.1", "the size of this chunk is larger than any content can be"),
    "invalid_chunk_extension": Reason(400, "RFC 9112 7.1.1", "a chunk extension must be ;name or ;name=value"),
    "chunk_extensions_too_large": Reason(
        400, "RFC 9112 7.1.1", "the chunk extensions of one message are larger than max_line allows"
    ),
    "chunk_not_terminated": Reason(400, "RFC 9112 7.1", "the data of a chunk must be followed by CRLF"),
    # Life cycle
    "incomplete_message": Reason(400, "RFC 9112 8", "the connection ended in the middle of a message"),
    "data_after_close": Reason(
        400, "RFC 9112 9.6", "bytes came after the message that was the last of this connection"
    ),
    "unexpected_response": Reason(None, "RFC 9112 9.2", "a response came that no request waits for"),
    "buffer_full": Reason(413, None, "more bytes wait to be parsed than max_buffer allows"),
    # ------------------------------------------------------------ HTTP/1.1: what a caller can get wrong
    "wrong_role": Reason(None, "RFC 9110 3.3", "a server sends responses and a client sends requests"),
    "message_in_progress": Reason(None, "RFC 9112 9.3", "the message before this one has not been ended"),
    "no_message": Reason(None, "RFC 9112 2.1", "content needs a head before it"),
    "no_request": Reason(None, "RFC 9110 3.3", "there is no request to respond to"),
    "already_responded": Reason(None, "RFC 9110 3.3", "the final response to this request has been sent"),
    "no_content_allowed": Reason(None, "RFC 9110 6.4.1", "this message must not have content"),
    "framing_required": Reason(
        None, "RFC 9112 6.3", "content needs Content-Length or Transfer-Encoding: chunked in the head"
    ),
    "transfer_encoding_not_allowed": Reason(
        None, "RFC 9112 6.1", "neither a 1xx or 204 response nor a 2xx response to CONNECT can have Transfer-Encoding"
    ),
    "content_too_long": Reason(None, "RFC 9110 8.6", "the content is longer than its Content-Length"),
    "content_too_short": Reason(None, "RFC 9110 8.6", "the content is shorter than its Content-Length"),
    "trailers_not_allowed": Reason(None, "RFC 9110 6.5.1", "only a chunked message can have trailers"),
    "connection_closed": Reason(None, "RFC 9112 9.6", "this connection can carry no further message"),
    "cycle_not_complete": Reason(
        None, "RFC 9112 9.3", "the next message can start only when this one has ended in both directions"
    ),
    "protocol_switched": Reason(None, "RFC 9110 7.8", "this connection speaks another protocol now"),
    "not_informational": Reason(None, "RFC 9110 15.2", "an informational response must be from 100 to 199 and not 101"),
    "informational_status": Reason(None, "RFC 9110 15.2", "send_informational sends a 1xx, send_response all others"),
    "informational_to_http_1_0": Reason(None, "RFC 9110 15.2", "a 1xx must not be sent to an HTTP/1.0 client"),
    "receive_after_eof": Reason(None, "RFC 9112 9.6", "no bytes can follow the end of the input"),
    "role_not_supported": Reason(None, None, "this protocol does not support the role"),
}


def remote_error(
    reason: str,
    excerpt: bytes | None = None,
    *,
    offset: int | None = None,
    stream_id: int | None = None,
    error_code: int | None = None,
) -> RemoteProtocolError:
    """Make the error for something that the peer sent; ``excerpt`` is shown escaped and cut to 60 bytes."""
    row = REASONS[reason]
    return RemoteProtocolError(
        _message(row, excerpt),
        reason=reason,
        status_hint=row.status_hint,
        error_code=error_code,
        stream_id=stream_id,
        offset=offset,
        section=row.section,
    )


def local_error(reason: str, excerpt: bytes | None = None, *, stream_id: int | None = None) -> LocalProtocolError:
    """Make the error for something that the caller asked for."""
    row = REASONS[reason]
    return LocalProtocolError(_message(row, excerpt), reason=reason, stream_id=stream_id, section=row.section)


def _message(row: Reason, excerpt: bytes | None) -> str:
    message = row.sentence
    if excerpt is not None:
        cut = excerpt[:_EXCERPT_BYTES]
        message += f": {cut!r}" + ("..." if len(excerpt) > len(cut) else "")
    return f"{message} ({row.section})" if row.section is not None else message
