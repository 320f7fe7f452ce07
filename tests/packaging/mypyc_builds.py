"""Small separate mypycify builds, for tests about the compiler itself."""

import sys
from pathlib import Path

from tests.packaging.conftest import run

SETUP = """
from setuptools import setup
from mypyc.build import mypycify
setup(name="sample", ext_modules=mypycify([{module!r}], opt_level="0", target_dir={target!r}))
"""


def compile_module(folder: Path, module: str, source: str) -> Path:
    """Compile one module in one mypycify call, in place; return the generated C."""
    (folder / f"{module}.py").write_text(source)
    target = folder / f"build_{module}"
    setup = folder / f"setup_{module}.py"
    setup.write_text(SETUP.format(module=f"{module}.py", target=str(target)))
    run(sys.executable, setup, "build_ext", "--inplace", cwd=folder, PYTHONPATH=str(folder))
    assert list(folder.glob(f"{module}.*.so")) or list(folder.glob(f"{module}.*.pyd"))
    [generated] = target.glob("__native*.c")
    return generated
