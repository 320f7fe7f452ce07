"""Our encoder against our decoder, and each against the hpack package."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from librt.strings import BytesWriter

from tests.http2.hpack.helpers import (
    INCREMENTAL,
    NEVER_INDEXED,
    WITHOUT_INDEXING,
    Fields,
    ModelTable,
    decoded,
    encoded,
    indexed,
    literal,
    size_update,
    table_of,
)
from zttp_h2.hpack import status
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.encoder import Encoder

NAMES = st.one_of(
    st.sampled_from([b":status", b"date", b"cookie", b"set-cookie", b"authorization", b"Server", b"server", b"x-a"]),
    st.from_regex(rb"\A[a-z][a-zA-Z0-9-]{0,30}\Z"),
)
VALUES = st.one_of(
    st.sampled_from([b"", b"200", b"a value", b"another value, much longer than the one before it" * 5]),
    st.binary(max_size=60).map(lambda raw: bytes(octet for octet in raw if octet > 32 and octet != 127)),
)
FIELDS = st.lists(
    st.tuples(NAMES, VALUES).map(lambda field: (field[0], b"200" if field[0] == b":status" else field[1]))
)
BLOCKS = st.lists(FIELDS.filter(lambda fields: all(name.lower() != b"te" for name, _ in fields)), max_size=8)
SIZES = st.sampled_from([0, 40, 100, 500, 4096, 10000])


def lowered(fields: Fields) -> Fields:
    return [(name.lower(), value) for name, value in fields]


@given(BLOCKS, st.sampled_from([0, 100, 4096, 65536]), st.data())
def test_what_was_encoded_decodes(blocks: list[Fields], maximum: int, data: st.DataObject) -> None:
    encoder, decoder = Encoder(maximum), Decoder()
    for fields in blocks:
        for size in data.draw(st.lists(SIZES, max_size=3)):
            encoder.set_peer_table_size(size)
            decoder.set_max_table_size(size)
        assert decoded(decoder, encoded(encoder, fields)) == lowered(fields)
        assert encoder.table.size == decoder.table.size
        assert encoder.table.max_size == decoder.table.max_size


@given(BLOCKS)
def test_the_hpack_package_decodes_what_we_encode(blocks: list[Fields]) -> None:
    hpack = pytest.importorskip("hpack")
    encoder, decoder = Encoder(), hpack.Decoder()
    for fields in blocks:
        assert decoder.decode(encoded(encoder, fields), raw=True) == lowered(fields)


@given(BLOCKS, st.booleans(), st.data())
def test_we_decode_what_the_hpack_package_encodes(blocks: list[Fields], huffman: bool, data: st.DataObject) -> None:
    hpack = pytest.importorskip("hpack")
    encoder, decoder = hpack.Encoder(), Decoder()
    for fields in blocks:
        if data.draw(st.booleans()):
            size = data.draw(SIZES)
            encoder.header_table_size = size
            decoder.set_max_table_size(size)
        assert decoded(decoder, encoder.encode(fields, huffman=huffman)) == fields


FEW_NAMES = [
    b"date",
    b"x-a",
    b"X-Request-Id",
    b"Server",
    b"authorization",
    b"accept-encoding",
    b"content-length",
    b"AGE",
]
FEW_FIELDS = st.lists(
    st.tuples(st.sampled_from(FEW_NAMES), st.sampled_from([b"1", b"2", b"gzip, deflate", b"v" * 90])), max_size=6
)
STEPS = st.sampled_from(["send", "send", "send", "send anew", "change a field", "refuse", "resize"])


@given(st.lists(FEW_FIELDS, min_size=1, max_size=3), st.lists(st.tuples(STEPS, st.integers(0, 5)), max_size=25))
def test_blocks_that_repeat_decode(kinds: list[Fields], steps: list[tuple[str, int]]) -> None:
    encoder, decoder = Encoder(), Decoder()
    for step, number in steps:
        fields = kinds[number % len(kinds)]
        if step == "resize":
            size = (0, 70, 300, 4096)[number % 4]
            encoder.set_peer_table_size(size)
            decoder.set_max_table_size(size)
        elif step == "refuse":
            assert encoder.encode(BytesWriter(), [*fields, (b"x-new", b"3"), (b"x-bad", b"\n")]) == status.INVALID_VALUE
        elif step == "send anew":  # equal, and not the same objects
            fields = [(bytes(bytearray(name)), bytes(bytearray(value))) for name, value in fields]
        elif step == "change a field" and fields:
            fields = fields.copy()
            fields[number % len(fields)] = (b"x-changed", b"%d" % number)
        assert decoded(decoder, encoded(encoder, fields)) == lowered(fields)
        assert encoder.table.size == decoder.table.size


FORMS = st.sampled_from([INCREMENTAL, WITHOUT_INDEXING, NEVER_INDEXED])
INSTRUCTIONS = st.one_of(
    st.integers(0, 75).map(indexed),
    st.tuples(st.integers(1, 75), st.binary(max_size=40), FORMS).map(lambda parts: literal(*parts)),
    st.tuples(st.binary(max_size=20), st.binary(max_size=40), FORMS).map(lambda parts: literal(*parts)),
)


@settings(max_examples=300)
@given(st.lists(st.tuples(st.lists(SIZES, max_size=2), st.lists(INSTRUCTIONS, max_size=20)), max_size=4))
def test_any_sequence_of_instructions_means_the_same_to_the_hpack_package(
    blocks: list[tuple[list[int], list[bytes]]],
) -> None:
    hpack = pytest.importorskip("hpack")
    ours, theirs = Decoder(), hpack.Decoder()
    for sizes, instructions in blocks:
        block = b"".join([*map(size_update, sizes), *instructions])
        result = ours.decode(block)
        try:
            expected = theirs.decode(block, raw=True)
        except hpack.HPACKError:
            assert result >= status.TRUNCATED
            return
        assert result == status.OK
        assert list(ours.section(0)) == expected
        assert table_of(ours) == list(theirs.header_table.dynamic_entries)


@given(st.lists(st.tuples(st.sampled_from([b"a", b"bb", b"c" * 100]), st.binary(max_size=200)), max_size=60), SIZES)
def test_the_table_after_insertions_is_the_model(fields: Fields, size: int) -> None:
    decoder, model = Decoder(65536, 4096), ModelTable()
    if size <= 4096:
        decoded(decoder, size_update(size))
        model.resize(size)
    for name, value in fields:
        decoded(decoder, literal(name, value, INCREMENTAL))
        model.add(name, value)
        assert table_of(decoder) == model.fields
        for index in (1, 61, *range(62, 62 + len(model.fields))):
            assert decoded(decoder, indexed(index)) == [model.at(index)]


def responses(count: int, rich: bool, per_second: int) -> list[Fields]:
    """Responses of an application server, deterministic and as different as in practice."""
    blocks = []
    for number in range(count):
        second = number // per_second
        fields = [
            (b":status", b"200"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % (100 + number * 7919 % 90000)),
            (b"date", b"Mon, 02 Jan 2023 10:%02d:%02d GMT" % (second // 60, second % 60)),
            (b"server", b"uvicorn"),
        ]
        if rich:
            fields += [
                (b"cache-control", b"no-cache"),
                (b"etag", b'"%016x"' % (number * 0x9E3779B97F4A7C15 % 2**64)),
                (b"vary", b"Accept-Encoding"),
                (b"x-request-id", b"%032x" % (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)),
                (b"strict-transport-security", b"max-age=31536000"),
                (b"x-content-type-options", b"nosniff"),
                (b"set-cookie", b"session=%032x; Path=/" % (number * 0xC2B2AE3D27D4EB4F165667B19E3779F9 % 2**128)),
                (b"access-control-allow-origin", b"*"),
            ]
        blocks.append(fields)
    return blocks


def requests(count: int) -> list[Fields]:
    """Requests of a browser for the parts of some pages."""
    return [
        [
            (b":method", b"GET"),
            (b":scheme", b"https"),
            (b":authority", b"www.example.com"),
            (b":path", b"/assets/%d/%x.js" % (number % 7, number * 7919)),
            (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"),
            (b"accept", b"*/*" if number % 3 else b"image/avif,image/webp,*/*"),
            (b"accept-language", b"en-US,en;q=0.5"),
            (b"accept-encoding", b"gzip, deflate, br"),
            (b"referer", b"https://www.example.com/page/%d" % (number // 20)),
            (b"cookie", b"session=5f4dcc3b5aa765d61d8327deb882cf99"),
        ]
        for number in range(count)
    ]


TRAFFIC: dict[str, Callable[[], list[Fields]]] = {
    "one response": lambda: responses(1, False, 1),
    "one rich response": lambda: responses(1, True, 1),
    "responses, one a second": lambda: responses(300, False, 1),
    "responses, fifty a second": lambda: responses(300, False, 50),
    "rich responses, one a second": lambda: responses(300, True, 1),
    "rich responses, fifty a second": lambda: responses(300, True, 50),
    "one request": lambda: requests(1),
    "requests": lambda: requests(300),
}


@pytest.mark.parametrize("traffic", TRAFFIC.values(), ids=TRAFFIC.keys())
def test_typical_traffic_takes_no_more_octets_than_the_hpack_package_writes(
    traffic: Callable[[], list[Fields]],
) -> None:
    hpack = pytest.importorskip("hpack")
    ours, theirs, decoder = Encoder(), hpack.Encoder(), Decoder()
    our_octets = their_octets = 0
    for fields in traffic():
        block = encoded(ours, fields)
        assert decoded(decoder, block) == fields
        our_octets += len(block)
        their_octets += len(theirs.encode(fields))
    assert our_octets <= their_octets
