"""The entries of ``zttp.protocols()``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from zttp_core import lookup_errors
from zttp_core.descriptor import ProtocolInfo
from zttp_core.module_files import is_compiled
from zttp_core.table import Brought, Registration, Table, find_prefaces
from zttp_core.wording import class_path, one_line

if TYPE_CHECKING:
    from zttp_core.discovery import EntryPoint, Scan

_LONGEST_SUMMARY = 200


def listed(
    table: Table,
    scan: Scan,
    brought: Brought,
    failures: Mapping[str, str],
    unusable: Mapping[Registration, str],
) -> tuple[ProtocolInfo, ...]:
    """Return an entry for each protocol and each of its providers, this project's protocols first.

    ``failures`` are the errors of plugins by the protocol that they were loaded for, ``unusable`` those of connection
    classes.
    """
    from zttp_core.registry import in_order

    rivals = {one.protocol: one.rival for one in find_prefaces(table, brought) if one.rival and not one.counts}

    def described(registration: Registration, error: str | None = None, status: Any = "") -> ProtocolInfo:
        error = error or unusable.get(registration) or _verdict(registration)
        return _described(registration, error, rivals.get(registration.name), status)

    def lines(name: str) -> Iterator[ProtocolInfo]:
        registrations = [table.registered[name]] if name in table.registered else brought.named(name)
        claims = scan.claims.get(name, ())
        if len(registrations) == 1:
            yield described(registrations[0])
        elif registrations:
            clash = str(lookup_errors.conflict(name, sorted(str(one.provider) for one in registrations)))
            yield from (described(one, clash, "conflict") for one in registrations)
        elif len(claims) > 1:
            clash = str(lookup_errors.conflict(name, [str(one.provider) for one in claims]))
            yield from (_undescribed(one, "conflict", clash) for one in claims)
        else:
            yield _undescribed(claims[0], *_judged(claims[0], failures.get(name)))

    names = {*table.registered, *scan.claims, *(one.name for one in brought.registrations)}
    return tuple(info for name in in_order(names) for info in lines(name))


def _judged(entry_point: EntryPoint, error: str | None) -> tuple[str, str | None]:
    """Return the status and the error of an entry point that provides nothing."""
    verdict = entry_point.brings.verdict
    if verdict is not None:
        error = str(verdict)
    if isinstance(verdict, lookup_errors.ProtocolConflictError):
        return "conflict", error
    return ("available" if error is None else "broken"), error


def _verdict(registration: Registration) -> str | None:
    verdict = registration.made.verdict
    return None if verdict is None else str(verdict)


def _described(registration: Registration, error: str | None, rival: str | None, status: Any) -> ProtocolInfo:
    descriptor = registration.descriptor
    connection = descriptor.connection
    module = (connection if type(connection) is str else class_path(cast(type, connection))).partition(":")[0]
    status = status or ("broken" if error else "loaded")
    if error is None and rival is not None:
        status, error = "conflict", str(lookup_errors.shared_preface(descriptor.name, rival))
    return ProtocolInfo(
        name=descriptor.name,
        provider=registration.provider.distribution,
        version=registration.provider.version,
        status=status,
        transport=descriptor.transport,
        alpn=descriptor.alpn,
        roles=descriptor.roles,
        capabilities=descriptor.capabilities,
        compiled=is_compiled(module),
        origin=registration.origin,
        error=error,
        summary=one_line(descriptor.summary, _LONGEST_SUMMARY),
        docs_url=one_line(descriptor.docs_url, _LONGEST_SUMMARY),
    )


def _undescribed(entry_point: EntryPoint, status: Any, error: str | None) -> ProtocolInfo:
    return ProtocolInfo(
        name=one_line(entry_point.name, 80),
        provider=entry_point.provider.distribution,
        version=entry_point.provider.version,
        status=status,
        transport=None,
        alpn=(),
        roles=frozenset(),
        capabilities=frozenset(),
        compiled=None,
        origin=one_line(entry_point.module, 80),
        error=error,
    )
