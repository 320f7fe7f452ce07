"""Two threads that need the same protocol for the first time, at once."""

import time
from collections.abc import Callable, Iterator
from threading import Barrier, Thread
from typing import Any

import pytest

import zttp
from tests.core.fake_plugins import FakeEntryPoint, Plugin, Toy, describe, registry_of
from zttp_core.registry import REGISTRY


class SlowEntryPoint(FakeEntryPoint):
    """An entry point that takes long enough to load for another thread to come along."""

    def load(self) -> object:
        loaded = super().load()
        time.sleep(0.05)
        return loaded


def at_once(work: Callable[[], Any], threads: int = 2) -> list[Any]:
    """Do the same work in threads that start together, and return what came of it; an error is a result, too."""
    results: list[Any] = []
    barrier = Barrier(threads)

    def run() -> None:
        barrier.wait()
        try:
            results.append(work())
        except Exception as error:  # noqa: BLE001 - the main thread looks at it
            results.append(error)

    started = [Thread(target=run) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()
    return results


@pytest.fixture
def entry_point(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlowEntryPoint]:
    """The one protocol that the process's registry can find, not yet asked for."""
    point = SlowEntryPoint("toy", Plugin(describe()))
    monkeypatch.setattr(REGISTRY, "_entry_points", lambda: [point])
    for name, empty in (("_claims", None), ("_registrations", {}), ("_failures", {}), ("_plugin_manager", None)):
        monkeypatch.setattr(REGISTRY, name, empty)
    before = dict(REGISTRY.makers)
    yield point
    REGISTRY.makers.clear()
    REGISTRY.makers.update(before)


def test_two_threads_that_connect_first_both_get_a_connection_and_the_plugin_is_loaded_once(
    entry_point: SlowEntryPoint,
) -> None:
    one, other = at_once(lambda: zttp.Connection(zttp.SERVER, "toy"))
    assert type(one) is Toy
    assert type(other) is Toy
    assert one is not other
    assert entry_point.loads == 1


def test_two_threads_that_resolve_first_get_the_same_registration() -> None:
    point = SlowEntryPoint("toy", Plugin(describe()))
    registry = registry_of(point)
    one, other = at_once(lambda: registry.resolve("toy"))
    assert one is other
    assert point.loads == 1


def test_two_threads_that_need_a_broken_plugin_first_get_the_same_error() -> None:
    point = SlowEntryPoint("toy", RuntimeError("boom"))
    registry = registry_of(point)
    one, other = at_once(lambda: registry.resolve("toy"))
    assert one is other
    assert "boom" in str(one)
    assert point.loads == 1
