"""Who provides which protocol: found by entry point, loaded one at a time, when it is first asked for.

The first question scans the entry-point group for names; nothing is imported by that. Then the one plugin that was
asked for is loaded, and a plugin that is broken breaks its own protocol alone. Neither pluggy nor importlib.metadata
is imported before that first question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import RLock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zttp_core import lookup_errors
from zttp_core.descriptor import (
    PLUGIN_API_VERSION,
    REMOVALS,
    RESERVED_KEYS,
    SUPPORTED,
    ProtocolDescriptor,
    ProtocolInfo,
    find_fault,
    is_api_version,
)
from zttp_core.lookup_errors import ProtocolConflictError, ProtocolLookupError, Version
from zttp_core.module_files import is_compiled

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    import pluggy

ENTRY_POINT_GROUP: Final = "zttp.protocols"


class Provider(NamedTuple):
    """The distribution that brings a protocol."""

    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".rstrip()


IN_PROCESS: Final = Provider("register_protocol()", "")


class Registration(NamedTuple):
    """A protocol that is ready to be used: a descriptor that passed, and whose it is."""

    descriptor: ProtocolDescriptor
    provider: Provider
    origin: str


class Registry:
    """The protocols of one process. ``zttp`` uses one of these; a test can have its own.

    Args:
        entry_points: Finds the entry points of the group. Called once, by the first question.
        api: The plugin API that the core provides.
        supported: The oldest and the newest plugin API that plugins may be written for.
        removals: For an older major that is still supported, the zttp-core release that drops it.
    """

    def __init__(
        self,
        entry_points: Callable[[], Iterable[EntryPoint]] | None = None,
        *,
        api: Version = PLUGIN_API_VERSION,
        supported: tuple[Version, Version] = SUPPORTED,
        removals: Mapping[int, str] = REMOVALS,
    ) -> None:
        # What `Connection` calls, by every spelling used so far. Filled by the facade, emptied here on every change.
        self.makers: dict[object, Callable[..., Any]] = {}
        self._entry_points = entry_points or _installed_entry_points
        self._api = api
        self._supported = supported
        self._removals = removals
        self._claims: dict[str, list[EntryPoint]] | None = None
        self._registrations: dict[object, Registration] = {}
        self._failures: dict[str, ProtocolLookupError] = {}
        self._prefaces: tuple[tuple[bytes, str], ...] | None = None
        self._plugin_manager: pluggy.PluginManager | None = None
        self._lock = RLock()

    def resolve(self, key: object) -> Registration:
        """Return the registration for a name, an alias or an ALPN identifier, loading its plugin if need be.

        Raises:
            ProtocolLookupError: It cannot be served; the subclass says why.
            TypeError: The key is neither a str nor an int.
        """
        if type(key) not in (str, int):
            raise TypeError(f"protocol must be a str or an int, got {type(key).__name__}")
        with self._lock:
            registration = self._registrations.get(key)
            return registration if registration is not None else self._discover(key)

    def connection_class(self, registration: Registration) -> tuple[type[Any], Callable[..., Any]]:
        """Return the connection's class and what to call for a new one, importing them if need be."""
        descriptor = registration.descriptor
        with self._lock:
            self._raise_failure(descriptor.name)
            try:
                connection = _imported(descriptor.connection)
                factory = _imported(descriptor.factory) if descriptor.factory is not None else connection
            except Exception as cause:
                error = lookup_errors.broken(descriptor.name, str(registration.provider), cause)
                self._failures[descriptor.name] = error
                raise error from cause
            if not isinstance(connection, type):
                raise self._fail(registration, f"'{descriptor.connection}' must be a class, got {connection!r}")
            if not callable(factory):
                raise self._fail(registration, f"'{descriptor.factory}' must be callable, got {factory!r}")
            return connection, factory

    def register(self, descriptor: ProtocolDescriptor, *, replace: bool = False) -> None:
        """Add a protocol for this process, in place of any other provider if ``replace`` is true.

        Raises:
            ProtocolConflictError: The name has a provider, or a spelling belongs to another protocol.
            PluginValidationError: The descriptor does not keep the contract.
        """
        with self._lock:
            self._judge(descriptor, IN_PROCESS)
            name = descriptor.name
            if not replace and (others := self._providers_of(name)):
                raise lookup_errors.conflict(name, [*others, str(IN_PROCESS)])
            connection = descriptor.connection
            origin = connection if isinstance(connection, str) else f"{connection.__module__}:{connection.__qualname__}"
            self._add(Registration(descriptor, IN_PROCESS, origin))
            self._failures.pop(name, None)

    def unregister(self, name: str) -> None:
        """Undo ``register``: an installed distribution that provides the protocol comes into its own again."""
        with self._lock:
            registration = self._registrations.get(name)
            if registration is None or registration.provider is not IN_PROCESS:
                raise lookup_errors.not_registered(name)
            self._remove(registration.descriptor.name)
            self._failures.pop(registration.descriptor.name, None)

    def protocols(self, *, load: bool = True) -> tuple[ProtocolInfo, ...]:
        """List what is installed. With ``load`` false only names and providers are known, and nothing is imported."""
        with self._lock:
            if load:
                self._load_remaining()
            return tuple(info for name in self._names() for info in self._infos(name))

    def load_plugins(self) -> tuple[ProtocolInfo, ...]:
        """Load every plugin with its connection class, and list them all; a broken one is a line with an error."""
        with self._lock:
            self._load_remaining()
            for registration in set(self._registrations.values()):
                try:
                    self.connection_class(registration)
                except ProtocolLookupError:
                    continue  # kept in _failures, for the listing
            return self.protocols()

    def prefaces(self) -> tuple[tuple[bytes, str], ...]:
        """Return (preface, protocol) for every installed protocol whose clients begin with fixed bytes."""
        prefaces = self._prefaces
        if prefaces is None:
            with self._lock:
                self._load_remaining()
                descriptors = {registration.descriptor for registration in self._registrations.values()}
                found = [(one.preface, one.name) for one in descriptors if one.preface is not None]
                prefaces = self._prefaces = tuple(sorted(found))
        return prefaces

    # ------------------------------------------------------------------ finding

    def _discover(self, key: Any) -> Registration:
        name = RESERVED_KEYS.get(key, key)
        if name in self._registrations:
            return self._registrations[name]
        if name in self._scan():
            return self._load(name)
        if name in lookup_errors.KNOWN_PROTOCOLS:
            raise lookup_errors.not_installed(name)
        self._load_remaining()  # the spelling may be an alias or an ALPN identifier, which only the plugins know
        if key in self._registrations:
            return self._registrations[key]
        raise lookup_errors.unknown(key, self._names())

    def _scan(self) -> dict[str, list[EntryPoint]]:
        if self._claims is None:
            claims: dict[str, list[EntryPoint]] = {}
            for entry_point in self._entry_points():
                claimants = claims.setdefault(entry_point.name, [])
                if entry_point not in claimants:
                    claimants.append(entry_point)
            self._claims = claims
        return self._claims

    def _names(self) -> list[str]:
        names = set(self._scan()) | {one.descriptor.name for one in self._registrations.values()}
        ours = list(lookup_errors.KNOWN_PROTOCOLS)
        return sorted(names, key=lambda name: (ours.index(name) if name in ours else len(ours), name))

    def _providers_of(self, name: str) -> list[str]:
        if name in self._registrations:
            return [str(self._registrations[name].provider)]
        return [str(_provider(entry_point)) for entry_point in self._scan().get(name, ())]

    # ------------------------------------------------------------------ loading

    def _load_remaining(self) -> None:
        for name in self._scan():
            if name not in self._registrations and name not in self._failures:
                try:
                    self._load(name)
                except ProtocolLookupError:
                    continue  # kept in _failures, for whoever asks for that protocol

    def _load(self, name: str) -> Registration:
        self._raise_failure(name)
        claimants = self._scan()[name]
        try:
            if len(claimants) > 1:
                raise lookup_errors.conflict(name, [str(_provider(entry_point)) for entry_point in claimants])
            self._load_plugin(claimants[0])
        except ProtocolLookupError as error:
            self._failures[name] = error
            raise
        return self._registrations[name]

    def _load_plugin(self, entry_point: EntryPoint) -> None:
        provider = _provider(entry_point)
        try:
            plugin = entry_point.load()
            descriptors = self._ask(plugin, entry_point, provider)
        except ProtocolLookupError:
            raise
        except Exception as cause:
            raise lookup_errors.broken(entry_point.name, str(provider), cause) from cause
        for descriptor in descriptors:
            self._judge(descriptor, provider)
        brought = [descriptor.name for descriptor in descriptors]
        if entry_point.name not in brought:
            raise lookup_errors.invalid(
                str(provider), f"entry point '{entry_point.name}' must bring a descriptor of that name, got {brought}"
            )
        for descriptor in descriptors:
            if descriptor.name not in self._registrations:
                self._add(Registration(descriptor, provider, entry_point.module))

    def _ask(self, plugin: Any, entry_point: EntryPoint, provider: Provider) -> list[ProtocolDescriptor]:
        """Register the plugin with pluggy, which checks its hooks, and return what it describes."""
        import pluggy

        from zttp_core.plugin import PROJECT, ZttpSpecs

        manager = self._plugin_manager
        if manager is None:
            manager = self._plugin_manager = pluggy.PluginManager(PROJECT)
            manager.add_hookspecs(ZttpSpecs)
        if not manager.is_registered(plugin):
            try:
                manager.register(plugin, name=f"{provider.distribution}:{entry_point.name}")
            except pluggy.PluginValidationError as cause:
                raise lookup_errors.invalid(str(provider), str(cause).replace("\n", " ")) from cause
        others = [other for other in manager.get_plugins() if other is not plugin]
        answers = manager.subset_hook_caller("zttp_register_protocols", others)()
        if not answers:
            fault = f"{entry_point.value} must implement the hook 'zttp_register_protocols', marked with hookimpl"
            raise lookup_errors.invalid(str(provider), fault)
        return [self._checked(descriptor, provider) for answer in answers for descriptor in answer]

    def _checked(self, descriptor: object, provider: Provider) -> ProtocolDescriptor:
        if not isinstance(descriptor, ProtocolDescriptor):
            raise lookup_errors.invalid(
                str(provider), f"zttp_register_protocols must return ProtocolDescriptor objects, got {descriptor!r:.80}"
            )
        return descriptor

    def _raise_failure(self, name: str) -> None:
        if name in self._failures:
            raise self._failures[name].with_traceback(None)  # or each raise would make the traceback longer

    def _fail(self, registration: Registration, fault: str) -> ProtocolLookupError:
        error = lookup_errors.invalid(str(registration.provider), fault)
        self._failures[registration.descriptor.name] = error
        return error

    # ------------------------------------------------------------------ judging

    def _judge(self, descriptor: ProtocolDescriptor, provider: Provider) -> None:
        """Raise unless the descriptor keeps the contract and clashes with no protocol that is known so far."""
        # The version comes first: a descriptor for a newer plugin API may well look wrong to this one.
        if is_api_version(descriptor.api_version):
            self._check_version(descriptor.api_version, provider)
        fault = find_fault(descriptor) or self._preface_clash(descriptor)
        if fault is not None:
            raise lookup_errors.invalid(str(provider), fault)
        self._check_spellings(descriptor, provider)

    def _check_version(self, wanted: Version, provider: Provider) -> None:
        if wanted > self._api:
            raise lookup_errors.too_new(str(provider), wanted, _core_version(), self._api)
        if wanted < self._supported[0]:
            raise lookup_errors.too_old(str(provider), wanted, _core_version(), self._supported)
        if wanted[0] < self._api[0]:
            import warnings

            text = lookup_errors.ageing(str(provider), wanted, _core_version(), self._removals[wanted[0]])
            warnings.warn(text, DeprecationWarning, stacklevel=2)

    def _preface_clash(self, descriptor: ProtocolDescriptor) -> str | None:
        preface = descriptor.preface
        if preface is None:
            return None
        for other in set(self._registrations.values()):
            theirs = other.descriptor.preface
            if theirs is None or other.descriptor.name == descriptor.name:
                continue
            if theirs.startswith(preface) or preface.startswith(theirs):
                return (
                    f"descriptor field 'preface' must differ from that of protocol '{other.descriptor.name}' "
                    f"({other.provider}), got {preface!r}"
                )
        return None

    def _check_spellings(self, descriptor: ProtocolDescriptor, provider: Provider) -> None:
        for key in descriptor.keys:
            holder = self._registrations.get(key)
            if holder is not None and holder.descriptor.name != descriptor.name:
                raise lookup_errors.conflict(str(key), [str(holder.provider), str(provider)])
            if isinstance(key, str) and provider is not IN_PROCESS:
                claimants = {str(_provider(entry_point)) for entry_point in self._scan().get(key, ())}
                if claimants - {str(provider)}:
                    raise lookup_errors.conflict(key, sorted({*claimants, str(provider)}))

    # ------------------------------------------------------------------ keeping

    def _add(self, registration: Registration) -> None:
        self._remove(registration.descriptor.name)
        for key in registration.descriptor.keys:
            self._registrations[key] = registration

    def _remove(self, name: str) -> None:
        held = [key for key, one in self._registrations.items() if one.descriptor.name == name]
        for key in held:
            del self._registrations[key]
        self.makers.clear()
        self._prefaces = None

    # ------------------------------------------------------------------ listing

    def _infos(self, name: str) -> list[ProtocolInfo]:
        failure = self._failures.get(name)
        error = None if failure is None else str(failure)
        registration = self._registrations.get(name)
        if registration is not None:
            return [_described(registration, error)]
        claimants = self._scan()[name]
        if len(claimants) > 1:
            error = str(lookup_errors.conflict(name, [str(_provider(entry_point)) for entry_point in claimants]))
            return [_undescribed(entry_point, "conflict", error) for entry_point in claimants]
        if isinstance(failure, ProtocolConflictError):
            return [_undescribed(claimants[0], "conflict", error)]
        return [_undescribed(claimants[0], "broken" if error else "available", error)]


