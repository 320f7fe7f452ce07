"""The installed distributions and their metadata. None of their code runs.

``importlib.metadata`` is not used for three reasons: one distribution with damaged files ends its iteration, a folder
that could not be read for a moment counts as empty from then on, and importing it takes 26 ms, which the first
connection of a process would pay.
"""

# ruff: noqa: PTH118, PTH119, PTH123, PTH208 - pathlib would take a good part of those 26 ms

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from zttp_core.moments import is_shortage
from zttp_core.provider import Provider
from zttp_core.wording import class_path, one_line, said_by

_METADATA: Final = ("METADATA", "PKG-INFO")
BYTE_ORDER_MARK: Final = "\ufeff"  # which some editors put in front of a text


class Distribution(NamedTuple):
    """One distribution: the name of its folder, and access to its files."""

    folder: str
    read: Callable[[str], str | None]

    @property
    def key(self) -> str:
        """The normalised name: of two with the same name, the first on ``sys.path`` counts."""
        return normalized(self.folder.partition("-")[0].removesuffix(".egg"))

    @property
    def provider(self) -> Provider:
        """Name and version: from the metadata, or from the folder's name if it is missing or damaged."""
        stem = self.folder.removesuffix(".dist-info").removesuffix(".egg-info")
        name, _, rest = stem.partition("-")
        fields = self.fields()
        given = fields.get("name", [name.replace("_", "-")]), fields.get("version", [rest.partition("-")[0]])
        return Provider(*(one_line(values[0], 80) for values in given))

    @property
    def is_remnant(self) -> bool:
        """Whether there is no metadata at all: an uninstaller leaves such folders if somebody had added a file."""
        try:
            return all(self.read(file) is None for file in (*_METADATA, "entry_points.txt"))
        except (OSError, ValueError):
            return False

    def fields(self) -> dict[str, list[str]]:
        """Return the fields of the metadata by lower-case name; none if the metadata cannot be read."""
        found: dict[str, list[str]] = {}
        try:
            text = next((text for text in map(self.read, _METADATA) if text is not None), "")
        except (OSError, ValueError):
            return found
        for line in text.removeprefix(BYTE_ORDER_MARK).splitlines():
            if not line.strip():
                break  # a description may follow
            name, colon, value = line.partition(":")
            if colon and not line[0].isspace():
                found.setdefault(name.lower(), []).append(value.strip())
        return found


class Inventory:
    """The result of a scan.

    Attributes:
        distributions: One for each name.
        faults: What could not be read, each with its reason.
        whole: Whether all faults are damage. A failure of the system may be over the next time.
    """

    def __init__(self) -> None:
        self.distributions: list[Distribution] = []
        self.faults: list[str] = []
        self.whole = True

    def miss(self, what: str, error: Exception) -> None:
        """Record something that cannot be read.

        Raises:
            OSError: The same error, if the whole process lacks a resource: then the result would not count.
        """
        if isinstance(error, OSError):
            if is_shortage(error):
                raise error
            self.whole = False
        self.faults.append(f"{one_line(what)}: {said_by(error)}")


def take_inventory() -> Inventory:
    """Look for distributions on ``sys.path``, and in other finders.

    Raises:
        OSError: The process lacks a resource that the scan needs.
    """
    inventory = Inventory()
    found: dict[str, Distribution] = {}
    archives: list[str] = []
    for place in _places():
        try:
            for one in _in_folder(place):
                if one.key not in found or found[one.key].is_remnant:
                    found[one.key] = one
        except NotADirectoryError:
            archives.append(place)
        except (FileNotFoundError, PermissionError):
            continue  # like the import system
        except (OSError, ValueError) as error:  # no path can hold a NUL, nor half a surrogate pair
            inventory.miss(place, error)
    for one in _of_finders(archives, inventory):
        found.setdefault(one.key, one)
    inventory.distributions += found.values()
    return inventory


def fields_of(distribution: str) -> dict[str, list[str]]:
    """Return the metadata of one distribution, empty if it is not installed or cannot be read."""
    try:
        wanted = [one for one in take_inventory().distributions if one.key == normalized(distribution)]
    except OSError:
        return {}
    return wanted[0].fields() if wanted else {}


def version_of(distribution: str) -> str | None:
    """Return the version of an installed distribution."""
    return fields_of(distribution).get("version", [None])[0]


def normalized(name: str) -> str:
    """Return the normalised name of a distribution."""
    return name.lower().replace("-", "_").replace(".", "_")


def _places() -> list[str]:
    """Return ``sys.path``, which may contain anything."""
    given: list[object] = list(sys.path)
    return [place for place in given if isinstance(place, str)]


def _in_folder(place: str) -> Iterator[Distribution]:
    within_egg = place.lower().endswith(".egg")
    for name in sorted(os.listdir(place or ".")):
        lowered = name.lower()
        if name[0] == "~":
            continue  # left behind by an interrupted installer
        if lowered.endswith((".dist-info", ".egg-info")):
            yield Distribution(name, _reader(os.path.join(place, name)))
        elif within_egg and lowered == "egg-info":
            yield Distribution(os.path.basename(place), _reader(os.path.join(place, name)))


def _reader(folder: str) -> Callable[[str], str | None]:
    def read(file: str) -> str | None:
        try:
            with open(os.path.join(folder, file), encoding="utf-8") as opened:
                return opened.read()
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError):
            return None

    return read


def _of_finders(archives: list[str], inventory: Inventory) -> Iterator[Distribution]:
    """Yield the distributions in archives on ``sys.path``, and those of unusual finders."""
    from importlib.machinery import PathFinder

    for finder in list(sys.meta_path):
        try:
            find = getattr(finder, "find_distributions", None)
            if find is None or (finder is PathFinder and not archives):
                continue
            from importlib.metadata import DistributionFinder

            options: dict[str, Any] = {"path": archives} if finder is PathFinder else {}
            for one in find(DistributionFinder.Context(**options)):
                try:
                    yield Distribution(str(one.metadata["Name"]), one.read_text)
                except ValueError as error:  # metadata that is not UTF-8: the next distribution may be intact
                    inventory.miss(class_path(type(finder)), error)
        except Exception as error:  # noqa: BLE001 - anybody's code
            inventory.miss(class_path(type(finder)), error)
