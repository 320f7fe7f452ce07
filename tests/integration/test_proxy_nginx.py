"""`examples/proxy.py` between an HTTP/2 client and a real nginx with HTTP/1.1."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from asyncio_http2_client import Client
from asyncio_server import Server
from proxy import Proxy
from tests.integration.http2_servers import Certificate, Peer, running

HOST = "127.0.0.1"
PIECE = bytes(range(256)) * 256


@pytest.fixture(scope="module")
def nginx(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    with running("nginx", certificate, tmp_path_factory.mktemp("nginx"), http2=False) as peer:
        (peer.www / "large").write_bytes(PIECE * 32)
        (peer.www / "small").write_bytes(b"small")
        yield peer


def run(nginx: Peer, test: Callable[[Client, Proxy], Awaitable[None]]) -> None:
    async def main() -> None:
        proxy = Proxy(HOST, nginx.ports["http"])
        server = Server(proxy)
        await server.start(HOST, 0)
        async with Client(HOST, server.port) as client:
            await asyncio.wait_for(test(client, proxy), 30)
        await server.stop(grace=5)
        proxy.close()

    asyncio.run(main())


def test_downloads_side_by_side_keep_their_connections(nginx: Peer) -> None:
    async def test(client: Client, proxy: Proxy) -> None:
        for _ in range(2):
            responses = await asyncio.gather(*(client.request(b"GET", b"/large") for _ in range(4)))
            assert [response.headers.getall(b"via") for response in responses] == [[b"1.1 zttp"]] * 4
            contents = await asyncio.gather(*(response.read() for response in responses))
            assert contents == [PIECE * 32] * 4
        assert len(proxy.kept) == 4

    run(nginx, test)


def test_what_has_no_content(nginx: Peer) -> None:
    async def test(client: Client, proxy: Proxy) -> None:
        head = await client.request(b"HEAD", b"/large")
        assert (head.headers.get(b"content-length"), await head.read()) == (b"%d" % (32 * len(PIECE)), b"")
        tag = head.headers.get(b"etag", b"")
        same = await client.request(b"GET", b"/large", [(b"if-none-match", tag)])
        assert (same.status_code, await same.read()) == (304, b"")
        missing = await client.request(b"GET", b"/missing")
        assert missing.status_code == 404
        await missing.read()
        assert len(proxy.kept) == 1  # which all three have used

    run(nginx, test)


@pytest.mark.parametrize("expect", [False, True], ids=["at once", "after 100"])
def test_uploads(nginx: Peer, expect: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(16):
            yield PIECE

    async def test(client: Client, _proxy: Proxy) -> None:
        fields = [(b"expect", b"100-continue")] if expect else []
        response = await client.request(b"PUT", b"/stored", fields, pieces())
        assert (response.status_code, await response.read()) == (201, b"")
        assert [head.status_code for head in response.informational] == [100] * expect
        assert (nginx.www / "stored").read_bytes() == PIECE * 16
        assert (await client.request(b"DELETE", b"/stored")).status_code == 204

    run(nginx, test)


def test_trailers(nginx: Peer) -> None:
    async def test(client: Client, _proxy: Proxy) -> None:
        response = await client.request(b"GET", b"/trailers/small", [(b"te", b"trailers")])
        assert await response.read() == b"small"
        assert response.trailers == [(b"x-checksum", b"abc")]

    run(nginx, test)


def test_a_download_that_is_cancelled_leaves_no_connection(nginx: Peer) -> None:
    async def test(client: Client, proxy: Proxy) -> None:
        response = await client.request(b"GET", b"/large")
        await anext(response.content())
        await response.cancel()
        response = await client.request(b"GET", b"/small")
        assert await response.read() == b"small"
        assert len(proxy.kept) == 1

    run(nginx, test)
