"""The counts of `examples/load.py`, over each protocol and with a server that fails."""

import asyncio
import io
from pathlib import Path

import pytest

import load
import self_signed
import zttp
from asyncio_server import Server, echo
from exchange import Exchange
from load import Load, Report

HOST = "127.0.0.1"


def loaded(protocol: str, secure: bool, folder: Path, screen: io.StringIO | None = None) -> Report:
    async def main() -> Report:
        files = self_signed.make(folder) if secure else None
        server = Server(echo)
        await server.start(HOST, 0, self_signed.server_context(*files) if files else None, files)
        target = f"{'https' if secure else 'http'}://{HOST}:{server.port}/"
        try:
            return await Load(target, protocol, files[0] if files else None).run(100, 2, 4, screen)
        finally:
            await server.stop(grace=0.1)

    return asyncio.run(asyncio.wait_for(main(), 30))


@pytest.mark.parametrize(
    ("protocol", "secure"), [(zttp.HTTP1, False), (zttp.HTTP2, False), (zttp.HTTP2, True), (zttp.HTTP3, True)]
)
def test_each_protocol(protocol: str, secure: bool, tmp_path: Path) -> None:
    if secure and not self_signed.is_possible():
        pytest.skip("there is no openssl here to make a certificate")
    report = loaded(protocol, secure, tmp_path)
    assert (report.statuses, report.errors, len(report.latencies)) == ({200: 100}, {}, 100)
    assert report.received == 100 * len(b"hello from zttp\n")
    lines = list(report.lines())
    assert [line.split()[0] for line in lines] == ["responses", "time", "latency"]
    assert lines[0] == "responses  100 (200: 100), 1600 bytes of content"


def test_the_bar_is_full_at_the_end(tmp_path: Path) -> None:
    screen = io.StringIO()
    loaded(zttp.HTTP1, False, tmp_path, screen)
    assert screen.getvalue().startswith("\r[")
    assert screen.getvalue().rpartition("\r")[2].startswith(f"[{'#' * load.BAR}] 100/100, ")


def test_the_bar_on_its_way() -> None:
    report = Report()
    report.latencies, report.errors["reset"] = [0.5] * 24, 1
    assert load.bar(report, 50).startswith(f"[{'#' * 15}{' ' * 15}] 25/50, ")
    assert load.bar(report, 50).endswith("/s, 1 errors")


def test_a_server_that_breaks_connections() -> None:
    asked = 0

    async def application(exchange: Exchange) -> None:
        nonlocal asked
        asked += 1
        if asked % 5 == 0:
            raise ZeroDivisionError
        if asked % 7 == 0:
            exchange.start(200, [])
            await exchange.send(b"half")
            raise ZeroDivisionError
        await exchange.respond(200)

    async def main() -> Report:
        server = Server(application)
        await server.start(HOST, 0)
        try:
            return await Load(f"http://{HOST}:{server.port}/", zttp.HTTP1).run(50, 1, 1)
        finally:
            await server.stop(grace=0.1)

    report = asyncio.run(main())
    assert report.done == 50
    assert report.statuses[500] == 10
    assert report.errors.total() == 6
    assert list(report.lines())[-1].startswith("error      6 x RemoteProtocolError: ")


def test_nobody_to_ask() -> None:
    report = asyncio.run(Load(f"http://{HOST}:1/", zttp.HTTP2).run(50, 2, 4))
    assert report.errors == {"ConnectionRefusedError": 2 * load.MOST_FAILURES}
    assert next(report.lines()) == "responses  0 (none), 0 bytes of content"


def test_what_is_not_spoken() -> None:
    for url, protocol in (("http://a/", zttp.HTTP3), ("https://a/", zttp.HTTP1)):
        with pytest.raises(ValueError, match="is not supported"):
            Load(url, protocol)
