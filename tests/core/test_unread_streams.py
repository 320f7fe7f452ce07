"""One stream is read while others are not: what they hold of the connection's window must not stop it for good.

RFC 9113 5.2, RFC 9000 4: credit for the connection that is kept back until half of its window is consumed would never
leave, for that half is never reached.
"""

from typing import Any

import pytest

import zttp

CONTENT = bytes(400_000)


def h2_pair() -> tuple[Any, Any]:
    limits = zttp.H2Limits(initial_window_size=65_535, connection_window_size=262_144, max_connection_window=262_144)
    return (
        zttp.Connection(zttp.CLIENT, "h2", auto_credit=False, limits=limits),
        zttp.Connection(zttp.SERVER, "h2"),
    )


def h3_pair() -> tuple[Any, Any]:
    credentials = zttp.TlsCredentials.self_signed("localhost")
    limits = zttp.H3Limits(initial_window_size=65_535, connection_window_size=262_144, max_connection_window=262_144)
    verify = zttp.TrustStore.pinned(credentials.certificate)
    return (
        zttp.Connection(zttp.CLIENT, "h3", server_name="localhost", verify=verify, auto_credit=False, limits=limits),
        zttp.Connection(zttp.SERVER, "h3", credentials=credentials),
    )


def carry(sender: Any, receiver: Any, now: int) -> None:
    if isinstance(sender, zttp.H2Connection):
        if data := sender.data_to_send():
            receiver.receive_data(data)
        return
    for datagram in sender.data_to_send(now):
        receiver.receive_datagram(datagram, now)
    due = sender.next_timeout()
    if due is not None and due <= now:
        sender.handle_timeout(now)


def downloads(client: Any, server: Any, read: int) -> list[int]:
    """Four downloads at once, of which so many are read: how much came on each."""
    version = b"2" if isinstance(client, zttp.H2Connection) else b"3"
    asked = [client.send_request(b"GET", b"/", version, [(b"host", b"a")], end_stream=True) for _ in range(4)]
    streams = [int(stream.stream_id) for stream in asked]
    came = dict.fromkeys(streams, 0)
    wanted = set(streams[4 - read :])  # the others come first, and take what they can have
    for round_trip in range(1, 400):
        now = round_trip * 10_000
        carry(client, server, now)
        while (event := server.next_event()) is not zttp.NEED_DATA:
            if isinstance(event, zttp.Request):
                stream = server.stream(event.stream_id)
                stream.send_response(200, [])
                stream.send_data(CONTENT)
                stream.end_message()
        carry(server, client, now + 5_000)
        while (event := client.next_event()) is not zttp.NEED_DATA:
            if isinstance(event, zttp.Data):
                came[event.stream_id] += len(event.data)
                if event.stream_id in wanted:
                    client.consume_data(event.stream_id, len(event.data))
        if all(came[number] == len(CONTENT) for number in wanted):
            break
    return list(came.values())


@pytest.mark.parametrize("pair", [h2_pair, h3_pair])
@pytest.mark.parametrize("read", [1, 2, 3, 4])
def test_a_stream_that_is_read_goes_on(pair: Any, read: int) -> None:
    pytest.importorskip("zttp_h2" if pair is h2_pair else "zttp_h3")
    client, server = pair()
    came = downloads(client, server, read)
    assert came[4 - read :] == [len(CONTENT)] * read
    assert all(size < len(CONTENT) for size in came[: 4 - read])
