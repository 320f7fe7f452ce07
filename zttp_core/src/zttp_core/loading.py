"""Running the code of plugins, and deciding which failures are theirs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any

from zttp_core import lookup_errors
from zttp_core.descriptor import ProtocolDescriptor, find_connection_fault
from zttp_core.moments import interrupts, passes
from zttp_core.settled import is_half_imported
from zttp_core.wording import one_line, shown

if TYPE_CHECKING:
    from zttp_core.discovery import EntryPoint, Scan
    from zttp_core.judging import Judge
    from zttp_core.provider import Provider


def load(entry_point: EntryPoint, scan: Scan, judge: Judge) -> list[ProtocolDescriptor]:
    """Import a plugin, call its hook, and return its checked descriptors.

    Raises:
        ProtocolLookupError: It is broken, or breaks the contract.
    """
    provider = str(entry_point.provider)
    if not entry_point.is_reference:
        fault = f"entry point '{one_line(entry_point.name, 80)}' must be 'module' or 'module:object', got "
        raise lookup_errors.invalid(provider, fault + shown(entry_point.value))
    try:
        # The check is inside: its warning may be an error, by the filters of the process.
        answers = _guarded(entry_point.name, provider, [entry_point.module], lambda: _ask(entry_point.load()))
        if isinstance(answers, str):
            raise lookup_errors.invalid(provider, answers.replace("{plugin}", one_line(entry_point.value, 80)))
        return _judged(entry_point, lambda: judge.all_checked(answers, entry_point, scan))
    except DeprecationWarning as warning:
        error = lookup_errors.broken(entry_point.name, provider, warning)
        error.temporary = True
        raise error from warning
    except lookup_errors.PluginValidationError as error:
        error.temporary = is_half_imported(entry_point.module)
        raise


def import_connection(descriptor: ProtocolDescriptor, provider: Provider) -> tuple[type[Any], Callable[..., Any]]:
    """Return the class of a protocol's connections, and the callable that makes one.

    Raises:
        ProtocolLookupError: They cannot be imported, or are invalid.
    """
    # `isinstance` reads `__class__`, and a metaclass may return anything.
    references = [one for one in (descriptor.connection, descriptor.factory) if type(one) is str]
    modules = [one.partition(":")[0] for one in references]
    connection, factory = _guarded(
        descriptor.name,
        str(provider),
        modules,
        lambda: (_imported(descriptor.connection), _imported(descriptor.factory)),
    )
    fault = find_connection_fault(connection)
    if fault is not None:
        raise lookup_errors.invalid(str(provider), f"'{descriptor.connection}' {fault}")
    if descriptor.factory is None:
        return connection, connection
    if not callable(factory):
        raise lookup_errors.invalid(str(provider), f"'{descriptor.factory}' must be callable, got {shown(factory)}")
    return connection, factory


def _guarded(protocol: str, provider: str, modules: list[str], run: Callable[[], Any]) -> Any:
    """Run code of a plugin. Any exception becomes a failure of the plugin, unless another cause is found."""
    handled = sys.exc_info()[1]
    try:
        return run()
    except BaseException as cause:
        if interrupts(cause, modules):
            raise
        error = lookup_errors.broken(protocol, provider, cause)
        error.temporary = passes(cause, modules, handled)
        raise error from cause


def _judged(entry_point: EntryPoint, run: Callable[[], list[ProtocolDescriptor]]) -> list[ProtocolDescriptor]:
    """Check the answer of a plugin: its objects may be of the plugin's own classes, which run its code."""
    verdicts: list[BaseException] = []

    def judge() -> list[ProtocolDescriptor] | None:
        try:
            return run()
        except (lookup_errors.ProtocolLookupError, DeprecationWarning) as verdict:
            verdicts.append(verdict)
            return None

    found = _guarded(entry_point.name, str(entry_point.provider), [entry_point.module], judge)
    if verdicts:
        raise verdicts[0]
    checked: list[ProtocolDescriptor] = found
    return checked


def _ask(plugin: object) -> list[object] | str:
    """Let pluggy check the hooks of a plugin and call the one that describes protocols. A ``str`` names the fault.

    Each call has its own manager: it is made quickly, and a shared one would need a lock.
    """
    import pluggy

    from zttp_core.plugin import PROJECT, ZttpSpecs

    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(ZttpSpecs)
    try:
        manager.register(plugin, name="plugin")
    except pluggy.PluginValidationError as error:
        return str(error).replace("\n", " ")
    if not manager.hook.zttp_register_protocols.get_hookimpls():
        return "{plugin} must implement the hook 'zttp_register_protocols', marked with hookimpl"
    answers = manager.hook.zttp_register_protocols()
    if not answers:
        return "zttp_register_protocols must return ProtocolDescriptor objects, got None"
    answer = answers[0]
    if not isinstance(answer, Iterable):
        return f"zttp_register_protocols must return ProtocolDescriptor objects in a list, got {shown(answer)}"
    return list(islice(answer, 257))


def _imported(reference: Any) -> Any:
    """Return the object that ``"module:attribute"`` names, or the reference itself if it is an object already."""
    if type(reference) is not str:
        return reference
    from importlib import import_module

    module, _, attribute = reference.partition(":")
    return getattr(import_module(module), attribute)
