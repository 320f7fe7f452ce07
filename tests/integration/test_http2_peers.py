"""zttp as a client, in `examples/asyncio_http2_client.py`, of widely used servers: nginx, h2o and hypercorn."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

import asyncio_http2_client
import self_signed
import zttp
from asyncio_http2_client import Client
from tests.integration.http2_servers import Certificate, Peer, running

MEBIBYTE = bytes(range(256)) * 4096
PIECE = bytes(range(256)) * 256
SMALL = zttp.H2Limits(initial_window_size=1000, connection_window_size=65535, max_connection_window=65535)

Test = Callable[[Client], Awaitable[None]]


def started(name: str) -> Callable[..., Iterator[Peer]]:
    def fixture(certificate: Certificate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
        with running(name, certificate, tmp_path_factory.mktemp(name)) as peer:
            (peer.www / "large").write_bytes(MEBIBYTE * 8)
            for number in range(50):
                (peer.www / f"{number}").write_bytes(b"you asked for /%d" % number)
            yield peer

    return fixture


nginx = pytest.fixture(scope="module", name="nginx")(started("nginx"))
h2o = pytest.fixture(scope="module", name="h2o")(started("h2o"))
hypercorn = pytest.fixture(scope="module", name="hypercorn")(started("hypercorn"))

both_schemes = pytest.mark.parametrize("scheme", ["http", "https"])


@pytest.fixture(params=["nginx", "h2o", "hypercorn"])
def peer(request: pytest.FixtureRequest) -> Peer:
    peer = request.getfixturevalue(request.param)
    assert isinstance(peer, Peer)
    return peer


def run(peer: Peer, scheme: str, certificate: Certificate, test: Test, limits: zttp.H2Limits | None = None) -> None:
    """Run a test with a client of this peer."""

    async def main() -> None:
        tls = self_signed.client_context(certificate[0]) if scheme == "https" else None
        client = Client("127.0.0.1", peer.ports[scheme], tls)
        client.conn = zttp.Connection(zttp.CLIENT, zttp.HTTP2, auto_credit=False, limits=limits)
        async with client:
            await test(client)

    asyncio.run(asyncio.wait_for(main(), 30))


def large(peer: Peer) -> bytes:
    return b"/download/128" if peer.name == "hypercorn" else b"/large"


@both_schemes
def test_concurrent_requests(peer: Peer, scheme: str, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        targets = [b"/%d" % number for number in range(50)]
        responses = await asyncio.gather(*(client.request(b"GET", target) for target in targets))
        assert [response.status_code for response in responses] == [200] * 50
        contents = await asyncio.gather(*(response.read() for response in responses))
        assert contents == [b"you asked for " + target for target in targets]

    run(peer, scheme, certificate, test)


@both_schemes
def test_large_downloads(peer: Peer, scheme: str, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        responses = await asyncio.gather(*(client.request(b"GET", large(peer)) for _ in range(3)))
        for content in await asyncio.gather(*(response.read() for response in responses)):
            assert content == MEBIBYTE * 8

    run(peer, scheme, certificate, test)


def test_download_through_a_small_window(peer: Peer, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        response = await client.request(b"GET", large(peer))
        received, pieces = b"", response.content()
        while len(received) < 4 * len(PIECE):
            received += await anext(pieces)
        assert received == (PIECE * 5)[: len(received)]

    run(peer, "https", certificate, test, SMALL)


def test_the_client_decides_when_a_download_goes_on(peer: Peer, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        waiting = await client.request(b"GET", large(peer))
        other = await client.request(b"GET", b"/7")  # not blocked by the one that is not read
        assert await other.read() == b"you asked for /7"
        assert await waiting.read() == MEBIBYTE * 8

    run(peer, "https", certificate, test)


def test_cancelled_download(peer: Peer, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        for _ in range(20):
            response = await client.request(b"GET", large(peer))
            await anext(response.content())
            await response.cancel()
        assert await (await client.request(b"GET", b"/1")).read() == b"you asked for /1"

    run(peer, "https", certificate, test)


def test_responses_without_content(peer: Peer, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        response = await client.request(b"HEAD", large(peer))
        assert (response.status_code, await response.read()) == (200, b"")
        assert response.headers.get(b"content-length") == b"%d" % (8 * len(MEBIBYTE))
        if peer.name != "hypercorn":
            tag = [(b"if-none-match", response.headers.get(b"etag"))]
            response = await client.request(b"GET", large(peer), tag)
            assert (response.status_code, await response.read()) == (304, b"")
            assert (await client.request(b"GET", b"/missing")).status_code == 404

    run(peer, "https", certificate, test)


def test_ping_and_new_settings(peer: Peer, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        seen: list[zttp.Event] = []
        client.observe = seen.append
        client.conn.ping(b"8 bytes!")
        client.conn.update_settings({zttp.H2Settings.INITIAL_WINDOW_SIZE: 70_000})
        if peer.name != "h2o":  # 2.2 does not send the required dynamic table size update (RFC 7541 4.2)
            client.conn.update_settings({zttp.H2Settings.HEADER_TABLE_SIZE: 0})
        for number in range(3):
            assert await (await client.request(b"GET", b"/%d" % number)).read() == b"you asked for /%d" % number
        assert zttp.Ping(ack=True, data=b"8 bytes!") in seen
        assert zttp.Settings(params=[], ack=True) in seen
        assert await (await client.request(b"GET", large(peer))).read() == MEBIBYTE * 8

    run(peer, "https", certificate, test)


@pytest.mark.parametrize("name", ["h2o", "hypercorn"])
def test_upgrade_in_clear_text(name: str, request: pytest.FixtureRequest) -> None:
    peer: Peer = request.getfixturevalue(name)

    async def main() -> None:
        client, response = await asyncio_http2_client.upgrade("127.0.0.1", peer.ports["http"], b"/1")
        assert (response.status_code, response.http_version) == (200, b"2")
        assert await response.read() == b"you asked for /1"
        assert await (await client.request(b"GET", b"/2")).read() == b"you asked for /2"
        await client.close()

    asyncio.run(asyncio.wait_for(main(), 30))


# ------------------------------------------------------------------------------------------------- one server's own


@both_schemes
def test_nginx_stores_what_is_uploaded(nginx: Peer, scheme: str, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        async def store(number: int) -> None:
            target, content = b"/stored-%d" % number, bytes([number]) * 3_000_000
            response = await client.request(b"PUT", target, content=content)
            assert (response.status_code, await response.read()) == (201, b"")
            assert (nginx.www / target[1:].decode()).read_bytes() == content
            assert (await client.request(b"DELETE", target)).status_code == 204

        await asyncio.gather(*(store(number) for number in range(5)))

    run(nginx, scheme, certificate, test)


def test_nginx_sends_trailers(nginx: Peer, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        response = await client.request(b"GET", b"/trailers/1", [(b"te", b"trailers")])
        assert await response.read() == b"you asked for /1"
        assert response.trailers == [(b"x-checksum", b"abc")]

    run(nginx, "https", certificate, test)


def test_nginx_allows_few_streams(nginx: Peer, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        most = 0

        async def one() -> None:
            nonlocal most
            response = await client.request(b"GET", b"/large")
            most = max(most, client.conn.open_streams)
            assert len(await response.read()) == 8 * len(MEBIBYTE)

        await asyncio.gather(*(one() for _ in range(16)))
        assert most == 8

    run(nginx, "https", certificate, test)


@both_schemes
def test_hypercorn_takes_uploads(hypercorn: Peer, scheme: str, certificate: Certificate) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield PIECE

    async def test(client: Client) -> None:
        seen = {"length": 64 * len(PIECE), "sha256": hashlib.sha256(PIECE * 64).hexdigest()}
        for content in (pieces(), PIECE * 64):
            response = await client.request(b"POST", b"/upload", content=content)
            assert json.loads(await response.read()) == seen
        response = await client.request(b"POST", b"/echo", content=pieces())
        assert await response.read() == PIECE * 64

    run(hypercorn, scheme, certificate, test)


def test_hypercorn_sends_hints_and_trailers(hypercorn: Peer, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        response = await client.request(b"GET", b"/hints")
        assert [head.status_code for head in response.informational] == [103, 103]
        assert response.informational[0].headers.get(b"link") == b"</style.css>; rel=preload"
        assert await response.read() == b"hinted"
        response = await client.request(b"GET", b"/trailers", [(b"te", b"trailers")])
        assert await response.read() == b"content"
        assert response.trailers == [(b"x-checksum", b"abc"), (b"x-more", b"def")]

    run(hypercorn, "https", certificate, test)


def test_hypercorn_closes_what_it_cannot_complete(hypercorn: Peer, certificate: Certificate) -> None:
    async def test(client: Client) -> None:
        response = await client.request(b"GET", b"/incomplete")
        with pytest.raises(zttp.RemoteProtocolError, match="ended before a stream did"):
            await response.read()

    run(hypercorn, "https", certificate, test)
