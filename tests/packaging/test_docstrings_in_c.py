"""The helper of each setup.py that writes docstrings into the C of mypyc, on a small package of its own."""

import shutil
import sys
from pathlib import Path

from tests.packaging.conftest import ROOT, run

SETUP = """
from runpy import run_path
from setuptools import setup
from mypyc.build import mypycify

paths = ["src/sample/shapes.py", "src/sample/deep/shapes.py"]
modules = mypycify(paths, opt_level="0", group_name="sample")
sources = [source for module in modules for source in module.sources]
run_path("docstrings_in_c.py")["add_docstrings"](sources, paths)
setup(name="sample", packages=["sample", "sample.deep"], package_dir={"": "src"}, ext_modules=modules)
"""

SHAPES = '''
"""Shapes: "quoted", a \\\\ and ??/ (a trigraph), é.

More.
"""

MOST = 3


class Square:
    """A square.

    Attributes:
        side: How long
            a side is.
    """

    def __init__(self, side: int) -> None:
        self.side = side

    @property
    def area(self) -> int:
        """How much it covers."""
        return self.side * self.side

    @property
    def name(self) -> str:
        """What it is called."""
        return "square"

    @name.setter
    def name(self, value: str) -> None:
        """Nothing to see here."""

    def scale(self, by: int = 2, *, exactly: bool = False) -> int:
        """Make it larger.

        Returns the new side.
        """
        self.side *= by
        return self.side

    def silent(self) -> None:
        pass


class Bounds:
    """What is allowed."""

    def __init__(self, most: int = 16 * 1024, *, name: str = "a" + "b", other: int = MOST) -> None:
        self.most = most


class Silent:
    def __init__(self, by: int = 2 * 3) -> None:
        pass

    def says(self) -> None:
        """A method of a class that says nothing."""


def unit() -> Square:
    """Return the unit square."""
    return Square(1)
'''

DEEP = '''
"""The other module of this name."""

def unit() -> int:
    """Return 1."""
    return 1
'''

PROGRAM = r"""
import inspect, sys
from sample import shapes
from sample.deep import shapes as deep

assert shapes.__file__.endswith((".so", ".pyd")), shapes.__file__
Square = shapes.Square
assert shapes.__doc__.strip() == 'Shapes: "quoted", a \\ and ??/ (a trigraph), \xe9.\n\nMore.', shapes.__doc__
assert inspect.getdoc(Square).startswith("A square.\n\nAttributes:\n    side: How long\n"), Square.__doc__
assert str(inspect.signature(Square)) == "(side)"
assert Square.side.__doc__ == "How long a side is."
assert Square.area.__doc__ == "How much it covers."
assert Square.name.__doc__ == "What it is called."
assert Square.scale.__doc__ == "Make it larger.\n\nReturns the new side."
assert str(inspect.signature(Square.scale)) == "(self, /, by=2, *, exactly=False)"
assert not Square.silent.__doc__
assert shapes.Bounds.__doc__ == "What is allowed."
assert str(inspect.signature(shapes.Bounds)) == "(most=16384, *, name='ab', other=Ellipsis)"
assert str(inspect.signature(shapes.Silent)) == "(by=6)"
assert shapes.Silent.says.__doc__ == "A method of a class that says nothing."
assert shapes.unit.__doc__ == "Return the unit square."
assert str(inspect.signature(shapes.unit)) == "()"
assert (deep.__doc__, deep.unit.__doc__) == ("The other module of this name.", "Return 1.")
assert shapes.unit().scale(3) == 3
"""


def test_what_the_sources_say_is_there_at_run_time(tmp_path: Path) -> None:
    shutil.copy(ROOT / "zttp_core/docstrings_in_c.py", tmp_path)
    package = tmp_path / "src/sample"
    (package / "deep").mkdir(parents=True)
    for file, content in {
        "shapes.py": SHAPES,
        "deep/shapes.py": DEEP,
        "__init__.py": "",
        "deep/__init__.py": "",
    }.items():
        (package / file).write_text(content, encoding="utf-8")
    (tmp_path / "setup.py").write_text(SETUP)
    run(sys.executable, "setup.py", "build_ext", "--inplace", cwd=tmp_path, MYPYPATH=str(tmp_path / "src"))
    run(sys.executable, "-c", PROGRAM, cwd=tmp_path / "src")
