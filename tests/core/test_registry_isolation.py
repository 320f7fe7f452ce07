"""A broken plugin breaks only its own protocol: not the others, not ``sniff``, not the listing, not the commands."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import pytest

import zttp
from tests.core.fake_plugins import FakeEntryPoint, Plugin, Toy, describe, registry_of, toy_entry
from zttp.__main__ import main
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.discovery import EntryPoint, Scan
from zttp_core.installed import take_inventory
from zttp_core.lookup_errors import PluginValidationError, ProtocolConflictError, ProtocolLookupError
from zttp_core.module_files import is_compiled
from zttp_core.plugin import hookimpl
from zttp_core.provider import Provider
from zttp_core.registry import Registry


class RudeError(Exception):
    """An error that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("no words")

    __repr__ = __str__


class ExitingError(Exception):
    """An error that ends the process when it is shown."""

    def __str__(self) -> str:
        raise SystemExit(3)


def liar(attribute: str, base: type[Exception] = Exception) -> Exception:
    """Return an error that raises when an attribute of every error is read."""

    def ask(error: object) -> Any:
        raise RuntimeError("do not touch")

    lying: Exception = type("LyingError", (base,), {attribute: property(ask)})()
    return lying


class Hostile:
    """A value whose attributes and methods all raise."""

    def _raise(self, *arguments: Any) -> Any:
        raise RuntimeError("do not touch")

    __repr__ = __str__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __le__ = _raise
    __class__ = property(_raise)


class HostileText(str):
    """A text whose attributes and methods all raise."""

    __slots__ = ()

    def _raise(self, *arguments: Any) -> Any:
        raise RuntimeError("do not touch")

    __repr__ = __str__ = __eq__ = __hash__ = _raise


class HostileType(type):
    """The type of classes whose attributes and methods all raise."""

    def _raise(cls, *arguments: Any) -> Any:
        raise RuntimeError("do not touch")

    __repr__ = __str__ = __eq__ = __hash__ = _raise


class HostileClass(metaclass=HostileType):
    """A class of connections, and a hostile one."""

    def __init__(self, role: int) -> None:
        self.role = role


def exits(module: str = "zttp_broken.errors", base: type[BaseException] = BaseException) -> BaseException:
    """Return an error of the plugin's own that is not an Exception."""
    stop: BaseException = type("Stop", (base,), {"__module__": module})("no more")
    return stop


def raises(error: BaseException) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


def own_code(statement: str) -> Callable[[], Any]:
    """Return a function whose code is the plugin's."""
    its_module: dict[str, Any] = {"__name__": "zttp_broken.plugin"}
    exec(f"import asyncio\ndef fail():\n    {statement}", its_module)
    fail: Callable[[], Any] = its_module["fail"]
    return fail


class Exiting:
    """A plugin that ends the process when an attribute is read."""

    def __getattribute__(self, name: str) -> Any:
        raise SystemExit(3)


def exiting_class() -> type:
    """Return a class of connections that can be called; any other use of it ends the process.

    It must not be at a place where pytest collects tests.
    """

    class ExitingType(type):
        def __getattribute__(cls, name: str) -> Any:
            raise SystemExit(3)

    class ExitingClass(metaclass=ExitingType):
        def __init__(self, role: int) -> None:
            self.role = role

        def next_event(self) -> object:
            return zttp.NEED_DATA

        def is_closed(self) -> bool:
            return False

    return ExitingClass


def unreadable(error: BaseException) -> Plugin:
    """Return a plugin whose descriptor raises this when it is read."""

    def transport(_: object) -> Any:
        raise error

    kind = type("Unreadable", (ProtocolDescriptor,), {"transport": property(transport, lambda *_: None)})
    return Plugin(kind(name="broken", api_version=(1, 0), connection=Toy))


class Derived(ProtocolDescriptor):
    """A descriptor whose values change."""

    @property
    def keys(self) -> Any:
        raise RuntimeError("do not touch")


