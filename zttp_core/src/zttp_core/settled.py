"""The result of running a plugin's code, once it is final.

There is no lock: a thread that needs an unsettled result runs the code itself, and the first to finish settles it. (A
lock that is held while a plugin is imported could be taken in the opposite order to the import system's own locks, and
stays locked forever in the child of a fork.) Imports run once in any case; a hook may be called twice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from threading import RLock, get_ident
from types import FrameType
from typing import Any, Final

from zttp_core.lookup_errors import ProtocolLookupError

_changes = RLock()


def changing() -> RLock:
    """Return the lock for storing results. It is held only for that; no code of others runs meanwhile."""
    return _changes


class Verdict:
    """A failure of the plugin itself, without its frames and other objects."""

    __slots__ = ("_cause", "_kind", "_place", "_text")

    def __init__(self, error: ProtocolLookupError) -> None:
        self._kind = type(error)
        self._text = str(error)
        self._cause: tuple[type[Exception], str] | None = None
        self._place = ""
        if error.__cause__ is not None:
            from zttp_core.wording import place_of, words_of

            self._cause = _builtin(type(error.__cause__)), words_of(error.__cause__)
            self._place = place_of(error.__cause__)

    def error(self) -> ProtocolLookupError:
        """Return the error to raise: a new one each time, because each raise would make its traceback longer."""
        error = self._kind(self._text)
        if self._cause is not None:
            kind, words = self._cause
            try:
                error.__cause__ = kind(words)
            except Exception:  # noqa: BLE001 - some take more than words
                error.__cause__ = Exception(words)
            if self._place:
                error.__cause__.add_note(self._place)
        return error


class Settled:
    """A value, or a failure, or neither yet."""

    __slots__ = ("_value", "_verdict")

    def __init__(self) -> None:
        self._value: Any = None
        self._verdict: Verdict | None = None

    @property
    def verdict(self) -> ProtocolLookupError | None:
        """The error, if there is a failure."""
        return None if self._verdict is None else self._verdict.error()

    @property
    def value(self) -> Any:
        """The value, or ``None``."""
        return self._value

    def get(self, work: Callable[[], Any]) -> Any:
        """Return the value, computing it if need be. A temporary failure is raised, and not kept."""
        if self._value is not None:
            return self._value
        if self._verdict is not None:
            raise self._verdict.error()
        try:
            value = self._work(work)
        except ProtocolLookupError as error:
            if not error.temporary:
                self._verdict = Verdict(error)
            raise
        with changing():
            if self._value is None:  # otherwise another thread was faster, and all must get the same
                self._value = value
            return self._value

    def _work(self, work: Callable[[], Any]) -> Any:
        return work()

    @property
    def is_under_way(self) -> bool:
        """Whether this thread is already loading it: the plugin looks itself up while it is loaded.

        The stack is reliable after any interruption; a flag could be left set.
        """
        frame: FrameType | None = sys._getframe()  # noqa: SLF001
        while frame is not None:
            if frame.f_code is _WORKING and frame.f_locals.get("self") is self:
                return True
            frame = frame.f_back
        return False


_WORKING: Final = Settled._work.__code__  # noqa: SLF001


def _builtin(kind: type[BaseException]) -> type[Exception]:
    """Return the built-in base of an error class: the plugin's own class may hold anything."""
    bases: tuple[type[Any], ...] = type.__getattribute__(kind, "__mro__")
    known = (
        base
        for base in bases
        if type.__getattribute__(base, "__module__") == "builtins" and issubclass(base, (Exception, SystemExit))
    )
    return next(known, Exception)  # type: ignore[return-value]


def is_half_imported(module: str) -> bool:
    """Return whether a module is being imported, and may be incomplete."""
    try:
        spec = getattr(sys.modules.get(module), "__spec__", None)
        return getattr(spec, "_initializing", False) is True
    except Exception:  # noqa: BLE001 - what a module puts into its place may answer anything
        return False


def _forget_lost_threads() -> None:
    """In the child of a fork, make modules importable again that vanished threads were importing.

    Python keeps the state of module locks: the child would wait forever for a module that its parent was importing,
    whether for a connection, for an attribute of ``zttp`` or by a plain ``import`` of a plugin.
    """
    global _changes  # noqa: PLW0603 - the one that the parent had may be held for ever
    _changes = RLock()
    locks = getattr(sys.modules.get("_frozen_importlib"), "_module_locks", {})
    for module, reference in list(locks.items()):
        if getattr(reference(), "owner", None) not in (None, get_ident()):
            locks.pop(module, None)
            if is_half_imported(module):
                del sys.modules[module]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lost_threads)
