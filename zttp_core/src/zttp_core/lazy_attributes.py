"""Packages whose names are imported on first use (PEP 562)."""

from __future__ import annotations

from collections.abc import Callable, Mapping


def lazy_attributes(package: str, home: Mapping[str, str], hot_module: str) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a plugin's package, so that reading its description imports nothing else.

    Args:
        package: The name of the package.
        home: The module of each name.
        hot_module: The module that decides ``COMPILED``: whether this installation is compiled.
    """
    from zttp_core.interpreters import refuse_another_interpreter

    refuse_another_interpreter(hot_module)

    def __getattr__(name: str) -> object:  # noqa: N807 - what PEP 562 calls it
        import sys
        from importlib import import_module

        from zttp_core.module_files import is_compiled

        if name == "COMPILED":
            value: object = is_compiled(hot_module) is True
        elif name in home:
            value = getattr(import_module(home[name]), name)
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}", name=name)
        setattr(sys.modules[package], name, value)
        return value

    return __getattr__
