"""Why no class compiled in one distribution inherits from a class compiled in another.

Two mypycify calls, as in the builds of two distributions. The second lays out its subclass without regard to the fields
of the base: no error at build time, wrong values at run time. If this test fails, a release of mypyc has changed that,
and the rule can be reconsidered.
"""

import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import run
from tests.packaging.mypyc_builds import compile_module

BASE = """
from mypy_extensions import mypyc_attr

@mypyc_attr(allow_interpreted_subclasses=True)
class Base:
    def __init__(self) -> None:
        self.n = 0

    def add(self, amount: int) -> None:
        self.n += amount
"""

CHILD = """
from foreign_base import Base

class Child(Base):
    def __init__(self) -> None:
        super().__init__()
        self.k = 0
"""

OVERLAP = """
import foreign_base, foreign_child
assert not foreign_base.__file__.endswith(".py") and not foreign_child.__file__.endswith(".py")
child = foreign_child.Child()
child.k = 7
print(child.n)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="one platform is enough to know the compiler")
def test_fields_of_a_subclass_compiled_apart_overlap_those_of_its_base(tmp_path: Path) -> None:
    compile_module(tmp_path, "foreign_base", BASE)
    # The second build knows the first as an installed distribution does: by its sources, not as part of the group.
    compile_module(tmp_path, "foreign_child", CHILD)
    assert run(sys.executable, "-c", OVERLAP, cwd=tmp_path) == "7\n"