def around_the_constructor() -> ProtocolDescriptor:
    made: ProtocolDescriptor = object.__new__(ProtocolDescriptor)
    object.__setattr__(made, "name", "broken")
    return made


class Hook:
    """A plugin whose hook returns anything."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    @hookimpl
    def zttp_register_protocols(self) -> Iterable[ProtocolDescriptor]:
        return self.answer() if callable(self.answer) else self.answer  # type: ignore[return-value]


def endless() -> Iterable[ProtocolDescriptor]:
    while True:
        yield describe("broken")


def fails() -> Any:
    raise RudeError


def broken_by(field: str, value: object) -> Plugin:
    fields: dict[str, Any] = {"name": "broken", field: value}
    return Plugin(describe(**fields))


FIELDS = [name for name in ProtocolDescriptor.__slots__ if name != "newer_fields"]

BROKEN: dict[str, Callable[[], object]] = {
    "an error that cannot be shown": RudeError,
    "an error that exits when it is shown": ExitingError,
    "an error of unclear number": lambda: OSError([], "no number"),
    **{f"an error that hides its {name}": partial(liar, name) for name in ("__class__", "__cause__", "__traceback__")},
    "an error that hides its number": lambda: liar("errno", OSError),
    "an error in the hook that cannot be shown": lambda: Hook(fails),
    "SystemExit at import": lambda: SystemExit(3),
    "an error that is no Exception": lambda: exits(),
    "an error of a nested one": lambda: exits("zttp_broken.errors", SystemExit),
    "a group of errors that are no Exceptions": lambda: BaseExceptionGroup("many", [exits(), SystemExit(3)]),
    "an error in the hook that is no Exception": lambda: Hook(raises(exits())),
    "a foreign error that is no Exception": lambda: Hook(own_code("raise asyncio.CancelledError")),
    "a group with a foreign error": lambda: Hook(own_code("raise BaseExceptionGroup('', [SystemExit()])")),
    "an exit where the hook is looked at": lambda: Exiting(),
    "an exit where the descriptor is read": lambda: unreadable(SystemExit(3)),
    "an error where the descriptor is read": lambda: unreadable(exits()),
    "an error of an endless class": lambda: type("E" * 100_000, (Exception,), {})("x" * 1_000_000),
    "around the constructor": lambda: Plugin(around_the_constructor()),
    "no descriptor": lambda: Plugin(Hostile()),
    "hook returns None": lambda: Hook(None),
    "hook returns a number": lambda: Hook(5),
    "hook returns one descriptor": lambda: Hook(describe("broken")),
    "hook returns something hostile": lambda: Hook(lambda: Hostile()),
    "hook never ends": lambda: Hook(endless),
    "two of one name": lambda: Plugin(describe("broken"), describe("broken")),
    "two that share a spelling": lambda: Plugin(describe("broken", aliases=("x",)), describe("two", aliases=("x",))),
    "object": lambda: Plugin(describe("broken", connection=object)),
    "a class of classes": lambda: Plugin(describe("broken", connection=type)),
    "a version of many digits": lambda: Plugin(describe("broken", api_version=(10**400, 0))),
    "a version that cannot be written": lambda: Plugin(describe("broken", api_version=(10**5000, 0))),
    "the facade": lambda: Plugin(describe("broken", connection=zttp.Connection)),
    "a name that is not its own": lambda: Plugin(describe("broken"), describe("h3")),
    "hostile plugin": Hostile,
    "hostile name": lambda: Plugin(describe(HostileText("broken"))),
    **{f"hostile {field}": partial(broken_by, field, Hostile()) for field in FIELDS},
    **{
        f"hostile text in {field}": partial(broken_by, field, (HostileText("x"),))
        for field in ("aliases", "alpn", "capabilities", "roles")
    },
}


def everything_works_but(name: str, registry: Registry) -> str:
    """Call every function; return the answers about the broken protocol."""
    errors = []
    for _ in range(2):
        with pytest.raises(ProtocolLookupError) as caught:
            registry.resolve(name)
        errors.append(str(caught.value))
    assert registry.resolve("toy").descriptor.name == "toy"
    assert registry.resolve("plaything").descriptor.name == "toy"
    assert [one.start for one in registry.prefaces()] == [b"\x00toy"]
    infos = {info.name: info for info in registry.load_plugins()}
    assert (infos["toy"].status, infos[name].status) == ("loaded", "broken")
    assert infos[name].error == errors[0] == errors[1]
    json.dumps(errors[0])
    assert errors[0].isprintable()
    assert len(errors[0]) < 800
    return errors[0]


@pytest.mark.parametrize("case", BROKEN)
def test_a_plugin_can_be_anything_and_breaks_its_own_protocol_alone(case: str) -> None:
    broken = FakeEntryPoint("broken", BROKEN[case](), "zttp-broken", "0.1")
    sound = toy_entry(aliases=("plaything",), preface=b"\x00toy")
    for registry in (registry_of(broken, sound), registry_of(sound, broken)):
        assert "zttp-broken 0.1" in everything_works_but("broken", registry)


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("hook returns None", "zttp_register_protocols must return ProtocolDescriptor objects, got None"),
        ("hook returns a number", "zttp_register_protocols must return ProtocolDescriptor objects in a list, got 5"),
        ("two of one name", "there are two descriptors of 'broken'"),
        ("two that share a spelling", "the descriptors of 'broken' and 'two' both claim 'x'"),
        ("object", "descriptor field 'connection' must be a class of connections, got builtins:object"),
        ("a class of classes", "descriptor field 'connection' must be a class of connections, got builtins:type"),
        (
            "around the constructor",
            "descriptor field 'api_version' must be a tuple of two integers, major",
        ),
        ("a name that is not its own", "a descriptor of 'h3' needs an entry point of that name"),
        ("hostile alpn", "descriptor field 'alpn' must be a tuple of bytes, got <Hostile that cannot be shown>"),
    ],
)
def test_each_has_its_message(case: str, text: str) -> None:
    registry = registry_of(FakeEntryPoint("broken", BROKEN[case](), "zttp-broken", "0.1"))
    with pytest.raises(PluginValidationError) as caught:
        registry.resolve("broken")
    assert str(caught.value).startswith(f"protocol plugin zttp-broken 0.1: {text}")


def test_what_is_registered_gets_the_same_messages() -> None:
    registry = registry_of()
    for wrong in (None, 5, "toy", Hostile()):
        with pytest.raises(
            PluginValidationError, match=r"^protocol plugin register_protocol\(\): expected a ProtocolD"
        ):
            registry.register(wrong)  # type: ignore[arg-type]
    with pytest.raises(PluginValidationError, match=r"'connection' must be a class of connections, got builtins"):
        registry.register(describe(connection=object))


def test_a_class_that_is_named_by_a_string_is_looked_at_too() -> None:
    registry = registry_of(toy_entry(connection="builtins:object"))
    with pytest.raises(PluginValidationError, match=r"'builtins:object' must be a class of connections, got "):
        registry.connection_class(registry.resolve("toy"))


@pytest.mark.parametrize("make", [lambda: HostileClass, exiting_class], ids=["raising", "exiting"])
def test_a_hostile_class_is_usable_and_listed(make: Callable[[], type]) -> None:
    hostile = make()
    registry = registry_of(toy_entry(connection=hostile))
    [info] = registry.load_plugins()
    assert info.status == "loaded"
    zttp.register_protocol(describe("hostile", connection=hostile))
    try:
        made = zttp.Connection(zttp.SERVER, "hostile")
        assert isinstance(made, zttp.Connection)
        assert isinstance(made, zttp.ByteStreamConnection) is False
        with pytest.raises(TypeError, match="argument 'colour'"):
            zttp.Connection(zttp.SERVER, "hostile", colour=1)
        assert [info.error for info in zttp.protocols() if info.name == "hostile"] == [None]
    finally:
        zttp.unregister_protocol("hostile")


def test_what_a_plugin_does_with_its_descriptor_afterwards_changes_nothing() -> None:
    descriptor = Derived(name="toy", api_version=(1, 0), connection=Toy)
    registry = registry_of(FakeEntryPoint("toy", Plugin(descriptor)))
    registry.resolve("toy")
    object.__setattr__(descriptor, "name", Hostile())
    object.__setattr__(descriptor, "preface", Hostile())
    assert registry.resolve("toy").descriptor.keys == ("toy",)
    assert registry.prefaces() == ()


def test_names_and_summaries_are_bounded_and_escaped() -> None:
    name = "\x1b[31mred\u202e" + "x" * 10_000
    shouting = FakeEntryPoint(name, Plugin(describe("toy")), "zttp-shouting")
    wordy = toy_entry(summary="\x1b[2J\nline\u2028" + "y" * 10_000, docs_url="z" * 10_000)
    registry = registry_of(shouting, wordy)
    for info in registry.protocols():
        assert info.name.isprintable()
        assert len(info.name) <= 80
        assert info.summary.isprintable()
        assert len(info.summary) <= 200
        assert len(info.docs_url) <= 200
    with pytest.raises(ProtocolLookupError) as caught:
        registry.resolve("gopher")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 800


@pytest.mark.parametrize("asked", ["\x1b[31m", "x" * 1_000_000, 10**5000, -1, "\ud800"], ids=range(5))
def test_what_is_asked_for_is_bounded_and_escaped(asked: Any) -> None:
    with pytest.raises(zttp.UnknownProtocolError) as caught:
        registry_of(toy_entry()).resolve(asked)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("value", ["", "no module", "a.b:", ":c", "1:2", "a..b", "\x1b[31m"])
def test_an_entry_point_that_names_no_module(value: str) -> None:
    broken = EntryPoint("broken", value, Provider("zttp-broken", "0.1"))
    sound = toy_entry(aliases=("plaything",), preface=b"\x00toy")
    error = everything_works_but("broken", Registry(lambda: Scan([broken, sound])))
    assert error.startswith("protocol plugin zttp-broken 0.1: entry point 'broken' must be 'module' or 'module:object'")


@pytest.mark.parametrize("rank", ["other", "h2"])
def test_prefaces_that_begin_alike_do_not_depend_on_the_order(rank: str) -> None:
    one, other = toy_entry("one", "zttp-one", preface=b"\x00to"), toy_entry(rank, "zttp-two", preface=b"\x00toy")
    for entries in ((one, other), (other, one)):
        for asked in ("one", rank):
            registry = registry_of(*entries)
            registry.resolve(asked)
            prefaces = {preface.protocol: preface.rival for preface in registry.prefaces()}
            statuses = {info.name: info.status for info in registry.protocols()}
            if rank == "h2":  # one of ours is not replaced
                assert (prefaces, statuses) == ({"h2": ""}, {"h2": "loaded", "one": "conflict"})
            else:
                assert (prefaces, statuses) == ({"one": "other", "other": "one"}, {"one": "loaded", "other": "loaded"})
            assert {registry.resolve(name).descriptor.name for name in ("one", rank)} == {"one", rank}


def test_bytes_that_begin_two_protocols_are_an_error_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    alike = registry_of(
        *(toy_entry(name, f"zttp-{name}", preface=b"\x00" + name.encode()) for name in ("to", "toy", "x"))
    )
    monkeypatch.setattr("zttp_core.sniff.REGISTRY", alike)
    with pytest.raises(ProtocolConflictError, match=r"^protocols 'to' and 'toy' have prefaces that begin alike"):
        zttp.sniff(b"\x00toy")
    assert zttp.sniff(b"\x00x") == "x"
    assert zttp.sniff(b"GET / HTTP/1.1\r\n") == "http/1.1"


@pytest.mark.parametrize("make", [describe, lambda: describe(newer=1, alpn=(b"toy/1",), connection="a:B")])
def test_descriptors_copy_and_pickle(make: Callable[[], ProtocolDescriptor]) -> None:
    descriptor = make()
    for other in (copy.copy(descriptor), copy.deepcopy(descriptor), pickle.loads(pickle.dumps(descriptor))):
        assert other == descriptor
        assert other.newer_fields == descriptor.newer_fields
        with pytest.raises(AttributeError):
            other.name = "changed"


# ------------------------------------------------------------------------------------------- damaged distributions


def distribution(folder: Path, name: str, entry_points: bytes | None, metadata: bytes | None = b"") -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    if entry_points is not None:
        (info / "entry_points.txt").write_bytes(entry_points)
    if metadata is not None:
        (info / "METADATA").write_bytes(metadata or f"Name: {name}\nVersion: 1.0\n".encode())


GROUP = b"[zttp.protocols]\n"
SOUND = b"""
from zttp_core.plugin import ProtocolDescriptor, hookimpl
@hookimpl
def zttp_register_protocols():
    return [ProtocolDescriptor(name=%r, api_version=(1, 0), connection="tests.core.fake_plugins:Toy")]
