"""Structure: a connection has the methods of the contract, and no foreign compiled base class."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.module_files import is_compiled
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.subject import Subject, refused
from zttp_core.testing.verdict import fail, not_applicable
from zttp_core.testing.wire import play

_ALL: Final = ("role", "next_event", "is_closed", "data_to_send")
_TRANSPORT: Final = {"stream": ("receive_data",), "datagram": ("receive_datagram", "next_timeout", "handle_timeout")}
_STREAM_SENDING: Final = ("stream_id", "send_window", "pending_bytes", "send_data", "end_message", "reset")
_CACHES: Final[list[TemporaryDirectory[str]]] = []  # of mypy, one as soon as it is needed


class Structure(Subject):
    """The methods of a connection, and the types of its events."""

    def test_a_connection_has_what_the_contract_asks_for(self) -> None:
        """The methods of its transport, roles and capabilities are there."""
        for role in sorted(self.descriptor.roles):
            connection = self.connect(role)
            wanted = wanted_of_connection(self.descriptor, role)
            missing = [name for name in wanted if not hasattr(connection, name)]
            if missing:
                fail(f"{type(connection).__name__} has no {', '.join(missing)}, as zttp_core.plugin wants it")
            if connection.role != role:
                fail(f"{type(connection).__name__}(role={role}).role is {connection.role!r}")

    def test_a_stream_has_what_the_contract_asks_for(self) -> None:
        """The streams of a multiplexed protocol have the methods of ``zttp_core.plugin.Stream``."""
        if not self.multiplexed or SERVER not in self.descriptor.roles:
            not_applicable(f"no server of '{self.protocol}' sends on streams")
        for scenario in self.all_scenarios():
            if scenario.role == SERVER:
                connection = scenario.start()
                [request, *_] = [event for event in play(connection, scenario.received).events if _is_head(event)]
                wanted = [*_STREAM_SENDING, "send_response"]
                wanted += ["send_informational"] if "informational" in self.descriptor.capabilities else []
                stream = connection.stream(request.stream_id)
                missing = [name for name in wanted if not hasattr(stream, name)]
                if missing:
                    fail(f"{type(stream).__name__} has no {', '.join(missing)}, as zttp_core.plugin.Stream wants it")
                return

    def test_no_class_derives_from_a_class_compiled_elsewhere(self) -> None:
        """Native classes of two distributions must not inherit: their fields overlap, and the process crashes."""
        check_bases(self.connection_class)
        for data in self.malformed.values():
            error = refused(self.connect(self.first_role), data).refusal
            if error is not None:
                check_bases(type(error))

    def test_events_are_those_of_the_core_and_own_their_bytes(self, exchange: Exchange) -> None:
        """Events are core types, or the plugin's own with a ``stream_id``; bytes in them are ``bytes``."""
        for scenario in self.scenarios(exchange):
            for event in scenario.play().events:
                check_event(event)

    def test_a_received_buffer_may_be_used_again(self, exchange: Exchange) -> None:
        """Any buffer is accepted, and later changes to it change no event."""
        for scenario in self.stream_scenarios(exchange):
            expected = scenario.play().told()
            buffer = bytearray(scenario.data)
            connection = scenario.start()
            connection.receive_data(memoryview(buffer).cast("B", [1, len(buffer)]))  # one item, of all bytes
            if buffer != scenario.data:
                fail(f"{scenario}: the buffer that was received is changed, and it is its caller's")
            buffer[:] = bytes(len(buffer))
            try:
                buffer.clear()
            except BufferError:
                fail(f"{scenario}: the buffer that was received is still held, and cannot be resized by its owner")
            if play(connection, (), closes=scenario.closes).told() != expected:
                fail(f"{scenario}: events change when the caller uses the buffer again that was received")

    def test_a_type_checker_agrees(self) -> None:
        """A strict type checker accepts the connection as what ``zttp_core.plugin`` describes."""
        connection = self.connection_class
        package = find_spec(connection.__module__.partition(".")[0])
        folders = package.submodule_search_locations if package is not None else None
        if not any((Path(folder) / "py.typed").exists() for folder in folders or ()):
            not_applicable(f"{connection.__module__} is not in a typed package")
        if find_spec("mypy") is None:
            not_applicable("mypy is not installed")
        contract = "StreamConnection" if self.descriptor.transport == "stream" else "DatagramConnection"
        complaint = type_check(connection.__module__, connection.__qualname__, contract)
        if complaint:
            fail(f"a type checker does not take {connection.__qualname__} for a {contract}: {complaint}")


