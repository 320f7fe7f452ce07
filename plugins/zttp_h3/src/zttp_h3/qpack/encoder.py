"""Field sections encoded. What goes to the encoder stream has to leave before, or with, the section that needs it."""

from typing import Any, Final, final

from pylsqpack import DecoderStreamError, Encoder

from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64

# However much the peer allows: a larger table costs us memory for every connection.
_MOST_CAPACITY: Final = 4096
_MOST_BLOCKED: Final = 16

# pylsqpack encodes what it cannot decode: a name and value of 65,530 octets and more.
MOST_FIELD_BYTES: Final = 65_000

Fields = list[tuple[bytes, bytes]]


@final
class SectionEncoder:
    """The encoder of a connection. Instructions for the peer are in ``outgoing``."""

    def __init__(self) -> None:
        self.outgoing = b""  # for the encoder stream
        self._encoder: Any = Encoder()

    def apply_settings(self, capacity: i64, blocked_streams: i64) -> None:
        """Take the peer's limits, once (RFC 9204 5)."""
        if capacity > 0:
            self.outgoing += self._encoder.apply_settings(
                min(capacity, _MOST_CAPACITY), min(blocked_streams, _MOST_BLOCKED)
            )

    def encode(self, stream_id: i64, fields: Fields) -> bytes:
        """Encode a field section."""
        control, block = self._encoder.encode(stream_id, fields)
        self.outgoing += control
        encoded: bytes = block
        return encoded

    def feed_decoder(self, data: bytes) -> None:
        """Take bytes of the peer's decoder stream. Raises Malformed."""
        try:
            self._encoder.feed_decoder(data)
        except (DecoderStreamError, ValueError):
            raise Malformed("qpack_decoder_stream", H3ErrorCode.QPACK_DECODER_STREAM_ERROR) from None
