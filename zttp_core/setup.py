"""Build: compiled by mypyc, or pure Python where ``ZTTP_PURE=1`` asks for it. Never one in place of the other."""

import os
import sys
from runpy import run_path

from setuptools import Extension, setup

# What runs per message. Everything else stays interpreted: it is subclassed by other distributions, holds pluggy hooks,
# or runs once.
COMPILED_MODULES = (
    "connect",
    "events/connection_level",
    "events/content",
    "events/factories",
    "events/requests",
    "events/responses",
    "events/stream_level",
    "excerpts",
    "field_lines",
    "field_lookup",
    "field_names",
    "field_pairs",
    "header_block",
    "messages/authority",
    "messages/connection_fields",
    "messages/content",
    "messages/content_length",
    "messages/cookies",
    "messages/fields",
    "messages/grammar",
    "messages/priorities",
    "messages/reading",
    "messages/states",
    "messages/targets",
    "messages/trailers",
    "messages/writing",
    "usual_fields",
    "vocabulary",
    "words",
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

    paths = [f"src/zttp_core/{module}.py" for module in COMPILED_MODULES]
    modules: list[Extension] = mypycify(
        ["--config-file=pyproject.toml", *paths],
        opt_level="3",
        debug_level="0",
        strip_asserts=True,
        group_name="zttp_core",
    )
    if sys.platform != "win32":  # gcc and clang
        for module in modules:
            module.extra_compile_args = [*module.extra_compile_args, *FLAGS]
    generated = [source for module in modules for source in module.sources]
    run_path("docstrings_in_c.py")["add_docstrings"](generated, paths)
    return modules


setup(ext_modules=extensions())
