"""Which installed distributions provide protocols: their entry points, read and not loaded.

Every distribution is read separately: one with a damaged ``entry_points.txt`` loses only its own protocols.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from zttp_core.installed import BYTE_ORDER_MARK, Distribution, take_inventory
from zttp_core.provider import ENTRY_POINT_GROUP, Provider
from zttp_core.settled import Settled
from zttp_core.wording import one_line


class EntryPoint:
    """One line of an ``entry_points.txt``: the protocol's name, and where its plugin is.

    Attributes:
        name: The text before the ``=``, unchanged.
        value: The text after it, which should be ``module`` or ``module:object``.
        provider: The distribution of the line.
        brings: The result of loading it, once it is known.
    """

    __slots__ = ("brings", "name", "provider", "value")

    def __init__(self, name: str, value: str, provider: Provider) -> None:
        self.name = name
        self.value = value
        self.provider = provider
        self.brings: Settled = Settled()

    @property
    def module(self) -> str:
        """The module, without the rest of the value."""
        return self.value.partition(":")[0].partition("[")[0].strip()

    @property
    def is_reference(self) -> bool:
        """Whether the value names something that could be imported."""
        reference = self.value.partition("[")[0].strip()
        return all(word.isidentifier() for part in reference.split(":", 1) for word in part.strip().split("."))

    def load(self) -> object:
        """Import the module and return it, or the object that the value names in it."""
        from importlib import import_module

        found: object = import_module(self.module)
        for attribute in self.value.partition("[")[0].partition(":")[2].strip().split("."):
            found = getattr(found, attribute) if attribute else found
        return found


class Scan:
    """The result of one scan of the installed distributions.

    Attributes:
        claims: The entry points by protocol, in the order of the names.
        faults: Everything that could not be read, each with its reason.
        lasts: Whether the result may be kept: not if something was missed that may be found the next time, nor if
            nothing was found, which may be a mishap as well.
        brought: Everything that the plugins provide, kept once all of them were loaded.
    """

    __slots__ = ("brought", "claims", "faults", "lasts")

    def __init__(self, entry_points: Iterable[EntryPoint], faults: Iterable[str] = (), *, whole: bool = True) -> None:
        claims: dict[str, list[EntryPoint]] = {}
        seen = set()
        for one in entry_points:
            same = (one.name, one.value, one.provider)
            if same not in seen:
                seen.add(same)
                claims.setdefault(one.name, []).append(one)
        # An invalid line takes no protocol from a distribution that provides it.
        sound = {name: [one for one in claims[name] if one.is_reference] or claims[name] for name in sorted(claims)}
        self.claims = {name: tuple(sound[name]) for name in sound}
        passed_over = [one for name in claims for one in claims[name] if one not in sound[name]]
        nowhere = (f"{one.provider}: entry point '{one_line(one.name, 80)}' leads nowhere" for one in passed_over)
        self.faults = (*faults, *nowhere)
        self.lasts = whole and bool(claims)
        self.brought: object = None


def scan() -> Scan:
    """Scan every installed distribution.

    Raises:
        OSError: The process lacks a resource that the scan needs, such as file descriptors.
    """
    inventory = take_inventory()
    found: list[EntryPoint] = []
    for distribution in inventory.distributions:
        try:
            found += entry_points_of(distribution)
        except Exception as error:  # noqa: BLE001 - invalid UTF-8, a failing device, a foreign reader
            inventory.miss(distribution.folder, error)
    return Scan(found, inventory.faults, whole=inventory.whole)


def entry_points_of(distribution: Distribution) -> Iterator[EntryPoint]:
    """Yield the entry points of the group. A line without ``=`` is an invalid one."""
    text = distribution.read("entry_points.txt")
    if text is None or ENTRY_POINT_GROUP not in text:
        return
    provider = distribution.provider
    ours = False
    for line in map(str.strip, text.removeprefix(BYTE_ORDER_MARK).splitlines()):
        if line.startswith("["):
            ours = line.strip("[] ") == ENTRY_POINT_GROUP
        elif ours and line and not line.startswith("#"):
            name, _, value = line.partition("=")
            yield EntryPoint(name.strip(), value.strip(), provider)
