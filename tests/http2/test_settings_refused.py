"""`update_settings` refuses values for which a conforming peer would end the connection, and changes nothing."""

import pytest

import zttp
from tests.http2.helpers import ACK, DATA, POST, SETTINGS, Pair, client, feed, frame, headers, limits, sent, server

LARGEST = 2**31 - 1
INITIAL_WINDOW_SIZE = 4


def refused(connection: zttp.H2Connection, settings: dict[int, int]) -> None:
    before = connection.upgrade_settings
    with pytest.raises(zttp.LocalProtocolError) as caught:
        connection.update_settings(settings)
    assert caught.value.reason == "invalid_setting"
    assert connection.data_to_send() == b""
    assert connection.upgrade_settings == before


@pytest.mark.parametrize("role", ["client", "server"])
@pytest.mark.parametrize("value", [0, 2])
def test_priorities_of_rfc_7540_stay_off(role: str, value: int) -> None:
    # RFC 9218 2.1: "MUST NOT change"; a receiver may answer that with PROTOCOL_ERROR.
    connection = client() if role == "client" else server()
    refused(connection, {9: value})
    connection.update_settings({9: 1})


def test_a_window_that_overflows_an_open_stream() -> None:
    # RFC 9113 6.9.2: the peer must treat that as a connection error.
    connection = server(frame(SETTINGS, ACK) + headers(POST), limits=limits(initial_window_size=100_000))
    connection.update_settings({INITIAL_WINDOW_SIZE: LARGEST})
    feed(connection, frame(SETTINGS, ACK))
    connection.update_settings({INITIAL_WINDOW_SIZE: 100_000})
    grown = server(frame(SETTINGS, ACK) + headers(POST), limits=limits(initial_window_size=100_000))
    for _ in range(20):
        feed(grown, frame(DATA, 0, 1, bytes(16_000)))
    grown.data_to_send()
    refused(grown, {INITIAL_WINDOW_SIZE: LARGEST})
    grown.update_settings({INITIAL_WINDOW_SIZE: LARGEST - 10_000_000})


def test_a_peer_survives_all_that_is_not_refused() -> None:
    pair = Pair()
    upload = pair.client.send_request(b"POST", b"/", b"2", [(b"host", b"a")])
    pair.pump()
    value = 1 << 20
    for step in range(60):
        upload.send_data(bytes(100_000))
        try:
            pair.server.update_settings({INITIAL_WINDOW_SIZE: value})
        except zttp.LocalProtocolError:
            value = 1 << 16
        value = min(LARGEST, value * 2)
        if step % 3:
            pair.pump()
    pair.pump()
    assert upload.pending_bytes == 0
    assert sum(len(event.data) for event in pair.at_server if isinstance(event, zttp.Data)) == 6_000_000


def test_more_settings_than_a_frame_holds() -> None:
    connection = server()
    with pytest.raises(ValueError, match="2730"):
        connection.update_settings(dict.fromkeys(range(100, 2831), 1))
    assert sent(connection) == []
    connection.update_settings(dict.fromkeys(range(100, 2830), 1))
    assert [item.type for item in sent(connection)] == [SETTINGS]
