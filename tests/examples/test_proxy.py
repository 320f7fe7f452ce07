"""What `examples/proxy.py` forwards, drops and refuses, and how it handles a failure of either side."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

import pytest

import proxy
import zttp
from asyncio_client import Client as Http1Client
from asyncio_http2_client import Client as Http2Client
from asyncio_server import Server
from client_exchange import StreamResetError
from proxy import Proxy

HOST = "127.0.0.1"
PIECE = bytes(range(256)) * 256

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Setting:
    """An HTTP/2 client, the proxy, and a hand-written server behind it."""

    def __init__(self, client: Http2Client, front: Server, behind: Proxy) -> None:
        self.client, self.front, self.behind = client, front, behind


@asynccontextmanager
async def setting(handler: Handler) -> AsyncIterator[Setting]:
    server = await asyncio.start_server(handler, HOST, 0)
    behind = Proxy(HOST, server.sockets[0].getsockname()[1])
    front = Server(behind)
    await front.start(HOST, 0)
    try:
        async with Http2Client(HOST, front.port) as client:
            yield Setting(client, front, behind)
    finally:
        await front.stop(grace=0.1)
        behind.close()
        server.close()


def run(test: Coroutine[None, None, None]) -> None:
    asyncio.run(asyncio.wait_for(test, 30))


def answering(response: bytes, seen: list[bytes]) -> Handler:
    """A server that keeps its input, and answers each head with the same bytes."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                seen.append(await reader.readuntil(b"\r\n\r\n"))
                writer.write(response)
                await writer.drain()
        writer.close()

    return handler


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


# --------------------------------------------------------------------------------------------------------- a request


def test_what_goes_on_and_what_does_not() -> None:
    seen: list[bytes] = []
    fields = [
        (b"accept", b"text/plain"),
        (b"te", b"trailers"),
        (b"cookie", b"a=1"),
        (b"cookie", b"b=2"),
        (b"x-forwarded-for", b"10.0.0.1"),
        (b"forwarded", b"for=10.0.0.1"),
        (b"x_forwarded_for", b"10.0.0.1"),
    ]

    async def test() -> None:
        async with setting(answering(OK, seen)) as here:
            response = await here.client.request(b"GET", b"/path?query", fields)
            assert (response.status_code, await response.read()) == (200, b"ok")
            host = f"{HOST}:{here.front.port}".encode()
            assert seen[0].split(b"\r\n") == [
                b"GET /path?query HTTP/1.1",
                b"host: " + host,
                b"accept: text/plain",
                b"te: trailers",
                b"cookie: a=1; b=2",
                b"via: 2 zttp",
                b"connection: te",
                b"",
                b"",
            ]

    run(test())


def test_what_ends_with_a_connection_of_http_1_goes_no_further() -> None:
    seen: list[bytes] = []
    request = (
        b"GET http://real.example/x HTTP/1.1\r\nHost: other.example\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n"
        b"Keep-Alive: 5\r\nUpgrade: websocket\r\nProxy-Connection: keep-alive\r\n\r\n"
    )

    async def test() -> None:
        async with setting(answering(OK, seen)) as here:
            reader, writer = await asyncio.open_connection(HOST, here.front.port)
            writer.write(request)
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
            writer.close()
        assert seen == [b"GET /x HTTP/1.1\r\nhost: real.example\r\nvia: 1.1 zttp\r\n\r\n"]

    run(test())


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Content-Length : 3\r\n",
        b"A: b\r\n folded: 3\r\n",
        b"A: b\rContent-Length: 3\r\n",
    ],
    ids=["both", "two lengths", "unknown coding", "a space before the colon", "a folded line", "a bare CR"],
)
def test_what_could_be_two_requests_is_refused(head: bytes) -> None:
    seen: list[bytes] = []

    async def test() -> None:
        async with setting(answering(OK, seen)) as here:
            reader, writer = await asyncio.open_connection(HOST, here.front.port)
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\n" + head + b"\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n")
            assert (await reader.read()).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 501 "))
            writer.close()
        assert not any(b"smuggled" in one for one in seen)

    run(test())


