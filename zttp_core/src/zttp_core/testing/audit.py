"""Watching what code does beyond computing: files, sockets, processes, threads, clocks, the environment, logs."""

from __future__ import annotations

import _thread
import builtins
import datetime as dt
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any, Final

from zttp_core.testing.probe import ACTS

_FILES: Final = ("open", "os.", "shutil.", "tempfile.", "pathlib.", "glob.", "fcntl.", "mmap.")
_CLOCKS: Final = (
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
    "process_time_ns", "thread_time", "thread_time_ns", "localtime", "gmtime", "sleep",
)  # fmt: skip

_seen: list[str] = []
_watched_thread = 0  # no thread has this number
_hooked = False


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect the audit events of this thread that a protocol must not cause."""
    global _watched_thread, _hooked  # noqa: PLW0603
    if not _hooked:
        sys.addaudithook(_note)  # for good: an audit hook cannot be taken away
        _hooked = True
    _seen.clear()
    start, start_new = threading.Thread.start, _thread.start_new_thread
    threading.Thread.start = _noting_a_thread(start)  # type: ignore[method-assign]
    _thread.start_new_thread = _noting_a_thread(start_new)
    _watched_thread = get_ident()
    try:
        yield _seen
    finally:
        _watched_thread = 0
        threading.Thread.start = start  # type: ignore[method-assign]
        _thread.start_new_thread = start_new


def _note(event: str, arguments: tuple[object, ...]) -> None:
    if _watched_thread and event.startswith((*ACTS, *_FILES)) and get_ident() == _watched_thread:
        _seen.append(f"{event} {arguments[0]!r:.80}" if arguments else event)


def _noting_a_thread(start: Callable[..., Any]) -> Callable[..., Any]:
    """Return what notes the start of a thread: Python 3.11 has no audit event for it."""

    def noting(*arguments: Any, **options: Any) -> Any:
        if get_ident() == _watched_thread:
            _seen.append("a thread is started")
        return start(*arguments, **options)

    return noting


@contextmanager
def trapped(package: str) -> Iterator[list[str]]:
    """Put stand-ins for clocks, the environment and logs before a package; collect what it asks them.

    A name that a module has bound to one of them is found too. What a C library asks the system is not.
    """
    reads: list[str] = []
    thread = get_ident()
    replaced: list[tuple[object, str, object]] = []

    def noting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def read(*arguments: Any, **options: Any) -> Any:
            if get_ident() == thread:
                reads.append(name)
            return function(*arguments, **options)

        return read

    stand_ins: dict[int, tuple[object, object]] = {}
    for name in _CLOCKS:
        clock = getattr(time, name)
        stand_ins[id(clock)] = clock, noting(f"time.{name}", clock)
    stand_ins[id(os.getenv)] = os.getenv, noting("os.getenv", os.getenv)
    stand_ins[id(os.environ)] = os.environ, _Environment(reads, thread)
    stand_ins[id(dt.datetime)] = dt.datetime, _datetime_that_notes(reads)
    stand_ins[id(print)] = print, noting("print", print)
    modules = [module for name, module in list(sys.modules.items()) if (name + ".").startswith(package + ".")]
    for module in [time, os, dt, builtins, *modules]:
        for name, value in list(vars(module).items()):
            found = stand_ins.get(id(value))
            if found is not None and found[0] is value:
                replaced.append((module, name, value))
                setattr(module, name, found[1])
    replaced.append((logging.Logger, "isEnabledFor", logging.Logger.isEnabledFor))
    logging.Logger.isEnabledFor = noting("logging", logging.Logger.isEnabledFor)  # type: ignore[method-assign]
    try:
        yield reads
    finally:
        for owner, name, value in replaced:
            setattr(owner, name, value)


class _Environment:
    """The environment, noting every look at it."""

    def __init__(self, reads: list[str], thread: int) -> None:
        self._reads = reads
        self._thread = thread
        self._real = os.environ

    def __getattr__(self, name: str) -> Any:
        self._note()
        return getattr(self._real, name)

    def __getitem__(self, name: str) -> str:
        self._note()
        return self._real[name]

    def __contains__(self, name: object) -> bool:
        self._note()
        return name in self._real

    def __iter__(self) -> Iterator[str]:
        self._note()
        return iter(self._real)

    def __len__(self) -> int:
        self._note()
        return len(self._real)

    def _note(self) -> None:
        if get_ident() == self._thread:
            self._reads.append("os.environ")


def _datetime_that_notes(reads: list[str]) -> type[dt.datetime]:
    class Noting(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            reads.append("datetime.now")
            return super().now(tz)

        @classmethod
        def today(cls) -> Any:
            reads.append("datetime.today")
            return super().today()

    return Noting
