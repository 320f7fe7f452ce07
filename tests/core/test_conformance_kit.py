"""The kit's checks outside a connection: the plugin's registration, its types, its report."""

import datetime as dt
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import zttp
from tests.core.bad_protocols import lines
from zttp_core.registry import IN_PROCESS
from zttp_core.testing import Exchange, ProtocolConformance
from zttp_core.testing.cuts import byte_by_byte, places, random_pieces
from zttp_core.testing.delivery import find_loss
from zttp_core.testing.growth import superlinear
from zttp_core.testing.memory import leak
from zttp_core.testing.mutations import mutations
from zttp_core.testing.order import disorder
from zttp_core.testing.registration import check_loading, loaded_alone
from zttp_core.testing.report import badge
from zttp_core.testing.structure import type_check
from zttp_core.testing.surroundings import surroundings
from zttp_core.testing.threads import in_two_threads
from zttp_core.testing.traps import trapped

ROOT = Path(__file__).parents[2]
LIGHT = {"milliseconds": 5.0, "foreign": [], "eager": False, "acts": []}


class Lines(ProtocolConformance):
    """The suite of the good protocol; not collected, because its name is not that of a test."""

    protocol = "lines"
    exchanges = lines.EXCHANGES
    malformed = lines.MALFORMED


@pytest.fixture
def registered() -> Iterator[None]:
    zttp.register_protocol(lines.describe())
    yield
    zttp.unregister_protocol("lines")


# -------------------------------------------------------------------------------------------------------- registration


def test_a_protocol_that_nobody_provides_fails() -> None:
    with pytest.raises(pytest.fail.Exception, match="'lines' does not resolve: UnknownProtocolError: unknown protocol"):
        Lines().test_the_protocol_resolves()


@pytest.mark.usefixtures("registered")
def test_a_suite_names_a_protocol_by_its_name() -> None:
    suite = type("Suite", (Lines,), {"protocol": "line-by-line"})()
    with pytest.raises(pytest.fail.Exception, match="'line-by-line' is another spelling of 'lines'"):
        suite.test_the_protocol_resolves()


def test_a_connection_that_cannot_be_imported_fails() -> None:
    zttp.register_protocol(lines.describe("no_such_module:Connection"))
    try:
        for test in (Lines().test_the_protocol_resolves, Lines().test_the_protocol_is_listed):
            with pytest.raises(
                pytest.fail.Exception, match=r"'lines' cannot be used: PluginLoadError: .*no_such_module"
            ):
                test()
    finally:
        zttp.unregister_protocol("lines")


@pytest.mark.usefixtures("registered")
def test_a_protocol_of_this_process_is_not_loaded_again() -> None:
    with pytest.raises(pytest.skip.Exception, match="there is nothing to load"):
        Lines().test_loading_is_light()


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"eager": True}, "the plugin of 'x' imports its connection"),
        ({"foreign": ["zttp_y.plugin"]}, "the plugin of 'x' imports the plugin of another protocol: zttp_y.plugin"),
        ({"acts": ["socket.__new__"]}, "importing 'x' has side effects: socket.__new__"),
        ({"milliseconds": 51.0}, "the plugin of 'x' takes 51 ms to load, more than 50"),
    ],
)
def test_a_heavy_plugin_fails(found: dict[str, Any], message: str) -> None:
    check_loading("x", [LIGHT])
    with pytest.raises(pytest.fail.Exception, match=message):
        check_loading("x", [LIGHT | found])


def test_the_quickest_of_several_loads_counts() -> None:
    check_loading("x", [LIGHT | {"milliseconds": 80.0}, LIGHT])


def test_a_plugin_that_cannot_be_loaded_alone_fails() -> None:
    with pytest.raises(
        pytest.fail.Exception, match=r"'no-such' cannot be loaded in a new interpreter: .*unknown protocol"
    ):
        loaded_alone("no-such")


# --------------------------------------------------------------------------------------------------------------- types


def test_a_type_checker_says_what_is_missing() -> None:
    pytest.importorskip("mypy")
    complaint = type_check("zttp_core.header_block", "HeaderBlock", "StreamConnection")
    assert "missing following" in complaint or "Incompatible return value" in complaint


# ---------------------------------------------------------------------------------------------------------- the pieces


def test_pieces_are_the_whole() -> None:
    data = bytes(range(50))
    assert b"".join(byte_by_byte(data)) == data
    assert list(places(data)) == list(range(1, 50))
    assert len(list(places(bytes(10_000), 100))) <= 101
    cuts = {tuple(random_pieces(data, f"{number}")) for number in range(20)}
    assert {b"".join(pieces) for pieces in cuts} == {data}
    assert len(cuts) == 20
    assert random_pieces(data, "1") == random_pieces(data, "1")
    assert random_pieces(b"x", "1") == [b"x"]


