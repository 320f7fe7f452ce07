"""Mutation fuzzer for HPACK: no block may crash the decoder, hang it or unbalance its table; encoding must round-trip.

    python fuzz/field_blocks.py --seconds 60             # until the time is over
    python fuzz/field_blocks.py --iterations 10000 --seed 7
    python fuzz/field_blocks.py --replay 7:1234          # one input again, with its outcome

An input is one connection: some blocks of instructions, a few of them damaged, and changes of the table size. It
checks: the status is a known one and final once it is fatal, fields and kinds go together, the table is no larger than
allowed, and, if the `hpack` package is installed, it reads the same fields and refuses the blocks that we refuse for
their format. Then random fields, valid or not, go through our encoder, and our decoder must return them. Seed and
number identify an input.
"""

import random
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from librt.strings import BytesWriter

sys.path.append(str(Path(__file__).resolve().parent.parent))

from fuzz.shared.command_line import FoundError, named, run
from zttp_h2.hpack import decoder as decoder_module
from zttp_h2.hpack import status
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.encoder import Encoder
from zttp_h2.hpack.integers import encode_integer
from zttp_h2.hpack.string_literals import encode_string

SIZES = (0, 31, 40, 100, 500, 4095, 4096, 4097, 16384)
NAMES = (b":path", b":status", b"accept", b"content-length", b"cookie", b"Date", b"server", b"te", b"x-a", b"X-B", b"")
VALUES = (b"", b"/", b"200", b"trailers", b"v" * 19, b"v" * 20, b"a value", b"v" * 126, b"v" * 127, b"v" * 5000)
REFUSED_BY_ALL = (status.TRUNCATED, status.INVALID_INDEX, status.HUFFMAN_PADDING, status.HUFFMAN_EOS)


def peer() -> Any:
    """The `hpack` package, or None."""
    try:
        return import_module("hpack")
    except ImportError:
        return None


HPACK = peer()


# ------------------------------------------------------------------------------------------------------------- inputs


def text(rng: random.Random) -> bytes:
    return rng.choice((*NAMES, *VALUES)) if rng.random() < 0.8 else rng.randbytes(rng.randrange(40))


def instruction(rng: random.Random) -> bytes:
    """One representation, mostly well-formed."""
    writer = BytesWriter()
    roll = rng.random()
    if roll < 0.4:
        encode_integer(writer, rng.choice((1, 2, 61, 62, 62, 63, 64, 70, 126, 127, 300)), 0x80, 127)
    elif roll < 0.45:
        encode_integer(writer, rng.choice(SIZES), 0x20, 31)
    elif roll < 0.47:
        return rng.randbytes(rng.randrange(1, 9))
    else:
        pattern, prefix_max = rng.choice(((0x40, 63), (0x40, 63), (0x00, 15), (0x10, 15)))
        index = rng.choice((0, 0, 1, 4, 15, 58, 61, 62, 63))
        encode_integer(writer, index, pattern, prefix_max)
        for string in [text(rng)] if index else [text(rng), text(rng)]:
            if rng.random() < 0.5:
                encode_string(writer, string)
            else:
                encode_integer(writer, len(string), 0x00, 127)
                writer.write(string)
    return writer.getvalue()


def damage(block: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(block) + 1)
    roll = rng.randrange(4)
    if roll == 0:
        return block[:at]
    if roll == 1:
        return block[:at] + rng.randbytes(rng.choice((1, 1, 2, 8))) + block[at:]
    if roll == 2:
        return block[:at] + block[at + rng.choice((1, 1, 2, 5)) :]
    return block[:at] + bytes([block[at] ^ (1 << rng.randrange(8))]) + block[at + 1 :] if at < len(block) else block


def make_blocks(rng: random.Random) -> list[bytes]:
    blocks = []
    for _ in range(rng.randrange(1, 6)):
        block = b"".join(instruction(rng) for _ in range(rng.choice((0, 1, 3, 10, 40))))
        while rng.random() < 0.2:
            block = damage(block, rng)
        blocks.append(block)
    return blocks


# ------------------------------------------------------------------------------------------------------------- checks


def expect(condition: bool, complaint: str) -> None:
    if not condition:
        raise FoundError(complaint)


