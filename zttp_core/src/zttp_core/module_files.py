"""Finds the file of a module without running its code, whatever finders are installed."""

from __future__ import annotations


def is_compiled(module: str) -> bool | None:
    """Return whether the module is an extension module; ``None`` if there is no such module."""
    import sys
    from importlib.machinery import EXTENSION_SUFFIXES

    loaded = sys.modules.get(module)
    origin = getattr(loaded, "__dict__", {}).get("__file__") if loaded is not None else _find_origin(module)
    return origin.endswith(tuple(EXTENSION_SUFFIXES)) if isinstance(origin, str) else None


def _find_origin(module: str) -> object:
    """Return the file of a module. ``importlib.util.find_spec`` would import its packages on the way."""
    name, path, spec = "", None, None
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = _find_spec(name, path)
        if spec is None:
            return None
        path = getattr(spec, "submodule_search_locations", None)
    return getattr(spec, "origin", None)


def _find_spec(name: str, path: object) -> object:
    """Call every finder in turn. A finder without ``find_spec``, or one that fails, finds nothing."""
    import sys

    for finder in list(sys.meta_path):
        try:
            spec = finder.find_spec(name, path)  # type: ignore[arg-type]
        except Exception:  # noqa: BLE001, S112 - anybody may put a finder there, and it must not break the listing
            continue
        if spec is not None:
            return spec
    return None