def test_mutations_are_many_and_the_same_each_time() -> None:
    samples = [b"GET /a\n\n", b"200\n\n"]
    made = list(mutations(samples, 300, "seed"))
    assert made == list(mutations(samples, 300, "seed"))
    assert len(set(made)) > 250


def test_what_is_lost_is_found() -> None:
    sent = [
        zttp.Request(b"GET", b"/", [(b"A", b"b")], stream_id=1),
        zttp.Data(b"xy", 1),
        zttp.EndOfMessage(stream_id=1),
    ]
    arrived: list[Any] = [zttp.Request(b"GET", b"/", [(b"a", b"b"), (b"c", b"d")], stream_id=5)]
    streams = {1: 5}
    assert "('content', b'xy') was sent and not received" in str(find_loss(sent, arrived, streams))
    arrived += [zttp.Data(b"x", 5), zttp.Data(b"y", 5)]
    assert find_loss(sent[:2], arrived, streams) is None
    arrived += [zttp.EndOfMessage([(b"t", b"u")], stream_id=5)]
    assert find_loss(sent, arrived, streams) is None
    assert "was received and not sent" in str(find_loss(sent[:2], arrived, streams))
    assert "without [(b't', b'v')]" in str(
        find_loss([*sent[:2], zttp.EndOfMessage([(b"t", b"v")], 1)], arrived, streams)
    )


@pytest.mark.parametrize(
    ("role", "multiplexed", "events", "wrong"),
    [
        (zttp.SERVER, False, [lines.GET.events[0], lines.GET.events[1]], None),
        (zttp.SERVER, False, [zttp.Data(b"x")], "comes before a head"),
        (zttp.SERVER, False, [zttp.EndOfMessage()], "comes before a head"),
        (zttp.SERVER, False, [*lines.GET.events, zttp.Data(b"x")], "comes after the end of its message"),
        (zttp.SERVER, False, [*lines.GET.events, *lines.GET.events], "comes after another request"),
        (zttp.SERVER, False, [lines.GET.events[0], zttp.Data(b"x")], "whose end_stream says that there is none"),
        (zttp.SERVER, False, [zttp.Response(200)], "a server was given"),
        (zttp.SERVER, True, [zttp.Request(b"GET", b"/", stream_id=1), zttp.EndOfMessage(stream_id=1)] * 2, None),
        (zttp.SERVER, True, [zttp.Request(b"GET", b"/", stream_id=1), zttp.Data(b"x", 3)], "comes before a head"),
        (zttp.CLIENT, False, [zttp.Response(103), zttp.Response(103), zttp.Response(200), zttp.EndOfMessage()], None),
        (zttp.CLIENT, False, [zttp.Response(103), zttp.EndOfMessage()], "comes before a head"),
        (zttp.CLIENT, False, [zttp.Response(200), zttp.Response(200)], "comes after another response"),
        (
            zttp.CLIENT,
            True,
            [zttp.Response(200, stream_id=1), zttp.RstStream(1, 0), zttp.Data(b"x", 1)],
            "after the end",
        ),
    ],
)
def test_the_order_of_events(role: int, multiplexed: bool, events: list[Any], wrong: str | None) -> None:
    found = disorder(events, role, multiplexed)
    assert found is None if wrong is None else wrong in str(found)


def test_a_table_that_fills_up_is_no_leak() -> None:
    table: dict[int, bytes] = {}
    numbers = count()
    assert leak(lambda: table.update({next(numbers) % 200: bytes(100)})) == 0
    kept: list[int] = []
    assert leak(lambda: kept.append(0)) > 0


def test_what_is_trapped_is_as_it_was_afterwards() -> None:
    before = time.time, os.environ, sys.stdout, sys.stderr, sys.getprofile(), dt.datetime, vars(os._Environ).copy()
    with trapped() as asked:
        time.time()
        os.environ.get("PATH")
        dt.datetime.now(dt.UTC)
        sys.stderr.write("")
    assert {"time.time", "os.environ", "datetime.now", "a standard stream"} <= set(asked)
    assert before == (
        time.time, os.environ, sys.stdout, sys.stderr, sys.getprofile(), dt.datetime, vars(os._Environ).copy()
    )  # fmt: skip


def test_work_that_is_linear_is_told_from_work_that_is_not() -> None:
    def job(length: int, power: int) -> Callable[[], Callable[[], object]]:
        return lambda: lambda: sum(range(length**power))

    assert superlinear(job(3_000, 1), job(24_000, 1)) == 0
    assert superlinear(job(100, 2), job(800, 2)) > 16


