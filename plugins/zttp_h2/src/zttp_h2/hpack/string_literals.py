"""Writing string literals, RFC 7541 5.2: Huffman-coded if that is shorter."""

from librt.strings import BytesWriter

from zttp_h2.hpack import huffman
from zttp_h2.hpack.field_kinds import has_no_control
from zttp_h2.hpack.integers import encode_integer
from zttp_h2.native_ints import i64, u8


def encode_string(writer: BytesWriter, text: bytes) -> bool:
    """Write a string literal; return whether all its octets may be in a field value (RFC 9110 5.5)."""
    length: i64 = len(text)
    if length < 127:
        # Coded at once, after one octet for its length: it is nearly always shorter.
        at: i64 = len(writer)
        writer.append(0)
        is_valid = huffman.encode(text, writer)
        coded: i64 = len(writer) - at - 1
        if coded < length:
            writer[at] = u8(128 | coded)
            return is_valid
        writer.truncate(at)
    else:
        coded = huffman.coded_length(text)
        if coded < length:
            encode_integer(writer, coded, 0x80, 127)
            return huffman.encode(text, writer)
        is_valid = has_no_control(text)
    encode_integer(writer, length, 0x00, 127)
    writer.write(text)
    return is_valid


def string_literal(text: bytes) -> bytes:
    """Return a string literal."""
    writer = BytesWriter()
    encode_string(writer, text)
    return writer.getvalue()
