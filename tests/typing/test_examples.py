"""mypy --strict and pyright accept every example of the pages and every program of examples."""

import shutil
from pathlib import Path

import pytest

from tests.docs.examples import DOCUMENTS, blocks
from tests.typing.checkers import ROOT, mypy, need_pyright, pyright

PROGRAMS = sorted([*ROOT.glob("docs/examples/*.py"), *ROOT.glob("examples/*.py")])


def program(document: Path) -> str:
    """The blocks of a page as one program, each line at its place in the page, without the files that it shows."""
    text = document.read_text()
    lines = [""] * (text.count("\n") + 1)
    for block in blocks(text):
        if block.file is None:
            first = text.count("\n", 0, block.start)
            code = block.code.splitlines()
            lines[first : first + len(code)] = code
    return "\n".join(lines).rstrip() + "\n"


@pytest.fixture
def programs(tmp_path: Path) -> list[Path]:
    """Every page with examples and every program in one folder."""
    paths = []
    for document in DOCUMENTS:
        if any(block.file is None for block in blocks(document.read_text())):
            name = "_".join(document.relative_to(ROOT).with_suffix(".py").parts).replace("-", "_")
            paths.append(tmp_path / name)
            paths[-1].write_text(program(document))
    for path in PROGRAMS:
        paths.append(tmp_path / path.name)
        shutil.copy(path, paths[-1])
    assert len({path.name for path in paths}) == len(paths) > 25
    return paths


def test_mypy_accepts_every_example(programs: list[Path]) -> None:
    pytest.importorskip("mypy")
    assert mypy(programs, programs[0].parent / "cache") == []


def test_pyright_accepts_every_example(programs: list[Path]) -> None:
    need_pyright()
    assert pyright(programs, programs[0].parent, mode="standard") == []


def test_a_page_keeps_its_lines(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "One\n\n```python\nx = 1\n```\n\n<!-- file: a.py -->\n```python\ny = 1\n```\n\n```python\nprint(x)\n```\n"
    )
    assert program(page).splitlines() == ["", "", "", "x = 1", "", "", "", "", "", "", "", "", "print(x)"]
