"""The checks of `demo.py` in HTTP/2: requests to the example server, and the expected responses."""

import asyncio

import self_signed
import zttp
from asyncio_http2_client import Client, upgrade
from demo_checks import CONTENT, Check, Demo, digest, expect
from demo_checks_streams import LARGE, checks_with

SMALL_WINDOW = zttp.H2Limits(initial_window_size=1000, connection_window_size=65535, max_connection_window=65535)


def client_of(demo: Demo) -> Client:
    tls = self_signed.client_context(demo.certificate) if demo.certificate else None
    return Client("127.0.0.1", demo.server.port, tls, demo.observe)


async def small_window(demo: Demo) -> str:
    client = client_of(demo)
    client.conn = zttp.Connection(zttp.CLIENT, zttp.HTTP2, auto_credit=False, limits=SMALL_WINDOW)
    async with client:
        response = await client.request(b"POST", b"/echo", content=LARGE)
        expect("echo", digest(await response.read()), digest(LARGE))
    return f"{len(LARGE)} bytes, as the client gives credit for them, 1000 at first"


async def upgrade_from_http_1(demo: Demo) -> str:
    client, response = await upgrade("127.0.0.1", demo.server.port, b"/first", demo.observe)
    try:
        expect("first", (response.http_version, await response.read()), (b"2", b"you asked for /first\n"))
        response = await client.request(b"GET", b"/second")
        expect("second", await response.read(), b"you asked for /second\n")
    finally:
        await client.close()
    return "a request in HTTP/1.1, its response in HTTP/2"


async def malformed(demo: Demo) -> str:
    settings, ping_on_a_stream = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]), bytes([0, 0, 8, 6, 0, 0, 0, 0, 1]) + bytes(8)
    received = await demo.send_bytes(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings + ping_on_a_stream)
    conn = zttp.Connection(zttp.CLIENT, zttp.HTTP2)
    conn.receive_data(received)
    while not isinstance(event := conn.next_event(), zttp.Goaway | zttp.NeedData):
        demo.observe(event)
    expect("farewell", type(event), zttp.Goaway)
    assert isinstance(event, zttp.Goaway)
    expect("error code", event.error_code, zttp.H2ErrorCode.PROTOCOL_ERROR)
    return f"GOAWAY, closed, and told why: {event.debug.decode()}"


async def curl(demo: Demo, path: str, *arguments: str) -> str:
    """Run curl, made to speak HTTP/2."""
    options = ["--http2", "--cacert", str(demo.certificate)] if demo.certificate else ["--http2-prior-knowledge"]
    scheme = "https" if demo.certificate else "http"
    return await demo.curl(*options, *arguments, f"{scheme}://127.0.0.1:PORT{path}")


async def curl_get(demo: Demo) -> str:
    expect("output", await curl(demo, "/a", "-w", "%{http_version}\n"), "you asked for /a\n2\n")
    return "a response in HTTP/2"


async def curl_upload(demo: Demo) -> str:
    output = await curl(demo, "/echo", "-i", "--data-binary", "@-")
    expect("status line", output.splitlines()[0].strip(), "HTTP/2 200")
    expect("echo", "\n\n" + CONTENT.decode() in output, True)
    expect("trailers", "\ndigest: " in output or CONTENT.decode() + "digest: " in output, True)
    return f"{len(CONTENT)} bytes there and back, with trailers"


async def graceful_shutdown(demo: Demo) -> str:
    async with client_of(demo) as client:
        response = await client.request(b"GET", b"/slow")
        stop = asyncio.create_task(demo.server.stop())
        expect("content", await response.read(), b"worth waiting for\n")
        await stop
    try:
        await demo.send_bytes(b"")
    except ConnectionRefusedError:
        return "GOAWAY, the response under way was completed, then all was closed"
    raise ValueError("the server still listens")


CHECKS: list[Check] = [*checks_with(client_of), small_window]
CLEAR_TEXT_CHECKS: list[Check] = [upgrade_from_http_1, malformed]
CURL_CHECKS: list[Check] = [curl_get, curl_upload]
