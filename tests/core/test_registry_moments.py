"""Temporary failures are not cached: an interruption, a shortage, a partly imported module, a scan without results."""

from __future__ import annotations

import errno
import functools
import gc
import os
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

import pytest

import zttp
from tests.core.fake_plugins import FakeEntryPoint, Plugin, Toy, describe, registry_of, toy_entry
from zttp_core.discovery import EntryPoint, Scan
from zttp_core.lookup_errors import PluginLoadError, ProtocolLookupError, ProtocolNotInstalledError
from zttp_core.provider import Provider
from zttp_core.registry import Registry


class PassingEntryPoint(FakeEntryPoint):
    """An entry point that fails only the first time."""

    def __init__(self, fail: Callable[[], Any]) -> None:
        super().__init__("toy", Plugin(describe()))
        self.fail = fail

    def load(self) -> object:
        loaded = super().load()
        if self.loads == 1:
            self.fail()
        return loaded


def raises(error: BaseException) -> Callable[[], Any]:
    def fail() -> None:
        raise error

    return fail


def wraps(error: BaseException, *, explicitly: bool) -> Callable[[], Any]:
    """Raise like a plugin that turns every error into one of its own."""

    def fail() -> None:
        try:
            raise error
        except BaseException as cause:
            if explicitly:
                raise ImportError("my engine is missing") from cause
            raise ImportError("my engine is missing")  # noqa: B904 - that is the case

    return fail


PASSING = [
    MemoryError(), RecursionError(), OSError(errno.EMFILE, "Too many open files"), OSError(errno.ENOMEM, "no memory"),
    DeprecationWarning("as an error"), ExceptionGroup("two", [KeyError(), MemoryError()]),
    zttp.ProtocolLookupError("a question of the plugin's own"),
]  # fmt: skip
PASSING[-1].temporary = True  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("way", ["raised", "from", "while"])
def test_a_shortage_is_over_the_next_time(error: Exception, way: str) -> None:
    fail = raises(error) if way == "raised" else wraps(error, explicitly=way == "from")
    registry = registry_of(PassingEntryPoint(fail))
    with pytest.raises(PluginLoadError) as caught:
        registry.resolve("toy")
    assert caught.value.temporary
    assert registry.resolve("toy").descriptor.name == "toy"


class Cancelled(BaseException):
    """The error with which a framework ends a task; its class is not the plugin's."""


@pytest.mark.parametrize(
    "error",
    [KeyboardInterrupt(), GeneratorExit(), Cancelled(), BaseExceptionGroup("two", [KeyError(), Cancelled()])],
    ids=lambda error: type(error).__name__,
)
def test_an_interruption_reaches_its_author_and_is_not_kept(error: BaseException) -> None:
    for question in ("resolve", "protocols", "prefaces"):
        registry = registry_of(PassingEntryPoint(raises(error)))
        with pytest.raises(type(error)):
            registry.resolve("toy") if question == "resolve" else getattr(registry, question)()
        assert registry.resolve("toy").descriptor.name == "toy"


def test_a_keyboard_interrupt_reaches_its_author_wherever_it_is_raised() -> None:
    its_module: dict[str, Any] = {"__name__": "zttp_toy.plugin"}
    exec("def fail():\n    raise KeyboardInterrupt", its_module)
    registry = registry_of(PassingEntryPoint(its_module["fail"]))
    with pytest.raises(KeyboardInterrupt):
        registry.resolve("toy")
    assert registry.resolve("toy").descriptor.name == "toy"


def test_what_is_thrown_into_a_plugin_from_outside_is_none_of_its_own() -> None:
    """As in an event loop that cancels a task: the plugin raises nothing, it waits."""
    its_module: dict[str, Any] = {"__name__": "zttp_toy.plugin", "wait": waiting().throw}
    exec("def fail():\n    wait(GeneratorExit())", its_module)
    registry = registry_of(PassingEntryPoint(its_module["fail"]))
    with pytest.raises(GeneratorExit):
        registry.resolve("toy")
    assert registry.resolve("toy").descriptor.name == "toy"


def waiting() -> Any:
    generator = (number for number in range(2))
    next(generator)
    return generator


def test_a_verdict_is_kept_and_says_that_it_is_one() -> None:
    broken = FakeEntryPoint("toy", RuntimeError("boom"))
    registry = registry_of(broken)
    for _ in range(3):
        with pytest.raises(PluginLoadError) as caught:
            registry.resolve("toy")
        assert not caught.value.temporary
    assert broken.loads == 1


