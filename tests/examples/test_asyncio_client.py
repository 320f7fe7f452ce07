"""`examples/asyncio_client.py` with servers other than that of the examples."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress

import pytest

import asyncio_client
import zttp
from asyncio_client import Client

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]


def run(handler: Handler, test: Callable[[Client], Coroutine[None, None, None]]) -> None:
    """Run `test` with a client of a server that calls `handler` for each connection."""

    async def main() -> None:
        async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await handler(reader, writer)
            finally:
                writer.close()
                with suppress(ConnectionError):
                    await writer.wait_closed()

        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        client = Client("127.0.0.1", server.sockets[0].getsockname()[1])
        async with server:
            try:
                await asyncio.wait_for(test(client), 20)
            finally:
                await client.close()

    asyncio.run(main())


def test_connects_again_when_the_server_has_closed() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async def test(client: Client) -> None:
        for _ in range(3):
            assert await (await client.request(b"GET", b"/")).read() == b"ok"
            await asyncio.sleep(0.1)  # the end of the connection arrives unannounced
        assert client.connections == 3

    run(once, test)


def test_content_that_ends_with_the_connection() -> None:
    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.0 200 OK\r\n\r\nuntil I close")

    async def test(client: Client) -> None:
        assert await (await client.request(b"GET", b"/")).read() == b"until I close"

    run(old, test)


def test_informational_responses_are_kept_apart() -> None:
    async def early_hints(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n")

    async def test(client: Client) -> None:
        response = await client.request(b"GET", b"/")
        assert response.status_code == 204
        [hints] = response.informational
        assert (hints.status_code, hints.headers.get(b"link")) == (103, b"</style.css>")
        assert await response.read() == b""

    run(early_hints, test)


def test_sends_content_when_no_100_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio_client, "CONTINUE_TIMEOUT", 0.1)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        content = await reader.readexactly(5)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + content)

    async def test(client: Client) -> None:
        response = await client.request(b"POST", b"/", [(b"Expect", b"100-continue")], b"hello")
        assert await response.read() == b"hello"

    run(silent, test)


def test_stops_an_upload_that_was_answered_before_its_end() -> None:
    async def impatient(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
        await reader.read()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(1000)
            await asyncio.sleep(0.01)

    async def test(client: Client) -> None:
        response = await client.request(b"POST", b"/", content=endless())
        assert (response.status_code, await response.read()) == (413, b"no")

    run(impatient, test)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"SSH-2.0-OpenSSH\r\n",
    ],
    ids=["nothing", "cut short", "cut short in chunks", "not HTTP"],
)
def test_an_answer_that_is_none(answer: bytes) -> None:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    async def test(client: Client) -> None:
        with pytest.raises(zttp.RemoteProtocolError):
            await (await client.request(b"GET", b"/")).read()

    run(handler, test)
