"""``python -m zttp``: what is installed, and whether it is sound."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from io import TextIOWrapper

from zttp_core.descriptor import ProtocolInfo
from zttp_core.installed import version_of
from zttp_core.lookup_errors import ProtocolLookupError
from zttp_core.module_files import is_compiled
from zttp_core.registry import REGISTRY
from zttp_core.wording import one_line, said_by

DISTRIBUTIONS = ("zttp", "zttp-core", "zttp-h1", "zttp-h2", "zttp-h3")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 means that all is well."""
    parser = argparse.ArgumentParser(prog="python -m zttp", description="What is installed, and whether it is sound.")
    commands = parser.add_subparsers(dest="command", required=True)
    listing = commands.add_parser("protocols", help="list the installed protocols")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.add_argument("--load", action="store_true", help="import the plugins, to know and check all of each")
    commands.add_parser("doctor", help="check the installation")
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what plugins say of themselves may be in any script
    if options.command == "doctor":
        return doctor()
    return list_protocols(as_json=options.json, load=options.load)


def list_protocols(*, as_json: bool, load: bool) -> int:
    """Print a line for each protocol; without ``load`` nothing of a plugin is imported."""
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
    return 1 if any(info.error for info in infos) else 0


def doctor() -> int:
    """Print what a bug report needs, and every fault that is found."""
    faults = []
    build = "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "with the GIL"
    print(f"Python {platform.python_version()} ({platform.python_implementation()}, {build}), {platform.platform()}")
    versions = {name: version_of(name) for name in DISTRIBUTIONS}
    for name, found in versions.items():
        print(f"{name:10} {found or 'not installed'}")
    series = {found.rpartition(".")[0] for found in versions.values() if found}
    if len(series) > 1:
        faults.append("the distributions of zttp must all have the same minor version")
    print(f"core       {_built('zttp_core.events.factories')}")
    if versions["zttp-h3"]:
        for name, words in _of_http3().items():
            print(f"{name:12} {words}")

    infos: tuple[ProtocolInfo, ...] = ()
    try:
        infos = REGISTRY.load_plugins()
        unreadable = REGISTRY.faults()
    except ProtocolLookupError as error:
        faults.append(str(error))
        unreadable = ()
    print()
    for line in _table(infos):
        print(line)
    for info in infos:
        if info.error:
            faults.append(f"{info.name}: {info.error}{_last_line(info.name)}")
    print()
    for line in unreadable:  # of any distribution at all: no fault of zttp's, unless a plugin is missed
        print(f"NOTE   could not be read: {line}")
    for fault in dict.fromkeys(faults):
        print(f"FAULT  {fault}")
    print("no faults found" if not faults else f"{len(set(faults))} found")
    return 1 if faults else 0


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
    """Return the versions of what HTTP/3 stands on, without importing HTTP/3."""
    found = {name: version_of(name) or "not installed" for name in ("cryptography", "pylsqpack")}
    try:
        from cryptography.hazmat.backends.openssl import backend

        found["OpenSSL"] = f"{backend.openssl_version_text()}, in cryptography"
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the rest is told
        found["OpenSSL"] = f"cannot be asked: {said_by(error)}"
    return found


def _built(module: str) -> str:
    return "compiled" if is_compiled(module) else "interpreted"


if __name__ == "__main__":  # pragma: no cover - tested in a process of its own
    sys.exit(main())