def _described(registration: Registration, error: str | None) -> ProtocolInfo:
    descriptor = registration.descriptor
    connection = descriptor.connection
    module = connection.partition(":")[0] if isinstance(connection, str) else connection.__module__
    return ProtocolInfo(
        name=descriptor.name,
        provider=registration.provider.distribution,
        version=registration.provider.version,
        status="broken" if error else "loaded",
        transport=descriptor.transport,
        alpn=descriptor.alpn,
        roles=descriptor.roles,
        capabilities=descriptor.capabilities,
        compiled=is_compiled(module),
        origin=registration.origin,
        error=error,
        summary=descriptor.summary,
        docs_url=descriptor.docs_url,
    )


def _undescribed(entry_point: EntryPoint, status: Any, error: str | None) -> ProtocolInfo:
    distribution, version = _provider(entry_point)
    return ProtocolInfo(
        name=entry_point.name,
        provider=distribution,
        version=version,
        status=status,
        transport=None,
        alpn=(),
        roles=frozenset(),
        capabilities=frozenset(),
        compiled=None,
        origin=entry_point.module,
        error=error,
    )


def _installed_entry_points() -> Iterable[EntryPoint]:
    from importlib.metadata import entry_points  # 26 ms, paid by the first question and not by `import zttp`

    return entry_points(group=ENTRY_POINT_GROUP)


def _provider(entry_point: EntryPoint) -> Provider:
    distribution = entry_point.dist
    if distribution is None:
        return Provider(entry_point.module, "")
    return Provider(distribution.name, distribution.version)


def _core_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("zttp-core")
    except PackageNotFoundError:  # pragma: no cover - run from a source tree
        return "0.0"


def _imported(reference: Any) -> Any:
    """Return the object that ``"module:attribute"`` names, or the reference itself if it is an object already."""
    if not isinstance(reference, str):
        return reference
    from importlib import import_module

    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)


REGISTRY: Final = Registry()
