"""The verdict on a field, by name and value: RFC 9113 8.2, 8.3; RFC 9110 5.1, 5.5."""

import string

import pytest

from tests.http2.hpack.helpers import INCREMENTAL, Field, Fields, decoded, encoded, indexed, literal
from zttp_core.messages import fields as core
from zttp_h2.hpack import field_kinds as kinds
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.encoder import Encoder

TOKEN = (string.ascii_lowercase + string.digits + "!#$%&'*+-.^_`|~").encode()


def coded(field: Field) -> bytes:
    """A literal with incremental indexing, its strings Huffman-coded for any length."""
    from librt.strings import BytesWriter

    from zttp_h2.hpack import huffman
    from zttp_h2.hpack.integers import encode_integer

    writer = BytesWriter()
    writer.append(0x40)
    for text in field:
        encode_integer(writer, huffman.coded_length(text), 0x80, 127)
        huffman.encode(text, writer)
    return writer.getvalue()


def kind_of(name: bytes, value: bytes = b"") -> int:
    """The kind octet; the same for raw and coded strings, as literals or from the table."""
    decoder = Decoder(1 << 20, 8192)
    decoder.decode(b"\x3f\xe1\x3f" + literal(name, value, INCREMENTAL) + indexed(62) + literal(name, value))
    octets = set(decoder.kinds.getvalue())
    coded_decoder = Decoder(1 << 20)
    coded_decoder.decode(coded((name, value)))
    octets |= set(coded_decoder.kinds.getvalue())
    (octet,) = octets
    assert kinds.seen_bits(octet) | decoder.seen == decoder.seen
    return octet


KINDS = {
    b":method": (kinds.METHOD, b"GET"),
    b":scheme": (kinds.SCHEME, b"https"),
    b":authority": (kinds.AUTHORITY, b"example.com"),
    b":path": (kinds.PATH, b"/"),
    b":status": (kinds.STATUS, b"200"),
    b":protocol": (kinds.PROTOCOL, b"websocket"),
    b"host": (kinds.HOST, b"example.com"),
    b"content-length": (kinds.CONTENT_LENGTH, b"1"),
    b"cookie": (kinds.COOKIE, b"a=b"),
    b"te": (kinds.TE, b"trailers"),
    b"expect": (kinds.EXPECT, b"100-continue"),
    b"priority": (kinds.PRIORITY, b"u=1"),
    b"connection": (kinds.CONNECTION_SPECIFIC, b"close"),
    b"proxy-connection": (kinds.CONNECTION_SPECIFIC, b"close"),
    b"keep-alive": (kinds.CONNECTION_SPECIFIC, b"timeout=5"),
    b"transfer-encoding": (kinds.CONNECTION_SPECIFIC, b"chunked"),
    b"upgrade": (kinds.CONNECTION_SPECIFIC, b"h2c"),
    b":unknown": (kinds.UNKNOWN_PSEUDO, b""),
    b":": (kinds.UNKNOWN_PSEUDO, b""),
    b":Path": (kinds.UNKNOWN_PSEUDO, b"/"),
    b"accept": (kinds.REGULAR, b"*/*"),
    b"contentxlength": (kinds.REGULAR, b"1"),
    b"proxyxconnection": (kinds.REGULAR, b""),
    b"transferxencoding": (kinds.REGULAR, b""),
    b"tf": (kinds.REGULAR, b""),
}


@pytest.mark.parametrize("name", KINDS, ids=lambda name: name.decode())
def test_names_have_kinds(name: bytes) -> None:
    kind, value = KINDS[name]
    assert kind_of(name, value) == kind


@pytest.mark.parametrize("character", range(256))
def test_the_characters_of_names(character: int) -> None:
    valid = character in TOKEN
    for name in (b"x%cname" % character, b"longer-name-%c" % character):
        assert (kind_of(name) == kinds.REGULAR) is valid
        assert (kind_of(name) == kinds.INVALID_NAME) is not valid
    if character != ord(":"):
        assert (kind_of(bytes([character])) == kinds.REGULAR) is valid


def test_an_empty_name_is_invalid() -> None:
    assert kind_of(b"") == kinds.INVALID_NAME


