"""Heads and trailer sections as HEADERS and CONTINUATION frames (RFC 9113 6.2, 6.10, 8.2, 8.3).

What must not be in a message is refused before anything of it can leave: the frame is cut off again, the encoder told
to forget it, and LocalProtocolError raised. Names may come in any case and leave in lower case.
"""

from typing import Final, final

from zttp_core.grammar import FORBIDDEN_TRAILERS as _FORBIDDEN_TRAILERS
from zttp_core.reasons import local_error
from zttp_h2.content_length import parse_content_length
from zttp_h2.flow.outbox import Outbox
from zttp_h2.frames import CONTINUATION, END_HEADERS, END_STREAM, HEADERS
from zttp_h2.hpack.encoder import Encoder
from zttp_h2.hpack.encoder_table import Fields as Fields
from zttp_h2.hpack.field_kinds import (
    AUTHORITY,
    CONNECTION_SPECIFIC,
    CONTENT_LENGTH,
    HOST,
    PROTOCOL,
    UNKNOWN_PSEUDO,
    name_kind,
    value_is_valid,
)
from zttp_h2.hpack.field_kinds import INVALID_NAME as KIND_INVALID_NAME
from zttp_h2.hpack.field_name import LOWER
from zttp_h2.hpack.field_rules import FieldRules
from zttp_h2.hpack.status import INVALID_NAME, OK
from zttp_h2.native_ints import i64, mypyc_attr

