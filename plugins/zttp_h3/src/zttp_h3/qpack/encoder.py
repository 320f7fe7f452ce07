"""Encoding field sections. Encoder stream instructions must be sent before, or with, the section that needs them."""

from typing import Any, Final, final

from pylsqpack import DecoderStreamError, Encoder

from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.qpack.instructions import prefixed_integer
from zttp_h3.qpack.size_ledger import OVERHEAD, SizeLedger

# Whatever the peer allows: a larger table costs memory for every connection.
_MOST_CAPACITY: Final = 4096
_MOST_BLOCKED: Final = 16

# pylsqpack encodes what it cannot decode: a name and value of 65,530 octets and more.
MOST_FIELD_BYTES: Final = 65_000

Fields = list[tuple[bytes, bytes]]


@final
class SectionEncoder:
    """The encoder of a connection. Instructions for the peer are in ``outgoing``.

    A table has 4.6 KB, and nothing is inserted before it was seen once. So the first section is encoded without one,
    and a connection without a second section never has one (RFC 9204 4.2 lets an encoder omit it, and its stream).
    """

    def __init__(self) -> None:
        self.outgoing = b""  # for the encoder stream
        self._capacity: i64 = 0  # that the peer allows
        self._blocked_streams: i64 = 0
        self._full_range: i64 = 0  # of the peer's Required Insert Counts
        self._ledger: SizeLedger | None = None  # of our insertions, if the peer allows a larger table than ours
        self._limits_applied = False
        self._has_encoded = False
        self._encoder: Any = None

    def apply_settings(self, capacity: i64, blocked_streams: i64) -> None:
        """Take the peer's limits, once (RFC 9204 5)."""
        self._capacity = min(capacity, _MOST_CAPACITY)
        self._blocked_streams = min(blocked_streams, _MOST_BLOCKED)
        self._full_range = 2 * (capacity // OVERHEAD)

    def encode(self, stream_id: i64, fields: Fields) -> bytes:
        """Encode a field section."""
        if self._has_encoded:
            encoder = self._encoder if self._limits_applied else self._get()
        else:
            self._has_encoded = True
            encoder = Encoder()
        control, block = encoder.encode(stream_id, fields)
        if control:
            self._instruct(control)
        encoded: bytes = block
        return encoded if self._ledger is None else self._counted(encoded, self._ledger)

    def feed_decoder(self, data: bytes) -> None:
        """Take bytes of the peer's decoder stream. Raises Malformed."""
        try:
            self._get().feed_decoder(data)
        except (DecoderStreamError, ValueError):
            raise Malformed("qpack_decoder_stream", H3ErrorCode.QPACK_DECODER_STREAM_ERROR) from None

    def _get(self) -> Any:
        """Return the connection's encoder, with a table as soon as the peer's limits are known."""
        encoder = self._encoder
        if encoder is None:
            encoder = self._encoder = Encoder()
        if self._capacity > 0 and not self._limits_applied:
            self._limits_applied = True
            if self._full_range != 2 * (self._capacity // OVERHEAD):
                self._ledger = SizeLedger(self._capacity)
            self._instruct(encoder.apply_settings(self._capacity, self._blocked_streams))
        return encoder

    def _instruct(self, control: bytes) -> None:
        """Queue instructions for the peer."""
        self.outgoing += control
        if self._ledger is not None:
            self._ledger.feed(control)

    def _counted(self, block: bytes, ledger: SizeLedger) -> bytes:
        """Encode the Required Insert Count of a section again: modulo the largest table that the peer allows (4.5.1.1).

        pylsqpack takes the table that is in use for that one, which the peer does not know.
        """
        required, at = ledger.required(block)
        return block if required <= 0 else prefixed_integer(0, 0xFF, required % self._full_range + 1) + block[at:]
