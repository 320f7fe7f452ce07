"""The demonstration of `make demo`: the example server, with requests of the example clients, raw bytes and curl.

First HTTP/1.1, then HTTP/2 in clear text; then HTTP/2 over TLS, and HTTP/3 if that is installed, if there is an
`openssl` to make a certificate.

Prints the events of both sides as they arrive and the checks, and exits with 0 only if every check succeeds.
With `--build compiled` (or `interpreted`) any other build of zttp is an error.
"""

import argparse
import asyncio
import logging
import shutil
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import demo_checks as http1
import demo_checks_http2 as http2
import self_signed
import zttp
from asyncio_server import Server
from demo_checks import Check, Demo, digest, expect
from exchange import Exchange

CHECK_TIMEOUT = 20.0


class Part(NamedTuple):
    """The checks of one server."""

    title: str
    secure: bool
    checks: list[Check]
    curl_checks: list[Check]
    last: Check


PARTS = [
    Part("HTTP/1.1", False, http1.CHECKS, http1.CURL_CHECKS, http1.graceful_shutdown),
    Part("HTTP/2", False, http2.CHECKS + http2.CLEAR_TEXT_CHECKS, http2.CURL_CHECKS, http2.graceful_shutdown),
    Part("HTTP/2 over TLS", True, http2.CHECKS, http2.CURL_CHECKS, http2.graceful_shutdown),
]
HAS_HTTP3 = any(protocol.name == zttp.HTTP3 for protocol in zttp.protocols())
if HAS_HTTP3:
    import demo_checks_http3 as http3

    PARTS.append(Part("HTTP/3", True, http3.CHECKS, [], http3.graceful_shutdown))


async def application(exchange: Exchange) -> None:
    """Answer the requests of the checks."""
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
    """Return the name of an event's stream, if there are streams."""
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
        if required and protocol.name in (zttp.HTTP1, zttp.HTTP2, zttp.HTTP3):
            expect(f"build of {protocol.name}", build, required)


class Complaints(logging.Handler):
    """Collects log messages: a server must answer without complaints."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()}: {record.exc_info[1]!r}" if record.exc_info else record.getMessage())


async def run_part(part: Part, demo: Demo, complaints: Complaints) -> tuple[list[str], int]:
    """Run the checks of one part; return its lines of the summary, and the number of failures."""
    lines, failures = [f" {part.title}"], 0
    curl_checks = part.curl_checks if shutil.which("curl") else []
    for check in [*part.checks, *curl_checks, part.last]:
        name = check.__name__.replace("_", " ")
        print(f"\n{part.title}: {name}")
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                lines.append(f"  right  {name:20} {await check(demo)}")
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the finding
            failures += 1
            lines.append(f"  WRONG  {name:20} {type(error).__name__}: {error}")
    await demo.server.stop(grace=0)
    lines += [f"  WRONG  {line}" for line in complaints.lines]
    failures += len(complaints.lines)
    complaints.lines = []
    return lines, failures


async def run(build: str | None = None, application: Callable[[Exchange], Awaitable[None]] = application) -> int:
    """Run every check, print a summary, and return the number of failures."""
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    summary, failures = [], 0
    with tempfile.TemporaryDirectory() as folder:
        certificate = self_signed.make(Path(folder)) if self_signed.is_possible() else None
        for part in PARTS:
            if part.secure and certificate is None:
                summary.append(f" {part.title}: left out, there is no openssl here to make a certificate")
                continue
            server = Server(application, show("server"))
            files = certificate if part.secure else None
            tls = self_signed.server_context(*files) if files else None
            await server.start("127.0.0.1", 0, tls, files if HAS_HTTP3 else None)
            lines, failed = await run_part(part, Demo(server, show("client"), files[0] if files else None), complaints)
            summary += lines
            failures += failed
    logging.getLogger().removeHandler(complaints)
    print("\nsummary", *summary, sep="\n")
    if not shutil.which("curl"):
        print("  (there is no curl here: its checks were left out)")
    print("\nprotocols")
    try:
        show_builds(build)
    except ValueError as error:
        failures += 1
        print(f"  WRONG  {error}")
    print("\nall right" if not failures else f"\n{failures} WRONG")
    return failures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--build", choices=["compiled", "interpreted"], help="the build of zttp that has to run")
    sys.exit(1 if asyncio.run(run(parser.parse_args().build)) else 0)
