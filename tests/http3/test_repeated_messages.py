"""Messages that repeat the previous one are neither decoded nor checked again, with the same results."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from pylsqpack import Decoder, Encoder

from tests.http3.h3_pair import Message, Pair
from zttp_core.errors import LocalProtocolError
from zttp_h3.qpack.decoder import SectionDecoder
from zttp_h3.qpack.instructions import section_acknowledgment, stream_cancellation

FIELDS = [(b"x-name", b"value"), (b"x-other", b"value")]
SETS = [FIELDS, [*FIELDS, (b"X-More", b"1")], [(b"x-name", b"another"), FIELDS[1]], []]


def answered_with(sets: Callable[[int], Any]) -> Callable[[Pair, int, Message], None]:
    def answer(pair: Pair, stream_id: int, _message: Message) -> None:
        stream = pair.server.stream(stream_id)
        stream.send_response(200, sets(stream_id), end_stream=True)

    return answer


def lower(fields: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in fields]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("table", [True, False])
def test_each_message_says_what_was_sent(seed: int, table: bool) -> None:
    chance = random.Random(seed)
    answers: dict[int, list[tuple[bytes, bytes]]] = {}
    settings: dict[str, Any] = {} if table else {"limits": limits(header_table_size=0)}
    pair = Pair(answered_with(lambda number: answers[number]), seed=seed, client=settings, server=settings)
    pair.run(lambda: pair.client.handshake_confirmed)
    asked: dict[int, tuple[bytes, bytes, list[tuple[bytes, bytes]]]] = {}
    hits = 0
    for _ in range(30):
        for _ in range(chance.choice((1, 1, 3))):
            fields = SETS[0] if chance.random() < 0.6 else chance.choice(SETS)
            method = chance.choice((b"GET", b"GET", b"GET", b"HEAD"))
            number = pair.request(method, b"/", None, fields)
            asked[number] = (method, b"/", [(b"host", b"localhost"), *lower(fields)])
            answers[number] = SETS[0] if chance.random() < 0.6 else chance.choice(SETS)
        pair.run()
        assert pair.server._session is not None
        hits += pair.server._session.last_head._head is not None
    assert not pair.errors
    for number, (method, target, fields) in asked.items():
        head = pair.requests[number].head
        assert (head.method, head.target, list(head.headers), head.scheme) == (method, target, fields, b"https")
        response = pair.responses[number].head
        assert (response.status_code, list(response.headers)) == (200, lower(answers[number]))
    assert hits > 5


def limits(**given: int) -> Any:
    from zttp_h3.limits import H3Limits

    return H3Limits(**given)


@pytest.mark.parametrize("number", [0, 4, 124, 128, 252, 256, 16_508, 16_512, 2**31, 2**62 - 4])
def test_what_is_said_of_a_repeated_section(number: int) -> None:
    # RFC 9204 2.2.2.1
    encoder, decoder = Encoder(), Decoder(4096, 16)
    control = encoder.apply_settings(4096, 16) + encoder.encode(0, FIELDS)[0]
    more, block = encoder.encode(number, FIELDS)
    decoder.feed_encoder(control + more)
    assert decoder.feed_header(number, block)[0] == section_acknowledgment(number)


@pytest.mark.parametrize("number", [0, 4, 60, 64, 188, 192, 16_508, 2**31, 2**62 - 4])
def test_what_is_said_of_a_stream_that_nobody_reads(number: int) -> None:
    # RFC 9204 2.2.2.2
    assert Decoder(4096, 16).cancel_stream(number) == stream_cancellation(number)


def test_a_block_is_read_again_once_the_table_has_changed() -> None:
    pair = Pair()
    for _ in range(6):
        pair.request(headers=FIELDS)
        pair.run()
        pair.wait(0.1)
    session = pair.server._session
    assert session is not None
    block = session.last_head._block
    assert block[:1] != b"\0"  # it refers to the table
    assert session.last_head.of(block, session.decoder.changes) is not None
    session.decoder.feed_encoder(b"\x02")  # duplicate an entry (RFC 9204 4.3.4)
    assert session.last_head.of(block, session.decoder.changes) is None


def test_a_repeated_section_without_a_table_is_not_acknowledged() -> None:
    decoder = SectionDecoder(4096, 16, 65_536)
    block = Encoder().encode(0, FIELDS)[1]
    assert decoder.decode(0, block) == FIELDS
    decoder.repeat(4, block)
    assert decoder.outgoing == b""


def test_what_is_wrong_is_refused_however_often_it_was_right() -> None:
    given: list[Any] = list(FIELDS)
    pair = Pair(answered_with(lambda _: given))
    for _ in range(4):
        pair.request()
        pair.run()
    stream = pair.client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
    pair.responses[int(stream.stream_id)] = Message()
    pair.answer = lambda *_: None
    pair.run(lambda: int(stream.stream_id) in pair.requests)
    answer = pair.server.stream(int(stream.stream_id))
    given[1] = (b"x-other", bytearray(b"value"))
    with pytest.raises(TypeError):
        answer.send_response(200, given)
    given[1] = (b"x-other", b"val\nue")
    with pytest.raises(LocalProtocolError):
        answer.send_response(200, given)
    given[1] = [b"x-other", b"value"]
    answer.send_response(200, iter(given), end_stream=True)
    pair.run()
    assert list(pair.responses[int(stream.stream_id)].head.headers) == FIELDS


def test_a_section_is_judged_by_the_limits_of_now() -> None:
    pair = Pair(answered_with(lambda _: FIELDS))
    for _ in range(3):
        pair.request(headers=FIELDS)
        pair.run()
    session = pair.client._session
    assert session is not None
    settings = dict(session.peer_settings or {})
    session._live_by({**settings, 0x06: 100})
    with pytest.raises(LocalProtocolError):
        pair.request(headers=FIELDS)


def test_only_the_same_message_is_like_it() -> None:
    pair = Pair(answered_with(lambda _: FIELDS))
    targets = [b"/", b"/", b"/", b"/2", b"/2", b"/"]
    numbers = []
    for target in targets:
        numbers.append(pair.request(b"GET", target, None, FIELDS))
        pair.run()
    assert [pair.requests[number].head.target for number in numbers] == targets
    head = pair.request(b"HEAD", b"/", None, FIELDS)
    pair.run()
    assert pair.requests[head].head.method == b"HEAD"


def test_large_sections_are_not_kept() -> None:
    large = [(b"x-large", b"y" * 5_000)]
    pair = Pair(answered_with(lambda _: large))
    for _ in range(4):
        pair.request(headers=large)
        pair.run()
    for side in (pair.client, pair.server):
        assert side._session is not None
        assert side._session.last_head._head is None
        assert side._session.last_section._headers is None
