"""The providers of protocols: found by entry point, loaded one at a time, on first use.

The first lookup scans the entry-point group for names, which imports nothing. Then only the requested plugin is loaded,
and a broken plugin affects only its own protocol. Neither pluggy nor a module that reads metadata is imported before
the first lookup.

Only final results are kept: the descriptors of a plugin, and failures of its own. Temporary failures are raised and
forgotten. No lock is held while code of others runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from zttp_core import lookup_errors
from zttp_core.constants import HTTP1
from zttp_core.descriptor import (
    KNOWN_NAMES,
    PLUGIN_API_VERSION,
    REMOVALS,
    RESERVED_KEYS,
    SUPPORTED,
    ProtocolDescriptor,
    ProtocolInfo,
    keys_of,
)
from zttp_core.lookup_errors import ProtocolLookupError, Version
from zttp_core.provider import ENTRY_POINT_GROUP, IN_PROCESS, Provider
from zttp_core.settled import changing
from zttp_core.table import Brought, Preface, Registration, Table, alike, find_prefaces
from zttp_core.wording import shown

__all__ = ["ENTRY_POINT_GROUP", "IN_PROCESS", "REGISTRY", "Provider", "Registration", "Registry"]

if TYPE_CHECKING:
    from zttp_core.discovery import EntryPoint, Scan
    from zttp_core.judging import Judge


class Registry:
    """The protocols of one process. ``zttp`` uses one of these; a test can have its own.

    Args:
        scan: Looks for entry points.
        api: The plugin API that the core provides.
        supported: The oldest and the newest plugin API that plugins may be written for.
        removals: For an older major that is still supported, the zttp-core release that drops it.
    """

    def __init__(
        self,
        scan: Callable[[], Scan] | None = None,
        *,
        api: Version = PLUGIN_API_VERSION,
        supported: tuple[Version, Version] = SUPPORTED,
        removals: Mapping[int, str] = REMOVALS,
    ) -> None:
        # The callables behind `Connection`, by every spelling used so far. Filled by the facade, emptied here on every
        # change.
        self.makers: dict[object, Callable[..., Any]] = {}
        # That of HTTP/1.1 again, without a lookup.
        self.usual_maker: list[Callable[..., Any] | None] = [None]
        self._scan = scan or _scan_installed
        self._rules = (api, supported, removals)
        self._table = Table({}, None, 0)

    # ------------------------------------------------------------------ asking

    @property
    def state(self) -> object:
        """An object that changes whenever a result may change, for ``keep_maker``."""
        return self._table

    def resolve(self, key: object) -> Registration:
        """Return the registration for a name, an alias or an ALPN identifier, loading its plugin if need be.

        Raises:
            ProtocolLookupError: It is not available; the subclass says why.
            TypeError: The key is neither a str nor an int.
        """
        key = spelling(key)
        name = RESERVED_KEYS.get(key, key)
        registered = self._table.registered.get(name) if isinstance(name, str) else None
        if registered is not None:
            return registered
        scan = self._scanned()
        if name in scan.claims:
            return self._claimed(name, scan)
        registered = self._table.registered_as(key)
        if registered is not None:
            return registered
        if name in KNOWN_NAMES:  # the absence of one of ours is no reason to import third-party plugins
            raise lookup_errors.not_installed(name, scan.faults)
        return self._spelled(key, scan)

    def connection_class(self, registration: Registration) -> tuple[type[Any], Callable[..., Any]]:
        """Return the connection's class and the callable that makes one, importing them if need be."""
        if registration.made.is_under_way:
            raise lookup_errors.being_loaded(registration.name)
        from zttp_core.loading import import_connection

        made: tuple[type[Any], Callable[..., Any]] = registration.made.get(
            lambda: import_connection(registration.descriptor, registration.provider)
        )
        return made

    def keep_maker(self, key: object, registration: Registration, make: Callable[..., Any], state: object) -> None:
        """Let ``Connection`` call this for a spelling from now on, unless the state has changed since it was found."""
        with changing():
            table = self._table
            certain = (
                registration.name == RESERVED_KEYS.get(key, key)
                or registration.name in table.registered
                or (table.scan is not None and table.scan.brought is not None)
            )
            if table is state and certain:
                self.makers[key] = make
                if key == HTTP1:
                    self.usual_maker[0] = make

    def _forget_makers(self) -> None:
        self.usual_maker[0] = None
        self.makers.clear()

    def provided(self, classes: tuple[type, ...]) -> tuple[type, str] | None:
        """Return the first of the classes that is one of a protocol's connections, and the transport of that protocol.

        Imports plugins, and no connections.
        """
        try:
            brought = self._brought(self._scanned())
        except ProtocolLookupError:
            brought = Brought((), whole=False)
        registrations = (*self._table.registered.values(), *brought.registrations)
        found = ((one, each.descriptor.transport) for one in classes for each in registrations if _names(each, one))
        return next(found, None)

    def prefaces(self) -> tuple[Preface, ...]:
        """Return the prefaces of all installed protocols whose clients begin with fixed bytes."""
        table = self._table
        if table.prefaces is not None:
            return table.prefaces
        scan = self._scanned()
        table, brought = self._table, self._brought(scan)
        prefaces = tuple(one for one in find_prefaces(table, brought) if one.counts)
        if brought.whole and table.scan is scan:
            table.prefaces = prefaces
        return prefaces

    # ------------------------------------------------------------------ changing

    def register(self, descriptor: ProtocolDescriptor, *, replace: bool = False) -> None:
        """Add a protocol for this process, in place of any other provider if ``replace`` is true.

        Raises:
            ProtocolConflictError: The name has a provider, or a spelling belongs to another protocol.
            PluginValidationError: The descriptor does not keep the contract.
        """
        from zttp_core.wording import class_path

        own = self._judge().checked(descriptor, IN_PROCESS)
        connection = own.connection
        origin = connection if type(connection) is str else class_path(cast(type, connection))
        registration = Registration(own, IN_PROCESS, origin)
        scan = self._scanned()

        def registered(table: Table) -> Table:
            _check_room(table, scan, registration, replace=replace)
            return table.with_registered(registration)

        self._change(registered)

    def unregister(self, name: str) -> None:
        """Undo ``register``: an installed distribution that provides the protocol is used again."""

        def unregistered(table: Table) -> Table:
            registration = table.registered_as(name)
            if registration is None:
                raise lookup_errors.not_registered(name)
            return table.without(registration.name)

        self._change(unregistered)

    def refresh(self) -> None:
        """Forget the results of all lookups, and every failure: the next lookup starts again."""
        from importlib import invalidate_caches

        invalidate_caches()
        self._change(Table.renewed)

    def _change(self, change: Callable[[Table], Table]) -> None:
        while True:
            table = self._table
            changed = change(table)
            with changing():
                if self._table is table:
                    self._forget_makers()  # first: a child that is forked between the two only looks again in vain
                    self._table = changed
                    return

    # ------------------------------------------------------------------ listing

    def protocols(self, *, load: bool = True) -> tuple[ProtocolInfo, ...]:
        """List what is installed. With ``load`` false only names and providers are known, and nothing is imported."""
        from zttp_core.listing import listed

        scan = self._scanned()
        brought, failures = self._hear(scan, load=load)
        return listed(self._table, scan, brought, failures, {})

    def load_plugins(self) -> tuple[ProtocolInfo, ...]:
        """Load every plugin with its connection class, and list them all; a broken one is a line with an error."""
        from zttp_core.listing import listed

        scan = self._scanned()
        brought, failures = self._hear(scan)
        table = self._table
        unusable: dict[Registration, str] = {}
        for registration in (*table.registered.values(), *brought.registrations):
            try:
                self.connection_class(registration)
            except ProtocolLookupError as error:
                unusable[registration] = str(error)
        return listed(table, scan, brought, failures, unusable)

    def faults(self) -> tuple[str, ...]:
        """Return everything that could not be read when the installed distributions were scanned."""
        return self._scanned().faults

    # ------------------------------------------------------------------ finding

    def _scanned(self) -> Scan:
        table = self._table
        if table.scan is not None:
            return table.scan
        try:
            scan = self._scan()
        except OSError as cause:
            raise lookup_errors.cannot_look(cause) from cause
        if scan.lasts:
            with changing():
                now = self._table
                if now.epoch == table.epoch and now.scan is None:
                    self._forget_makers()
                    self._table = now.with_scan(scan)
                return self._table.scan or scan
        return scan

    def _claimed(self, name: str, scan: Scan) -> Registration:
        claims = scan.claims[name]
        if len(claims) > 1:
            raise lookup_errors.conflict(name, [str(one.provider) for one in claims])
        return self._loaded(claims[0], scan)[name]

    def _spelled(self, key: object, scan: Scan) -> Registration:
        """Resolve what only the plugins themselves know: another spelling, or a name without an entry point."""
        brought = self._brought(scan)
        found = brought.named(key) or brought.spelled(key)
        found = [one for one in found if one.name not in self._table.registered]
        if len(found) > 1:
            raise lookup_errors.conflict(str(key), sorted(str(one.provider) for one in found))
        if found:
            return found[0]
        names = {*scan.claims, *self._table.registered, *(one.name for one in brought.registrations)}
        raise lookup_errors.unknown(key, in_order(names), scan.faults)

    def _loaded(self, entry_point: EntryPoint, scan: Scan) -> dict[str, Registration]:
        if entry_point.brings.is_under_way:
            raise lookup_errors.being_loaded(entry_point.name)
        from zttp_core.loading import load
        from zttp_core.wording import one_line

        def work() -> dict[str, Registration]:
            origin = one_line(entry_point.module)
            descriptors = load(entry_point, scan, self._judge())
            return {one.name: Registration(one, entry_point.provider, origin) for one in descriptors}

        loaded: dict[str, Registration] = entry_point.brings.get(work)
        return loaded

    def _brought(self, scan: Scan) -> Brought:
        return scan.brought if isinstance(scan.brought, Brought) else self._hear(scan)[0]

    def _hear(self, scan: Scan, *, load: bool = True) -> tuple[Brought, dict[str, str]]:
        """Load every plugin that is not loaded yet. Return what they provide, and the errors of the others."""
        registrations: dict[tuple[object, ...], Registration] = {}
        failures: dict[str, str] = {}
        whole = load
        for name, claims in scan.claims.items():
            if len(claims) > 1 or (not load and claims[0].brings.value is None):
                continue
            try:
                loaded = self._loaded(claims[0], scan)
            except ProtocolLookupError as error:
                failures[name] = str(error)
                whole = whole and not error.temporary
                continue
            for one in loaded.values():
                if one.name == name or one.name not in scan.claims:
                    registrations.setdefault((one.name, one.provider, one.origin), one)
        brought = Brought(registrations.values(), whole=whole)
        if whole:
            scan.brought = brought
        return brought, failures

    def _judge(self) -> Judge:
        from zttp_core.judging import Judge

        return Judge(*self._rules)


