"""LINE for zttp."""

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec


def is_compiled() -> bool:
    """Return whether this is the compiled build."""
    found = find_spec("zttp_line.connection")
    return found is not None and (found.origin or "").endswith(tuple(EXTENSION_SUFFIXES))
