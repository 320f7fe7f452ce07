"""Prefaces and SETTINGS: how a connection begins, and how its parameters change (RFC 9113 3.4, 6.5)."""

from typing import Any

import pytest

import zttp
from tests.http2.helpers import (
    ACK,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    GET,
    HEADERS,
    HOST,
    PING,
    POST,
    PREFACE,
    SETTINGS,
    WINDOW_UPDATE,
    block,
    client,
    feed,
    frame,
    frames,
    headers,
    integer,
    limits,
    names,
    requesting,
    sent,
    server,
    settings,
)

S = zttp.H2Settings


def params(payload: bytes) -> dict[int, int]:
    return {
        int.from_bytes(payload[at : at + 2], "big"): int.from_bytes(payload[at + 2 : at + 6], "big")
        for at in range(0, len(payload), 6)
    }


def test_what_a_client_says_first() -> None:
    connection = zttp.Connection(zttp.CLIENT, "h2")
    connection.initiate_connection()
    data = connection.data_to_send()
    assert data.startswith(PREFACE)
    first, update = frames(data)
    assert (first.type, first.flags, first.stream_id) == (SETTINGS, 0, 0)
    assert params(first.payload) == {
        S.ENABLE_PUSH: 0, S.INITIAL_WINDOW_SIZE: 256 * 1024, S.MAX_HEADER_LIST_SIZE: 64 * 1024, S.NO_RFC7540_PRIORITIES:
    1, }  # fmt: skip
    assert (update.type, update.number) == (WINDOW_UPDATE, 1024 * 1024 - 65535)
    connection.initiate_connection()
    assert connection.data_to_send() == b""


def test_what_a_server_says_first() -> None:
    connection = zttp.Connection(zttp.SERVER, "h2", enable_connect_protocol=True)
    connection.initiate_connection()
    first, _ = sent(connection)
    assert params(first.payload) == {
        S.MAX_CONCURRENT_STREAMS: 128, S.INITIAL_WINDOW_SIZE: 256 * 1024, S.MAX_HEADER_LIST_SIZE: 64 * 1024,
        S.ENABLE_CONNECT_PROTOCOL: 1, S.NO_RFC7540_PRIORITIES: 1,
    }  # fmt: skip
    plain = zttp.Connection(zttp.SERVER, "h2")
    plain.initiate_connection()
    assert S.ENABLE_CONNECT_PROTOCOL not in params(sent(plain)[0].payload)


def test_limits_are_announced() -> None:
    connection = zttp.Connection(
        zttp.SERVER, "h2",
        limits=limits(
            max_concurrent_streams=7, max_frame_size=20000, max_header_list_size=999, header_table_size=0,
            initial_window_size=65535, connection_window_size=65535,
        ),
    )  # fmt: skip
    connection.initiate_connection()
    [first] = sent(connection)
    assert params(first.payload) == {1: 0, 3: 7, 5: 20000, 6: 999, 9: 1}


def test_a_server_begins_when_its_client_has() -> None:
    connection = zttp.Connection(zttp.SERVER, "h2")
    connection.receive_data(PREFACE + settings((4, 1)))
    assert connection.next_event() == zttp.Settings([(4, 1)])
    assert [(found.type, found.flags) for found in sent(connection)] == [
        (SETTINGS, 0),
        (WINDOW_UPDATE, 0),
        (SETTINGS, ACK),
    ]


def test_the_first_request_brings_the_preface() -> None:
    connection = zttp.Connection(zttp.CLIENT, "h2")
    connection.send_request(b"GET", b"/", b"2", HOST)
    data = connection.data_to_send()
    assert data.startswith(PREFACE)
    assert names(feed(zttp.Connection(zttp.SERVER, "h2"), data)) == ["Settings", "WindowUpdate", "Request"]


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", PREFACE[:23] + b"x", b"\x16\x03\x01\x02\x00", b"P0", frame(SETTINGS)],
    ids=["http/1.1", "last byte", "tls", "second byte", "no preface"],
)
@pytest.mark.parametrize("size", [1, None])
def test_what_is_no_preface(data: bytes, size: int | None) -> None:
    connection = zttp.Connection(zttp.SERVER, "h2")
    with pytest.raises(zttp.RemoteProtocolError, match="preface") as caught:
        feed(connection, data, size)
    wrong = next(place for place, octet in enumerate(data) if octet != PREFACE[place])
    assert (caught.value.reason, caught.value.offset) == ("invalid_preface", wrong)