def spelling(key: object) -> str | int:
    """Return a spelling as a str or an int: members of enumerations are spellings, too, but a bool is not.

    Raises:
        TypeError: It is neither a str nor an int.
    """
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return int.__index__(key)
    raise TypeError(f"protocol must be a str or an int, got {type(key).__name__}")


def in_order(names: set[str]) -> list[str]:
    """Return the names of protocols, this project's first."""
    ours = list(lookup_errors.KNOWN_PROTOCOLS)
    return sorted(names, key=lambda name: (ours.index(name) if name in ours else len(ours), name))


def _check_room(table: Table, scan: Scan, registration: Registration, *, replace: bool) -> None:
    """Raise if a registration claims names of others."""
    name, provider = registration.name, str(registration.provider)
    keys = keys_of(registration.descriptor)
    holder = table.registered.get(name)
    providers = [holder.provider] if holder is not None else [one.provider for one in scan.claims.get(name, ())]
    if providers and not replace:
        raise lookup_errors.conflict(name, [*map(str, providers), provider])
    for one in table.registered.values():
        if one.name == name:
            continue
        shared = next((key for key in keys if key in keys_of(one.descriptor)), None)
        if shared is not None:
            raise lookup_errors.conflict(str(shared), [str(one.provider), provider])
        if alike(registration, one):
            rule = f"must differ from that of protocol '{one.name}' ({one.provider})"
            fault = f"descriptor field 'preface' {rule}, got {shown(registration.descriptor.preface)}"
            raise lookup_errors.invalid(provider, fault)
    for key in keys:
        if isinstance(key, str) and key != name and key in scan.claims:
            raise lookup_errors.conflict(key, [*(str(one.provider) for one in scan.claims[key]), provider])


def _names(registration: Registration, one: type) -> bool:
    """Return whether a descriptor names this class; one that it names by a string exists only if it is imported."""
    import sys

    connection = registration.descriptor.connection
    if type(connection) is not str:
        return connection is one
    module, _, attribute = connection.partition(":")
    return getattr(sys.modules.get(module), "__dict__", {}).get(attribute) is one


def _scan_installed() -> Scan:
    from zttp_core.discovery import scan

    return scan()


REGISTRY: Final = Registry()
