"""The Huffman code, RFC 7541 5.2 and Appendix B.

The code is canonical, so the lengths of its 257 codes define it.
"""

from typing import Final

from librt.strings import BytesWriter, read_i32_le, read_i64_le, write_i32_be, write_i64_le

from zttp_h2.hpack.field_kinds import CLASSES, NOT_IN_VALUE
from zttp_h2.native_ints import i32, i64, u8

# RFC 7541 Appendix B: the length in bits of each symbol's code, EOS last.
LENGTHS: Final = bytes.fromhex(
    "0d171c1c1c1c1c1c1c181e1c1c1e1c1c1c1c1c1c1c1c1e1c1c1c1c1c1c1c1c1c"
    "060a0a0c0d06080b0a0a080b080606060505050606060606060607080f060c0a"
    "0d06070707070707070707070707070707070707070707070807080d130d0e06"
    "0f05060506050606060507070606060506070605050607070707070f0b0e0d1c"
    "1416141416161617161717171717181718181617181717171715161716171718"
    "1615141616171715171616181516171715151615171617171416161617161617"
    "1a1a1413161716191a1a1a1b1b1a181913151a1b1b1a1b1815151a1a1c1b1b1b"
    "14181415161515171616191918181a171a1b1a1a1b1b1b1b1b1c1b1b1b1b1b1a"
    "1e"
)

EOS: Final = 256
_NOT_FOR_VALUES: Final = 0x100  # of a packed code: the symbol must not be in a field value
_NOT_FOR_VALUES_SEEN: Final = 0x700  # up to four of them, added up
_CODE: Final = -0x200  # of a packed code: all but that and the length


def codes() -> list[int]:
    """Assign the codes: in order of length, then of symbol, each the successor of the one before."""
    assigned = [0] * 257
    code = 0
    length = 0
    for symbol in sorted(range(257), key=LENGTHS.__getitem__):
        code <<= LENGTHS[symbol] - length
        length = LENGTHS[symbol]
        assigned[symbol] = code
        code += 1
    return assigned


def _packed_codes() -> bytes:
    """The packed codes of all symbols except EOS, eight octets each: see ``encode``."""
    writer = BytesWriter()
    for symbol, code in enumerate(codes()[:EOS]):
        invalid = _NOT_FOR_VALUES if CLASSES[symbol] & NOT_IN_VALUE else 0
        write_i64_le(writer, (code << (63 - LENGTHS[symbol])) | invalid | LENGTHS[symbol])
    return writer.getvalue()


_PACKED_CODES: Final = _packed_codes()


def coded_length(data: bytes) -> i64:
    """Return how many octets ``data`` takes when coded."""
    lengths = LENGTHS
    total: i64 = 7
    at: i64 = 0
    end: i64 = len(data)
    while at < end:
        total += i64(lengths[data[at]])
        at += 1
    return total >> 3


def encode(data: bytes, writer: BytesWriter) -> bool:
    """Write ``data`` coded, padded with the first bits of EOS; return whether all of it may be in a field value.

    A packed code has its bits at the top (the highest is bit 62) and its length in the lowest octet, so that adding
    packed codes gives their total length. Of four symbols none must wait for the position of the previous one.
    """
    codes = _PACKED_CODES
    pending: i64 = 0  # bits that are not written yet, the first of them bit 62
    filled: i64 = 0  # their number; less than 32 between the steps
    seen: i64 = 0
    at: i64 = 0
    end: i64 = len(data)
    while at < end:
        if at + 4 <= end:
            four = i64(read_i32_le(data, at))
            packed = read_i64_le(codes, (four << 3) & 0x7F8)
            second = read_i64_le(codes, (four >> 5) & 0x7F8)
            third = read_i64_le(codes, (four >> 13) & 0x7F8)
            fourth = read_i64_le(codes, (four >> 21) & 0x7F8)
            reach = filled + packed
            behind_second = reach + second
            behind_third = behind_second + third
            behind_fourth = behind_third + fourth
            if behind_fourth & 255 <= 63:
                pending |= (second & _CODE) >> (reach & 63)
                pending |= (third & _CODE) >> (behind_second & 63)
                pending |= (fourth & _CODE) >> (behind_third & 63)
                reach = behind_fourth
                at += 3
        else:
            packed = read_i64_le(codes, i64(data[at]) << 3)
            reach = filled + packed
        pending |= (packed & _CODE) >> filled
        at += 1
        seen |= reach
        filled = reach & 255
        if filled >= 32:
            write_i32_be(writer, i32(((pending >> 31) ^ 0x80000000) - 0x80000000))
            pending = (pending & 0x7FFFFFFF) << 32
            filled -= 32
    at = 55
    while filled >= 8:
        writer.append(u8((pending >> at) & 255))
        at -= 8
        filled -= 8
    if filled > 0:
        writer.append(u8(((pending >> at) & 255) | (255 >> filled)))
    return seen & _NOT_FOR_VALUES_SEEN == 0