def test_tunnels_and_requests_without_a_host_are_refused() -> None:
    seen: list[bytes] = []

    async def test() -> None:
        async with setting(answering(OK, seen)) as here:
            for request, status in (
                (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", b"501"),
                (b"GET / HTTP/1.1\r\n\r\n", b"400"),
            ):
                reader, writer = await asyncio.open_connection(HOST, here.front.port)
                writer.write(request)
                assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 " + status)
                writer.close()
        assert seen == []

    run(test())


@pytest.mark.parametrize("fields", [[], [(b"content-length", b"%d" % (4 * len(PIECE)))]], ids=["chunks", "length"])
def test_content_and_trailers_in_both_directions(fields: list[tuple[bytes, bytes]]) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Echo the content, with zttp."""
        conn, trailers = zttp.Connection(zttp.SERVER), []
        while True:
            event = conn.next_event()
            match event:
                case zttp.NeedData():
                    conn.receive_data(await reader.read(65536))
                case zttp.Request():
                    assert event.headers.getall(b"content-length") == [value for _, value in fields]
                    conn.send_response(200, [(b"transfer-encoding", b"chunked"), (b"set-cookie", b"secret")])
                case zttp.Data():
                    conn.send_data(event.data)
                case zttp.EndOfMessage():
                    trailers = list(event.trailers)
                    conn.end_message([*trailers, (b"x-checksum", b"1")])
            writer.write(conn.data_to_send())
            if isinstance(event, zttp.EndOfMessage):
                break
        writer.close()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield PIECE

    async def test() -> None:
        async with setting(handler) as here:
            sent = None if fields else [(b"checked", b"yes")]
            response = await here.client.request(b"POST", b"/", fields, content=pieces(), trailers=sent)
            assert await response.read() == PIECE * 4
            assert response.trailers == [*(sent or []), (b"x-checksum", b"1")]
            assert response.headers.never_indexed == {b"set-cookie"}

    run(test())


# -------------------------------------------------------------------------------------------------- a response, or none


def test_informational_responses_come_through() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"expect: 100-continue" in head
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        assert await reader.readexactly(4) == b"body"
        writer.write(OK)
        writer.close()

    async def test() -> None:
        async with setting(handler) as here:
            fields = [(b"expect", b"100-continue")]
            response = await here.client.request(b"POST", b"/", fields, b"body")
            assert [head.status_code for head in response.informational] == [103, 100]
            assert response.informational[0].headers.get(b"link") == b"</style.css>"
            assert await response.read() == b"ok"

    run(test())


def test_a_refusal_comes_through_before_the_upload() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        with suppress(ConnectionError):
            while await reader.read(65536):
                pass
        writer.close()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield PIECE

    async def test() -> None:
        async with setting(handler) as here:
            response = await here.client.request(b"POST", b"/", content=endless())
            assert (response.status_code, await response.read()) == (413, b"")
            assert here.behind.kept == []  # the rest of the request is on it

    run(test())


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (b"", 502),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 502),
        (b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", 502),
        (b"gibberish\r\n\r\n", 502),
    ],
    ids=["nothing", "two lengths", "an upgrade that nobody asked for", "gibberish"],
)
def test_a_server_that_does_not_speak_http(response: bytes, status: int) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response)
        writer.close()

    async def test() -> None:
        async with setting(handler) as here:
            assert (await here.client.request(b"GET", b"/")).status_code == status
            assert here.behind.kept == []

    run(test())


def test_half_a_response_does_not_look_complete(caplog: pytest.LogCaptureFixture) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        writer.close()

    async def test() -> None:
        async with setting(handler) as here:
            response = await here.client.request(b"GET", b"/")
            with pytest.raises(StreamResetError):
                await response.read()

    run(test())
    assert [record.message for record in caplog.records] == ["the application failed"]


def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxy, "RESPONSE_TIMEOUT", 0.05)
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while await reader.read(65536):
                pass
        closed.set()
        writer.close()

    async def test() -> None:
        async with setting(handler) as here:
            assert (await here.client.request(b"GET", b"/")).status_code == 504
            await closed.wait()

    run(test())


def test_nobody_listens() -> None:
    async def nobody(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def test() -> None:
        async with setting(nobody) as here:
            here.behind.port = 1  # tcpmux: no server uses it
            assert (await here.client.request(b"GET", b"/")).status_code == 502

    run(test())


def test_a_client_that_cancels_cancels_behind_the_proxy() -> None:
    closed = asyncio.Event()

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        with suppress(ConnectionError):
            await reader.read()
        closed.set()
        writer.close()

    async def test() -> None:
        async with setting(handler) as here:
            response = await here.client.request(b"GET", b"/")
            await response.cancel()
            await closed.wait()

    run(test())


# --------------------------------------------------------------------------------------------------- kept connections


def test_a_connection_is_kept_and_one_that_was_closed_is_replaced() -> None:
    connections = 0

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        for _ in range(2):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
        with suppress(asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")  # and closes instead of an answer
        writer.close()

    async def test() -> None:
        async with setting(handler) as here:
            for number in range(4):
                response = await here.client.request(b"GET", b"/")
                assert (response.status_code, await response.read()) == (200, b"ok"), number
        assert connections == 2

    run(test())


def test_what_a_server_says_unasked_answers_nobody() -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        with suppress(ConnectionError):
            await reader.read()
        writer.close()

    async def test() -> None:
        async with setting(handler) as here:
            for _ in range(3):
                response = await here.client.request(b"GET", b"/")
                assert await response.read() == b"ok"

    run(test())


def test_http_1_in_front() -> None:
    seen: list[bytes] = []

    async def test() -> None:
        async with setting(answering(OK, seen)) as here, Http1Client(HOST, here.front.port) as client:
            response = await client.request(b"GET", b"/")
            assert await response.read() == b"ok"

    run(test())
