"""Build: compiled by mypyc, or pure Python where ``ZTTP_LINE_PURE=1`` asks for it. Never one in place of the other."""

import os
import sys

from setuptools import Extension, setup

# What runs for each message. `plugin.py` stays interpreted, since pluggy cannot hook compiled functions; so does
# `__init__.py`, which says what was built.
COMPILED_MODULES = ("src/zttp_line/codec.py", "src/zttp_line/connection.py")


def extensions() -> list[Extension]:
    """Translate the compiled modules to C; an error of mypy or of the C compiler ends the build."""
    pure = os.environ.get("ZTTP_LINE_PURE", "0") not in ("", "0")
    if pure or {"egg_info", "dist_info", "sdist"} & set(sys.argv):  # nothing to compile, or only metadata to write
        return []
    from mypyc.build import mypycify

    # One call, one compilation unit: within it, calls and attributes are those of C.
    modules: list[Extension] = mypycify(
        ["--config-file=pyproject.toml", *COMPILED_MODULES],
        opt_level="3",
        debug_level="0",
        strip_asserts=True,
        group_name="zttp_line",
    )
    return modules


setup(ext_modules=extensions())
