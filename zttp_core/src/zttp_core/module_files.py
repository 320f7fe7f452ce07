"""Where a module's code is, found without running any of it."""

from __future__ import annotations


def is_compiled(module: str) -> bool | None:
    """Return whether the module is an extension module; ``None`` if there is no such module."""
    import sys
    from importlib.machinery import EXTENSION_SUFFIXES

    loaded = sys.modules.get(module)
    origin = getattr(loaded, "__file__", None) if loaded is not None else _find_origin(module)
    return None if origin is None else origin.endswith(tuple(EXTENSION_SUFFIXES))


def _find_origin(module: str) -> str | None:
    """Return the file of a module. ``importlib.util.find_spec`` would import its packages on the way."""
    import sys

    name, path, spec = "", None, None
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        specs = (finder.find_spec(name, path) for finder in sys.meta_path)
        spec = next((found for found in specs if found is not None), None)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return None if spec is None else spec.origin
