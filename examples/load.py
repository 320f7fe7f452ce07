"""A load generator: `python examples/load.py https://127.0.0.1:8000/ -p h3 -n 10000 -c 4 -s 16 --certificate FILE`.

Each connection has as many open requests as workers; HTTP/1.1 has one at a time. Counts responses, times and errors,
with a progress bar. It measures itself as well, so use it to compare two servers or settings, not for absolute figures.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import quantiles
from typing import TextIO
from urllib.parse import urlsplit

import asyncio_client
import asyncio_http2_client
import asyncio_http3_client
import self_signed
import zttp

Client = asyncio_client.Client | asyncio_http2_client.Client | asyncio_http3_client.Client
BAR = 30  # characters
MOST_FAILURES = 10  # consecutive ones of a worker, then it stops


class Report:
    """The results of the requests."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self.latencies: list[float] = []  # seconds, of complete responses
        self.received = 0  # bytes of content
        self.started, self.ended = time.perf_counter(), 0.0

    @property
    def done(self) -> int:
        return len(self.latencies) + self.errors.total()

    @property
    def rate(self) -> float:
        """Complete responses per second."""
        return len(self.latencies) / max((self.ended or time.perf_counter()) - self.started, 1e-9)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the report."""
        statuses = ", ".join(f"{status}: {count}" for status, count in sorted(self.statuses.items()))
        yield f"responses  {len(self.latencies)} ({statuses or 'none'}), {self.received} bytes of content"
        yield f"time       {self.ended - self.started:.2f} s, {self.rate:.0f} responses/s"
        if len(self.latencies) > 1:
            cuts = quantiles(self.latencies, n=100, method="inclusive")
            shown = {"median": cuts[49], "90 %": cuts[89], "99 %": cuts[98], "worst": max(self.latencies)}
            yield "latency    " + ", ".join(f"{name} {seconds * 1000:.2f} ms" for name, seconds in shown.items())
        for error, count in self.errors.most_common():
            yield f"error      {count} x {error}"


def bar(report: Report, total: int) -> str:
    """Return a line with the progress."""
    filled = "#" * (BAR * report.done // total)
    errors = f", {report.errors.total()} errors" if report.errors else ""
    return f"[{filled:<{BAR}}] {report.done}/{total}, {report.rate:.0f}/s{errors}"


async def show(report: Report, total: int, screen: TextIO) -> None:
    """Redraw the bar repeatedly."""
    while True:
        screen.write(f"\r{bar(report, total)} ")
        screen.flush()
        await asyncio.sleep(0.1)


class Load:
    """The server and the requests."""

    def __init__(self, url: str, protocol: str, certificate: Path | None = None) -> None:
        parts = urlsplit(url)
        self.protocol, self.certificate, self.secure = protocol, certificate, parts.scheme == "https"
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or (443 if self.secure else 80)
        self.target = ((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode()
        if protocol == (zttp.HTTP1 if self.secure else zttp.HTTP3):
            raise ValueError(f"{protocol} over {parts.scheme} is not supported")

    def client(self) -> Client:
        if self.protocol == zttp.HTTP3:
            return asyncio_http3_client.Client(self.host, self.port, self.certificate)
        if self.protocol == zttp.HTTP2:
            tls = self_signed.client_context(self.certificate) if self.secure else None
            return asyncio_http2_client.Client(self.host, self.port, tls)
        return asyncio_client.Client(self.host, self.port)

    async def connection(self, numbers: Iterator[int], workers: int, report: Report) -> None:
        """Send requests on one connection, and on another if that fails, until all are sent."""
        failures, broken = 0, True  # consecutive failures of the connection, or to connect

        async def ask() -> None:
            nonlocal failures, broken
            for _ in numbers:
                begin = time.perf_counter()
                try:
                    response = await client.request(b"GET", self.target)
                    async for piece in response.content():
                        report.received += len(piece)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is counted
                    report.errors[f"{type(error).__name__}: {error}".partition("\n")[0]] += 1
                    failures, broken = failures + 1, True
                    return
                report.latencies.append(time.perf_counter() - begin)
                report.statuses[response.status_code] += 1
                failures = 0

        while broken and failures < MOST_FAILURES:
            broken = False
            try:
                async with self.client() as client:
                    await asyncio.gather(*(ask() for _ in range(workers)))
            except OSError as error:  # there was no server
                report.errors[type(error).__name__] += 1
                failures, broken = failures + 1, True

    async def run(self, total: int, connections: int, workers: int, screen: TextIO | None = None) -> Report:
        """Send the requests, and report."""
        report, numbers = Report(), iter(range(total))
        drawing = asyncio.create_task(show(report, total, screen)) if screen else None
        workers = 1 if self.protocol == zttp.HTTP1 else workers
        await asyncio.gather(*(self.connection(numbers, workers, report) for _ in range(connections)))
        report.ended = time.perf_counter()
        if screen and drawing:
            drawing.cancel()
            screen.write(f"\r{bar(report, total)}\n")
        return report


def main() -> int:
    parser = argparse.ArgumentParser(description="Ask a server many times")
    parser.add_argument("url")
    parser.add_argument("-p", "--protocol", choices=[zttp.HTTP1, zttp.HTTP2, zttp.HTTP3], default=zttp.HTTP2)
    parser.add_argument("-n", "--requests", type=int, default=1000)
    parser.add_argument("-c", "--connections", type=int, default=1)
    parser.add_argument("-s", "--streams", type=int, default=16, help="requests under way on each connection")
    parser.add_argument("--certificate", type=Path, help="what to trust; the system's authorities without it")
    given = parser.parse_args()
    try:
        load = Load(given.url, given.protocol, given.certificate)
    except ValueError as error:
        parser.error(str(error))
    screen = sys.stderr if sys.stderr.isatty() else None
    report = asyncio.run(load.run(given.requests, given.connections, given.streams, screen))
    print(*report.lines(), sep="\n")
    return 1 if report.errors else 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
