"""The providers as immutable values: the registrations of this process, and the result of one scan.

A table never changes; a change makes a new one. So a lookup uses one state from start to end, and its result depends
only on that state: not on earlier lookups, nor on the order of the plugins.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from zttp_core.descriptor import KNOWN_NAMES, ProtocolDescriptor, keys_of
from zttp_core.settled import Settled

if TYPE_CHECKING:
    from zttp_core.discovery import Scan
    from zttp_core.provider import Provider


class Registration:
    """A protocol that is ready for use: a valid descriptor and its provider.

    Attributes:
        made: The class of its connections, and the callable that makes one, once they are imported.
    """

    __slots__ = ("descriptor", "made", "origin", "provider")

    def __init__(self, descriptor: ProtocolDescriptor, provider: Provider, origin: str) -> None:
        self.descriptor = descriptor
        self.provider = provider
        self.origin = origin
        self.made: Settled = Settled()

    @property
    def name(self) -> str:
        """The protocol."""
        return self.descriptor.name


class Preface(NamedTuple):
    """The first bytes of a protocol's clients.

    ``rival`` is another protocol whose bytes begin in the same way, or empty; ``counts`` says whether the bytes may
    mean this one.
    """

    start: bytes
    protocol: str
    rival: str
    counts: bool


class Brought:
    """Everything that the plugins of a scan provide.

    Attributes:
        registrations: All of it, in the order of the entry points.
        whole: Whether each plugin was loaded or has failed. If not, it is not kept.
    """

    def __init__(self, registrations: Iterable[Registration], *, whole: bool) -> None:
        self.registrations = tuple(registrations)
        self.whole = whole

    def named(self, name: object) -> list[Registration]:
        """Return the registrations of a name: more than one if plugins of several distributions provide it."""
        return [one for one in self.registrations if one.name == name]

    def spelled(self, key: object) -> list[Registration]:
        """Return the registrations of a spelling, which several may share."""
        return [one for one in self.registrations if key in keys_of(one.descriptor)]


class Table:
    """One state of a registry.

    Attributes:
        registered: The registrations of this process, by name.
        scan: The installed plugins, if they are known.
        epoch: Changes when all results are forgotten; a scan that began before is not kept afterwards.
        prefaces: The prefaces of all protocols, once they are known.
    """

    __slots__ = ("epoch", "prefaces", "registered", "scan")

    def __init__(self, registered: Mapping[str, Registration], scan: Scan | None, epoch: int) -> None:
        self.registered = registered
        self.scan = scan
        self.epoch = epoch
        self.prefaces: tuple[Preface, ...] | None = None

    def registered_as(self, key: object) -> Registration | None:
        """Return this process's registration by a name or another spelling."""
        found = self.registered.get(key) if isinstance(key, str) else None
        if found is None:
            found = next((one for one in self.registered.values() if key in keys_of(one.descriptor)), None)
        return found

    def with_registered(self, registration: Registration) -> Table:
        """Return the state after a registration."""
        return Table({**self.registered, registration.name: registration}, self.scan, self.epoch)

    def without(self, name: str) -> Table:
        """Return the state after a registration is undone."""
        return Table({key: one for key, one in self.registered.items() if key != name}, self.scan, self.epoch)

    def with_scan(self, scan: Scan) -> Table:
        """Return the state after a scan."""
        return Table(self.registered, scan, self.epoch)

    def renewed(self) -> Table:
        """Return the state with the registrations and nothing else."""
        again = {name: Registration(one.descriptor, one.provider, one.origin) for name, one in self.registered.items()}
        return Table(again, None, self.epoch + 1)


def find_prefaces(table: Table, brought: Brought) -> tuple[Preface, ...]:
    """Return the prefaces of all protocols.

    If two begin in the same way, registrations of this process take precedence over installed ones, and this project's
    protocols over those of others. Of equals neither is preferred.
    """
    installed = [one for one in brought.registrations if one.name not in table.registered]
    ranks = [
        list(table.registered.values()),
        [one for one in installed if one.name in KNOWN_NAMES],
        [one for one in installed if one.name not in KNOWN_NAMES],
    ]
    before: list[Registration] = []
    found: list[Preface] = []
    for rank in ranks:
        for one in rank:
            start = one.descriptor.preface
            if start is not None:
                better = _first_rival(one, before)
                found.append(Preface(start, one.name, better or _first_rival(one, rank), not better))
        before += rank
    return tuple(sorted(found))


def alike(one: Registration, other: Registration) -> bool:
    """Return whether one preface begins with the other, so that some first bytes match both."""
    first, second = one.descriptor.preface, other.descriptor.preface
    return first is not None and second is not None and (first.startswith(second) or second.startswith(first))


def _first_rival(one: Registration, others: list[Registration]) -> str:
    return next((other.name for other in others if other.name != one.name and alike(one, other)), "")