def wanted_of_connection(descriptor: ProtocolDescriptor, role: int) -> list[str]:
    """Return the attributes that a connection must have."""
    wanted = [*_ALL, *_TRANSPORT[descriptor.transport]]
    wanted += ["send_request"] if role == CLIENT else []
    if descriptor.multiplexed:
        wanted += ["stream"]
        wanted += ["consume_data"] if "flow-control" in descriptor.capabilities else []
        return wanted
    wanted += ["send_data", "end_message", "should_close"]
    wanted += ["start_next_cycle"] if "keep-alive" in descriptor.capabilities else []
    wanted += ["trailing_data"] if "upgrade" in descriptor.capabilities else []
    if role == SERVER:
        wanted += ["send_response"]
        wanted += ["send_informational"] if "informational" in descriptor.capabilities else []
    return wanted


def check_bases(checked: type[Any]) -> None:
    """Fail if a class has a base that was compiled in another distribution."""
    __tracebackhide__ = True
    own = _package(checked)
    for base in checked.__mro__:
        package = _package(base)
        if package != own and package not in sys.stdlib_module_names and is_compiled(base.__module__):
            foreign = f"{base.__module__}.{base.__qualname__}"
            fail(f"{checked.__qualname__} derives from {foreign}, which was compiled in another package")


def check_event(event: Any) -> None:
    """Fail if an event is not one that every caller can handle."""
    __tracebackhide__ = True
    kind = type(event).__name__
    if not type(event).__module__.startswith("zttp_core.") and not hasattr(event, "stream_id"):
        fail(f"{kind} is neither an event of the core nor has it a stream_id")
    values: list[object] = []
    match event:
        case Request():
            values = [event.method, event.target, *(part for field in event.headers for part in field)]
        case Response():
            values = [event.reason, *(part for field in event.headers for part in field)]
        case Data():
            values = [event.data]
        case EndOfMessage():
            values = [part for field in event.trailers for part in field]
    for value in values:
        if type(value) is not bytes:
            fail(f"{kind} holds {type(value).__name__}, not bytes: {value!r:.80}")


def type_check(module: str, name: str, contract: str) -> str:
    """Return mypy's complaint about a class and a structural type, or an empty string."""
    import_module(module)
    program = (
        f"import {module}\nfrom zttp_core.plugin import {contract}\n\n\n"
        f"def check(connection: {module}.{name}) -> {contract}:\n    return connection\n"
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "check.py"
        path.write_text(program, encoding="ascii")
        environment = os.environ | {"MYPYPATH": _import_path(module)}
        command = [sys.executable, "-m", "mypy", "--config-file=", "--strict", "--follow-imports=silent"]
        command += ["--no-error-summary", f"--cache-dir={_mypy_cache()}", str(path)]
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=300, check=False, cwd=folder, env=environment
        )
    return " ".join((done.stdout + done.stderr).split()) if done.returncode else ""


def _mypy_cache() -> str:
    """Return the cache folder that this process shares for all protocols."""
    if not _CACHES:
        _CACHES.append(TemporaryDirectory())
    return _CACHES[0].name


def _import_path(module: str) -> str:
    """Return the folder of a package that is not installed, which mypy cannot find by itself."""
    package = find_spec(module.partition(".")[0])
    folders = [Path(folder).parent for folder in (package and package.submodule_search_locations) or ()]
    return os.pathsep.join(str(folder) for folder in folders if "site-packages" not in folder.parts)


def _is_head(event: object) -> bool:
    return isinstance(event, Request)


def _package(checked: type[Any]) -> str:
    return checked.__module__.partition(".")[0]
