"""Checks whether the descriptors of a plugin follow the contract, whatever else is installed or loaded.

Only the names of other distributions count in addition, which are known without loading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Final

from zttp_core import lookup_errors
from zttp_core.descriptor import (
    RESERVED_KEYS,
    ProtocolDescriptor,
    find_connection_fault,
    find_fault,
    is_api_version,
    keys_of,
    plain,
)
from zttp_core.installed import version_of
from zttp_core.lookup_errors import Version
from zttp_core.wording import one_line, shown

if TYPE_CHECKING:
    from zttp_core.discovery import EntryPoint, Scan
    from zttp_core.provider import Provider

_MOST_DESCRIPTORS: Final = 256


class Judge:
    """The rules of one plugin API.

    Args:
        api: The plugin API that the core provides.
        supported: The oldest and the newest plugin API that plugins may be written for.
        removals: For an older major that is still supported, the zttp-core release that drops it.
    """

    def __init__(self, api: Version, supported: tuple[Version, Version], removals: Mapping[int, str]) -> None:
        self._api = api
        self._supported = supported
        self._removals = removals

    def checked(self, descriptor: object, provider: Provider) -> ProtocolDescriptor:
        """Return our own copy of one descriptor.

        Raises:
            PluginValidationError: It breaks a rule.
            PluginVersionError: It was written for another plugin API.
        """
        if not issubclass(type(descriptor), ProtocolDescriptor):
            raise lookup_errors.invalid(str(provider), f"expected a ProtocolDescriptor, got {shown(descriptor)}")
        assert isinstance(descriptor, ProtocolDescriptor)
        own = plain(descriptor)
        # The version comes first: a descriptor for a newer plugin API may well look wrong to this one.
        wanted = getattr(own, "api_version", None)
        if is_api_version(wanted):
            assert wanted is not None
            self._check_version(wanted, provider)
        fault = find_fault(own)
        if fault is None and isinstance(own.connection, type):
            fault = find_connection_fault(own.connection)
            fault = fault and f"descriptor field 'connection' {fault}"
        if fault is not None:
            raise lookup_errors.invalid(str(provider), fault)
        return own

    def all_checked(self, answers: Iterable[object], entry_point: EntryPoint, scan: Scan) -> list[ProtocolDescriptor]:
        """Return the descriptors of one plugin, if they are valid and claim nothing of another distribution."""
        provider = entry_point.provider
        descriptors = [self.checked(one, provider) for one in islice(answers, _MOST_DESCRIPTORS)]
        holders: dict[object, str] = {}
        names = [one.name for one in descriptors]
        for one in descriptors:
            if names.count(one.name) > 1:
                raise lookup_errors.invalid(str(provider), f"there are two descriptors of '{one.name}'")
            for key in keys_of(one):
                if holders.setdefault(key, one.name) != one.name:
                    fault = f"the descriptors of '{holders[key]}' and '{one.name}' both claim {shown(key)}"
                    raise lookup_errors.invalid(str(provider), fault)
                self._check_claim(key, one.name, provider, scan)
        if entry_point.name not in names:
            wanted = one_line(entry_point.name, 80)
            fault = f"entry point '{wanted}' must bring a descriptor of that name, got {shown(names)}"
            raise lookup_errors.invalid(str(provider), fault)
        return descriptors

    def _check_claim(self, key: object, name: str, provider: Provider, scan: Scan) -> None:
        if isinstance(key, str) and key in scan.claims:
            claimants = {one.provider for one in scan.claims[key]}
            if claimants - {provider}:
                raise lookup_errors.conflict(key, sorted(str(one) for one in {*claimants, provider}))
        elif key == name and key in RESERVED_KEYS:
            raise lookup_errors.invalid(str(provider), f"a descriptor of '{name}' needs an entry point of that name")

    def _check_version(self, wanted: Version, provider: Provider) -> None:
        if wanted > self._api:
            raise lookup_errors.too_new(str(provider), wanted, core_version(), self._api)
        if wanted < self._supported[0]:
            raise lookup_errors.too_old(str(provider), wanted, core_version(), self._supported)
        if wanted[0] < self._api[0]:
            import warnings

            text = lookup_errors.ageing(str(provider), wanted, core_version(), self._removals[wanted[0]])
            warnings.warn(text, DeprecationWarning, stacklevel=2)


def core_version() -> str:
    """Return the version of this core, as far as it is known."""
    return version_of("zttp-core") or "0.0"
