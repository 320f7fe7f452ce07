"""Stand-ins for what a protocol must not use: clocks, entropy, the environment, standard streams, logs, the process.

Two methods, because each has gaps. Stand-ins are found by every lookup of a name, compiled or not; a profiler sees the
calls of interpreted code under any name: a default argument, an attribute of a class, a method that was bound long ago.
Neither sees system calls of a C library.

It imports only the standard library: a program that must not import what it watches loads it by its path.
"""

from __future__ import annotations

import atexit
import builtins
import datetime as dt
import gc
import importlib
import locale
import logging
import os
import random
import secrets
import select
import signal
import sys
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import get_ident
from types import FrameType, ModuleType
from typing import Any, Final

# All functions of these, except those that only compute.
_MODULES: Final[dict[ModuleType, tuple[str, ...]]] = {
    time: (), random: (), secrets: ("compare_digest",), uuid: (), locale: ()
}  # fmt: skip
_SYSTEM: Final = importlib.import_module(os.name)  # posix or nt
_COMPUTING: Final = ("fspath", "strerror", "device_encoding", "major", "minor", "makedev")
_OTHERS: Final = {
    builtins: ("print", "input", "breakpoint"),
    warnings: ("warn", "warn_explicit"),
    os: ("getenv", "getenvb", "putenv", "unsetenv"),
    sys: ("setrecursionlimit", "setswitchinterval", "settrace", "excepthook", "displayhook"),
    gc: ("enable", "disable", "freeze", "set_threshold", "collect"),
    signal: ("signal", "alarm", "setitimer"),
    atexit: ("register",),
    select: ("select", "poll", "epoll"),
}
_STREAMS: Final = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")
_ENVIRONMENT: Final = ("__getitem__", "__setitem__", "__delitem__", "__iter__", "__len__")
_CALENDARS: Final = (dt.datetime, dt.date)  # as they are when nothing stands in for them
_NOW: Final = ("now", "today", "utcnow")
_NOT_REPLACED: Final = ("_pytest.", "zttp_core.testing.", "importlib.", "coverage.")


