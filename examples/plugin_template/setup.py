"""Build: compiled by mypyc, or pure Python with ``ZTTP_LINE_PURE=1``. There is no fallback between them."""

import os
import sys

from setuptools import Extension, setup

# The modules that run for each message. `plugin.py` stays interpreted, because pluggy cannot hook compiled functions;
# so does `__init__.py`, which tells which build this is.
COMPILED_MODULES = ("src/zttp_line/codec.py", "src/zttp_line/connection.py")


def extensions() -> list[Extension]:
    """Translate the compiled modules to C; an error of mypy or of the C compiler ends the build."""
    pure = os.environ.get("ZTTP_LINE_PURE", "0") not in ("", "0")
    if pure or {"egg_info", "dist_info", "sdist"} & set(sys.argv):  # nothing to compile, or only metadata to write
        return []
    from mypyc.build import mypycify

    # One call makes one compilation unit: within it, calls and attributes are direct C accesses.
    modules: list[Extension] = mypycify(
        ["--config-file=pyproject.toml", *COMPILED_MODULES],
        opt_level="3",
        debug_level="0",
        strip_asserts=True,
        group_name="zttp_line",
    )
    return modules


setup(ext_modules=extensions())