@pytest.mark.parametrize("character", range(256))
def test_the_characters_of_values(character: int) -> None:
    valid = character == 9 or (character >= 32 and character != 127)
    for length in (3, 8, 9, 15, 16, 17, 40):
        for position in {1, length // 2, length - 2}:
            value = bytearray(b"v" * length)
            value[position] = character
            assert kind_of(b"name", bytes(value)) == (kinds.REGULAR if valid else kinds.INVALID_VALUE)


def test_a_tab_does_not_hide_what_follows() -> None:
    for bad in range(1, 30):
        value = bytearray(b"\t" * 31)
        value[0] = value[-1] = ord("v")
        assert kind_of(b"name", bytes(value)) == kinds.REGULAR
        value[bad] = 0
        assert kind_of(b"name", bytes(value)) == kinds.INVALID_VALUE


@pytest.mark.parametrize("value", [b" v", b"v ", b"\tv", b"v\t", b" ", b"\t", b" " * 20])
def test_white_space_around_a_value_is_invalid(value: bytes) -> None:
    assert kind_of(b"name", value) == kinds.INVALID_VALUE


@pytest.mark.parametrize("value", [b"", b"v", b"a b", b"a\tb", b"\x80\xff", b"v" * 1000])
def test_valid_values(value: bytes) -> None:
    assert kind_of(b"name", value) == kinds.REGULAR


VALUES: dict[bytes, tuple[list[bytes], list[bytes]]] = {
    b":method": ([b"GET", b"get", b"M-SEARCH", b"!"], [b"", b"GE T", b"G:", b"\xff"]),
    b":scheme": ([b"http", b"HTTPS", b"a+b-c.9"], [b"", b"9p", b"+a", b"ht tp", b"a:", b"a_b"]),
    b":path": ([b"/", b"*", b"/a?b", b"/%20", b'/"<>[]{}|\\^`'], [b"", b"/a b", b"/#", b"/\x80", b"/\x7f", b"/\t/"]),
    b":status": ([b"200", b"100", b"999"], [b"", b"20", b"2000", b"099", b"2x0", b"20x", b"x00", b"+20"]),
    b":protocol": ([b"websocket", b"connect-udp"], [b"", b"web socket", b"a/b"]),
    b"te": ([b"trailers", b"Trailers"], [b"", b"gzip", b"trailers, gzip"]),
    b":authority": ([b"", b"a:1"], [b" a"]),
    b"content-length": ([b"", b"x"], [b"1 "]),
}


@pytest.mark.parametrize("name", VALUES, ids=lambda name: name.decode())
def test_values_of_their_own_grammar(name: bytes) -> None:
    valid, invalid = VALUES[name]
    for value in valid:
        assert kind_of(name, value) == KINDS[name][0]
    for value in invalid:
        assert kind_of(name, value) == KINDS[name][0] | kinds.INVALID_VALUE


def test_the_name_of_an_invalid_field_is_not_tainted() -> None:
    decoder = Decoder()
    decoded(decoder, literal(b"te", b"gzip", INCREMENTAL) + literal(62, b"trailers"))
    assert list(decoder.kinds.getvalue()) == [kinds.TE | kinds.INVALID_VALUE, kinds.TE]


def seen(fields: Fields) -> tuple[int, int]:
    decoder = Decoder()
    decoded(decoder, encoded(Encoder(), fields))
    return decoder.seen, decoder.repeated


def test_the_union_of_a_request() -> None:
    union, repeated = seen(
        [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/"), (b"cookie", b"a=b"), (b"cookie", b"c=d")]
    )
    expected = kinds.SEEN_METHOD | kinds.SEEN_SCHEME | kinds.SEEN_PATH | kinds.SEEN_COOKIE | kinds.SEEN_REGULAR
    assert union & ~kinds.SEEN_NEVER_INDEXED == expected  # short cookies are never indexed
    assert repeated & ~kinds.SEEN_REGULAR & ~kinds.SEEN_NEVER_INDEXED == kinds.SEEN_COOKIE
    assert union & kinds.MALFORMED == 0


def test_a_repeated_pseudo_header_field_is_told() -> None:
    assert seen([(b":path", b"/"), (b":path", b"/")])[1] == kinds.SEEN_PATH


@pytest.mark.parametrize("name", [b":path", b":unknown"])
@pytest.mark.parametrize("regular", [b"accept", b"cookie", b"connection", b"te"])
def test_a_pseudo_header_field_after_a_regular_one_is_told(name: bytes, regular: bytes) -> None:
    block = literal(regular, b"trailers") + literal(name, b"/")
    decoder = Decoder()
    decoded(decoder, block)
    assert decoder.seen & kinds.SEEN_MISPLACED_PSEUDO
    decoded(decoder, literal(name, b"/") + literal(regular, b"trailers"))
    assert not decoder.seen & kinds.SEEN_MISPLACED_PSEUDO


@pytest.mark.parametrize(
    "field", [(b"connection", b"x"), (b":unknown", b""), (b"Name", b""), (b"a", b"\0")], ids=lambda field: str(field[0])
)
def test_what_is_malformed_shows_in_the_union(field: Field) -> None:
    decoder = Decoder()
    decoded(decoder, literal(*field))
    assert decoder.seen & kinds.MALFORMED


def test_kinds_and_verdicts_are_those_of_the_core() -> None:
    for name in KIND_NAMES:
        assert getattr(kinds, name) == getattr(core, name)
    assert kinds.REGULAR == core.REGULAR
    for given in [*core.KINDS, *KINDS, b"", b"a b", b"Host", b"x" * 40, *(b"x" * size for size in range(1, 30))]:
        assert kinds.name_kind(given) == core.kind_of(given), given
    refused = (kinds.CONNECTION_SPECIFIC, kinds.UNKNOWN_PSEUDO, kinds.INVALID_NAME)
    values = {value for valid, invalid in VALUES.values() for value in [*valid, *invalid]}
    for kind in set(range(kinds.REGULAR, kinds.INVALID_NAME)) - {kinds.AUTHORITY, *refused}:
        field = next((name for name, known in core.KINDS.items() if known == kind), b"x-regular")
        for value in [*values, *(bytes([octet]) * 3 for octet in range(256))]:
            decoder = Decoder()
            decoded(decoder, literal(field, value))
            assert bool(decoder.seen & kinds.MALFORMED) is (core.field_fault(kind, value) is not None), (field, value)


KIND_NAMES = [
    *("METHOD", "SCHEME", "AUTHORITY", "PATH", "STATUS", "PROTOCOL", "HOST", "CONTENT_LENGTH", "COOKIE", "TE"),
    *("EXPECT", "PRIORITY", "CONNECTION_SPECIFIC", "UNKNOWN_PSEUDO", "INVALID_NAME"),
]


def test_the_bits_are_what_the_kinds_say() -> None:
    for name in KIND_NAMES:
        bit = 1 << getattr(kinds, name)
        assert getattr(kinds, f"SEEN_{name}") == bit
        assert kinds.seen_bits(getattr(kinds, name)) & ~kinds.SEEN_REGULAR == bit