"""

ASK = """
import contextlib, io, json, sys, zttp
from zttp.__main__ import main
def ask():
    answers = {}
    for name in ("sound", "damaged"):
        try:
            answers[name] = type(zttp.Connection(zttp.SERVER, name)).__name__
        except Exception as error:
            answers[name] = f"{type(error).__name__}: {error}"
    answers["http"] = type(zttp.Connection(zttp.SERVER)).__name__
    answers["sniff"] = zttp.sniff(b"GET / HTTP/1.1")
    answers["listed"] = {info.name: info.status for info in zttp.protocols()}
    answers["dir"] = "H1Connection" in dir(zttp)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = main(["doctor"])
    return answers, printed.getvalue(), status
"""
ASK_ONCE = (
    ASK
    + """
print(json.dumps([ask()]))
"""
)
ASK_EACH = (
    ASK
    + """
found = []
for folder in FOLDERS:
    sys.path.insert(0, folder)
    zttp.refresh_protocols()
    found.append(ask())
    sys.path.remove(folder)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(folder):
            del sys.modules[name]
print(json.dumps(found))
"""
)


Answered = tuple[dict[str, Any], str, int]  # the answers, what the doctor prints, and its status


def ask_of(folder: Path, before: str = "") -> Answered:
    """Get the answers of a new process that has one more folder with distributions."""
    [answered] = run(before + ASK_ONCE, folder)
    return answered


def run(code: str, *folders: Path) -> list[Answered]:
    root = str(Path(__file__).parents[2])
    code = f"import sys; sys.path[:0] = {[*map(str, folders), root]!r}\n{code}"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    found: list[Answered] = json.loads(done.stdout.splitlines()[-1])
    return found


class Damage(NamedTuple):
    """The fault of a distribution; the answers for its protocol, and the output of the doctor."""

    entry_points: bytes | None
    metadata: bytes | None
    answer: str
    doctor: str


DAMAGES = {
    "not UTF-8": Damage(
        GROUP + b"damaged = zttp_damaged\n\xff\xfe", b"", "UnknownProtocolError", "could not be read: damaged-1.0"
    ),
    "a line of another group": Damage(
        b"[console_scripts]\nno equals sign\n" + GROUP + b"damaged = zttp_damaged", b"", "Toy", "no faults found"
    ),
    "no equals sign": Damage(GROUP + b"damaged", b"", "PluginValidationError", "FAULT  damaged: "),
    "no value": Damage(GROUP + b"damaged = ", b"", "PluginValidationError", "FAULT  damaged: "),
    "no METADATA": Damage(GROUP + b"damaged = zttp_damaged", None, "Toy", "damaged 1.0"),
    "METADATA not UTF-8": Damage(GROUP + b"damaged = zttp_damaged", b"\xff\xfe", "Toy", "damaged 1.0"),
    "METADATA without a name": Damage(GROUP + b"damaged = zttp_damaged", b"Nothing of use", "Toy", "damaged 1.0"),
    "no such module": Damage(GROUP + b"damaged = zttp_nowhere", b"", "PluginLoadError", "FAULT  damaged: "),
    "exits": Damage(GROUP + b"damaged = zttp_exits", b"", "PluginLoadError", "SystemExit: 3"),
    "stops": Damage(GROUP + b"damaged = zttp_stops", b"", "PluginLoadError", "Stop: no more"),
    "stops in another's way": Damage(GROUP + b"damaged = zttp_gives_up", b"", "PluginLoadError", "GeneratorExit"),
    "byte order marks": Damage(
        b"\xef\xbb\xbf" + GROUP + b"damaged = zttp_damaged", b"\xef\xbb\xbfName: dam-aged\n", "Toy", "dam-aged"
    ),
    "an empty folder": Damage(None, None, "UnknownProtocolError", "no faults found"),
}


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answered]:
    """The answers with each damaged distribution, all in one process."""
    pytest.importorskip("zttp_h1.plugin")
    folders = []
    for damage in DAMAGES.values():
        folder = tmp_path_factory.mktemp("installed")
        distribution(folder, "damaged", damage.entry_points, damage.metadata)
        distribution(folder, "sound", GROUP + b"sound = zttp_sound")
        for name in ("damaged", "sound"):
            (folder / f"zttp_{name}.py").write_bytes(SOUND % name)
        (folder / "zttp_exits.py").write_text("raise SystemExit(3)")
        (folder / "zttp_stops.py").write_text("class Stop(BaseException): pass\nraise Stop('no more')")
        (folder / "zttp_gives_up.py").write_text("raise GeneratorExit")
        folders.append(str(folder))
    return dict(zip(DAMAGES, run(f"FOLDERS = {folders!r}\n{ASK_EACH}"), strict=True))


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_distribution(case: str, damaged: dict[str, Answered]) -> None:
    answers, printed, status = damaged[case]
    assert (answers["sound"], answers["http"], answers["sniff"], answers["dir"]) == (
        "Toy", "H1Connection", "http/1.1", True,
    )  # fmt: skip
    assert answers["damaged"].startswith(DAMAGES[case].answer), answers["damaged"]
    assert answers["listed"]["sound"] == "loaded"
    assert DAMAGES[case].doctor in printed
    assert status == ("FAULT" in printed)


LEGACY = """
import sys
class Legacy:
    def find_module(self, name, path=None):
        return None
