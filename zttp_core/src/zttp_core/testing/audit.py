"""Watching the side effects of code: files, sockets, processes, threads."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any, Final

from zttp_core.testing.probe import ACTS

_FILES: Final = ("open", "os.", "shutil.", "tempfile.", "pathlib.", "glob.", "fcntl.", "mmap.")
_seen: list[str] = []
_watched_thread = 0  # no thread has this number
_hooked = False


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect the audit events of this thread that a protocol must not cause."""
    global _watched_thread, _hooked  # noqa: PLW0603
    if not _hooked:
        sys.addaudithook(_note)  # permanent: an audit hook cannot be removed
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
    """Return a function that records the start of a thread: Python 3.11 has no audit event for it."""

    def noting(*arguments: Any, **options: Any) -> Any:
        if get_ident() == _watched_thread:
            _seen.append("a thread is started")
        return start(*arguments, **options)

    return noting
