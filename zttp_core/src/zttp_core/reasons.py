"""The table of reasons: every way in which a rule of HTTP can be broken, with the answer and the rule.

A row is found by its token, the ``reason`` of the error. The sentence says what was received (or requested) and what
the rule requires; an excerpt of the bytes follows it if that helps. Third-party plugins may use these tokens or raise
errors with tokens of their own.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from zttp_core.errors import EXPLAINED, LocalProtocolError, RemoteProtocolError

_EXCERPT_BYTES: Final = 60


class Reason(NamedTuple):
    """One row: ``status_hint`` for a server, the ``section`` of the rule, the ``sentence`` that explains."""

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
    "too_many_empty_lines": Reason(400, "RFC 9112 2.2", "there are too many empty lines before the start line"),
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
    "invalid_target_form": Reason(
        400, "RFC 9112 3.2", "a request target must have one of the forms that its method takes"
    ),
    "request_target_too_long": Reason(414, "RFC 9112 3", "the request line is longer than max_line allows"),
    "invalid_version": Reason(400, "RFC 9112 2.3", "the version must be HTTP/, a digit, a dot and a digit"),
    "unsupported_version": Reason(505, "RFC 9110 15.6.6", "only HTTP/1.1 and HTTP/1.0 are supported"),
    # Status line
    "malformed_status_line": Reason(
        None, "RFC 9112 4", "a status line must be HTTP/1.1, one space, three digits, one space and the reason phrase"
    ),
    "invalid_status_code": Reason(None, "RFC 9110 15", "a status code must be from 100 to 999"),
    "invalid_reason_phrase": Reason(None, "RFC 9112 4", "a reason phrase must not hold control bytes"),
    "unexpected_status": Reason(
        None, "RFC 9110 7.8", "a server may switch only to a protocol that the request asked for and the response names"
    ),
    "continue_before_switch": Reason(
        None, "RFC 9110 7.8", "a request that waits for a 100 must get it before the switch"
    ),
    # Fields
    "missing_colon": Reason(400, "RFC 9112 5", "a field line must have a colon after its name"),
    "empty_field_name": Reason(400, "RFC 9110 5.1", "a field must have a name"),
    "invalid_field_name": Reason(400, "RFC 9110 5.1", "a field name must be a token"),
    "whitespace_before_colon": Reason(
        400, "RFC 9112 5.1", "there must be no white space between a field name and its colon"
    ),
    "obsolete_line_folding": Reason(400, "RFC 9112 5.2", "a field line must not be folded"),
    "invalid_field_value": Reason(
        400, "RFC 9110 5.5", "a field value must not hold control bytes, nor begin or end with white space"
    ),
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
    "invalid_host": Reason(
        400, "RFC 9112 3.2", "Host or :authority must be a host name or address with an optional port"
    ),
    # Framing
    "invalid_content_length": Reason(400, "RFC 9112 6.3", "Content-Length must be one decimal number"),
    "conflicting_content_length": Reason(
        400, "RFC 9112 6.3", "Content-Length is given several times with different digits"
    ),
    "transfer_encoding_and_content_length": Reason(
        400, "RFC 9112 6.3", "a message must not have both Transfer-Encoding and Content-Length"
    ),
    "transfer_encoding_in_http_1_0": Reason(400, "RFC 9112 6.1", "an HTTP/1.0 message must not have Transfer-Encoding"),
    "invalid_transfer_encoding": Reason(400, "RFC 9112 6.1", "Transfer-Encoding must be a list of codings"),
    "duplicate_transfer_encoding": Reason(400, "RFC 9112 6.1", "Transfer-Encoding must be chunked, once"),
    "chunked_not_final": Reason(400, "RFC 9112 6.3", "the last transfer coding must be chunked"),
    "unsupported_transfer_coding": Reason(501, "RFC 9112 6.1", "the only supported transfer coding is chunked"),
    # Chunks
    "invalid_chunk_size": Reason(400, "RFC 9112 7.1", "a chunk must start with its size in hexadecimal digits"),
    "chunk_size_overflow": Reason(413, "RFC 9112 7.1", "the size of this chunk is too large for any content"),
    "invalid_chunk_extension": Reason(400, "RFC 9112 7.1.1", "a chunk extension must be ;name or ;name=value"),
    "chunk_extensions_too_large": Reason(
        400, "RFC 9112 7.1.1", "the chunk extensions of one message are larger than max_line allows"
    ),
    "chunk_not_terminated": Reason(400, "RFC 9112 7.1", "the data of a chunk must be followed by CRLF"),
    # Life cycle
    "incomplete_message": Reason(400, "RFC 9112 8", "the connection ended in the middle of a message"),
    "unexpected_response": Reason(None, "RFC 9112 9.2", "a response came, but no request waits for one"),
    "buffer_full": Reason(413, None, "more bytes wait to be parsed than max_buffer allows"),
    # ------------------------------------------------------------ HTTP/1.1: what a caller can get wrong
    "wrong_role": Reason(None, "RFC 9110 3.3", "a server sends responses and a client sends requests"),
    "message_in_progress": Reason(None, "RFC 9112 9.3", "the message before this one has not been ended"),
    "no_message": Reason(None, "RFC 9112 2.1", "content needs a head before it"),
    "already_responded": Reason(None, "RFC 9110 3.3", "the final response to this request has been sent"),
    "already_ended": Reason(None, "RFC 9112 2.1", "this message has been ended"),
    "error_response_only": Reason(
        None, "RFC 9112 9.3", "only a 4xx or 5xx response can be sent without a request or after an error"
    ),
    "response_skipped": Reason(
        None, "RFC 9112 9.3", "an earlier request was not answered: this response would be taken for its answer"
    ),
    "no_content_allowed": Reason(None, "RFC 9110 6.4.1", "this message must not have content"),
    "framing_required": Reason(
        None, "RFC 9112 6.3", "content needs Content-Length or Transfer-Encoding: chunked in the head"
    ),
    "transfer_encoding_not_allowed": Reason(
        None, "RFC 9112 6.1", "neither a 1xx or 204 response nor a 2xx response to CONNECT can have Transfer-Encoding"
    ),
    "content_too_long": Reason(None, "RFC 9110 8.6", "the content is longer than its Content-Length"),
    "content_too_short": Reason(None, "RFC 9110 8.6", "the content is shorter than its Content-Length"),
    "trailers_not_allowed": Reason(
        None, "RFC 9110 6.5", "a 204 or 304 response has no trailers; on HTTP/1.1 only a chunked message has"
    ),
    "connection_closed": Reason(None, "RFC 9112 9.6", "this connection can carry no further message"),
    "cycle_not_complete": Reason(
        None, "RFC 9112 9.3", "the next message can start only when this one has ended in both directions"
    ),
    "protocol_switched": Reason(None, "RFC 9110 7.8", "this connection has switched to another protocol"),
    "not_informational": Reason(
        None, "RFC 9110 15.2", "an informational response must be from 100 to 199, but not 101"
    ),
    "informational_status": Reason(None, "RFC 9110 15.2", "send_informational sends a 1xx, send_response all others"),
    "informational_to_http_1_0": Reason(None, "RFC 9110 15.2", "a 1xx must not be sent to an HTTP/1.0 client"),
    "receive_after_eof": Reason(None, "RFC 9112 9.6", "no bytes can follow the end of the input"),
    "role_not_supported": Reason(None, None, "this protocol does not support the role"),
    # ------------------------------------------------------------ HTTP/2: what breaks the connection
    # Frames
    "invalid_preface": Reason(400, "RFC 9113 3.4", "an HTTP/2 client must begin with the connection preface"),
    "missing_settings": Reason(None, "RFC 9113 3.4", "the first frame must be SETTINGS"),
    "frame_too_large": Reason(None, "RFC 9113 4.2", "a frame is longer than max_frame_size allows"),
    "padding_too_long": Reason(None, "RFC 9113 6.1", "the padding of a frame must not be longer than its payload"),
    "frame_on_stream_zero": Reason(None, "RFC 9113 5.1.1", "a frame of this type must be on a stream"),
    "frame_on_stream": Reason(None, "RFC 9113 5.1.1", "a frame of this type must be on stream 0"),
    "field_block_interrupted": Reason(
        None, "RFC 9113 6.10", "a field block must be followed by its CONTINUATION frames and nothing else"
    ),
    "unexpected_continuation": Reason(None, "RFC 9113 6.10", "a CONTINUATION frame must continue a field block"),
    "push_refused": Reason(None, "RFC 9113 8.4", "PUSH_PROMISE must not be sent to an endpoint that disabled push"),
    "invalid_setting": Reason(None, "RFC 9113 6.5.2", "this setting cannot have this value"),
    "unexpected_settings_ack": Reason(None, "RFC 9113 6.5.3", "no SETTINGS frame waits for an acknowledgment"),
    "goaway_raised": Reason(None, "RFC 9113 6.8", "the last stream identifier of GOAWAY must not be raised"),
    "unexpected_priority_update": Reason(
        None, "RFC 9218 7.1", "PRIORITY_UPDATE is sent by a client, for a stream that a client opens"
    ),
    # Streams
    "unexpected_stream_id": Reason(
        None,
        "RFC 9113 5.1.1",
        "a new stream must have an odd identifier, higher than all before it, and come from the client",
    ),
    "frame_on_idle_stream": Reason(None, "RFC 9113 5.1", "a frame of this type must not be on an idle stream"),
    "frame_on_closed_stream": Reason(None, "RFC 9113 5.1", "a frame of this type must not be on a closed stream"),
    "stream_not_ended": Reason(None, "RFC 9113 5.4.3", "the connection ended before a stream did"),
    # Flow control
    "connection_window_exceeded": Reason(
        None,
        "RFC 9113 6.9.1",
        "more content was sent than the window of the connection allows (connection_window_size)",
    ),
    # Field blocks
    "hpack_truncated": Reason(None, "RFC 7541 6", "a field block ends in the middle of a field"),
    "hpack_integer_too_large": Reason(None, "RFC 7541 5.1", "an integer in a field block is too large"),
    "hpack_invalid_index": Reason(None, "RFC 7541 2.3.3", "an index in a field block points to no entry"),
    "hpack_huffman_padding": Reason(
        None, "RFC 7541 5.2", "a Huffman-coded string must be padded with less than 8 ones"
    ),
    "hpack_huffman_eos": Reason(None, "RFC 7541 5.2", "a Huffman-coded string must not hold the EOS symbol"),
    "hpack_size_update_misplaced": Reason(
        None, "RFC 7541 4.2", "a dynamic table size update must be at the beginning of a field block, and at most twice"
    ),
    "hpack_size_update_too_large": Reason(
        None, "RFC 7541 6.3", "a dynamic table size update is above header_table_size"
    ),
    "hpack_size_update_missing": Reason(
        None, "RFC 7541 4.2", "a lowered SETTINGS_HEADER_TABLE_SIZE must be followed by a dynamic table size update"
    ),
    "hpack_bomb": Reason(
        431, "RFC 7541 7.3", "a field block decodes to many times the size that max_header_list_size allows"
    ),
    # Abuse limits
    "field_block_too_large": Reason(
        431, "RFC 9113 10.5.1", "a field block is larger than max_field_block_bytes allows"
    ),
    "too_many_continuations": Reason(
        431, "RFC 9113 10.5", "a field block comes in more CONTINUATION frames than max_continuation_frames allows"
    ),
    "too_many_control_frames": Reason(
        None, "RFC 9113 10.5", "more frames came between messages than max_control_frames allows"
    ),
    "output_full": Reason(None, "RFC 9113 10.5", "more answers wait to be sent than max_buffer allows"),
    "too_many_resets": Reason(None, "RFC 9113 10.5", "more streams were reset than max_stream_resets allows"),
    # ------------------------------------------------------------ HTTP/2: what breaks a stream, or the connection
    "frame_size": Reason(None, "RFC 9113 4.2", "a frame of this type cannot have this length"),
    "too_many_streams": Reason(None, "RFC 9113 5.1.2", "more streams are open than max_concurrent_streams allows"),
    "zero_increment": Reason(None, "RFC 9113 6.9", "a WINDOW_UPDATE frame must have an increment above 0"),
    "window_overflow": Reason(None, "RFC 9113 6.9.1", "a window must not become larger than 2**31-1"),
    "self_dependency": Reason(400, "RFC 7540 5.3.1", "a stream must not depend on itself"),
    # ------------------------------------------------------------ HTTP/2: what breaks a stream
    "frame_after_end": Reason(400, "RFC 9113 5.1", "HEADERS and DATA must not follow END_STREAM"),
    "stream_window_exceeded": Reason(
        400, "RFC 9113 6.9.1", "more content was sent than the window of the stream allows (initial_window_size)"
    ),
    "content_before_head": Reason(None, "RFC 9113 8.1", "content needs a head before it"),
    "header_list_too_large": Reason(
        431, "RFC 9113 10.5.1", "the header or trailer section is larger than max_header_list_size allows"
    ),
    "missing_pseudo_field": Reason(400, "RFC 9113 8.3", "a pseudo-header field that this message must have is missing"),
    "unexpected_pseudo_field": Reason(400, "RFC 9113 8.3", "this message must not have this pseudo-header field"),
    "duplicate_pseudo_field": Reason(400, "RFC 9113 8.3", "a pseudo-header field must not appear more than once"),
    "misplaced_pseudo_field": Reason(400, "RFC 9113 8.3", "pseudo-header fields must come before all others"),
    "pseudo_field_in_trailers": Reason(400, "RFC 9113 8.1", "a trailer section must not have pseudo-header fields"),
    "connection_specific_field": Reason(
        400,
        "RFC 9113 8.2.2",
        "connection-specific fields are for HTTP/1.1 only, and so is TE with a value other than trailers",
    ),
    "conflicting_authority": Reason(400, "RFC 9113 8.3.1", "Host must not differ from :authority"),
    "trailers_without_end": Reason(400, "RFC 9113 8.1", "a trailer section must end the stream"),
    "trailers_in_tunnel": Reason(400, "RFC 9113 8.5", "a CONNECT tunnel must have only DATA frames"),
    "informational_ends": Reason(None, "RFC 9113 8.1", "an informational response must not end the stream"),
    "switching_protocols": Reason(None, "RFC 9113 8.6", "there is no status 101 in HTTP/2"),
    # ------------------------------------------------------------ HTTP/2: what a caller can get wrong
    "connection_ended": Reason(None, "RFC 9113 5.4.1", "this connection has ended"),
    "connection_closing": Reason(None, "RFC 9113 6.8", "no stream can be opened after GOAWAY"),
    "stream_closed": Reason(None, "RFC 9113 5.1", "this stream is closed"),
    "no_such_stream": Reason(None, "RFC 9113 5.1.1", "this stream was never opened"),
    "stream_ids_exhausted": Reason(None, "RFC 9113 5.1.1", "there are no stream identifiers left on this connection"),
    "message_ended": Reason(None, "RFC 9113 8.1", "the message on this stream has been ended"),
    "pseudo_field_given": Reason(None, "RFC 9113 8.3", "pseudo-header fields are made from the arguments"),
    "invalid_pseudo_field": Reason(400, "RFC 9113 8.3", "this cannot be the value of a pseudo-header field"),
    "protocol_without_connect": Reason(None, "RFC 8441 4", ":protocol is allowed only with CONNECT"),
    "connect_protocol_not_enabled": Reason(
        None, "RFC 8441 3", "the peer has not announced SETTINGS_ENABLE_CONNECT_PROTOCOL"
    ),
    "too_much_blocked": Reason(None, "RFC 9113 10.5", "more content waits to be sent than max_blocked_bytes allows"),
    "consumed_too_much": Reason(None, "RFC 9113 6.9", "more content was consumed than was pulled without its credit"),
    "upgrade_too_late": Reason(None, "RFC 7540 3.2", "an upgrade must come before anything else on this connection"),
    "invalid_settings_header": Reason(None, "RFC 7540 3.2.1", "HTTP2-Settings must be a SETTINGS payload in base64url"),
    # ------------------------------------------------------------ HTTP/3: what breaks the QUIC connection
    "handshake_failed": Reason(None, "RFC 9001 4.8", "the TLS handshake failed"),
    "no_common_version": Reason(
        None, "RFC 9000 6.2", "the server supports no version of QUIC that the client supports"
    ),
    # Packets and keys
    "not_a_quic_packet": Reason(None, "RFC 8999 5", "these bytes are not a QUIC packet"),
    "empty_packet": Reason(None, "RFC 9000 12.4", "a packet must have a frame"),
    "reserved_bits": Reason(None, "RFC 9000 17.2", "the reserved bits of a packet must be 0"),
    "integrity_limit": Reason(
        None, "RFC 9001 6.6", "more packets failed to decrypt than the integrity limit of the keys allows"
    ),
    "confidentiality_limit": Reason(
        None, "RFC 9001 6.6", "the keys have protected as many packets as their confidentiality limit allows"
    ),
    "old_keys": Reason(None, "RFC 9001 6.4", "a packet uses older keys than an earlier packet"),
    "early_key_update": Reason(
        None, "RFC 9001 6.2", "the keys were updated again before the last update was acknowledged"
    ),
    # Frames
    "unknown_frame_type": Reason(None, "RFC 9000 12.4", "there is no frame of this type"),
    "long_frame_type": Reason(None, "RFC 9000 12.4", "a frame type must be in the shortest form"),
    "truncated_frame": Reason(None, "RFC 9000 12.4", "a frame ends in the middle of a field"),
    "frame_not_allowed": Reason(None, "RFC 9000 12.5", "a frame of this type must not be in this packet, or not yet"),
    "negative_packet_number": Reason(None, "RFC 9000 19.3.1", "an ACK frame goes below packet number 0"),
    "acknowledged_unsent": Reason(None, "RFC 9000 13.1", "an ACK frame acknowledges a packet that was never sent"),
    "acknowledges_nothing": Reason(None, "RFC 9000 13.2.1", "packets of ours arrive and are not acknowledged"),
    "handshake_bytes_left": Reason(
        None, "RFC 9001 4.1.3", "handshake bytes are left at an encryption level that the handshake is done with"
    ),
    "crypto_buffer_exceeded": Reason(
        None, "RFC 9000 7.5", "handshake bytes are too far ahead of the next expected byte"
    ),
    "empty_token": Reason(None, "RFC 9000 19.7", "a NEW_TOKEN frame must have a token"),
    "datagram_too_large": Reason(None, "RFC 9221 3", "a DATAGRAM frame is larger than max_datagram_frame_size allows"),
    # Streams
    "stream_not_opened": Reason(None, "RFC 9000 19.8", "a frame names a stream of ours that was not opened"),
    "send_only_stream": Reason(
        None, "RFC 9000 19.8", "a frame of this type must not name a stream that only we send on"
    ),
    "receive_only_stream": Reason(
        None, "RFC 9000 19.5", "a frame of this type must not name a stream that we only receive on"
    ),
    "stream_count_too_large": Reason(None, "RFC 9000 4.6", "a number of streams must not be above 2**60"),
    "offset_too_large": Reason(None, "RFC 9000 19.8", "a stream cannot have so many bytes"),
    "stream_limit_exceeded": Reason(None, "RFC 9000 4.1", "more was sent on a stream than its limit allows"),
    "connection_limit_exceeded": Reason(None, "RFC 9000 4.1", "more was sent on all streams than the limit allows"),
    "final_size_changed": Reason(
        None, "RFC 9000 4.5", "the final size of a stream has changed, or there are bytes beyond it"
    ),
    "too_many_gaps": Reason(None, None, "a stream has too many gaps between the pieces received"),
    # Connection IDs and transport parameters
    "connection_id_changed": Reason(
        None, "RFC 9000 19.15", "a connection ID or its sequence number is repeated with other contents"
    ),
    "connection_id_of_none": Reason(None, "RFC 9000 19.15", "an endpoint without connection IDs cannot issue one"),
    "connection_id_gaps": Reason(None, "RFC 9000 5.1.1", "the sequence numbers of connection IDs must be consecutive"),
    "connection_id_length": Reason(None, "RFC 9000 19.15", "a connection ID must have 1 to 20 bytes"),
    "retire_prior_to": Reason(None, "RFC 9000 19.15", "Retire Prior To must not be above the sequence number"),
    "too_many_connection_ids": Reason(
        None, "RFC 9000 5.1.1", "more connection IDs came than active_connection_id_limit"
    ),
    "too_many_retirements": Reason(
        None, "RFC 9000 5.1.2", "the peer makes us retire connection IDs faster than it acknowledges that"
    ),
    "connection_id_never_issued": Reason(
        None, "RFC 9000 19.16", "a frame retires a connection ID that was never issued"
    ),
    "connection_id_in_use": Reason(None, "RFC 9000 19.16", "a packet retires the connection ID that it was sent to"),
    "connection_id_not_authentic": Reason(
        None,
        "RFC 9000 7.3",
        "the transport parameters must name the connection IDs that the handshake was sent with",
    ),
    "remembered_limit_reduced": Reason(
        None, "RFC 9000 7.4.1", "a server that accepts early data must not lower a limit that it relies on"
    ),
    "truncated_parameter": Reason(None, "RFC 9000 7.4", "the transport parameters end in the middle of one"),
    "duplicate_parameter": Reason(None, "RFC 9000 7.4", "a transport parameter must not appear twice"),
    "parameter_of_servers": Reason(None, "RFC 9000 18.2", "this transport parameter is for servers"),
    "parameter_value": Reason(None, "RFC 9000 18.2", "a transport parameter cannot have this value"),
    "parameter_length": Reason(None, "RFC 9000 18.2", "a transport parameter cannot have this length"),
    "preferred_address": Reason(None, "RFC 9000 18.2", "preferred_address is not well formed"),
    "version_downgrade": Reason(None, "RFC 9368 4", "the versions of both sides lead to another version than this one"),
    "version_information": Reason(None, "RFC 9368 4", "version_information is not well formed"),
    # ------------------------------------------------------------ HTTP/3: what breaks the HTTP connection
    "h3_frame_unexpected": Reason(None, "RFC 9114 7.1", "a frame of this type must not be on this stream, or not now"),
    "h3_frame_truncated": Reason(
        None, "RFC 9114 7.1", "a stream ends inside a frame, or a frame does not end where its fields do"
    ),
    "h3_frame_too_large": Reason(None, "RFC 9114 10.5", "a frame of the control stream is too large"),
    "missing_h3_settings": Reason(None, "RFC 9114 6.2.1", "the first frame of the control stream must be SETTINGS"),
    "invalid_h3_setting": Reason(
        None, "RFC 9114 7.2.4.1", "a setting is repeated, reserved, or cannot have this value"
    ),
    "truncated_settings": Reason(None, "RFC 9114 7.2.4", "SETTINGS ends in the middle of a setting"),
    "qpack_stalled": Reason(
        None, "RFC 9204 7.3", "the peer sends field sections, but gives no credit for their QPACK acknowledgments"
    ),
    "too_many_settings": Reason(None, "RFC 9114 10.5", "SETTINGS has too many settings"),
    "remembered_setting_reduced": Reason(
        None, "RFC 9114 7.2.4.2", "a server that accepts early data must not lower a setting that it relies on"
    ),
    "second_critical_stream": Reason(
        None, "RFC 9114 6.2.1", "there must be only one control stream, and one of each type of QPACK stream"
    ),
    "critical_stream_closed": Reason(
        None, "RFC 9114 6.2.1", "the control stream and those of QPACK must not be closed"
    ),
    "server_opened_stream": Reason(None, "RFC 9114 6.1", "a server must not open bidirectional streams"),
    "goaway_of_no_request": Reason(None, "RFC 9114 7.2.6", "a server's GOAWAY must name a request stream"),
    "h3_goaway_raised": Reason(None, "RFC 9114 5.2", "the identifier of GOAWAY must not be raised"),
    "push_id_lowered": Reason(None, "RFC 9114 7.2.7", "MAX_PUSH_ID must not be lowered"),
    "push_not_allowed": Reason(None, "RFC 9114 4.6", "a client cannot push, and no push was allowed to the server"),
    "push_id_unknown": Reason(None, "RFC 9114 7.2.3", "there is no push to cancel"),
    "priority_of_no_request": Reason(None, "RFC 9218 7.2", "PRIORITY_UPDATE must name a request stream that can exist"),
    "invalid_datagram": Reason(
        None, "RFC 9297 2.1", "a datagram must begin with the identifier of a request stream, divided by four"
    ),
    "datagram_of_no_request": Reason(None, "RFC 9297 2.1", "a datagram must belong to a request that can exist"),
    "qpack_decompression": Reason(None, "RFC 9204 2.2", "a field section cannot be decoded"),
    "qpack_encoder_stream": Reason(None, "RFC 9204 4.3", "an instruction of the encoder stream cannot be followed"),
    "qpack_decoder_stream": Reason(None, "RFC 9204 4.4", "an instruction of the decoder stream cannot be followed"),
    # ------------------------------------------------------------ HTTP/3: what breaks a stream
    "request_incomplete": Reason(None, "RFC 9114 4.1", "a stream ended before its message did"),
    "request_rejected": Reason(None, "RFC 9114 5.2", "the connection is shutting down and accepts no new request"),
    # ------------------------------------------------------------ HTTP/3: what a caller can get wrong
    "datagrams_not_enabled": Reason(
        None, "RFC 9297 2.1.1", "datagrams can be sent only if both sides have announced them"
    ),
    "migration_not_possible": Reason(
        None,
        "RFC 9000 9",
        "a client can migrate once the handshake is confirmed, if the server allows it and a connection ID is left",
    ),
    "no_datagram_now": Reason(
        None, "RFC 9297 2.1", "datagrams can be sent only between the head of a message and its end"
    ),
    "datagram_does_not_fit": Reason(
        None, "RFC 9221 3", "a datagram must fit into one packet and must not be larger than the peer accepts"
    ),
    "key_update_too_early": Reason(
        None,
        "RFC 9001 6.1",
        "keys can be updated only after the handshake is confirmed and the last update acknowledged",
    ),
}

EXPLAINED.update(REASONS)


def remote_error(
    reason: str,
    excerpt: bytes | None = None,
    *,
    detail: str | None = None,
    offset: int | None = None,
    stream_id: int | None = None,
    error_code: int | None = None,
    code_space: str | None = None,
) -> RemoteProtocolError:
    """Make the error for input of the peer.

    ``excerpt`` is a part of that input, shown escaped and shortened to 60 bytes; ``detail`` is text of zttp, shown
    as it is.
    """
    row = REASONS[reason]
    return RemoteProtocolError(
        _message(row, excerpt, detail),
        reason=reason,
        status_hint=row.status_hint,
        error_code=error_code,
        code_space=code_space,
        stream_id=stream_id,
        offset=offset,
        section=row.section,
    )


def local_error(reason: str, excerpt: bytes | None = None, *, stream_id: int | None = None) -> LocalProtocolError:
    """Make the error for a call."""
    row = REASONS[reason]
    return LocalProtocolError(_message(row, excerpt), reason=reason, stream_id=stream_id, section=row.section)


def _message(row: Reason, excerpt: bytes | None, detail: str | None = None) -> str:
    message = row.sentence if detail is None else f"{row.sentence}: {detail}"
    if excerpt is not None:
        cut = excerpt[:_EXCERPT_BYTES]
        message += f": {cut!r}" + ("..." if len(excerpt) > len(cut) else "")
    return f"{message} ({row.section})" if row.section is not None else message