class Furious:
    def find_spec(self, *arguments):
        if arguments[0] in ("zttp_core.events", "zttp_core", "zttp_h3"):
            raise RuntimeError("no finding here")
    def find_distributions(self, context):
        raise RuntimeError("no distributions here")
    def __getattr__(self, name):
        raise RuntimeError(name)
sys.path += [None, 5, b"bytes"]
import importlib.metadata, zttp_core.connection
sys.meta_path[:0] = [Legacy, Furious(), object()] if sys.version_info >= (3, 12) else [Furious(), object()]
"""


def test_what_hangs_in_the_import_system_does_not_matter(tmp_path: Path) -> None:
    pytest.importorskip("zttp_h1.plugin")
    distribution(tmp_path, "sound", GROUP + b"sound = zttp_sound")
    (tmp_path / "zttp_sound.py").write_bytes(SOUND % "sound")
    code = LEGACY.replace("object()]", "]") if sys.version_info < (3, 12) else LEGACY
    answers, printed, _ = ask_of(tmp_path, code)
    assert (answers["sound"], answers["http"], answers["dir"]) == ("Toy", "H1Connection", True)
    assert "Furious: RuntimeError: no distributions here" in printed


@pytest.mark.parametrize("place", ["a\0b", "\ud800"], ids=["NUL", "half a surrogate pair"])
def test_what_can_be_no_path_hides_no_distribution(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    before = [one.key for one in take_inventory().distributions]
    monkeypatch.setattr(sys, "path", [place, *sys.path])
    inventory = take_inventory()
    assert [one.key for one in inventory.distributions] == before
    assert inventory.whole
    assert any("Error" in fault for fault in inventory.faults)


def test_a_folder_with_nothing_in_it_hides_no_distribution(tmp_path: Path) -> None:
    distribution(tmp_path, "sound", GROUP + b"sound = zttp_sound")
    (tmp_path / "sound-0.9.dist-info").mkdir()
    (tmp_path / "zttp_sound.py").write_bytes(SOUND % "sound")
    answers, _, _ = ask_of(tmp_path)
    assert answers["sound"] == "Toy"


def test_a_line_that_leads_nowhere_takes_no_protocol_from_others(tmp_path: Path) -> None:
    distribution(tmp_path, "damaged", GROUP + b"sound\nsound = 7up")
    distribution(tmp_path, "sound", GROUP + b"sound = zttp_sound")
    (tmp_path / "zttp_sound.py").write_bytes(SOUND % "sound")
    answers, printed, status = ask_of(tmp_path)
    assert (answers["sound"], status) == ("Toy", 0)
    assert "damaged 1.0: entry point 'sound' leads nowhere" in printed


def test_a_damaged_distribution_in_an_archive_hides_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    archive = tmp_path / "plugins.zip"
    with ZipFile(archive, "w") as opened:
        opened.writestr("damaged-1.0.dist-info/METADATA", b"Name: \xff\xfe")
        opened.writestr("sound-1.0.dist-info/METADATA", b"Name: sound\nVersion: 1.0\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(archive)])
    inventory = take_inventory()
    assert "sound" in [one.key for one in inventory.distributions]
    assert any("UnicodeDecodeError" in fault for fault in inventory.faults)


class Strange:
    """The object that a module put in its own place."""

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


def test_what_a_module_puts_into_its_place_may_answer_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = FakeEntryPoint("broken", RuntimeError("no"), "zttp-broken", "0.1")
    monkeypatch.setitem(sys.modules, broken.module, Strange())
    assert "RuntimeError: no" in everything_works_but(
        "broken", registry_of(broken, toy_entry(aliases=("plaything",), preface=b"\x00toy"))
    )


def test_what_the_commands_print_of_a_plugin_is_no_order_to_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("zttp.commands.installed.REGISTRY", registry_of(toy_entry(alpn=(b"\x1b[2J\n",))))
    assert main(["protocols", "--load"]) == 0
    printed = capsys.readouterr().out
    assert "\\x1b[2J\\n" in printed
    assert all(line.isprintable() for line in printed.splitlines())


def test_what_is_said_of_a_preface_is_bounded() -> None:
    registry = registry_of(toy_entry())
    registry.register(describe("one", preface=bytes(1_000_000)))
    with pytest.raises(PluginValidationError) as caught:
        registry.register(describe("two", preface=bytes(1_000_000)))
    assert len(str(caught.value)) < 400


def test_the_repr_of_a_descriptor_is_bounded() -> None:
    assert len(repr(describe("x" * 1_000_000, connection="y" * 1_000_000))) < 400


def test_a_finder_that_is_older_than_find_spec_finds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Legacy:
        def find_module(self, name: str, path: Any = None) -> None:
            return None

    monkeypatch.setattr(sys, "meta_path", [Legacy(), *sys.meta_path])
    assert is_compiled("zttp_core.nothing") is None
    assert is_compiled("xml.sax.handler") is False
    monkeypatch.setitem(sys.modules, "strange", Hostile())
    assert is_compiled("strange") is None


def test_what_was_left_behind_by_an_installer_is_no_provider(tmp_path: Path) -> None:
    for name in ("sound", "~ound"):
        distribution(tmp_path, name, GROUP + b"sound = zttp_sound")
    (tmp_path / "zttp_sound.py").write_bytes(SOUND % "sound")
    answers, _, _ = ask_of(tmp_path)
    assert answers["sound"] == "Toy"