@pytest.mark.parametrize(
    "data",
    [headers(GET), frame(PING, 0, 0, bytes(8)), frame(SETTINGS, ACK), frame(0xEE)],
    ids=["HEADERS", "PING", "ACK", "?"],
)
def test_the_first_frame_is_settings(data: bytes) -> None:
    # RFC 9113 3.4
    for connection, prefix in (
        (zttp.Connection(zttp.SERVER, "h2"), PREFACE),
        (zttp.Connection(zttp.CLIENT, "h2"), b""),
    ):
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
            feed(connection, prefix + data)
        assert caught.value.reason == "missing_settings"


def test_settings_are_acknowledged_in_order() -> None:
    connection = server()
    assert feed(connection, settings((4, 1)) + settings()) == [zttp.Settings([(4, 1)]), zttp.Settings([])]
    assert [(found.type, found.flags) for found in sent(connection)] == [(SETTINGS, ACK)] * 2


def test_unknown_settings_are_ignored() -> None:
    assert feed(server(), settings((0xFFFF, 0xFFFFFFFF), (7, 7))) == [zttp.Settings([(0xFFFF, 0xFFFFFFFF), (7, 7)])]


def test_the_last_of_repeated_settings_holds() -> None:
    connection = server(headers(GET, flags=END_STREAM), first=settings((4, 1), (4, 5)))
    assert connection.stream(1).send_window == 5


def test_a_changed_setting_holds_once_acknowledged() -> None:
    connection = server(frame(SETTINGS, ACK))
    connection.update_settings({S.MAX_CONCURRENT_STREAMS: 1, S.INITIAL_WINDOW_SIZE: 10})
    [update] = sent(connection)
    assert params(update.payload) == {3: 1, 4: 10}
    assert names(feed(connection, headers(POST, 1) + headers(POST, 3))) == ["Request", "Request"]
    assert feed(connection, frame(SETTINGS, ACK)) == [zttp.Settings([], True)]
    assert feed(connection, headers(POST, 5)) == [zttp.RstStream(5, 7)], "REFUSED_STREAM"
    assert connection.last_stream_error.reason == "too_many_streams"
    # RFC 9113 6.9.2: the streams that are open have lost the difference, too.
    assert feed(connection, frame(DATA, 0, 1, bytes(10)))[0].data == bytes(10)
    assert feed(connection, frame(DATA, 0, 3, bytes(11))) == [zttp.RstStream(3, 3)]
    assert connection.last_stream_error.reason == "stream_window_exceeded"


def test_what_is_allowed_in_addition_is_allowed_at_once() -> None:
    connection = server(frame(SETTINGS, ACK), limits=limits(max_concurrent_streams=1))
    connection.update_settings({S.MAX_CONCURRENT_STREAMS: 2, S.MAX_FRAME_SIZE: 20000})
    events = feed(connection, headers(POST, 1) + headers(POST, 3) + frame(DATA, 0, 1, bytes(20000)))
    assert names(events)[:2] == ["Request", "Request"]
    assert len(events[2].data) == 20000


def test_frames_become_smaller_once_acknowledged() -> None:
    connection = server(frame(SETTINGS, ACK), limits=limits(max_frame_size=20000))
    connection.update_settings({S.MAX_FRAME_SIZE: 16384})
    feed(connection, headers(POST) + frame(DATA, 0, 1, bytes(20000)) + frame(SETTINGS, ACK))
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, frame(DATA, 0, 1, bytes(16385)))
    assert caught.value.reason == "frame_too_large"


def test_header_lists_become_smaller_once_acknowledged() -> None:
    connection = server(frame(SETTINGS, ACK))
    connection.update_settings({S.MAX_HEADER_LIST_SIZE: 300})
    large = [*GET, (b"x", b"y" * 300)]
    assert names(feed(connection, headers(large, 1) + frame(SETTINGS, ACK) + headers(large, 3))) == [
        "Request", "Settings", "RstStream",
    ]  # fmt: skip