FORBIDDEN_TRAILERS: Final[frozenset[bytes]] = _FORBIDDEN_TRAILERS


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class HeadWriter(FieldRules):
    """The encoder of one connection and the frames around its blocks.

    ``content_length`` is what the head that was written last states, or -1.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.encoder: Final = Encoder()
        self.content_length: i64 = -1
        self.max_frame_size: i64 = 16384
        self._outbox: Final = outbox
        self._previous_length_at: i64 = -1  # while a head is written: where the one before had its Content-Length
        self._is_request = False

    def write_request(
        self,
        stream_id: i64,
        method: bytes,
        scheme: bytes | None,
        authority: bytes | None,
        path: bytes | None,
        protocol: bytes | None,
        fields: Fields,
        flags: i64,
    ) -> None:
        """Write a request head; ``host`` and ``:authority`` among the fields are in ``authority`` already."""
        buffer = self._outbox.buffer
        encoder = self.encoder
        start = self._begin(stream_id, flags, len(fields))
        try:
            if encoder.encode_method(buffer, method) != OK:
                raise local_error("invalid_pseudo_field", b":method " + method)
            if scheme is not None and encoder.encode_scheme(buffer, scheme) != OK:
                raise local_error("invalid_pseudo_field", b":scheme " + scheme)
            if authority is not None and encoder.encode_authority(buffer, authority) != OK:
                raise local_error("invalid_pseudo_field", b":authority " + authority)
            if path is not None and encoder.encode_path(buffer, path) != OK:
                raise local_error("invalid_pseudo_field", b":path " + path)
            if protocol is not None and encoder.encode_field(buffer, encoder.lookup(b":protocol"), protocol) != OK:
                raise local_error("invalid_pseudo_field", b":protocol " + protocol)
            self._write_fields(fields, True)
        except BaseException:
            self._abandon(start)
            raise
        self._finish(start, stream_id, flags)

    def write_response(self, stream_id: i64, status: i64, fields: Fields, flags: i64) -> None:
        """Write a response head, final or informational."""
        start = self._begin(stream_id, flags, len(fields))
        try:
            self.encoder.encode_status(self._outbox.buffer, status)
            self._write_fields(fields, False)
        except BaseException:
            self._abandon(start)
            raise
        self._finish(start, stream_id, flags)

    def write_trailers(self, stream_id: i64, fields: Fields) -> None:
        """Write a trailer section that ``check_trailers`` has accepted; it ends the stream."""
        buffer = self._outbox.buffer
        encoder = self.encoder
        start = self._begin(stream_id, END_STREAM, -1)  # what heads repeat is not to be forgotten for a trailer section
        for name, value in fields:
            encoder.encode_field(buffer, encoder.lookup(name), value)
        self._finish(start, stream_id, END_STREAM)

    def takes(self, kind: i64, name: bytes, value: bytes, position: i64) -> bool:
        """Leave out what is in ``:authority`` already, note the Content-Length, refuse what must not be given."""
        if self._is_request and (kind == HOST or kind == AUTHORITY):
            return False
        if kind == CONTENT_LENGTH:
            self._note_length(value, position)
        else:
            _check_kind(kind, name)
        return True

    def note_repeated(self, fields: Fields, start: i64, stop: i64) -> None:
        """The Content-Length may be among what is repeated: it is that of the last head then."""
        at = self._previous_length_at
        if start <= at < stop:
            self._note_length(fields[at][1], at)

    def _write_fields(self, fields: Fields, is_request: bool) -> None:
        """Write the fields behind the pseudo-header fields, and note the Content-Length."""
        buffer = self._outbox.buffer
        encoder = self.encoder
        last = encoder.last
        if last.repeat_all(buffer, fields, encoder.table.stamp):
            self.content_length = last.content_length
            return
        self._is_request = is_request
        self._previous_length_at = last.content_length_at
        last.content_length_at = -1
        last.content_length = -1
        status, position = encoder.write_fields(buffer, fields, self)
        if status != OK:
            name, value = fields[position]
            raise _invalid_field(status, name, value)

    def _note_length(self, value: bytes, position: i64) -> None:
        """Take the Content-Length: there must not be another one."""
        length = parse_content_length(value)
        if length < 0:
            raise local_error("invalid_content_length", value)
        if self.content_length >= 0:
            raise local_error("conflicting_content_length", value)
        self.content_length = length
        last = self.encoder.last
        last.content_length = length
        last.content_length_at = position

    def _begin(self, stream_id: i64, flags: i64, count: i64) -> i64:
        outbox = self._outbox
        start: i64 = len(outbox.buffer)
        self.content_length = -1
        outbox.write_header(0, HEADERS, flags | END_HEADERS, stream_id)
        self.encoder.begin_block(outbox.buffer, count)
        return start

    def _abandon(self, start: i64) -> None:
        self._outbox.truncate(start)
        self.encoder.abandon_block()

    def _finish(self, start: i64, stream_id: i64, flags: i64) -> None:
        outbox = self._outbox
        size: i64 = len(outbox.buffer) - start - 9
        if size <= self.max_frame_size:
            outbox.patch_length(start)
            return
        block = outbox.buffer.getvalue()[start + 9 :]
        outbox.truncate(start)
        largest = self.max_frame_size
        outbox.write_header(largest, HEADERS, flags, stream_id)
        outbox.buffer.write(block[:largest])
        at = largest
        while at < size:
            stop = min(size, at + largest)
            outbox.write_header(stop - at, CONTINUATION, END_HEADERS if stop == size else 0, stream_id)
            outbox.buffer.write(block[at:stop])
            at = stop
        outbox.mark(start + 4, stream_id)


def check_trailers(fields: Fields) -> None:
    """Check a trailer section (RFC 9113 8.1, RFC 9110 6.5.1). Raises LocalProtocolError."""
    for name, value in fields:
        lower = name.translate(LOWER)
        kind = name_kind(lower)
        if kind == KIND_INVALID_NAME:
            raise local_error("invalid_field_name", name)
        if kind == UNKNOWN_PSEUDO or 1 <= kind <= PROTOCOL:
            raise local_error("pseudo_field_given", name)
        if lower in FORBIDDEN_TRAILERS:
            raise local_error("forbidden_trailer", name)
        if not value_is_valid(kind, value):
            raise local_error("invalid_field_value", name + b": " + value)


def _check_kind(kind: i64, name: bytes) -> None:
    """Refuse what the caller must not give."""
    if kind == CONNECTION_SPECIFIC:
        raise local_error("connection_specific_field", name)
    if kind <= PROTOCOL or kind == UNKNOWN_PSEUDO:
        raise local_error("pseudo_field_given", name)


def _invalid_field(status: i64, name: bytes, value: bytes) -> Exception:
    if status == INVALID_NAME:
        error: Exception = local_error("invalid_field_name", name)
    else:
        error = local_error("invalid_field_value", name + b": " + value)
    return error
