"""The FastCGI plugin in use: an HTTP/2 client, a real nginx, and `examples/fastcgi_server.py` behind it."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

import zttp
from asyncio_http2_client import Client
from fastcgi_server import serve
from tests.integration.http2_servers import Certificate, running

HOST = "127.0.0.1"
PIECE = bytes(range(256)) * 256
LOCATION = """
location /app/ {{
    fastcgi_pass 127.0.0.1:{port}; fastcgi_keep_conn {keep}; fastcgi_request_buffering off; fastcgi_buffering off;
    fastcgi_param REQUEST_METHOD $request_method; fastcgi_param REQUEST_URI $request_uri;
    fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param SERVER_PROTOCOL $server_protocol;
}}
"""


@pytest.fixture(scope="module", autouse=True)
def fastcgi() -> Iterator[None]:
    """Register the example from its folder."""
    source = str(Path(__file__).parents[2] / "examples/fastcgi_plugin/src")
    sys.path.insert(0, source)
    from zttp_fastcgi.plugin import zttp_register_protocols

    [descriptor] = zttp_register_protocols()
    zttp.register_protocol(descriptor, replace=True)
    yield
    zttp.unregister_protocol("fastcgi")
    sys.path.remove(source)


def run(certificate: Certificate, folder: Path, test: Callable[[Client], Awaitable[None]], keep: str = "on") -> int:
    """Run a test with a client of nginx; return how many connections nginx has opened to the application."""
    opened = 0

    async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await serve(reader, writer)

    async def main() -> None:
        application = await asyncio.start_server(counted, HOST, 0)
        location = LOCATION.format(port=application.sockets[0].getsockname()[1], keep=keep)
        with running("nginx", certificate, folder, locations=location) as nginx:
            async with Client(HOST, nginx.ports["http"]) as client:
                await asyncio.wait_for(test(client), 30)
        application.close()
        await application.wait_closed()

    asyncio.run(main())
    return opened


@pytest.mark.parametrize("keep", ["on", "off"])
def test_requests(certificate: Certificate, tmp_path: Path, keep: str) -> None:
    async def test(client: Client) -> None:
        targets = [b"/app/%d?query" % number for number in range(5)]
        responses = await asyncio.gather(*(client.request(b"GET", target) for target in targets))
        assert [response.status_code for response in responses] == [200] * 5
        contents = await asyncio.gather(*(response.read() for response in responses))
        assert contents == [b"GET %b\n" % target for target in targets]

    assert run(certificate, tmp_path, test, keep) == 5  # nginx has one request on a connection at a time


@pytest.mark.parametrize("streams", [False, True], ids=["a length", "no length"])
def test_content_in_both_directions(certificate: Certificate, tmp_path: Path, streams: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(16):
            yield PIECE

    async def test(client: Client) -> None:
        response = await client.request(b"POST", b"/app/echo", content=pieces() if streams else PIECE * 16)
        assert await response.read() == b"POST /app/echo\n" + PIECE * 16

    assert run(certificate, tmp_path, test) == 1


def test_a_client_that_cancels(certificate: Certificate, tmp_path: Path) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield PIECE

    async def test(client: Client) -> None:
        response = await client.request(b"POST", b"/app/echo", content=endless())
        await anext(response.content())
        await response.cancel()
        assert await (await client.request(b"GET", b"/app/")).read() == b"GET /app/\n"

    run(certificate, tmp_path, test)
