"""Heads and trailer sections as HEADERS and CONTINUATION frames (RFC 9113 6.2, 6.10, 8.2, 8.3).

A field that is not allowed in a message is refused before any of it can be sent: the frame is removed again, the
encoder drops it, and LocalProtocolError is raised. Names are given in any case and sent in lower case.
"""

from typing import Final, final

from zttp_core.messages.content_length import given_content_length
from zttp_core.messages.writing import field_error, field_fault_of
from zttp_core.reasons import local_error
from zttp_h2.content_length import plain_length
from zttp_h2.flow.outbox import Outbox
from zttp_h2.frames import CONTINUATION, END_HEADERS, END_STREAM, HEADERS
from zttp_h2.hpack.encoder import Encoder
from zttp_h2.hpack.encoder_table import Fields as Fields
from zttp_h2.hpack.field_kinds import AUTHORITY, CONNECTION_SPECIFIC, CONTENT_LENGTH, HOST, PROTOCOL, UNKNOWN_PSEUDO
from zttp_h2.hpack.field_rules import FieldRules
from zttp_h2.hpack.status import OK
from zttp_h2.native_ints import i64, mypyc_attr


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class HeadWriter(FieldRules):
    """The encoder of one connection and the frames around its blocks.

    ``content_length`` is that of the last written head, or -1. ``never_indexed`` are the names of the fields in the
    next block that must not be indexed on any hop (RFC 7541 6.2.3), ``None`` for none.
    """

    def __init__(self, outbox: Outbox) -> None:
        self.encoder: Final = Encoder()
        self.content_length: i64 = -1
        self.max_frame_size: i64 = 16384
        self.never_indexed: frozenset[bytes] | None = None
        self._outbox: Final = outbox
        self._length: bytes = b""  # as it is stated
        self._previous_length_at: i64 = -1  # while a head is written: that of the Content-Length in the previous one
        self._is_request = False
        self._states_length = True
        self._left_out = False

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
        marked = self.never_indexed is not None
        start = self._begin(stream_id, flags, len(fields))
        try:
            if (self._pseudo(b":method", method) if marked else encoder.encode_method(buffer, method)) != OK:
                raise local_error("invalid_method", method)
            if scheme is not None:
                if (self._pseudo(b":scheme", scheme) if marked else encoder.encode_scheme(buffer, scheme)) != OK:
                    raise local_error("invalid_pseudo_field", b":scheme " + scheme)
            if authority is not None:
                if (
                    self._pseudo(b":authority", authority) if marked else encoder.encode_authority(buffer, authority)
                ) != OK:
                    raise local_error("invalid_host", authority)
            if path is not None:
                if (self._pseudo(b":path", path) if marked else encoder.encode_path(buffer, path)) != OK:
                    raise local_error("invalid_target", path)
            if protocol is not None and self._pseudo(b":protocol", protocol) != OK:
                raise local_error("invalid_pseudo_field", b":protocol " + protocol)
            self._write_fields(fields, True, True)
        except BaseException:
            self._abandon(start)
            raise
        self._finish(start, stream_id, flags)

    def write_response(self, stream_id: i64, status: i64, fields: Fields, flags: i64, states_length: bool) -> None:
        """Write a response head, final or informational; without its Content-Length unless it ``states_length``."""
        start = self._begin(stream_id, flags, len(fields))
        try:
            if self.never_indexed is None:
                self.encoder.encode_status(self._outbox.buffer, status)
            else:
                self._pseudo(b":status", b"%d" % status)
            self._write_fields(fields, False, states_length)
        except BaseException:
            self._abandon(start)
            raise
        self._finish(start, stream_id, flags)

    def write_trailers(self, stream_id: i64, fields: Fields) -> None:
        """Write a trailer section that ``zttp_core.messages`` has made; it ends the stream."""
        buffer = self._outbox.buffer
        encoder = self.encoder
        start = self._begin(stream_id, END_STREAM, -1)  # trailers must not replace the fields that heads repeat
        names = self.never_indexed
        for name, value in fields:
            known = encoder.lookup(name)
            encoder.encode_field(buffer, known, value, names is not None and known.name in names)
        self._finish(start, stream_id, END_STREAM)

    def takes(self, kind: i64, name: bytes, value: bytes, position: i64) -> bool:
        """Leave out a field that is in ``:authority`` already, record the Content-Length, refuse illegal fields."""
        if self._is_request and (kind == HOST or kind == AUTHORITY):
            return False
        if kind == CONTENT_LENGTH:
            if self._states_length:
                return self._note_length(value, position)
            self._left_out = True  # RFC 9110 8.6
            return False
        if kind == CONNECTION_SPECIFIC or kind <= PROTOCOL or kind == UNKNOWN_PSEUDO:
            raise _invalid_field(name, value)
        return True

    def note_repeated(self, fields: Fields, start: i64, stop: i64) -> None:
        """Record the Content-Length if it is among the repeated fields: it is that of the last head then."""
        at = self._previous_length_at
        if start <= at < stop:
            self._note_length(fields[at][1], at)

    def _write_fields(self, fields: Fields, is_request: bool, states_length: bool) -> None:
        """Write the fields after the pseudo-header fields, and record the Content-Length."""
        buffer = self._outbox.buffer
        encoder = self.encoder
        last = encoder.last
        names = self.never_indexed
        self._states_length = states_length
        self._left_out = False
        if not states_length:
            last.forget_length()
        if names is None and last.repeat_all(buffer, fields, encoder.table.stamp):
            self.content_length = last.content_length
            return
        self._is_request = is_request
        self._previous_length_at = last.content_length_at
        last.content_length_at = -1
        last.content_length = -1
        if names is None:
            status, position = encoder.write_fields(buffer, fields, self)
        else:
            last.forget()  # its Content-Length was that of an earlier block
            status, position = encoder.write_marked(buffer, fields, self, names)
        if status != OK:
            name, value = fields[position]
            raise _invalid_field(name, value)
        if self._left_out:
            last.forget()  # the next head may declare its length

    def _pseudo(self, name: bytes, value: bytes) -> i64:
        """Write a pseudo-header field, marked if it is among the names; ``:authority`` has the name ``host`` there."""
        names = self.never_indexed
        encoder = self.encoder
        marked = names is not None and (b"host" if name == b":authority" else name) in names
        return encoder.encode_field(self._outbox.buffer, encoder.lookup(name), value, marked)

    def _note_length(self, value: bytes, position: i64) -> bool:
        """Record a Content-Length, and return whether to write it: a repeated one is not written."""
        length = plain_length(value)
        if length < 0 or self.content_length >= 0:
            reason, length = given_content_length(value, self._length)
            if reason is not None:
                raise local_error(reason, value)
            if self.content_length >= 0:
                return False
        self.content_length = length
        self._length = value
        last = self.encoder.last
        last.content_length = length
        last.content_length_at = position
        return True

    def _begin(self, stream_id: i64, flags: i64, count: i64) -> i64:
        outbox = self._outbox
        start: i64 = len(outbox.buffer)
        self.content_length = -1
        self._length = b""
        outbox.write_header(0, HEADERS, flags | END_HEADERS, stream_id)
        self.encoder.begin_block(outbox.buffer, count)
        return start

    def _abandon(self, start: i64) -> None:
        self._outbox.truncate(start)
        self.encoder.abandon_block()

    def _finish(self, start: i64, stream_id: i64, flags: i64) -> None:
        self.never_indexed = None
        outbox = self._outbox
        size: i64 = len(outbox.buffer) - start - 9
        if size <= self.max_frame_size:
            outbox.patch_length(start)
            return
        block = outbox.cut_off(start)[9:]
        start = len(outbox.buffer)
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


def _invalid_field(name: bytes, value: bytes) -> Exception:
    """Make the error for a field that was refused, by the rule that it breaks."""
    error: Exception = field_error(field_fault_of(name, value), name, value)
    return error
