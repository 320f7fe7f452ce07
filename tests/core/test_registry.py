"""How a protocol is found: by any of its spellings, one plugin at a time, and only on use."""

import gc
import tracemalloc
from typing import Any

import pytest

import zttp
from tests.core.fake_plugins import FakeEntryPoint, Plugin, Toy, describe, registry_of, toy_entry
from zttp_core.discovery import Scan
from zttp_core.lookup_errors import (
    PluginLoadError,
    PluginValidationError,
    ProtocolConflictError,
    ProtocolNotInstalledError,
    UnknownProtocolError,
)
from zttp_core.registry import Registry


def test_nothing_is_scanned_before_the_first_question() -> None:
    scans = []

    def scan() -> Scan:
        scans.append(1)
        return Scan([toy_entry()])

    registry = Registry(scan)
    assert scans == []
    registry.resolve("toy")
    registry.resolve("toy")
    registry.protocols()
    assert scans == [1]


def test_only_the_plugin_that_is_asked_for_is_loaded_and_only_once() -> None:
    wanted, other = toy_entry("one", "zttp-one"), toy_entry("other", "zttp-other")
    registry = registry_of(wanted, other)
    assert registry.resolve("one").descriptor.name == "one"
    assert registry.resolve("one") is registry.resolve("one")
    assert (wanted.loads, other.loads) == (1, 0)


def test_the_connection_class_is_imported_when_the_first_connection_is_made() -> None:
    registry = registry_of(toy_entry(connection="tests.core.fake_plugins:Toy"))
    registration = registry.resolve("toy")
    assert registration.descriptor.connection == "tests.core.fake_plugins:Toy"
    assert registry.connection_class(registration) == (Toy, Toy)


def test_a_factory_is_called_in_place_of_the_class() -> None:
    registry = registry_of(toy_entry(factory="tests.core.fake_plugins:describe"))
    assert registry.connection_class(registry.resolve("toy")) == (Toy, describe)


@pytest.mark.parametrize("key", ["toy", "plaything", 77, "toy/1"])
def test_a_protocol_is_found_by_name_alias_and_alpn_identifier(key: str | int) -> None:
    registry = registry_of(toy_entry("a", "zttp-a"), toy_entry(aliases=("plaything", 77), alpn=(b"toy/1", b"\xff")))
    assert registry.resolve(key).descriptor.name == "toy"


@pytest.mark.parametrize(("number", "name"), [(1, "http/1.1"), (2, "h2"), (3, "h3")])
def test_the_integers_of_http_need_no_plugin_to_be_understood(number: int, name: str) -> None:
    present = toy_entry(name)
    other = toy_entry("other", "zttp-other")
    assert registry_of(other, present).resolve(number).descriptor.name == name
    assert other.loads == 0
    with pytest.raises(ProtocolNotInstalledError, match=f"no provider for protocol '{name}'"):
        registry_of(other).resolve(number)
    assert other.loads == 0  # other plugins are not imported because a protocol of ours is absent


def test_the_integers_of_http_name_whoever_provides_it() -> None:
    registry = registry_of()
    registry.register(describe("h2"))
    assert registry.resolve(2).descriptor.name == "h2"


def test_a_known_protocol_does_not_need_the_others_to_be_found_missing() -> None:
    broken = FakeEntryPoint("other", RuntimeError("boom"))
    with pytest.raises(ProtocolNotInstalledError):
        registry_of(broken).resolve("h2")


@pytest.mark.parametrize("key", [b"h2", None, 2.0, True, ["h2"]])
def test_a_key_is_a_str_or_an_int(key: object) -> None:
    with pytest.raises(TypeError, match=f"protocol must be a str or an int, got {type(key).__name__}"):
        registry_of().resolve(key)


def test_a_broken_plugin_breaks_its_own_protocol_alone() -> None:
    broken, sound = FakeEntryPoint("broken", RuntimeError("boom"), "zttp-broken"), toy_entry()
    registry = registry_of(broken, sound)
    with pytest.raises(PluginLoadError):
        registry.resolve("broken")
    assert registry.resolve("toy").descriptor.name == "toy"


def test_a_broken_plugin_is_not_tried_again_and_its_traceback_does_not_grow() -> None:
    broken = FakeEntryPoint("broken", RuntimeError("boom"))
    registry = registry_of(broken)
    depths = []
    for _ in range(3):
        with pytest.raises(PluginLoadError) as caught:
            registry.resolve("broken")
        depths.append(len(caught.traceback))
    assert broken.loads == 1
    assert depths[1] == depths[2]


def test_a_peer_that_names_many_unknown_protocols_costs_no_memory() -> None:
    registry = registry_of(toy_entry())

    def name_some(count: int, letter: str) -> None:
        for number in range(count):
            for name in (f"{number}-{letter * 1000}", f"{number}{letter}"):
                with pytest.raises(UnknownProtocolError):
                    registry.resolve(name)
                with pytest.raises(UnknownProtocolError):
                    zttp.sniff(b"", name.encode())
                with pytest.raises(UnknownProtocolError):
                    zttp.Connection(zttp.SERVER, name)

    name_some(2, "x")  # objects that are made once
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        name_some(300, "y")
        gc.collect()
        # A set of the names would hold a third of a million bytes; of their hashes, a table of 32,768.
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()


def test_one_module_may_bring_several_protocols() -> None:
    plugin = Plugin(describe("one"), describe("two"))
    registry = registry_of(FakeEntryPoint("one", plugin), FakeEntryPoint("two", plugin))
    assert registry.resolve("one").descriptor.name == "one"
    assert registry.resolve("two").descriptor.name == "two"


