"""Attacks through field blocks: CONTINUATION floods, HPACK bombs, churn of the table, empty names, large sections.

Each at its limit and one beyond. The limits of the decoder alone are in `hpack/test_limits.py`.
"""

import tracemalloc

import pytest

import zttp
from tests.http2.frame_language import block, frame, frame_bytes, hpack_integer, literal
from tests.http2.peers import GET, POST, client, feed, refusal, sent, server

CALM = 0xB
COMPRESSION_ERROR = 0x9
HEADERS, CONTINUATION = 0x1, 0x9
END_STREAM, END_HEADERS = 0x1, 0x4
HEAD = block([(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/")])


def headers(payload: bytes, *, stream_id: int = 1, flags: int = END_STREAM | END_HEADERS) -> bytes:
    return frame(HEADERS, flags, stream_id, payload)


def continuation(payload: bytes = b"", *, stream_id: int = 1, flags: int = 0) -> bytes:
    return frame(CONTINUATION, flags, stream_id, payload)


def in_frames(payload: bytes, size: int = 16_384) -> bytes:
    """A head in as many frames as it needs."""
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
    last = len(pieces) - 1
    return headers(pieces[0], flags=END_STREAM | (0 if last else END_HEADERS)) + b"".join(
        continuation(piece, flags=END_HEADERS if number == last else 0) for number, piece in enumerate(pieces[1:], 1)
    )


# ---------------------------------------------------------------------------- CONTINUATION flood (CVE-2024-27316 etc.)


@pytest.mark.parametrize("piece", [b"", HEAD[:1]], ids=["empty", "one octet"])
def test_continuations_at_the_limit_and_one_beyond(piece: bytes) -> None:
    limit = 8
    pieces = continuation(piece) * (limit - 1)
    begun = HEAD[: len(HEAD) - len(piece) * limit]
    rest = HEAD[len(begun) :]
    connection = server(max_continuation_frames=limit)
    frames = b"".join(continuation(rest[at : at + len(piece)]) for at in range(limit - 1))
    last = continuation(rest[(limit - 1) * len(piece) :], flags=END_HEADERS)
    events = feed(connection, headers(begun, flags=END_STREAM), frames, last)
    assert [type(event) for event in events] == [zttp.Request, zttp.EndOfMessage]

    connection = server(max_continuation_frames=limit)
    error = refusal(connection, headers(begun, flags=END_STREAM), pieces, continuation(piece) * 2)
    assert (error.reason, error.error_code, error.status_hint) == ("too_many_continuations", CALM, 431)


def test_no_continuation_is_allowed() -> None:
    connection = server(max_continuation_frames=0)
    assert (
        refusal(connection, headers(HEAD, flags=0), continuation(flags=END_HEADERS)).reason == "too_many_continuations"
    )


def test_the_continuations_of_every_block_are_counted_anew() -> None:
    connection = server(max_continuation_frames=2)
    for stream_id in range(1, 41, 2):
        frames = continuation(stream_id=stream_id), continuation(stream_id=stream_id, flags=END_HEADERS)
        events = feed(connection, headers(HEAD, stream_id=stream_id, flags=END_STREAM), *frames)
        assert len(events) == 2


def test_a_field_block_at_its_limit_and_one_octet_beyond() -> None:
    filler = literal(b"x-a", b"v" * 200)
    payload = HEAD + filler
    for limit, fits in ((len(payload), True), (len(payload) - 1, False)):
        for frames in (
            headers(payload),
            headers(payload[:50], flags=END_STREAM) + continuation(payload[50:], flags=END_HEADERS),
        ):
            connection = server(max_field_block_bytes=limit)
            if fits:
                assert len(feed(connection, frames)) == 2
            else:
                error = refusal(connection, frames)
                assert (error.reason, error.error_code, error.status_hint) == ("field_block_too_large", CALM, 431)


def test_a_block_that_never_ends_is_cut_off() -> None:
    # The affected servers kept the frames, or decoded them, without a limit.
    connection = server()
    tracemalloc.start()
    try:
        with pytest.raises(zttp.RemoteProtocolError) as caught:
            feed(connection, headers(HEAD, flags=0))
            for _ in range(10_000):
                feed(connection, continuation(bytes(1_000)))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.reason == "too_many_continuations"
    assert peak < 200_000


def test_padding_does_not_fill_a_block() -> None:
    connection = server(max_field_block_bytes=len(HEAD))
    assert len(feed(connection, frame(HEADERS, END_STREAM | END_HEADERS | 0x8, 1, b"\xff" + HEAD + bytes(255)))) == 2


# --------------------------------------------------------------------------------------- HPACK bomb (CVE-2016-6581)

ENTRY = literal(b"n", b"v" * (4096 - 33), 0x40)  # fills the table
REFERENCE = hpack_integer(62, 7, 0x80)


def test_a_bomb_at_its_bound_and_one_reference_beyond() -> None:
    # Past 16 times max_header_list_size and past 1 MiB nothing is worth decoding: 65536 * 16 / 4096 references.
    connection = server()
    events = feed(connection, headers(ENTRY + REFERENCE * 255))
    assert events == [zttp.RstStream(1, 0)]
    error = refusal(connection, headers(REFERENCE * 257, stream_id=3))
    assert (error.reason, error.error_code, error.status_hint) == ("hpack_bomb", COMPRESSION_ERROR, 431)


def test_a_bomb_costs_no_memory() -> None:
    connection = server()
    bomb = in_frames(ENTRY + REFERENCE * 60_000)
    tracemalloc.start()
    try:
        refusal(connection, bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 400_000  # a block of 64 KiB, as frames and joined; decoded it is 245 MB


def test_many_references_within_the_list_are_shared() -> None:
    # 15 references to one entry of 4 KiB: that is 60 KiB of header list and 4 KiB of memory.
    connection = server()
    [request, _] = feed(connection, headers(HEAD + ENTRY + REFERENCE * 14))
    values = request.headers.getall(b"n")
    assert len(values) == 15
    assert all(value is values[0] for value in values)


def test_a_table_that_is_churned_stays_small() -> None:
    connection = server(max_stream_resets=100_000)
    numbers = iter(range(1, 100_000, 2))

    def churn(rounds: int) -> None:
        for _ in range(rounds):
            stream_id = next(numbers)
            fields = b"".join(literal(b"x-%d" % n, b"%d" % stream_id, 0x40) for n in range(100))
            feed(connection, headers(HEAD + fields, stream_id=stream_id))
            connection.stream(stream_id).send_response(204, end_stream=True)
            connection.data_to_send()

    churn(20)
    tracemalloc.start()
    try:
        churn(20)
        before = tracemalloc.get_traced_memory()[0]
        churn(50)
        assert tracemalloc.get_traced_memory()[0] - before < 20_000
    finally:
        tracemalloc.stop()


def test_a_peer_cannot_make_the_encoders_table_large() -> None:
    # SETTINGS_HEADER_TABLE_SIZE of the peer is an upper limit, and 4 GiB of it are not used.
    connection = server(max_stream_resets=100_000)
    feed(connection, "SETTINGS | HEADER_TABLE_SIZE=4294967295")
    numbers = iter(range(1, 100_000, 2))

    def answer(rounds: int) -> None:
        for _ in range(rounds):
            stream_id = next(numbers)
            feed(connection, GET.format(stream_id))
            fields = [(b"x-%d-%d" % (stream_id, n), b"v" * 50) for n in range(10)]
            connection.stream(stream_id).send_response(200, fields, True)
            connection.data_to_send()

    answer(50)
    tracemalloc.start()
    try:
        answer(200)
        assert tracemalloc.get_traced_memory()[0] < 300_000
    finally:
        tracemalloc.stop()


# ----------------------------------------------------------------------------------------- empty names (CVE-2019-9516)


@pytest.mark.parametrize("pattern", [0x00, 0x10, 0x40], ids=["literal", "never indexed", "indexed"])
@pytest.mark.parametrize("coded", [False, True], ids=["raw", "huffman"])
def test_names_and_values_of_nothing(pattern: int, coded: bool) -> None:
    nothing = bytes([pattern, 0x80, 0x80] if coded else [pattern, 0, 0])
    connection = server(max_header_list_size=32 * 100 + 200)
    # Each counts for 32 octets (RFC 9113 6.5.2), so 64 KiB of them are no more than 100 fields are.
    events = feed(connection, headers(HEAD + nothing * 90))
    assert events == [zttp.RstStream(1, 1)]
    assert connection.last_stream_error.reason == "invalid_field_name"
    events = feed(connection, headers(HEAD + nothing * 1000, stream_id=3))
    assert events == [zttp.RstStream(3, 0)]
    assert connection.last_stream_error.reason == "header_list_too_large"


# ------------------------------------------------------------------------------------------------ sections too large


def list_size(fields: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + 32 for name, value in fields)


FIELDS = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/"), (b"x-a", b"v" * 100), (b"x-b", b"")]


def test_a_header_section_at_its_limit_and_one_octet_beyond() -> None:
    connection = server(max_header_list_size=list_size(FIELDS))
    assert len(feed(connection, headers(block(FIELDS)))) == 2
    connection = server(max_header_list_size=list_size(FIELDS) - 1)
    assert feed(connection, headers(block(FIELDS))) == [zttp.RstStream(1, 0)]
    error = connection.last_stream_error
    assert (error.reason, error.stream_id, error.status_hint) == ("header_list_too_large", 1, 431)
    [answer] = sent(connection)
    assert (answer.type, answer.flags, answer.stream_id) == (HEADERS, END_STREAM | END_HEADERS, 1)


def test_a_trailer_section_at_its_limit_and_one_octet_beyond() -> None:
    trailers = [(b"x-a", b"v" * 300)]
    for limit, fits in ((335, True), (334, False)):
        connection = server(max_header_list_size=limit)
        feed(connection, POST.format(1))
        [event] = feed(connection, headers(block(trailers)))
        if fits:
            assert event == zttp.EndOfMessage(trailers, 1)
        else:
            assert event == zttp.RstStream(1, 1)
            assert connection.last_stream_error.reason == "header_list_too_large"


def test_a_response_section_at_its_limit_and_one_octet_beyond() -> None:
    fields = [(b":status", b"200"), (b"x-a", b"v" * 300)]
    for limit, fits in ((list_size(fields), True), (list_size(fields) - 1, False)):
        connection = client(max_header_list_size=limit)
        connection.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
        [event, *_] = feed(connection, headers(block(fields)))
        assert type(event) is (zttp.Response if fits else zttp.RstStream)


def test_after_a_section_too_large_the_table_is_in_step() -> None:
    connection = server(max_header_list_size=300)
    feed(
        connection,
        headers(HEAD + literal(b"x-a", b"1", 0x40) + literal(b"x-b", b"v" * 300) + literal(b"x-c", b"2", 0x40)),
    )
    [request, _] = feed(connection, headers(HEAD + b"\xbe\xbf", stream_id=3))
    assert request.headers.to_list() == [(b"x-c", b"2"), (b"x-a", b"1")]


def test_a_large_frame_is_refused_before_it_comes() -> None:
    # Oversized frames are refused before their payload arrives.
    connection = server()
    error = refusal(connection, frame_bytes("HEADERS stream=1 length=16777215"))
    assert (error.reason, error.error_code) == ("frame_too_large", 6)
