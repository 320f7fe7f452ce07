"""The Huffman code, RFC 7541 5.2 and Appendix B.

The code is canonical, so the lengths of its 257 codes say all. Decoding is a state machine over whole octets: a state
is an inner node of the code's tree (256 of them), and an entry of the table says what an octet does in it:

    bits  0..15   the symbols it completes, the first in the low octet (an octet completes two at most)
    bits 16..23   the next state
    bits 24..25   how many symbols
    bit  26       one of the symbols must not be in a field value
    bit  27       one of the symbols must not be in a field name
    bit  28       a string must not end here: what is pending is more than 7 bits, or not all ones
    bit  29       the octet completes EOS

The table has 256 KiB. It is built when the first coded string arrives, in about a millisecond, and never changes.
"""

from typing import Final

from librt.strings import BytesWriter, read_i32_le, read_i64_le, write_i32_be, write_i32_le, write_i64_le

from zttp_h2.hpack.field_kinds import CLASSES, NOT_IN_NAME, NOT_IN_VALUE
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

_EOS: Final = 256

VALUE_INVALID: Final = 0x4000000
NAME_INVALID: Final = 0x8000000
_NOT_AT_END: Final = 0x10000000
_EOS_SEEN: Final = 0x20000000
# What decode() says instead of the union of flags.
BAD_PADDING: Final = -1
BAD_EOS: Final = -2

_NOT_FOR_VALUES: Final = 0x100  # of a packed code: the symbol must not be in a field value
_NOT_FOR_VALUES_SEEN: Final = 0x700  # up to four of them, added up
_CODE: Final = -0x200  # of a packed code: all but that and the length


def _codes() -> list[int]:
    """Assign the codes: in order of length, then of symbol, each the successor of the one before."""
    codes = [0] * 257
    code = 0
    length = 0
    for symbol in sorted(range(257), key=LENGTHS.__getitem__):
        code <<= LENGTHS[symbol] - length
        length = LENGTHS[symbol]
        codes[symbol] = code
        code += 1
    return codes


def _packed_codes() -> bytes:
    """What the encoder needs of each symbol but EOS, eight octets each: see ``encode``."""
    writer = BytesWriter()
    for symbol, code in enumerate(_codes()[:_EOS]):
        invalid = _NOT_FOR_VALUES if CLASSES[symbol] & NOT_IN_VALUE else 0
        write_i64_le(writer, (code << (63 - LENGTHS[symbol])) | invalid | LENGTHS[symbol])
    return writer.getvalue()


_PACKED_CODES: Final = _packed_codes()
_decode_table: Final[list[bytes]] = []


class _Tree:
    """The code's tree: ``children[2 * node + bit]`` is an inner node, or -1 - symbol."""

    def __init__(self) -> None:
        self.children = [0, 0]
        self.may_end = [True]  # RFC 7541 5.2: up to 7 bits, all ones, are padding
        for symbol, code in enumerate(_codes()):
            self._add(symbol, code, LENGTHS[symbol])

    def _add(self, symbol: int, code: int, length: int) -> None:
        node = 0
        for depth in range(1, length):
            bit = (code >> (length - depth)) & 1
            if self.children[2 * node + bit] == 0:
                self.children[2 * node + bit] = len(self.may_end)
                self.children += [0, 0]
                self.may_end.append(bit == 1 and depth <= 7 and self.may_end[node])
            node = self.children[2 * node + bit]
        self.children[2 * node + (code & 1)] = -1 - symbol

    def half_steps(self) -> tuple[list[int], list[int]]:
        """For each node and half octet: the node it leads to, and the symbol it completes (one at most) or -1."""
        nodes: list[int] = []
        symbols: list[int] = []
        for start in range(256):
            for half in range(16):
                node = start
                completed = -1
                for shift in (3, 2, 1, 0):
                    node = self.children[2 * node + ((half >> shift) & 1)]
                    if node < 0:
                        completed = -1 - node
                        node = 0
                nodes.append(node)
                symbols.append(completed)
        return nodes, symbols


def _symbol_flags() -> list[int]:
    flags = []
    for classes in CLASSES:
        flags.append((VALUE_INVALID if classes & NOT_IN_VALUE else 0) | (NAME_INVALID if classes & NOT_IN_NAME else 0))
    flags.append(_EOS_SEEN)
    return flags


def _build_decode_table() -> bytes:
    tree = _Tree()
    nodes, symbols = tree.half_steps()
    flags = _symbol_flags()
    ends = [(node << 16) | (0 if may_end else _NOT_AT_END) for node, may_end in enumerate(tree.may_end)]
    writer = BytesWriter()
    for step in range(4096):
        first = symbols[step]
        half = nodes[step] * 16
        before = 0 if first < 0 else 0x1000000 | (first & 255) | flags[first]
        place = 0 if first < 0 else 8
        for low in range(half, half + 16):
            entry = before | ends[nodes[low]]
            second = symbols[low]
            if second >= 0:
                entry = (entry + 0x1000000) | ((second & 255) << place) | flags[second]
            write_i32_le(writer, entry)
    return writer.getvalue()


def decode_table() -> bytes:
    """Return the table of the state machine, built at the first call."""
    if not _decode_table:
        _decode_table.append(_build_decode_table())
    return _decode_table[0]


def decode(table: bytes, block: bytes, at: i64, end: i64, writer: BytesWriter) -> i64:
    """Decode ``block[at:end]`` into ``writer``; return the union of its flags, or BAD_PADDING or BAD_EOS."""
    flags: i64 = 0
    last: i64 = 0
    state: i64 = 0
    pending: i64 = 0
    bits: i64 = 0
    while at < end:
        last = i64(read_i32_le(table, state | (i64(block[at]) << 2)))
        at += 1
        flags |= last
        state = (last >> 6) & 0x3FC00
        pending |= (last & 0xFFFF) << bits
        bits += (last >> 21) & 0x18
        if bits >= 32:
            # The detour makes a signed integer of the low 32 bits, alike compiled and interpreted.
            write_i32_le(writer, i32(((pending & 0xFFFFFFFF) ^ 0x80000000) - 0x80000000))
            pending >>= 32
            bits -= 32
    while bits > 0:
        writer.append(u8(pending & 255))
        pending >>= 8
        bits -= 8
    if flags & _EOS_SEEN:
        return BAD_EOS
    if last & _NOT_AT_END:
        return BAD_PADDING
    return flags


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

    A packed code has its bits at the top (the highest is bit 62) and its length in the lowest octet, so that packed
    codes are added up to learn how far they reach. Of four symbols none has to wait for the place of the one before.
    """
    codes = _PACKED_CODES
    pending: i64 = 0  # bits that are not written yet, the first of them bit 62
    filled: i64 = 0  # how many they are; less than 32 between the steps
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
