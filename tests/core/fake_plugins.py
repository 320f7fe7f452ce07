"""Distributions that exist only in a test: entry points that count their loads, and plugins of any kind."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.discovery import EntryPoint, Scan
from zttp_core.plugin import hookimpl
from zttp_core.provider import Provider
from zttp_core.registry import Registry


class Toy:
    """A connection that does nothing."""

    def __init__(self, role: int, *, colour: str = "red", max_concurrent_streams: int = 1) -> None:
        self.role = role
        self.colour = colour
        self.max_concurrent_streams = max_concurrent_streams


def describe(name: str = "toy", **fields: Any) -> ProtocolDescriptor:
    """A valid descriptor, with the changes of a test."""
    return ProtocolDescriptor(**{"name": name, "api_version": (1, 0), "connection": Toy, **fields})


class Plugin:
    """The object of an entry point, with the hook."""

    def __init__(self, *descriptors: Any) -> None:
        self.descriptors = descriptors

    @hookimpl
    def zttp_register_protocols(self) -> Iterable[ProtocolDescriptor]:
        return list(self.descriptors)


class FakeEntryPoint(EntryPoint):
    """An entry point that counts how often it is loaded."""

    def __init__(self, name: str, plugin: object, distribution: str = "zttp-toy", version: str = "0.3") -> None:
        super().__init__(name, f"{distribution.replace('-', '_')}.plugin", Provider(distribution, version))
        self.plugin = plugin
        self.loads = 0

    def load(self) -> object:
        self.loads += 1
        if isinstance(self.plugin, BaseException):
            raise self.plugin
        return self.plugin


def toy_entry(name: str = "toy", distribution: str = "zttp-toy", version: str = "0.3", **fields: Any) -> FakeEntryPoint:
    """An entry point of a distribution that provides one protocol."""
    return FakeEntryPoint(name, Plugin(describe(name, **fields)), distribution, version)


def registry_of(*entry_points: FakeEntryPoint, **options: Any) -> Registry:
    """A registry that finds these entry points and no others."""
    return Registry(lambda: Scan(entry_points), **options)