def test_what_was_being_handled_before_is_none_of_the_plugins() -> None:
    broken = FakeEntryPoint("toy", RuntimeError("boom"))
    registry = registry_of(broken)
    try:
        raise MemoryError
    except MemoryError:
        with pytest.raises(PluginLoadError) as caught:
            registry.resolve("toy")
    assert not caught.value.temporary
    with pytest.raises(PluginLoadError):
        registry.resolve("toy")
    assert broken.loads == 1


class Timeout(Exception):  # noqa: N818 - as it is called
    """The error of a signal handler."""


class Handlers:
    """The forms that a signal handler can have."""

    def method(self, number: int, frame: FrameType | None) -> None:
        raise Timeout

    def __call__(self, number: int, frame: FrameType | None) -> None:
        raise Timeout

    @staticmethod
    def function(number: int, frame: FrameType | None) -> None:
        raise Timeout

    @staticmethod
    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(3)


HANDLERS: dict[str, Any] = {
    "function": Handlers.function,
    "method": Handlers().method,
    "object": Handlers(),
    "partial": functools.partial(Handlers.function),
    "exit": Handlers.leave,
}


@pytest.fixture
def on_signal() -> Iterator[Callable[[Any], None]]:
    if current_thread() is not main_thread() or not hasattr(signal, "SIGUSR1"):
        pytest.skip("signals are for the main thread")
    before = signal.getsignal(signal.SIGUSR1)

    def set_handler(handler: Any) -> None:
        signal.signal(signal.SIGUSR1, handler)

    yield set_handler
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("form", HANDLERS)
def test_what_a_signal_handler_raises_reaches_its_author_and_is_not_kept(
    form: str, on_signal: Callable[[Any], None]
) -> None:
    on_signal(HANDLERS[form])
    for question in ("resolve", "protocols"):
        registry = registry_of(PassingEntryPoint(lambda: os.kill(os.getpid(), signal.SIGUSR1)))
        with pytest.raises(SystemExit if form == "exit" else Timeout):
            registry.resolve("toy") if question == "resolve" else registry.protocols()
        assert registry.resolve("toy").descriptor.name == "toy"


def test_a_plugin_that_wraps_what_a_signal_handler_raised(on_signal: Callable[[Any], None]) -> None:
    on_signal(Handlers.function)

    def fail() -> None:
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
        except Timeout as cause:
            raise ImportError("my engine is missing") from cause

    registry = registry_of(PassingEntryPoint(fail))
    with pytest.raises(PluginLoadError) as caught:
        registry.resolve("toy")
    assert caught.value.temporary
    assert registry.resolve("toy").descriptor.name == "toy"


