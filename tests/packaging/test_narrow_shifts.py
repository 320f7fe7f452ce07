"""mypyc shifts small constants as a C ``int``; the lint of the generated C must detect it."""

import subprocess
import sys
from pathlib import Path

from tests.packaging.conftest import ROOT, run
from tests.packaging.mypyc_builds import compile_module

SHIFTS = """
from mypy_extensions import i64

def narrow(n: i64) -> i64:
    return (i64(1) << n) - 1

def wide(x: i64, n: i64) -> i64:
    return x << n
"""


def test_a_shifted_constant_is_wrong_and_the_lint_says_where(tmp_path: Path) -> None:
    generated = compile_module(tmp_path, "shifts", SHIFTS)
    assert run(sys.executable, "-c", "import shifts; print(shifts.narrow(40) == 2**40 - 1)", cwd=tmp_path) == "False\n"
    lint = subprocess.run(
        [sys.executable, ROOT / "scripts/lint_c.py", generated], stdout=subprocess.PIPE, text=True, check=False
    )
    assert lint.returncode == 1
    [complaint] = lint.stdout.splitlines()
    assert "narrow" in complaint
    assert " = 1 << " in complaint


def test_the_lint_passes_what_is_right(tmp_path: Path) -> None:
    generated = tmp_path / "__native.c"
    generated.write_text(
        "int64_t f(void) {\n    cpy_r_r0 = cpy_r_x << cpy_r_n;\n    cpy_r_r1 = 4294967296LL << cpy_r_n;\n}\n"
    )
    assert "no narrow shifts" in run(sys.executable, ROOT / "scripts/lint_c.py", generated)
