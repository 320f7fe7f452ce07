"""Decoding field sections: pylsqpack with the size ledger, and sections that wait for the encoder stream."""

from typing import Any, Final, final

from pylsqpack import Decoder, DecompressionFailed, EncoderStreamError, StreamBlocked

from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.qpack.instructions import section_acknowledgment, stream_cancellation
from zttp_h3.qpack.size_ledger import OVERHEAD, TOO_LARGE, SizeLedger

# The ledger overestimates, up to three times. The decoded size is counted again.
_SLACK: Final = 4

# Of a peer's encoder stream, while it has inserted nothing: the capacity that it sets, and incomplete instructions.
_MOST_UNREAD: Final = 64
_WITHOUT_TABLE: Final = b"\0"  # the Required Insert Count of a section without references to the table (4.5.1)

Fields = list[tuple[bytes, bytes]]

_NAMELESS: Final[Fields] = [(b"", b"")]


@final
class SectionDecoder:
    """The decoder of a connection. Its own messages for the peer are in ``outgoing``.

    pylsqpack's decoder has 4.5 KB, and a connection keeps one only once something is in the table: a section without
    references to the table is read by a temporary one.
    """

    def __init__(self, capacity: i64, blocked_streams: i64, max_section: i64) -> None:
        self.outgoing = b""  # for the decoder stream
        self.changes: i64 = 0  # the number of changes of the table: while it is the same, a block has the same meaning
        self.section_size: i64 = 0  # of the last decoded section
        self._capacity: Final[i64] = capacity
        self._blocked_streams: Final[i64] = blocked_streams
        self._max_section: Final[i64] = max_section
        self._ledger: Final = SizeLedger(capacity)
        self._waiting: Final[dict[int, bytes]] = {}  # the sections of blocked streams
        self._unread = b""  # of the encoder stream, while there is no decoder
        self._decoder: Any = None

    @property
    def blocked(self) -> set[int]:
        """The streams whose sections wait for the encoder stream."""
        return set(self._waiting)

    def feed_encoder(self, data: bytes) -> list[int]:
        """Take bytes of the peer's encoder stream; return the streams that are no longer blocked. Raises Malformed."""
        self.changes += 1
        if not self._ledger.feed(data):
            raise Malformed("qpack_encoder_stream", H3ErrorCode.QPACK_ENCODER_STREAM_ERROR)
        if self._decoder is None:
            self._unread += data
            if self._ledger.inserted() == 0 and len(self._unread) <= _MOST_UNREAD:
                return []
            self._get()
            return []  # without a decoder nothing was blocked
        return [stream_id for stream_id in self._feed(data) if stream_id in self._waiting]

    def decode(self, stream_id: i64, block: bytes) -> Fields | None:
        """Decode a field section; None if it waits for the encoder stream.

        Raises Malformed, and ValueError for one that is too large.
        """
        self._check_bound(block)
        decoder = self._decoder
        if decoder is None:
            decoder = Decoder(0, 0) if block[:1] == _WITHOUT_TABLE else self._get()
        try:
            control, fields = decoder.feed_header(stream_id, block)
        except StreamBlocked:
            self._waiting[int(stream_id)] = block
            return None
        except (DecompressionFailed, ValueError):
            return self._failed()
        self.outgoing += control
        return self._checked(fields)

    def repeat(self, stream_id: i64, block: bytes) -> None:
        """Record that a block was repeated since the last change of the table."""
        if block[:1] != _WITHOUT_TABLE:
            self.outgoing += section_acknowledgment(stream_id)

    def resume(self, stream_id: i64) -> Fields | None:
        """Decode the blocked section of a stream, now that its entries are there. Raises the errors of ``decode``."""
        number = int(stream_id)
        block = self._waiting.pop(number)
        self._check_bound(block)
        try:
            control, fields = self._get().resume_header(stream_id)
        except StreamBlocked:
            self._waiting[number] = block
            return None
        except (DecompressionFailed, ValueError):
            return self._failed()
        self.outgoing += control
        return self._checked(fields)

    def cancel(self, stream_id: i64) -> None:
        """Tell the peer that a stream's sections will not be decoded (RFC 9204 2.2.2.2)."""
        number = int(stream_id)
        if self._decoder is None and self._capacity == 0:
            return
        self._waiting.pop(number, None)
        # Nothing waits for a decoder that does not exist, and what it has not read yet may be wrong.
        decoder = self._decoder
        self.outgoing += stream_cancellation(stream_id) if decoder is None else decoder.cancel_stream(stream_id)

    def _failed(self) -> Fields:
        """Distinguish an invalid section from one that pylsqpack does not decode. Raises Malformed and ValueError."""
        if self._ledger.overlong:
            raise ValueError("a field is too large")
        if self._ledger.nameless:
            # For pylsqpack an empty name is a connection error. It is a malformed message (RFC 9114 4.1.2, 10.3), which
            # is checked later: the rest of the section does not matter then.
            return _NAMELESS
        raise Malformed("qpack_decompression", H3ErrorCode.QPACK_DECOMPRESSION_FAILED)

    def _check_bound(self, block: bytes) -> None:
        if self._ledger.section_bound(block, _SLACK * self._max_section) == TOO_LARGE:
            raise ValueError("a field section is too large")

    def _checked(self, fields: Fields) -> Fields:
        size: i64 = 0
        for name, value in fields:
            size += len(name) + len(value) + OVERHEAD
        if size > self._max_section:
            raise ValueError("a field section is too large")
        self.section_size = size
        return fields

    def _get(self) -> Any:
        """Return the connection's decoder, made on first use. Raises Malformed."""
        if self._decoder is None:
            self._decoder = Decoder(self._capacity, self._blocked_streams)
            self._feed(self._unread)
            self._unread = b""
        return self._decoder

    def _feed(self, data: bytes) -> list[int]:
        try:
            ready: list[int] = self._decoder.feed_encoder(data)
        except EncoderStreamError:
            raise Malformed("qpack_encoder_stream", H3ErrorCode.QPACK_ENCODER_STREAM_ERROR) from None
        return ready
