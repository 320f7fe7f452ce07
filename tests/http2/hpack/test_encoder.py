"""What the encoder writes, and what it refuses to."""

import pytest
from librt.strings import BytesWriter

from tests.http2.hpack.helpers import Field, Fields, decoded, encoded, indexed, table_of
from zttp_h2.hpack import field_kinds, status
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.encoder import Encoder


def kinds_of(block: bytes) -> list[int]:
    decoder = Decoder()
    decoded(decoder, block)
    return list(decoder.kinds.getvalue())


def test_static_fields_are_indexed() -> None:
    fields = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/"), (b"accept-encoding", b"gzip, deflate")]
    assert encoded(Encoder(), fields) == b"\x82\x87\x84\x90"


def test_a_field_that_was_sent_is_indexed() -> None:
    encoder = Encoder()
    encoded(encoder, [(b"x-a", b"1"), (b"x-b", b"2")])
    assert encoded(encoder, [(b"x-a", b"1"), (b"x-b", b"2")]) == indexed(63) + indexed(62)
    assert encoded(encoder, [(bytes(bytearray(b"x-b")), bytes(bytearray(b"2")))]) == indexed(62)


def test_a_name_that_was_sent_is_indexed() -> None:
    encoder = Encoder()
    encoded(encoder, [(b"x-a", b"1")])
    assert encoded(encoder, [(b"x-a", b"2")]) == b"\x7e\x01" + b"2"
    assert encoded(encoder, [(b"x-a", b"1"), (b"x-a", b"2")]) == indexed(63) + indexed(62)


def test_names_leave_in_lower_case_and_spellings_are_one_name() -> None:
    encoder, decoder = Encoder(), Decoder()
    spellings = [b"Content-Type", b"content-type", b"CONTENT-TYPE", b"X-Custom", b"x-custom", b"X-CUSTOM"]
    for name in spellings:
        assert decoded(decoder, encoded(encoder, [(name, b"v")])) == [(name.lower(), b"v")]
    assert table_of(decoder) == [(b"x-custom", b"v"), (b"content-type", b"v")]


@pytest.mark.parametrize("name", [b"authorization", b"proxy-authorization", b"Authorization"])
def test_credentials_are_never_indexed(name: bytes) -> None:
    encoder = Encoder()
    for _ in range(2):
        (kind,) = kinds_of(encoded(encoder, [(name, b"Basic YWxhZGRpbjpvcGVuc2VzYW1l")]))
        assert kind & field_kinds.NEVER_INDEXED
    assert encoder.table.length == 0


@pytest.mark.parametrize("name", [b"cookie", b"set-cookie"])
def test_cookies_are_indexed_from_twenty_octets_on(name: bytes) -> None:
    encoder = Encoder()
    (kind,) = kinds_of(encoded(encoder, [(name, b"v" * 19)]))
    assert kind & field_kinds.NEVER_INDEXED
    assert encoder.table.length == 0
    (kind,) = kinds_of(encoded(encoder, [(name, b"v" * 20)]))
    assert not kind & field_kinds.NEVER_INDEXED
    assert encoder.table.length == 1


def write(encoder: Encoder, field: Field, never_indexed: bool = False) -> bytes:
    writer = BytesWriter()
    encoder.begin_block(writer, 1)
    assert encoder.encode_field(writer, encoder.lookup(field[0]), field[1], never_indexed) == status.OK
    return writer.getvalue()


@pytest.mark.parametrize("field", [(b"x-secret", b"value"), (b":method", b"GET")])
def test_a_field_can_be_forwarded_as_never_indexed(field: Field) -> None:
    encoder = Encoder()
    write(encoder, field)
    (kind,) = kinds_of(b"\x40\x08x-secret\x01v" + write(encoder, field, True))[1:]
    assert kind & field_kinds.NEVER_INDEXED


def test_a_varying_field_is_indexed_when_it_comes_twice_in_a_row() -> None:
    encoder = Encoder()
    first = encoded(encoder, [(b":path", b"/a")])
    assert encoder.table.length == 0
    assert len(encoded(encoder, [(b":path", b"/a")])) == len(first)
    assert encoded(encoder, [(b":path", b"/a")]) == indexed(62)
    encoded(encoder, [(b":path", b"/b")])
    assert encoded(encoder, [(b":path", b"/a")]) == indexed(62)


def test_varying_fields_do_not_drive_out_lasting_ones() -> None:
    encoder = Encoder()
    lasting = [(b"x-%d" % number, b"a value that lasts") for number in range(10)]
    size = len(encoded(encoder, lasting))
    for second in range(500):
        block = encoded(encoder, [*lasting, (b"date", b"Mon, 02 Jan 2023 10:%02d:%02d GMT" % divmod(second, 60))])
        if second:
            assert len(block) < size // 4


def test_a_field_larger_than_the_table_leaves_it_alone() -> None:
    encoder, decoder = Encoder(), Decoder()
    decoded(decoder, encoded(encoder, [(b"a", b"b")]))
    decoded(decoder, encoded(encoder, [(b"x", b"v" * (4096 - 33 + 1))]))
    assert table_of(decoder) == [(b"a", b"b")]
    decoded(decoder, encoded(encoder, [(b"x", b"v" * (4096 - 33))]))
    assert decoder.table.size == 4096


