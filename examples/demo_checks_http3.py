"""The checks of `demo.py` in HTTP/3: requests to the example server, and the expected responses."""

import asyncio

import asyncio_http2_client
import self_signed
import zttp
from asyncio_http3_client import Client
from demo_checks import Check, Demo, expect
from demo_checks_streams import checks_with
from fetch import http3_port


def client_of(demo: Demo, port: int = 0) -> Client:
    return Client("127.0.0.1", port or demo.server.port, demo.certificate, demo.observe)


async def told_over_tcp(demo: Demo) -> str:
    tls = self_signed.client_context(demo.certificate)
    async with asyncio_http2_client.Client("127.0.0.1", demo.server.port, tls, demo.observe) as client:
        response = await client.request(b"GET", b"/first")
        await response.read()
        port = http3_port(response.headers.getall(b"alt-svc"))
    expect("Alt-Svc", port, demo.server.port)
    async with client_of(demo, port or 0) as quic:
        response = await quic.request(b"GET", b"/second")
        expect("content", (response.http_version, await response.read()), (b"3", b"you asked for /second\n"))
    return "the answer in HTTP/2 says where HTTP/3 is: the same number, of UDP"


async def nobody_else_is_trusted(demo: Demo) -> str:
    stranger = Client("127.0.0.1", demo.server.port, None, demo.observe)
    try:
        async with stranger:
            await stranger.request(b"GET", b"/")
    except zttp.RemoteProtocolError as error:
        expect("reason", error.reason, "handshake_failed")
        return f"a client that does not know the certificate ends: {error}"
    raise ValueError("a certificate that the client does not trust was accepted")


async def graceful_shutdown(demo: Demo) -> str:
    async with client_of(demo) as client:
        response = await client.request(b"GET", b"/slow")
        stop = asyncio.create_task(demo.server.stop())
        expect("content", await response.read(), b"worth waiting for\n")
        await stop
        expect("GOAWAY", client.conn.goaway_received() is not None, True)
    return "GOAWAY, the response under way was completed, then all was closed"


CHECKS: list[Check] = [told_over_tcp, *checks_with(client_of), nobody_else_is_trusted]