@contextmanager
def trapped(callers: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """Collect this thread's accesses to its process.

    Args:
        callers: The packages whose calls are recorded. None means all.
    """
    asked: list[str] = []
    thread = get_ident()

    def note(name: str, frame: FrameType | None) -> None:
        if get_ident() == thread and (not callers or _is_called_by(callers, name, frame)):
            asked.append(name)

    functions = _functions()
    stand_ins: dict[int, tuple[object, object]] = {
        number: (function, _noting(name, function, note)) for number, (name, function) in functions.items()
    }
    streams: dict[int, Any] = {id(stream): stream for name in _STREAMS if (stream := getattr(sys, name)) is not None}
    for stream in streams.values():
        stand_ins[id(stream)] = stream, _Stream(stream, note)
    for kind in _CALENDARS:
        stand_ins[id(kind)] = kind, _calendar(kind, note)
    watched = {number: name for number, (name, _) in functions.items()}
    undo: list[tuple[Any, str, object]] = []
    profiler = sys.getprofile()
    collecting, gc.callbacks[:] = gc.callbacks[:], []  # other libraries' functions, which may read clocks
    try:
        _replace(stand_ins, undo)
        for method in _ENVIRONMENT:
            _patch(os._Environ, method, _noting("os.environ", getattr(os._Environ, method), note), undo)  # noqa: SLF001
        _patch(logging.Logger, "isEnabledFor", _noting("logging", logging.Logger.isEnabledFor, note), undo)
        _patch(logging.Logger, "handle", _noting("logging", logging.Logger.handle, note), undo)
        sys.setprofile(_profiler(watched, {id(part) for whole in streams.values() for part in _parts(whole)}, note))
        yield asked
    finally:
        sys.setprofile(profiler)
        gc.callbacks[:] = collecting
        for owner, name, value in reversed(undo):
            setattr(owner, name, value)


def _functions() -> dict[int, tuple[str, Any]]:
    """Return the watched functions by identity, with their names."""
    found: dict[int, tuple[str, Any]] = {}
    for module, left_out in _MODULES.items():
        for name, value in vars(module).items():
            if callable(value) and not isinstance(value, type) and name[0] != "_" and name not in left_out:
                found[id(value)] = f"{module.__name__}.{name}", value
    for name, value in vars(_SYSTEM).items():
        if type(value) is type(len) and name[0] != "_" and name not in _COMPUTING and not name.startswith("W"):
            found[id(value)] = f"os.{name}", value
    for module, names in _OTHERS.items():
        for name in names:
            if (value := getattr(module, name, None)) is not None:
                found[id(value)] = name if module is builtins else f"{module.__name__}.{name}", value
    return found


def _noting(name: str, function: Callable[..., Any], note: Callable[[str, FrameType | None], None]) -> Any:
    def stand_in(*arguments: Any, **options: Any) -> Any:
        note(name, sys._getframe(1))  # noqa: SLF001
        return function(*arguments, **options)

    return stand_in


def _profiler(watched: dict[int, str], streams: set[int], note: Callable[[str, FrameType | None], None]) -> Any:
    def see(frame: FrameType, event: str, argument: Any) -> None:
        if event != "c_call":
            return
        owner = getattr(argument, "__self__", None)
        if id(argument) in watched:
            note(watched[id(argument)], frame)
        elif id(owner) in streams:
            note("a standard stream", frame)
        elif isinstance(owner, type) and issubclass(owner, _CALENDARS) and argument.__name__ in _NOW:
            note(f"datetime.{argument.__name__}", frame)

    return see


def _replace(stand_ins: dict[int, tuple[object, object]], undo: list[tuple[Any, str, object]]) -> None:
    for module_name, module in list(sys.modules.items()):
        if type(module) is not ModuleType or f"{module_name}.".startswith(_NOT_REPLACED):
            continue
        for name, value in list(vars(module).items()):
            found = stand_ins.get(id(value))
            if found is not None and found[0] is value:
                with suppress(AttributeError, TypeError):  # a module that cannot be changed
                    _patch(module, name, found[1], undo)


def _patch(owner: Any, name: str, stand_in: object, undo: list[tuple[Any, str, object]]) -> None:
    before = vars(owner)[name]
    setattr(owner, name, stand_in)
    undo.append((owner, name, before))


def _is_called_by(packages: tuple[str, ...], name: str, frame: FrameType | None) -> bool:
    caller = ""
    while frame is not None and (caller := str(frame.f_globals.get("__name__", ""))) in ("os", "collections.abc"):
        frame = frame.f_back  # os.environ is a mapping, which inherits most of its methods from there
    if caller.startswith("importlib."):  # a compiled module has no frame: its importer is seen instead
        return not name.startswith("os.") or name in ("os.environ", "os.getenv", "os.getenvb", "os.urandom")
    return caller.partition(".")[0] in packages


def _parts(stream: Any) -> Iterator[object]:
    """Yield a standard stream, and the streams below it."""
    yield stream
    for name in ("buffer", "raw"):
        with suppress(AttributeError, ValueError):
            stream = getattr(stream, name)
            yield stream


class _Stream:
    """A standard stream that records its use."""

    def __init__(self, stream: Any, note: Callable[[str, FrameType | None], None]) -> None:
        self.__dict__.update(_real=stream, _note=note)

    def __getattr__(self, name: str) -> Any:
        self._note("a standard stream", sys._getframe(1))  # noqa: SLF001
        return getattr(self._real, name)


def _calendar(kind: Any, note: Callable[[str, FrameType | None], None]) -> type[Any]:
    def noting(name: str) -> Any:
        def stand_in(_: type[Any], *arguments: Any, **options: Any) -> Any:
            note(f"datetime.{name}", sys._getframe(1))  # noqa: SLF001
            return getattr(kind, name)(*arguments, **options)

        return classmethod(stand_in)

    return type(kind.__name__, (kind,), {name: noting(name) for name in _NOW if hasattr(kind, name)})
