"""``protocols`` and ``doctor``: what is installed, and its faults."""

from __future__ import annotations

import json
import platform
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from typing import Any

from zttp_core.constants import HTTP1, HTTP2, HTTP3
from zttp_core.descriptor import ProtocolInfo
from zttp_core.installed import version_of
from zttp_core.lookup_errors import ProtocolLookupError
from zttp_core.module_files import is_compiled
from zttp_core.registry import REGISTRY
from zttp_core.wording import one_line, said_by

DISTRIBUTIONS = ("zttp", "zttp-core", "zttp-h1", "zttp-h2", "zttp-h3")


def protocols(*, as_json: bool, load: bool) -> int:
    """Print a line for each protocol; without ``load`` no plugin is imported."""
    try:
        infos = REGISTRY.load_plugins() if load else REGISTRY.protocols(load=False)
    except ProtocolLookupError as error:
        print(error, file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps([_jsonable(info) for info in infos], indent=2))
    else:
        for line in _table(infos):
            print(line)
        for line in missing(infos):
            print(line)
    return 1 if any(info.error for info in infos) else 0


def missing(infos: Sequence[ProtocolInfo]) -> Iterator[str]:
    """Yield a line for each missing protocol of HTTP, with the remedy."""
    for name in (HTTP1, HTTP2, HTTP3):
        if name not in [info.name for info in infos]:
            try:
                REGISTRY.resolve(name)
            except ProtocolLookupError as error:
                yield f"missing: {error}"


def doctor(*, as_json: bool) -> int:
    """Print the facts for a bug report, and every fault that is found."""
    report = examine()
    faults = report["faults"]
    if as_json:
        print(json.dumps({**report, "protocols": [_jsonable(info) for info in report["protocols"]]}, indent=2))
        return 1 if faults else 0
    python = report["python"]
    print(f"Python {python['version']} ({python['implementation']}, {python['build']}), {report['platform']}")
    for name, found in report["distributions"].items():
        print(f"{name:10} {found or 'not installed'}")
    print(f"core       {report['core']}")
    for name, found in report["libraries"].items():
        print(f"{name:12} {found}")
    print()
    for line in _table(report["protocols"]):
        print(line)
    print()
    for line in report["notes"]:  # of any distribution: not a fault of zttp, unless a plugin is missing
        print(f"NOTE   could not be read: {line}")
    for fault in faults:
        print(f"FAULT  {fault}")
    print(f"{len(faults)} found" if faults else "no faults found")
    return 1 if faults else 0


def examine() -> dict[str, Any]:
    """Examine everything once."""
    versions = {name: version_of(name) for name in DISTRIBUTIONS}
    faults = []
    if len({found.rpartition(".")[0] for found in versions.values() if found}) > 1:
        faults.append("the distributions of zttp must all have the same minor version")
    infos: tuple[ProtocolInfo, ...] = ()
    notes: tuple[str, ...] = ()
    try:
        infos = REGISTRY.load_plugins()
        notes = REGISTRY.faults()
    except ProtocolLookupError as error:
        faults.append(str(error))
    faults += [f"{info.name}: {info.error}{_last_line(info.name)}" for info in infos if info.error]
    return {
        "python": {
            "version": platform.python_version(),
            "implementation": platform.python_implementation(),
            "build": "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "with the GIL",
        },
        "platform": platform.platform(),
        "distributions": versions,
        "libraries": _of_http3() if versions["zttp-h3"] else {},
        "core": "compiled" if is_compiled("zttp_core.events.factories") else "interpreted",
        "protocols": infos,
        "notes": list(notes),
        "faults": list(dict.fromkeys(faults)),
    }


def _table(infos: Sequence[ProtocolInfo]) -> Iterator[str]:
    if not infos:
        yield "no protocols are installed"
        return
    rows = [("protocol", "provider", "status", "transport", "ALPN", "build", "summary")]
    rows += [
        (
            info.name,
            f"{info.provider} {info.version}".rstrip(),
            info.status,
            info.transport or "-",
            one_line(" ".join(identifier.decode("ascii", "backslashreplace") for identifier in info.alpn)) or "-",
            {True: "compiled", False: "interpreted", None: "-"}[info.compiled],
            info.summary,
        )
        for info in infos
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    for info in infos:
        if info.error:
            yield f"{info.name}: {info.error}"


def _jsonable(info: ProtocolInfo) -> dict[str, object]:
    roles = {1: "server", 2: "client"}
    return {
        **info._asdict(),
        "alpn": [identifier.decode("latin-1") for identifier in info.alpn],
        "roles": [roles[role] for role in sorted(info.roles)],
        "capabilities": sorted(info.capabilities),
    }


def _last_line(name: str) -> str:
    """Return where the plugin's own error came from."""
    try:
        REGISTRY.connection_class(REGISTRY.resolve(name))
    except ProtocolLookupError as error:
        place = getattr(error.__cause__, "__notes__", ())
        if place:
            return f" ({place[-1]})"
    return ""


def _of_http3() -> dict[str, str]:
    """Return the versions of HTTP/3's dependencies, without importing HTTP/3."""
    found = {name: version_of(name) or "not installed" for name in ("cryptography", "pylsqpack")}
    try:
        from cryptography.hazmat.backends.openssl import backend

        found["OpenSSL"] = f"{backend.openssl_version_text()}, in cryptography"
    except Exception as error:  # noqa: BLE001 - whatever the fault, the rest is reported
        found["OpenSSL"] = f"cannot be asked: {said_by(error)}"
    return found