def test_the_tables_of_a_pair_follow_their_settings() -> None:
    # RFC 7541 4.2: the encoder signals the size of the acknowledged setting.
    connection = requesting(first=settings((1, 0)))
    other = server(limits=limits(header_table_size=0))
    one = client(first=settings((1, 0)))
    one.send_request(b"GET", b"/", b"2", [*HOST, (b"x-custom", b"value")])
    assert names(feed(other, frame(SETTINGS, ACK) + one.data_to_send())) == ["Settings", "Request"]
    assert connection.open_streams == 1


def test_a_lowered_table_size_must_be_honoured() -> None:
    connection = server(frame(SETTINGS, ACK))
    connection.update_settings({S.HEADER_TABLE_SIZE: 100})
    assert names(feed(connection, headers(GET, 1))) == ["Request"]
    with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
        feed(connection, frame(SETTINGS, ACK) + headers(GET, 3))
    assert (caught.value.reason, caught.value.error_code) == ("hpack_size_update_missing", 9)


def test_a_larger_header_section_that_was_announced_may_come() -> None:
    # The limits on its block, and on the frames of that, grow with it; no more, and not earlier.
    size, piece = 500_000, 16_384
    large = b"\x00\x03x-a" + integer(size, 0, 127) + b"v" * size
    first, *others = [large[at : at + piece] for at in range(0, len(large), piece)]
    head = frame(HEADERS, END_STREAM, 1, block(GET)) + frame(CONTINUATION, 0, 1, first)
    data = head + b"".join(frame(CONTINUATION, 0, 1, other) for other in others) + frame(CONTINUATION, END_HEADERS, 1)
    with pytest.raises(zttp.RemoteProtocolError, match="max_field_block_bytes"):
        feed(server(), data)
    connection = server(frame(SETTINGS, ACK))
    connection.update_settings({S.MAX_HEADER_LIST_SIZE: 600_000})
    request = feed(connection, frame(SETTINGS, ACK) + data)[1]
    assert request.headers.get(b"x-a") == b"v" * size
    with pytest.raises(zttp.RemoteProtocolError, match="max_continuation_frames"):
        feed(connection, frame(HEADERS, END_STREAM, 3, block(GET)) + frame(CONTINUATION, 0, 3) * 100)


def test_a_frame_size_beyond_all_use() -> None:
    connection = server(headers(GET, flags=END_STREAM), first=settings((4, 2**31 - 1), (5, 2**24 - 1)))
    feed(connection, frame(WINDOW_UPDATE, 0, 0, (10**6).to_bytes(4, "big")))
    stream = connection.stream(1)
    stream.send_response(200)
    stream.send_data(bytes(200000))
    sizes = [len(found.payload) for found in sent(connection) if found.type == DATA]
    assert sizes == [65536, 65536, 65536, 200000 - 3 * 65536]


def test_push_was_disabled() -> None:
    assert names(feed(server(), settings((2, 0)))) == ["Settings"]
    assert names(feed(server(), settings((2, 1)))) == ["Settings"], "a client may allow what nobody does"


@pytest.mark.parametrize("name", zttp.H2Limits.__match_args__)
def test_limits_refuse_nonsense(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        limits(**{name: -1})
    with pytest.raises(ValueError, match=name):
        limits(**{name: 2**62})


def test_limits_are_values() -> None:
    import copy
    import pickle

    some = limits(max_buffer=123456)
    assert pickle.loads(pickle.dumps(some)) == some == copy.copy(some)
    assert hash(some) == hash(limits(max_buffer=123456))
    assert some != limits()
    assert repr(some).startswith("H2Limits(max_concurrent_streams=128, ")


def test_options() -> None:
    options: dict[str, Any] = {"max_streams": 1}
    with pytest.raises(TypeError, match="H2Connection has no option 'max_streams'"):
        zttp.Connection(zttp.SERVER, "h2", **options)
    assert isinstance(zttp.Connection(zttp.SERVER, "h2"), zttp.H2Connection)
    assert isinstance(zttp.Connection(zttp.SERVER, 2), zttp.Connection)
