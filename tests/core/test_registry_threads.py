"""Threads that need the same protocol at once: no lock is held while a plugin runs, and all get the same answer."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Barrier, Event, Thread
from typing import Any

import pytest

import zttp
from tests.core.fake_plugins import FakeEntryPoint, Plugin, Toy, describe, registry_of, toy_entry
from zttp_core.discovery import EntryPoint, Scan
from zttp_core.provider import Provider
from zttp_core.registry import REGISTRY, Registry

LONG = 20.0  # seconds: only reached if a thread hangs


class SlowEntryPoint(FakeEntryPoint):
    """An entry point that takes long enough to load for another thread to come along."""

    def load(self) -> object:
        self.loads += 1
        time.sleep(0.05)
        if isinstance(self.plugin, BaseException):
            raise self.plugin
        return self.plugin


def at_once(*work: Callable[[], Any]) -> list[Any]:
    """Do all work in threads that start together, and return the results; an error is a result, too."""
    results: list[Any] = [None] * len(work)
    barrier = Barrier(len(work))

    def run(index: int) -> None:
        barrier.wait()
        try:
            results[index] = work[index]()
        except Exception as error:  # noqa: BLE001 - the main thread looks at it
            results[index] = error

    started = [Thread(target=run, args=(index,), daemon=True) for index in range(len(work))]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join(LONG)
        assert not thread.is_alive(), "the threads wait for each other"
    return results


@pytest.fixture
def entry_point(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowEntryPoint]:
    """The only protocol that the process's registry can find, not yet loaded."""
    point = SlowEntryPoint("toy", Plugin(describe()))
    monkeypatch.setattr(REGISTRY, "_scan", lambda: Scan([point]))
    zttp.refresh_protocols()
    yield point
    monkeypatch.undo()
    zttp.refresh_protocols()


def test_two_threads_that_connect_first_both_get_a_connection(entry_point: SlowEntryPoint) -> None:
    def connect() -> Any:
        return zttp.Connection(zttp.SERVER, "toy")

    one, other = at_once(connect, connect)
    assert type(one) is Toy
    assert type(other) is Toy
    assert one is not other


def test_two_threads_that_resolve_first_get_the_same_registration() -> None:
    registry = registry_of(SlowEntryPoint("toy", Plugin(describe())))
    one, other, third = at_once(*[lambda: registry.resolve("toy")] * 3)
    assert one is other is third is registry.resolve("toy")


def test_two_threads_that_need_a_broken_plugin_first_get_the_same_error() -> None:
    point = SlowEntryPoint("toy", RuntimeError("boom"))
    registry = registry_of(point)
    one, other = at_once(*[lambda: registry.resolve("toy")] * 2)
    assert "boom" in str(one)
    assert (type(one), str(one)) == (type(other), str(other))
    loads = point.loads
    with pytest.raises(zttp.PluginLoadError, match="boom"):
        registry.resolve("toy")
    assert point.loads == loads <= 2


def test_a_slow_plugin_does_not_keep_another_protocol_waiting() -> None:
    release, entered = Event(), Event()

    class Waiting(FakeEntryPoint):
        def load(self) -> object:
            entered.set()
            assert release.wait(LONG)
            return super().load()

    registry = registry_of(Waiting("slow", Plugin(describe("slow")), "zttp-slow"), toy_entry())
    thread = Thread(target=registry.resolve, args=("slow",), daemon=True)
    thread.start()
    assert entered.wait(LONG)
    assert registry.resolve("toy").descriptor.name == "toy"
    registry.register(describe("mine"))
    registry.unregister("mine")
    assert registry.protocols(load=False)[0].status == "available"
    release.set()
    thread.join(LONG)
    assert registry.resolve("slow").descriptor.name == "slow"


PLUGIN = """
import threading
from tests.core import test_registry_threads as meeting
meeting.entered.set()
meeting.proceed.wait(20)
meeting.registries[-1].protocols()
try:
    meeting.registries[-1].resolve("unknown")
except LookupError:
    pass
from zttp_core.plugin import hookimpl
from tests.core.fake_plugins import describe
@hookimpl
def zttp_register_protocols():
    return [describe("meeting")]
"""
entered, proceed = Event(), Event()
registries: list[Registry] = []


def test_the_import_lock_and_the_registry_do_not_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread imports the plugin, whose body asks the registry; another asks the registry, which imports it."""
    (tmp_path / "zttp_meeting.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(sys.modules, "tests.core.test_registry_threads", sys.modules[__name__])
    point = EntryPoint("meeting", "zttp_meeting", Provider("zttp-meeting", "1"))
    registry = Registry(lambda: Scan([point]))
    registries.append(registry)
    entered.clear()
    proceed.clear()

    def ask() -> Any:
        assert entered.wait(LONG)
        proceed.set()
        return registry.resolve("meeting").descriptor.name

    try:
        imported, answer = at_once(lambda: __import__("zttp_meeting"), ask)
    finally:
        sys.modules.pop("zttp_meeting", None)
    assert imported.__name__ == "zttp_meeting"
    # The import system breaks the cycle by giving one of them a partly imported module: a temporary failure.
    assert answer == "meeting" or answer.temporary
    assert registry.resolve("meeting").descriptor.name == "meeting"


def test_what_was_found_before_a_replacement_is_not_what_connection_uses_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A thread finds a maker, sleeps during ``register_protocol(replace=True)``, and then stores the old maker."""

    class Newer(Toy):
        pass

    zttp.register_protocol(describe("swapped"))
    found, replaced = Event(), Event()
    keep = REGISTRY.keep_maker

    def keep_late(*arguments: Any) -> None:
        found.set()
        assert replaced.wait(LONG)
        keep(*arguments)

    monkeypatch.setattr(REGISTRY, "keep_maker", keep_late)
    try:
        thread = Thread(target=zttp.Connection, args=(zttp.SERVER, "swapped"), daemon=True)
        thread.start()
        assert found.wait(LONG)
        zttp.register_protocol(describe("swapped", connection=Newer), replace=True)
        replaced.set()
        thread.join(LONG)
        connection: object = zttp.Connection(zttp.SERVER, "swapped")
        assert type(connection) is Newer
    finally:
        zttp.unregister_protocol("swapped")


def test_what_was_scanned_before_a_refresh_is_not_kept_after_it() -> None:
    scanning, refreshed = Event(), Event()
    installed = [toy_entry()]

    def scan() -> Scan:
        found = Scan(list(installed))
        if not scanning.is_set():
            scanning.set()
            assert refreshed.wait(LONG)
        return found

    late = Registry(scan)
    thread = Thread(target=late.resolve, args=("toy",), daemon=True)
    thread.start()
    assert scanning.wait(LONG)
    installed.append(toy_entry("new", "zttp-new"))
    late.refresh()
    refreshed.set()
    thread.join(LONG)
    assert late.resolve("new").descriptor.name == "new"


def test_many_threads_that_change_and_ask_see_only_what_was_there() -> None:
    steady = registry_of(*(toy_entry(f"toy{number}", f"zttp-{number}") for number in range(8)))

    def change() -> str:
        for _ in range(60):
            steady.register(describe("toy0", summary="mine"), replace=True)
            assert steady.resolve("toy0").descriptor.summary == "mine"
            steady.unregister("toy0")
            steady.refresh()
        return "done"

    def ask() -> str:
        for number in range(60):
            assert steady.resolve(f"toy{number % 8}").descriptor.name == f"toy{number % 8}"
            assert len(steady.protocols()) == 8
            steady.prefaces()
        return "done"

    assert at_once(change, ask, ask) == ["done"] * 3
