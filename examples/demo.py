"""The demonstration behind `make demo`: the example server, asked by the example clients, by raw bytes and by curl.

First HTTP/1.1, then HTTP/2 in clear text, then HTTP/2 over TLS if there is an `openssl` to make a certificate.

Prints the events of both sides as they arrive and what was checked, and exits with 0 only if everything was right.
`--build compiled` (or `interpreted`) makes any other build of zttp an error.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import demo_checks
import demo_checks_http2
import self_signed
import zttp
from asyncio_server import Server
from demo_checks import Check, Demo, digest, expect
from exchange import Exchange

CHECK_TIMEOUT = 20.0


async def application(exchange: Exchange) -> None:
    """Answer what the checks ask for."""
    match exchange.request.path:
        case b"/echo":
            content = await exchange.read()
            exchange.start(200, [(b"content-type", b"application/octet-stream")])
            await exchange.send(content)
            await exchange.finish([(b"digest", digest(content)), *exchange.trailers])
        case b"/refuse":
            await exchange.respond(413, b"too much\n")
        case b"/slow":
            exchange.start(200, [])
            for word in (b"worth ", b"waiting ", b"for\n"):
                await exchange.send(word)
                await asyncio.sleep(0.1)
            await exchange.finish()
        case path:
            await exchange.respond(200, b"you asked for %s\n" % path, [(b"content-type", b"text/plain")])


def describe(event: zttp.Event | zttp.ProtocolError) -> str:
    """Put an event into one line."""
    match event:
        case zttp.Request():
            line = b"%s %s HTTP/%s" % (event.method, event.target, event.http_version)
            return f"Request        {line.decode()} ({names(event.headers)})"
        case zttp.Response():
            return f"Response       {event.status_code} {event.reason.decode()} ({names(event.headers)})"
        case zttp.Data():
            return f"Data           {len(event.data)} bytes"
        case zttp.EndOfMessage():
            return f"EndOfMessage   ({names(event.trailers)})"
    return repr(event)


def stream_of(event: zttp.Event | zttp.ProtocolError) -> str:
    """Name the stream that an event is about, where there are streams."""
    number = getattr(event, "stream_id", 0)
    return f"{number:3}" if number else "   "


def names(fields: Iterable[tuple[bytes, bytes]]) -> str:
    return ", ".join(name.decode() for name, _ in fields)


def show(side: str) -> Callable[[zttp.Event | zttp.ProtocolError], None]:
    def print_event(event: zttp.Event | zttp.ProtocolError) -> None:
        if not isinstance(event, zttp.NeedData):
            print(f"    {side} {stream_of(event)}  {describe(event)}")

    return print_event


def show_builds(required: str | None) -> None:
    """Print the installed protocols and how each was built."""
    for protocol in zttp.protocols():
        build = "compiled" if protocol.compiled else "interpreted"
        print(f"  {protocol.name:9} {build:12} {protocol.provider} {protocol.version}")
        if required and protocol.name in (zttp.HTTP1, zttp.HTTP2):
            expect(f"build of {protocol.name}", build, required)


class Complaints(logging.Handler):
    """Keeps what is logged: a server that answers well and complains has not done well."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()}: {record.exc_info[1]!r}" if record.exc_info else record.getMessage())


def parts(certificate: tuple[Path, Path] | None) -> list[tuple[str, list[Check], list[Check]]]:
    """Return what is to be checked on which server: without curl, with curl."""
    shutdown = [demo_checks.graceful_shutdown]
    result = [(zttp.HTTP1, demo_checks.CHECKS + shutdown, demo_checks.CURL_CHECKS)]
    if any(protocol.name == zttp.HTTP2 for protocol in zttp.protocols()):
        result.append(("h2", demo_checks_http2.CLEAR_TEXT_CHECKS, demo_checks_http2.CURL_CLEAR_TEXT_CHECKS))
        if certificate:
            result.append(("h2 over TLS", demo_checks_http2.TLS_CHECKS, demo_checks_http2.CURL_TLS_CHECKS))
    return result
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", choices=["compiled", "interpreted"], help="the build of zttp that has to run")
    sys.exit(1 if asyncio.run(run(parser.parse_args().build)) else 0)
