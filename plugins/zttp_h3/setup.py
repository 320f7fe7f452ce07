"""Build: compiled by mypyc, or pure Python where ``ZTTP_PURE=1`` asks for it. Never one in place of the other."""

import os
import sys
from pathlib import Path
from runpy import run_path

from setuptools import Extension, setup

# Every module is compiled but these: package surface, the pluggy hook (pluggy cannot hook compiled functions), the
# run-time names of types that mypyc knows by itself, exceptions and an enumeration.
INTERPRETED_MODULES = (
    "__init__.py",
    "plugin.py",
    "native_ints.py",
    "malformed.py",
    "codes.py",
    "alerts.py",
    "credentials.py",
)

# Calls between our own functions need no symbol lookup: 2-10 % faster. Machine integers wrap, whatever CFLAGS say. Each
# function starts on a cache line: a small request costs 4-9 % less, and depends less on where the linker puts it.
FLAGS = ("-fno-semantic-interposition", "-fvisibility=hidden", "-fwrapv", "-falign-functions=64")


def extensions() -> list[Extension]:
    """Translate the compiled modules to C; an error of mypy or of the C compiler ends the build."""
    pure = os.environ.get("ZTTP_PURE", "0") not in ("", "0")
    if pure or {"egg_info", "dist_info", "sdist"} & set(sys.argv):  # nothing to compile, or only metadata to write
        return []
    from mypyc.build import mypycify

    sources = sorted(Path("src/zttp_h3").rglob("*.py"))
    paths = [str(path) for path in sources if path.name not in INTERPRETED_MODULES]
    modules: list[Extension] = mypycify(
        ["--config-file=pyproject.toml", *paths],
        opt_level="3",
        debug_level="0",
        strip_asserts=True,
        group_name="zttp_h3",
    )
    if sys.platform != "win32":  # gcc and clang
        for module in modules:
            module.extra_compile_args = [*module.extra_compile_args, *FLAGS]
    generated = [source for module in modules for source in module.sources]
    run_path("docstrings_in_c.py")["add_docstrings"](generated, paths)
    return modules


setup(ext_modules=extensions())