def check_decoder(rng: random.Random) -> list[str]:
    """Give one connection's blocks to the decoder; return the outcome."""
    limit = rng.choice((100, 65536, 1 << 22))
    ours = Decoder(limit)
    theirs = HPACK.Decoder(max_header_list_size=1 << 40) if HPACK is not None and limit == 1 << 22 else None
    log = []
    allowed = largest = 4096
    fatal = 0
    for block in make_blocks(rng):
        if rng.random() < 0.2:
            allowed = rng.choice(SIZES)
            largest = max(largest, allowed)
            ours.set_max_table_size(allowed)
            if theirs is not None:
                theirs.max_allowed_table_size = allowed
        result = ours.decode(block)
        log.append(f"table {allowed}, {block.hex()}: {status.reason_of(result) if result else ours.section(0)}")
        expect(result == status.OK or result in status.REASONS, f"unknown status {result}")
        expect(not fatal or result == fatal, "a fatal status was not final")
        fatal = result if result >= status.TRUNCATED else 0
        expect(len(ours.section(0)) == len(ours.kinds), "fields without kinds")
        expect(result == status.OK or not ours.section(0), "fields of a block that failed")
        expect(ours.table.size <= ours.table.max_size <= largest, "the table is too large")
        table = [ours.table.get(position).field for position in range(ours.table.length)]
        sizes = [len(name) + len(value) + 32 for name, value in table]  # type: ignore[misc, has-type]
        expect(sum(sizes) == ours.table.size, "the table does not add up")
        if theirs is not None:
            compare(theirs, block, result, list(ours.section(0)), table)
            theirs = None if result != status.OK else theirs
    return log


def compare(theirs: Any, block: bytes, result: int, fields: list[object], table: list[object]) -> None:
    """Compare with the `hpack` package, which has other limits but the same format."""
    try:
        expected = theirs.decode(block, raw=True)
    except HPACK.HPACKError:
        expect(result >= status.TRUNCATED, "only the hpack package refuses it")
        return
    expect(result not in REFUSED_BY_ALL, f"the hpack package reads {expected}")
    if result == status.OK:
        expect(fields == expected, f"the hpack package reads {expected}")
        expect(table == list(theirs.header_table.dynamic_entries), "the hpack package has another table")


def check_encoder(rng: random.Random) -> list[str]:
    """Send random fields, valid or not, from our encoder to our decoder."""
    encoder, decoder = Encoder(rng.choice(SIZES)), Decoder(1 << 22)
    log = []
    lists: list[list[tuple[bytes, bytes]]] = []
    for _ in range(rng.randrange(1, 12)):
        while rng.random() < 0.2:
            size = rng.choice(SIZES)
            encoder.set_peer_table_size(size)
            decoder.set_max_table_size(size)
        fields = [(text(rng), text(rng)) for _ in range(rng.choice((0, 1, 5, 20)))]
        if rng.random() < 0.8:  # mostly valid
            fields = [(rng.choice((b"accept", b"Date", b"cookie", b"x-a", b"X-B")), rng.choice(VALUES)) for _ in fields]
        if lists and rng.random() < 0.5:  # an earlier one, a prefix of one, or one with another end
            fields = rng.choice(lists)
            if rng.random() < 0.3:
                fields = fields[: rng.randrange(len(fields) + 1)] + rng.choice(lists)[-2:]
        lists.append(fields)
        writer = BytesWriter()
        result = encoder.encode(writer, fields)
        log.append(f"{fields}: {status.reason_of(result) if result else writer.getvalue().hex()}")
        valid = all(Encoder().encode(BytesWriter(), [field]) == status.OK for field in fields)
        expect((result == status.OK) == valid, "the verdict on a list differs from that on its fields")
        if result != status.OK:
            expect(len(writer) == 0, "octets of a refused block")
            continue
        expect(decoder.decode(writer.getvalue()) == status.OK, "our decoder refuses our encoder")
        expect(decoder.section(0) == [(name.lower(), value) for name, value in fields], "the decoded fields differ")
        expect(encoder.table.size == decoder.table.size, "the tables differ")
    return log


def check(seed: int, number: int) -> list[str]:
    return named(seed, number, lambda rng: check_decoder(rng) + check_encoder(rng))


def main() -> None:
    build = "interpreted" if str(decoder_module.__file__).endswith(".py") else "compiled"
    compared = "" if HPACK is None else ", compared with the hpack package"
    run(__doc__, check, build + compared)


if __name__ == "__main__":
    main()
