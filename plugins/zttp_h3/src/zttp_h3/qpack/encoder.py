"""Encoding field sections. Encoder stream instructions must be sent before, or with, the section that needs them."""

from typing import Any, Final, final

from pylsqpack import DecoderStreamError, Encoder

from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64

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
        self._limits_applied = False
        self._has_encoded = False
        self._encoder: Any = None

    def apply_settings(self, capacity: i64, blocked_streams: i64) -> None:
        """Take the peer's limits, once (RFC 9204 5)."""
        self._capacity = min(capacity, _MOST_CAPACITY)
        self._blocked_streams = min(blocked_streams, _MOST_BLOCKED)

    def encode(self, stream_id: i64, fields: Fields) -> bytes:
        """Encode a field section."""
        if self._has_encoded:
            encoder = self._encoder if self._limits_applied else self._get()
        else:
            self._has_encoded = True
            encoder = Encoder()
        control, block = encoder.encode(stream_id, fields)
        if control:
            self.outgoing += control
        encoded: bytes = block
        return encoded

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
            self.outgoing += encoder.apply_settings(self._capacity, self._blocked_streams)
        return encoder