def test_the_same_surroundings_are_given_twice() -> None:
    once, again, salted = surroundings(1), surroundings(1), surroundings(1, salt="x")
    assert once.entropy(8) == again.entropy(8) != salted.entropy(8)
    assert surroundings(2).entropy(8) != surroundings(1).entropy(8)
    assert once.wall_clock() == again.wall_clock()


def test_a_capability_is_shown_by_sending_and_by_receiving_it() -> None:
    trailers = [zttp.EndOfMessage([(b"a", b"b")])]
    assert Exchange("", events=trailers, request=[]).capabilities == set()
    assert Exchange("", events=[], request=trailers).capabilities == set()
    assert Exchange("", events=trailers).capabilities == {"trailers"}
    assert Exchange("", moves=True).capabilities == {"migration"}


def test_what_a_thread_raises_is_told() -> None:
    def work() -> None:
        raise KeyError("x")

    assert [type(error) for error in in_two_threads(work)] == [KeyError, KeyError]


def test_a_thread_that_does_not_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda _: None)
    monkeypatch.setattr("zttp_core.testing.threads._START", 0.01)
    with pytest.raises(pytest.fail.Exception, match="a thread did not start"):
        in_two_threads(list)


@pytest.mark.usefixtures("registered")
def test_a_shared_connection_is_tried_where_there_is_no_global_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    Lines().test_one_connection_in_two_threads_does_not_crash()
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: True)
    with pytest.raises(pytest.skip.Exception, match="has a global interpreter lock"):
        Lines().test_one_connection_in_two_threads_does_not_crash()


def test_what_an_exchange_shows() -> None:
    connect = zttp.Request(b"CONNECT", b"a:1", end_stream=True)
    shown = {
        "trailers": Exchange("", events=[zttp.EndOfMessage([(b"a", b"b")])]),
        "informational": Exchange("", reply=[zttp.Response(103)]),
        "upgrade": Exchange("", events=[connect], reply=[zttp.Response(200)]),
        "extended-connect": Exchange("", events=[zttp.Request(b"CONNECT", b"/", stream_id=1, protocol=b"x")]),
        "priority": Exchange("", events=[zttp.PriorityUpdate(1, 2, False)]),
        "early-data": Exchange("", events=[zttp.Request(b"GET", b"/", early_data=True)]),
        "datagrams": Exchange("", events=[zttp.Datagram(b"x", 1)]),
        "flow-control": Exchange("", events=[zttp.WindowUpdate(0, 1)]),
        "push": Exchange("", shows=frozenset(("push",))),
    }
    assert {name: exchange.capabilities for name, exchange in shown.items()} == {name: {name} for name in shown}


# ---------------------------------------------------------------------------------------------------------- the report


def test_the_badge_says_what_was_found() -> None:
    descriptor = lines.describe()
    assert badge(descriptor, IN_PROCESS, Counter(passed=50, skipped=3)) == (
        "zttp plugin API 1.0: lines (server and client) from register_protocol() conforms: "
        "50 checks passed, 3 not applicable"
    )
    assert badge(descriptor, IN_PROCESS, Counter(passed=48, failed=2)) == (
        "zttp plugin API 1.0: lines (server and client) from register_protocol() does not conform: "
        "2 of 50 checks failed"
    )


SUITES = """
import pytest, zttp
from tests.core.bad_protocols import lines, refusals
from zttp_core.testing import ProtocolConformance

class TestGood(ProtocolConformance):
    protocol = "lines"
    exchanges = lines.EXCHANGES
    malformed = lines.MALFORMED

class TestBad(TestGood):
    protocol = "bad-lines"

class TestAbsent(TestGood):
    protocol = "no-lines"

zttp.register_protocol(lines.describe())
zttp.register_protocol(lines.describe(refusals.Forgiving, name="bad-lines", aliases=()))
"""


def test_pytest_ends_with_a_badge_and_a_table(tmp_path: Path) -> None:
    (tmp_path / "test_suites.py").write_text(SUITES)
    chosen = "test_an_error_is_repeated or test_the_protocol_resolves"
    command = [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", "-q", "-k", chosen, str(tmp_path)]
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100)
    summary = done.stdout[done.stdout.index("protocol conformance") :].splitlines()
    assert done.returncode == 1
    good = "zttp plugin API 1.0: lines (server and client) from register_protocol() conforms: 4 checks passed"
    assert summary[1].startswith(good)
    assert summary[2:6] == ["", "| capability | shown by |", "| --- | --- |", "| keep-alive | get, post |"]
    assert (
        "bad-lines (server and client) from register_protocol() does not conform: 3 of 4 checks failed" in done.stdout
    )
    assert "no-lines does not resolve" in done.stdout
    assert "malformed input 'no target': after the error next_event() returned EndOfMessage" in done.stdout