def test_one_module_behind_two_entry_points_is_registered_once() -> None:
    plugin = Plugin(describe("one"), describe("two"))
    one, two = FakeEntryPoint("one", plugin), FakeEntryPoint("two", plugin)
    registry = registry_of(one, two)
    assert [(info.name, info.status) for info in registry.protocols()] == [("one", "loaded"), ("two", "loaded")]
    assert (one.loads, two.loads) == (1, 1)


def test_a_plugin_that_brings_more_leaves_what_this_process_registered() -> None:
    registry = registry_of(FakeEntryPoint("one", Plugin(describe("one"), describe("two"))))
    registry.register(describe("two", summary="mine"))
    registry.resolve("one")
    assert registry.resolve("two").descriptor.summary == "mine"


def test_the_same_entry_point_found_twice_is_one_provider() -> None:
    entry_point = toy_entry()
    assert registry_of(entry_point, entry_point).resolve("toy").provider.distribution == "zttp-toy"


def test_a_plugin_cannot_slip_in_a_protocol_of_another_distribution() -> None:
    thief = FakeEntryPoint("thief", Plugin(describe("thief"), describe("toy")), "zttp-thief", "6.6")
    registry = registry_of(toy_entry(), thief)
    with pytest.raises(ProtocolConflictError, match=r"protocol 'toy' is provided by zttp-thief 6.6 and zttp-toy 0.3"):
        registry.resolve("thief")
    assert registry.resolve("toy").provider.distribution == "zttp-toy"


@pytest.mark.parametrize("claim", [{"aliases": ("shared",)}, {"alpn": (b"shared",)}])
@pytest.mark.parametrize("asked_before", [[], ["toy"], ["other"], ["toy", "other"]])
def test_a_spelling_that_two_protocols_share_is_neither_of_them(claim: dict[str, Any], asked_before: list[str]) -> None:
    registry = registry_of(toy_entry(aliases=("shared",)), toy_entry("other", "zttp-other", **claim))
    for name in asked_before:
        assert registry.resolve(name).descriptor.name == name
    with pytest.raises(ProtocolConflictError, match=r"'shared' is provided by zttp-other 0.3 and zttp-toy 0.3"):
        registry.resolve("shared")
    assert [registry.resolve(name).descriptor.name for name in ("toy", "other")] == ["toy", "other"]


def test_a_plugin_must_bring_what_its_entry_point_is_named_after() -> None:
    registry = registry_of(FakeEntryPoint("toy", Plugin(describe("tyo"))))
    with pytest.raises(PluginValidationError, match="entry point 'toy' must bring a descriptor of that name, got"):
        registry.resolve("toy")


@pytest.mark.parametrize("plugin", [object(), Plugin(), Plugin("toy"), Plugin(None)])
def test_what_is_no_plugin_is_refused(plugin: object) -> None:
    with pytest.raises(PluginValidationError, match=r"protocol plugin zttp-toy 0.3: "):
        registry_of(FakeEntryPoint("toy", plugin)).resolve("toy")


def test_a_registration_of_this_process_is_found_without_a_scan() -> None:
    registry = registry_of(FakeEntryPoint("other", RuntimeError("never loaded")))
    registry.register(describe(aliases=("plaything",)))
    assert registry.resolve("plaything").descriptor.connection is Toy


def test_registering_over_a_provider_needs_replace() -> None:
    registry = registry_of(toy_entry())
    with pytest.raises(ProtocolConflictError, match=r"provided by zttp-toy 0\.3 and register_protocol\(\)\."):
        registry.register(describe(summary="mine"))
    registry.register(describe(summary="mine"), replace=True)
    assert registry.resolve("toy").descriptor.summary == "mine"
    with pytest.raises(ProtocolConflictError):
        registry.register(describe(summary="mine again"))


def test_replacing_settles_a_conflict_of_two_distributions() -> None:
    registry = registry_of(toy_entry(version="1.2"), toy_entry(distribution="fast-toy", version="0.9"))
    with pytest.raises(ProtocolConflictError):
        registry.resolve("toy")
    registry.register(describe(summary="mine"), replace=True)
    assert registry.resolve("toy").descriptor.summary == "mine"
    assert [info.status for info in registry.protocols()] == ["loaded"]


def test_unregistering_gives_the_distribution_its_protocol_back() -> None:
    registry = registry_of(toy_entry())
    registry.resolve("toy")
    registry.register(describe(aliases=("mine",)), replace=True)
    registry.unregister("mine")
    assert registry.resolve("toy").provider.distribution == "zttp-toy"
    with pytest.raises(UnknownProtocolError):
        registry.resolve("mine")


@pytest.mark.parametrize("name", ["toy", "unheard-of"])
def test_only_what_was_registered_can_be_unregistered(name: str) -> None:
    registry = registry_of(toy_entry())
    registry.resolve("toy")
    with pytest.raises(UnknownProtocolError, match=f"'{name}' was not registered with zttp.register_protocol"):
        registry.unregister(name)


def test_every_change_makes_the_facade_look_again() -> None:
    registry = registry_of()
    registry.makers["toy"] = Toy
    registry.register(describe())
    assert registry.makers == {}
    registry.makers["toy"] = Toy
    registry.unregister("toy")
    assert registry.makers == {}


def test_registries_share_nothing() -> None:
    one, other = registry_of(), registry_of()
    one.register(describe())
    with pytest.raises(UnknownProtocolError):
        other.resolve("toy")
