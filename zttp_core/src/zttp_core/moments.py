"""Temporary errors: their cause is the state of the process while a plugin was loaded, not the plugin."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Final

from zttp_core.settled import is_half_imported
from zttp_core.wording import own_of

_SHORTAGES: Final = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EAGAIN, errno.EINTR))


def is_shortage(error: OSError) -> bool:
    """Return whether the process or the machine lacked a resource."""
    number = vars(OSError)["errno"].__get__(error)  # an error may have a property of that name
    return type(number) is int and number in _SHORTAGES


def interrupts(error: BaseException, modules: Iterable[str] = ()) -> bool:
    """Return whether this is not a failure but a request to end the program, which must be passed on.

    A ``SystemExit`` of the plugin is a failure. So is an error whose class belongs to one of its ``modules``, whatever
    its base class, and an error that its own code raises by a statement. An exception of a signal handler is not a
    failure, nor is ``KeyboardInterrupt``.
    """
    kind = type(error)
    if issubclass(kind, BaseExceptionGroup) and not issubclass(kind, Exception):
        return any(interrupts(one, modules) for one in _members(error))
    if not issubclass(kind, (Exception, SystemExit)) and not _is_own(error, modules):
        return True
    return _is_of_a_signal_handler(error)


def passes(error: BaseException, modules: Iterable[str], handled: BaseException | None) -> bool:
    """Return whether the failure may be over the next time.

    Args:
        error: The exception. Its cause and context count as well, because plugins wrap errors.
        modules: The modules being imported. Another thread may still import them: then they are incomplete.
        handled: The exception that was already being handled before, which does not belong to the plugin.
    """
    chain = list(_chain(error, handled))
    modules = list(modules)
    return (
        any(_is_momentary(one, modules) or _is_of_a_signal_handler(one) for one in chain)
        or any(map(is_half_imported, modules))
        or _is_out_of_descriptors()
    )


def _is_own(error: BaseException, modules: Iterable[str]) -> bool:
    """Return whether an error that is not an Exception still belongs to the plugin: by its class, or by its origin."""
    kind = type(error)
    if _belongs(type.__getattribute__(kind, "__module__"), modules):
        return True
    return not issubclass(kind, KeyboardInterrupt) and _is_raised_by(error, modules)


def _belongs(home: object, modules: Iterable[str]) -> bool:
    """Return whether a module is in the package of one of the modules."""
    return type(home) is str and home.partition(".")[0] in {module.partition(".")[0] for module in modules}


def _is_raised_by(error: BaseException, modules: Iterable[str]) -> bool:
    """Return whether a ``raise`` of these modules raised the error: one from outside interrupted another statement."""
    import opcode

    traceback = own_of(error, "__traceback__")
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None or not _belongs(traceback.tb_frame.f_globals.get("__name__"), modules):
        return False
    at, code = traceback.tb_lasti, traceback.tb_frame.f_code.co_code
    return bool(code[at : at + 1] == bytes((opcode.opmap["RAISE_VARARGS"],)))


def _members(group: BaseException) -> tuple[BaseException, ...]:
    members: tuple[BaseException, ...] = vars(BaseExceptionGroup)["exceptions"].__get__(group)
    return members


def _is_momentary(error: BaseException, modules: Iterable[str]) -> bool:
    kind = type(error)  # `isinstance` would read `__class__` of the error, whose class may be of any origin
    if issubclass(kind, BaseExceptionGroup):
        return False  # its content may be
    if issubclass(kind, OSError):
        return is_shortage(error)  # type: ignore[arg-type]
    if issubclass(kind, (MemoryError, RecursionError, Warning)):  # a warning is an error while the filters say so
        return True
    if not issubclass(kind, Exception):
        return not issubclass(kind, SystemExit) and not _is_own(error, modules)
    from zttp_core.lookup_errors import ProtocolLookupError

    return issubclass(kind, ProtocolLookupError) and error.temporary is True  # type: ignore[attr-defined]


def _chain(error: BaseException, handled: BaseException | None) -> Iterator[BaseException]:
    seen = {id(handled)}
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [own_of(one, "__cause__"), own_of(one, "__context__")]
        if issubclass(type(one), BaseExceptionGroup):
            waiting += _members(one)


def _is_of_a_signal_handler(error: BaseException) -> bool:
    """Return whether a signal handler is among the frames of the error."""
    codes = None
    traceback = own_of(error, "__traceback__")
    while traceback is not None:
        if codes is None:
            codes = set(_codes_of_signal_handlers())
        if traceback.tb_frame.f_code in codes:
            return True
        traceback = traceback.tb_next
    return False


def _codes_of_signal_handlers() -> Iterator[CodeType]:
    import signal

    for number in signal.valid_signals():
        handler: object = signal.getsignal(number)
        while hasattr(handler, "func"):
            handler = handler.func  # functools.partial
        for function in (handler, getattr(handler, "__func__", None), getattr(type(handler), "__call__", None)):  # noqa: B004
            code = getattr(function, "__code__", None)
            if isinstance(code, CodeType):
                yield code


def _is_out_of_descriptors() -> bool:
    """Return whether no file can be opened: the failed code may not have reported it (a C library does not)."""
    import os

    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return is_shortage(error)
    return False
