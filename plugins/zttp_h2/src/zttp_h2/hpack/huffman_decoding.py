"""Decoding the Huffman code, RFC 7541 5.2.

A state machine over whole octets: a state is an inner node of the code's tree (256 of them), and an entry of the table
has the effect of an octet in it:

    bits  0..7    the first symbol that it completes
    bits  8..9    how many there are, two at most
    bits 10..17   the next state, so that a mask gives the next position: nothing else is waited for
    bits 18..25   the second symbol
    bit  26       one of the symbols must not be in a field value
    bit  27       one of the symbols must not be in a field name
    bit  28       a string must not end here: the pending bits are more than 7, or not all ones
    bit  29       the octet completes EOS

The table has 256 KiB, of which nearly all strings use little: the states of short codes. It is in the order of the
states, so that the octets, which differ more, spread over the cache.
"""

from typing import Final

from librt.strings import BytesWriter, read_i32_le, write_i32_le

from zttp_h2.hpack.field_kinds import CLASSES, NOT_IN_NAME, NOT_IN_VALUE
from zttp_h2.hpack.huffman import LENGTHS, codes
from zttp_h2.native_ints import i32, i64, u8

VALUE_INVALID: Final = 0x4000000
NAME_INVALID: Final = 0x8000000
_NOT_AT_END: Final = 0x10000000
_EOS_SEEN: Final = 0x20000000
# Results of decode() instead of the union of flags.
BAD_PADDING: Final = -1
BAD_EOS: Final = -2

_STATE: Final = 0x3FC00
_STATES: Final = 256


class _Tree:
    """The code's tree: ``children[2 * node + bit]`` is an inner node, or -1 - symbol."""

    def __init__(self) -> None:
        self.children = [0, 0]
        self.may_end = [True]  # RFC 7541 5.2: up to 7 bits, all ones, are padding
        for symbol, code in enumerate(codes()):
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
        """Return, for each node and half octet, the next node, and the symbol that it completes (one at most) or -1."""
        nodes: list[int] = []
        symbols: list[int] = []
        for start in range(_STATES):
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


def _build_table() -> bytes:
    """The entries, by state and then by octet."""
    tree = _Tree()
    nodes, symbols = tree.half_steps()
    flags = _symbol_flags()
    ends = [(node << 10) | (0 if may_end else _NOT_AT_END) for node, may_end in enumerate(tree.may_end)]
    writer = BytesWriter()
    for step in range(16 * _STATES):
        first = symbols[step]
        half = nodes[step] * 16
        for low in range(half, half + 16):
            second = symbols[low]
            entry = ends[nodes[low]]
            if first >= 0:
                entry += 0x100 | (first & 255) | flags[first]
            if second >= 0:
                entry = (entry + 0x100) | (second & 255) << (0 if first < 0 else 18) | flags[second]
            write_i32_le(writer, entry)
    return writer.getvalue()


_TABLE: Final = _build_table()


def decode(block: bytes, at: i64, end: i64, writer: BytesWriter) -> i64:
    """Decode ``block[at:end]`` into ``writer``; return the union of its flags, or BAD_PADDING or BAD_EOS."""
    table = _TABLE
    flags: i64 = 0
    entry: i64 = 0
    pending: i64 = 0  # symbols that are not written yet, the first in the lowest octet
    bits: i64 = 0  # how many bits they take
    while at < end:
        entry = i64(read_i32_le(table, (entry & _STATE) | (i64(block[at]) << 2)))
        at += 1
        flags |= entry
        pending |= ((entry & 0xFF) | ((entry >> 10) & 0xFF00)) << bits
        bits += (entry >> 5) & 0x18
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
    if entry & _NOT_AT_END:
        return BAD_PADDING
    return flags