def test_a_connection_class_that_could_not_be_imported_for_a_moment(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "zttp_moody.py").write_text(
        "import zttp_mood\nif zttp_mood.bad: raise MemoryError\nfrom tests.core.fake_plugins import Toy\n"
    )
    (tmp_path / "zttp_mood.py").write_text("bad = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = registry_of(toy_entry(connection="zttp_moody:Toy"))
    registration = registry.resolve("toy")
    with pytest.raises(PluginLoadError) as caught:
        registry.connection_class(registration)
    assert caught.value.temporary
    sys.modules["zttp_mood"].bad = False  # type: ignore[attr-defined]
    assert registry.connection_class(registration) == (Toy, Toy)
    for name in ("zttp_mood", "zttp_moody"):
        monkeypatch.delitem(sys.modules, name)


# ------------------------------------------------------------------------------------------------- scans


def scans(*results: Scan | Exception) -> tuple[Registry, list[Scan | Exception]]:
    """A registry whose scans find one after the other, and then the last one each time."""
    left = list(results)

    def scan() -> Scan:
        result = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(result, Exception):
            raise result
        return result

    return Registry(scan), left


@pytest.mark.parametrize("question", ["resolve", "protocols", "prefaces"])
def test_a_scan_that_could_not_be_made_is_made_again(question: str) -> None:
    registry, _ = scans(OSError(errno.EMFILE, "Too many open files"), Scan([toy_entry()]))
    with pytest.raises(ProtocolLookupError, match=r"^what is installed cannot be read: OSError: .*Too many") as caught:
        registry.resolve("toy") if question == "resolve" else getattr(registry, question)()
    assert caught.value.temporary
    assert registry.resolve("toy").descriptor.name == "toy"


def test_an_empty_scan_is_not_kept() -> None:
    registry, _ = scans(Scan([]), Scan([toy_entry(preface=b"\x00toy")]))
    with pytest.raises(ProtocolLookupError):
        registry.resolve("toy")
    assert registry.resolve("toy").descriptor.name == "toy"
    assert [one.protocol for one in registry.prefaces()] == ["toy"]


def test_a_partial_scan_is_used_and_not_kept() -> None:
    partial = Scan([toy_entry()], ["elsewhere: OSError: it is slow today"], whole=False)
    registry, left = scans(partial, partial, Scan([toy_entry(), toy_entry("h2", "zttp-h2")]))
    assert registry.resolve("toy").descriptor.name == "toy"
    with pytest.raises(ProtocolNotInstalledError, match=r"Could not be read: elsewhere: OSError: it is slow today$"):
        registry.resolve("h2")
    assert registry.resolve("h2").descriptor.name == "h2"
    assert registry.resolve("h2") is registry.resolve("h2")
    assert len(left) == 1


def test_a_distribution_that_is_damaged_does_not_make_every_question_a_scan() -> None:
    made = []

    def scan() -> Scan:
        made.append(1)
        return Scan([toy_entry()], ["broken-1.0: UnicodeDecodeError: what it says"])

    registry = Registry(scan)
    for _ in range(3):
        with pytest.raises(ProtocolLookupError):
            registry.resolve("gopher")
    assert made == [1]


STARVED = """
import os, resource, sys, zttp
import zttp_core.discovery, zttp_core.loading, zttp_core.listing, zttp_core.remedies, zttp_core.plugin
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (20, hard))
held = []
try:
    while True:
        held.append(os.open(os.devnull, os.O_RDONLY))
except OSError:
    pass
for question in (lambda: zttp.Connection(zttp.SERVER), lambda: zttp.sniff(b"GET"), zttp.protocols):
    try:
        print("answered", question())
    except zttp.ProtocolLookupError as error:
        assert error.temporary, error
for descriptor in held:
    os.close(descriptor)
print(type(zttp.Connection(zttp.SERVER)).__name__, [info.status for info in zttp.protocols()], zttp.sniff(b"GET"))
"""


def test_without_file_descriptors_nothing_is_found_and_afterwards_everything_is() -> None:
    pytest.importorskip("resource")
    pytest.importorskip("zttp_h1.plugin")
    done = subprocess.run([sys.executable, "-c", STARVED], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("H1Connection ['loaded'"), done.stdout


# ---------------------------------------------------------------------------------------- looking again


def test_a_refresh_finds_what_was_installed_removed_and_mended() -> None:
    installed = [toy_entry("old", "zttp-old"), FakeEntryPoint("broken", RuntimeError("boom"), "zttp-broken")]
    registry = Registry(lambda: Scan(installed))
    assert registry.resolve("old").descriptor.name == "old"
    with pytest.raises(PluginLoadError):
        registry.resolve("broken")
    registry.register(describe("mine", connection="nowhere.yet:Toy"))
    with pytest.raises(PluginLoadError):
        registry.connection_class(registry.resolve("mine"))
    installed[:] = [toy_entry("new", "zttp-new"), toy_entry("broken", "zttp-broken")]
    with pytest.raises(ProtocolLookupError):
        registry.resolve("new")
    registry.refresh()
    assert [info.name for info in registry.protocols()] == ["broken", "mine", "new"]
    assert registry.resolve("broken").descriptor.name == "broken"
    with pytest.raises(PluginLoadError) as caught:
        registry.connection_class(registry.resolve("mine"))
    assert not caught.value.temporary


def test_a_refresh_finds_modules_that_are_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = Registry(lambda: Scan([EntryPoint("late", "zttp_late", Provider("zttp-late", "1"))]))
    with pytest.raises(PluginLoadError, match="No module named 'zttp_late'"):
        registry.resolve("late")
    (tmp_path / "zttp_late.py").write_text(
        "from zttp_core.plugin import ProtocolDescriptor, hookimpl\n"
        "@hookimpl\n"
        "def zttp_register_protocols():\n"
        "    return [ProtocolDescriptor(name='late', api_version=(1, 0), connection='tests.core.fake_plugins:Toy')]\n"
    )
    with pytest.raises(PluginLoadError):
        registry.resolve("late")
    registry.refresh()
    assert registry.resolve("late").descriptor.name == "late"
    monkeypatch.delitem(sys.modules, "zttp_late")


def test_zttp_has_it() -> None:
    before = zttp.protocols()
    zttp.refresh_protocols()
    assert zttp.protocols() == before


# ------------------------------------------------------------------------------- what is kept of a failure


class Held:
    """An object that a frame refers to."""


def test_a_stored_failure_keeps_no_frames_and_no_foreign_context() -> None:
    held = Held()
    watch = weakref.ref(held)

    class OwnError(Exception):
        pass

    class Failing(FakeEntryPoint):
        def load(self) -> object:
            raise OwnError("boom", Held)

    registry = registry_of(Failing("toy", None))

    def ask_while_handling(held: Held) -> None:
        try:
            raise ValueError("foreign")
        except ValueError:
            with pytest.raises(PluginLoadError):
                registry.resolve("toy")

    ask_while_handling(held)
    del held
    gc.collect()
    assert watch() is None
    with pytest.raises(PluginLoadError) as caught:
        registry.resolve("toy")
    assert caught.value.__context__ is None
    assert caught.value.__cause__ is not None
    assert caught.value.__cause__.__traceback__ is None
    assert caught.value.__cause__.__context__ is None
    assert type(caught.value.__cause__) is Exception
    assert "boom" in str(caught.value.__cause__)
    assert any("test_registry_moments.py" in note for note in caught.value.__cause__.__notes__)


def test_two_questions_get_two_errors() -> None:
    registry = registry_of(FakeEntryPoint("toy", RuntimeError("boom")))
    errors = []
    for _ in range(3):
        with pytest.raises(PluginLoadError) as caught:
            registry.resolve("toy")
        errors.append(caught.value)
    assert len({id(error) for error in errors}) == 3
    assert len({str(error) for error in errors}) == 1


# --------------------------------------------------------------------------------- a plugin that asks


def asks(question: Callable[[Registry], Any]) -> tuple[Registry, list[Any]]:
    """A registry with a plugin that asks the registry something while it is loaded."""
    answers: list[Any] = []

    class Asking(FakeEntryPoint):
        def load(self) -> object:
            try:
                answers.append(question(registry))
            except ProtocolLookupError as error:
                answers.append(error)
            return super().load()

    registry = registry_of(
        Asking("toy", Plugin(describe(aliases=("plaything",), preface=b"\x00toy"))),
        toy_entry("other", "zttp-other", preface=b"\x00other"),
    )
    return registry, answers


@pytest.mark.parametrize(
    "question",
    [
        lambda registry: registry.prefaces(),
        lambda registry: registry.protocols(),
        lambda registry: registry.load_plugins(),
        lambda registry: registry.resolve("gopher"),
        lambda registry: registry.resolve("plaything"),
        lambda registry: registry.resolve("toy"),
        lambda registry: registry.refresh(),
        lambda registry: registry.register(describe("mine", preface=b"\x00mine")),
    ],
    ids=["prefaces", "protocols", "load_plugins", "unknown", "its alias", "itself", "refresh", "register"],
)
@pytest.mark.parametrize("first", ["toy", "other", "protocols", "prefaces", "plaything"])
def test_a_plugin_that_asks_while_it_is_loaded_is_not_broken_by_it(
    question: Callable[[Registry], Any], first: str
) -> None:
    registry, answers = asks(question)
    if first in ("protocols", "prefaces"):
        getattr(registry, first)()
    else:
        registry.resolve(first)
    assert registry.resolve("toy").descriptor.name == "toy"
    if any(info.name == "mine" for info in registry.protocols(load=False)):
        registry.unregister("mine")
    assert registry.resolve("plaything").descriptor.name == "toy"
    assert [one.protocol for one in registry.prefaces()] == ["other", "toy"]
    assert [info.status for info in registry.protocols()] == ["loaded", "loaded"]
    assert answers


def test_plugins_that_need_each_other_are_told_so_and_nothing_of_it_is_kept() -> None:
    helpful = False

    class Needy(FakeEntryPoint):
        def load(self) -> object:
            if not helpful:
                registry.resolve("two" if self.name == "one" else "one")
            return super().load()

    registry = registry_of(
        Needy("one", Plugin(describe("one")), "zttp-one"), Needy("two", Plugin(describe("two")), "zttp-two")
    )
    for name in ("one", "two", "one"):
        with pytest.raises(PluginLoadError, match=r"is being loaded, and its plugin asks for it") as caught:
            registry.resolve(name)
        assert caught.value.temporary
    helpful = True
    assert registry.resolve("one").descriptor.name == "one"
    assert registry.resolve("two").descriptor.name == "two"
