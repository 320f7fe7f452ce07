"""Compiled modules work in only one interpreter of a process, because their data is shared by all.

A second interpreter that imports them would replace the objects of the first one, and leave dangling pointers when it
ends. So the import is refused, before anything is overwritten. Pure modules work in any interpreter.
"""

from __future__ import annotations

from zttp_core.module_files import is_compiled


def refuse_another_interpreter(module: str) -> None:
    """Raise in any interpreter but the main one if the module is compiled.

    Raises:
        ImportError: It is.
    """
    if is_compiled(module) and not is_main_interpreter():
        package = module.partition(".")[0]
        raise ImportError(
            f"{package} is compiled, and compiled modules work in the main interpreter alone, not in a subinterpreter. "
            "Import it there, or use wheels that were built with ZTTP_PURE=1",
            name=package,
        )


def is_main_interpreter() -> bool:
    """Return whether this code runs in the first interpreter of the process."""
    import _thread

    tells = getattr(_thread, "_is_main_interpreter", None)  # Python 3.12
    if tells is not None:
        return bool(tells())
    try:
        import _xxsubinterpreters as interpreters  # type: ignore[import-not-found, unused-ignore]
    except ImportError:  # pragma: no cover - a Python without them
        return True
    return bool(interpreters.get_current() == interpreters.get_main())