def test_entries_of_one_name_come_and_go() -> None:
    encoder, decoder = Encoder(200), Decoder()
    for number in (1, 2, 1, 3, 4, 5, 6, 7, 8, 1, 1, 2, 8, 8):
        fields = [(b"name", b"value %d" % number)]
        assert decoded(decoder, encoded(encoder, fields)) == fields
        assert encoder.table.size == decoder.table.size <= 200
        assert encoder.table.length == decoder.table.length


@pytest.mark.parametrize("code", [200, 204, 206, 304, 400, 404, 500])
def test_a_common_status_code_takes_one_octet(code: int) -> None:
    writer = BytesWriter()
    encoder = Encoder()
    encoder.begin_block(writer, 0)
    encoder.encode_status(writer, code)
    assert len(writer) == 1
    assert decoded(Decoder(), writer.getvalue()) == [(b":status", b"%d" % code)]


def test_another_status_code_is_indexed_after_its_first_use() -> None:
    encoder, decoder = Encoder(), Decoder()
    for length in (5, 1):
        writer = BytesWriter()
        encoder.begin_block(writer, 0)
        encoder.encode_status(writer, 103)
        assert len(writer) <= length
        assert decoded(decoder, writer.getvalue()) == [(b":status", b"103")]


INVALID: dict[str, tuple[Field, int]] = {
    "space in a name": ((b"a b", b""), status.INVALID_NAME),
    "empty name": ((b"", b""), status.INVALID_NAME),
    "colon in a name": ((b"a:b", b""), status.INVALID_NAME),
    "line feed in a name": ((b"a\nb", b""), status.INVALID_NAME),
    "obs-text in a name": ((b"\xc3\xa4", b""), status.INVALID_NAME),
    "line feed in a value": ((b"a", b"b\nc"), status.INVALID_VALUE),
    "carriage return in a value": ((b"a", b"b\rc"), status.INVALID_VALUE),
    "null in a value": ((b"a", b"\0"), status.INVALID_VALUE),
    "space before a value": ((b"a", b" b"), status.INVALID_VALUE),
    "space after a value": ((b"a", b"b "), status.INVALID_VALUE),
    "empty path": ((b":path", b""), status.INVALID_VALUE),
    "te": ((b"te", b"gzip"), status.INVALID_VALUE),
    "status of two digits": ((b":status", b"20"), status.INVALID_VALUE),
}


@pytest.mark.parametrize(("field", "expected"), INVALID.values(), ids=INVALID.keys())
def test_refused_without_a_trace(field: Field, expected: int) -> None:
    encoder, decoder = Encoder(), Decoder()
    good: Fields = [(b"x-good", b"1"), (b"x-other", b"2")]
    assert decoded(decoder, encoded(encoder, good)) == good
    for _ in range(2):  # nothing of it counts as valid the second time
        writer = BytesWriter()
        writer.write(b"before")
        assert encoder.encode(writer, [(b"x-good", b"3"), (b"x-new", b"4"), field]) == expected
        assert writer.getvalue() == b"before"
    for _ in range(2):
        assert decoded(decoder, encoded(encoder, good)) == good
        assert encoder.table.length == decoder.table.length == 2


@pytest.mark.parametrize("field", [("name", b"value"), (b"name", "value"), (b"name", None), 5])
def test_what_is_no_pair_of_bytes_raises_without_a_trace(field: object) -> None:
    encoder, decoder = Encoder(), Decoder()
    good: Fields = [(b"x-good", b"1")]
    assert decoded(decoder, encoded(encoder, good)) == good
    writer = BytesWriter()
    with pytest.raises((TypeError, AttributeError)):
        encoder.encode(writer, [(b"x-new", b"4"), field])  # type: ignore[list-item]
    assert len(writer) == 0
    assert decoded(decoder, encoded(encoder, good)) == good


def test_a_refused_block_does_not_lose_a_due_size_update() -> None:
    encoder, decoder = Encoder(), Decoder()
    encoder.set_peer_table_size(1000)
    decoder.set_max_table_size(1000)
    assert encoder.encode(BytesWriter(), [(b"a b", b"")]) == status.INVALID_NAME
    assert decoded(decoder, encoded(encoder, [(b"a", b"b")])) == [(b"a", b"b")]
    assert decoder.table.max_size == 1000


def test_many_names_are_not_remembered_for_ever() -> None:
    encoder, decoder = Encoder(), Decoder()
    for number in range(2000):
        fields = [(b"X-Name-%d" % number, b"1"), (b"x-again", b"2"), (b"server", b"s")]
        assert decoded(decoder, encoded(encoder, fields)) == [(b"x-name-%d" % number, b"1"), *fields[1:]]
        assert encoder.table.size == decoder.table.size <= 4096


def test_blocks_of_very_many_fields() -> None:
    encoder, decoder = Encoder(), Decoder(1 << 20)
    fields = [(b"name-%d" % (number % 100), b"%d" % number) for number in range(1000)]
    for _ in range(2):
        assert decoded(decoder, encoded(encoder, fields)) == fields


def test_an_abandoned_size_update_is_signalled_when_the_size_has_changed_again() -> None:
    encoder, decoder = Encoder(), Decoder()
    decoded(decoder, encoded(encoder, [(b"a", b"b")]))
    for size in (0, 4096):
        encoder.set_peer_table_size(size)
        decoder.set_max_table_size(size)
        if size == 0:
            encoder.begin_block(BytesWriter(), 0)
            encoder.abandon_block()
    assert decoded(decoder, encoded(encoder, [(b"a", b"b")])) == [(b"a", b"b")]
    assert encoder.table.size == decoder.table.size == 34
