"""The demonstration behind `make demo`: the example server, asked by the example client, by raw bytes and by curl.

Prints the events of both sides as they arrive and what was checked, and exits with 0 only if everything was right.
`--build compiled` (or `interpreted`) makes any other build of zttp an error.
"""

import argparse
import asyncio
import logging
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterable

import zttp
from asyncio_server import Server
from demo_checks import CHECKS, CURL_CHECKS, Demo, digest, expect, graceful_shutdown
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


def names(fields: Iterable[tuple[bytes, bytes]]) -> str:
    return ", ".join(name.decode() for name, _ in fields)


def show(side: str) -> Callable[[zttp.Event | zttp.ProtocolError], None]:
    def print_event(event: zttp.Event | zttp.ProtocolError) -> None:
        if not isinstance(event, zttp.NeedData):
            print(f"    {side}  {describe(event)}")

    return print_event


def show_builds(required: str | None) -> None:
    """Print the installed protocols and how each was built."""
    for protocol in zttp.protocols():
        build = "compiled" if protocol.compiled else "interpreted"
        print(f"  {protocol.name:9} {build:12} {protocol.provider} {protocol.version}")
        if required and protocol.name == zttp.HTTP1:
            expect("build of http/1.1", build, required)


class Complaints(logging.Handler):
    """Keeps what is logged: a server that answers well and complains has not done well."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()}: {record.exc_info[1]!r}" if record.exc_info else record.getMessage())


async def run(build: str | None = None, application: Callable[[Exchange], Awaitable[None]] = application) -> int:
    """Make every check, print a summary, and return how many failed."""
    complaints = Complaints()
    logging.getLogger().addHandler(complaints)
    server = Server(application, show("server"))
    await server.start("127.0.0.1", 0)
    demo = Demo(server, show("client"))
    curl_checks = CURL_CHECKS if shutil.which("curl") else []
    summary, failures = [], 0
    for check in [*CHECKS, *curl_checks, graceful_shutdown]:
        name = check.__name__.replace("_", " ")
        print(f"\n{name}")
        try:
            async with asyncio.timeout(CHECK_TIMEOUT):
                summary.append(f"  right  {name:18} {await check(demo)}")
        except Exception as error:  # noqa: BLE001 - whatever went wrong is the finding
            failures += 1
            summary.append(f"  WRONG  {name:18} {type(error).__name__}: {error}")
    await server.stop(grace=0)
    logging.getLogger().removeHandler(complaints)
    failures += len(complaints.lines)
    summary += [f"  WRONG  {line}" for line in complaints.lines]
    print("\nsummary", *summary, sep="\n")
    if not curl_checks:
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
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", choices=["compiled", "interpreted"], help="the build of zttp that has to run")
    sys.exit(1 if asyncio.run(run(parser.parse_args().build)) else 0)
