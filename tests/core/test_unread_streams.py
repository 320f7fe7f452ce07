"""One stream is read while others are not: their share of the connection's window must not block it forever.

RFC 9113 5.2, RFC 9000 4: if credit for the connection were withheld until half of its window is consumed, it would
never be sent, because that half is never reached.
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
    """Four concurrent downloads, of which so many are read: the bytes that arrived on each."""
    version = b"2" if isinstance(client, zttp.H2Connection) else b"3"
    asked = [client.send_request(b"GET", b"/", version, [(b"host", b"a")], end_stream=True) for _ in range(4)]
    streams = [int(stream.stream_id) for stream in asked]
    came = dict.fromkeys(streams, 0)
    wanted = set(streams[4 - read :])  # the others come first, and use all credit that they can
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


def upload(pair: Any, sizes: list[int], read: int, step: int) -> tuple[int, int]:
    """Concurrent uploads, of which the last ``read`` are consumed in steps: bytes consumed, frames of credit."""
    client, server = pair()
    version = b"2" if isinstance(client, zttp.H2Connection) else b"3"
    unread: dict[int, int] = {}
    consumed = updates = 0
    streams = []
    for size in sizes:
        stream = client.send_request(b"POST", b"/", version, [(b"host", b"a")])
        stream.send_data(bytes(size))
        stream.end_message()
        streams.append(int(stream.stream_id))
    for round_trip in range(1, 2_000):
        now = round_trip * 10_000
        carry(client, server, now)
        while (event := server.next_event()) is not zttp.NEED_DATA:
            if isinstance(event, zttp.Data):
                unread[event.stream_id] = unread.get(event.stream_id, 0) + len(event.data)
        for number in streams[len(streams) - read :]:
            size = min(step, unread.get(number, 0))
            if size:
                unread[number] -= size
                server.consume_data(number, size)
                consumed += size
        carry(server, client, now + 5_000)
        while (event := client.next_event()) is not zttp.NEED_DATA:
            updates += isinstance(event, zttp.WindowUpdate)
        if consumed == sum(sizes[len(sizes) - read :]):
            break
    return consumed, updates


def reading_server() -> tuple[Any, Any]:
    limits = zttp.H2Limits(initial_window_size=65_535, connection_window_size=131_072, max_connection_window=131_072)
    return zttp.Connection(zttp.CLIENT, "h2"), zttp.Connection(zttp.SERVER, "h2", auto_credit=False, limits=limits)


def reading_h3_server() -> tuple[Any, Any]:
    credentials = zttp.TlsCredentials.self_signed("localhost")
    limits = zttp.H3Limits(initial_window_size=65_535, connection_window_size=131_072, max_connection_window=131_072)
    return (
        zttp.Connection(
            zttp.CLIENT, "h3", server_name="localhost", verify=zttp.TrustStore.pinned(credentials.certificate)
        ),
        zttp.Connection(zttp.SERVER, "h3", credentials=credentials, auto_credit=False, limits=limits),
    )


@pytest.mark.parametrize("pair", [reading_server, reading_h3_server])
def test_slow_readers_return_no_slivers(pair: Any) -> None:
    # Each small credit would lead to a piece of content of the same size, which a peer may treat as an attack.
    pytest.importorskip("zttp_h2" if pair is reading_server else "zttp_h3")
    sizes = [100_000] * 4
    consumed, updates = upload(pair, sizes, 4, 60 * 4)
    assert consumed == sum(sizes)
    assert updates < 200


@pytest.mark.parametrize("pair", [reading_server, reading_h3_server])
@pytest.mark.parametrize("left", [2, 16, 63, 64, 1_000])
def test_what_others_leave_is_used_as_long_as_it_is_worth_it(pair: Any, left: int) -> None:
    # Below 64 octets none is sent: the upload waits until the others are read, and the connection stays open.
    pytest.importorskip("zttp_h2" if pair is reading_server else "zttp_h3")
    consumed, updates = upload(pair, [65_535, 65_537 - left, 16_000], 1, 1 << 20)
    assert updates <= 2 * 16_000 // left if left >= 64 else updates <= 1
    if pair is reading_server:
        assert consumed == (16_000 if left >= 64 else left)
    else:  # the frame headers of HTTP/3 use credit, too
        assert consumed == 16_000 or (consumed <= left < 64)
