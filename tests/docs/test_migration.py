"""The programs before and after a migration do the same: those before run in the environments of their libraries."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.peers import python_of

ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / "docs/examples/migration"
PAGES = {"h11": "h11", "httptools": "httptools", "zttp_0035": "zttp-0035"}  # those of h2 and aioquic run in their pages
ENVIRONMENTS = {"h11": "h11", "httptools": "httptools", "zttp_0035": "reference"}


def printed(python: Path | str, program: str) -> str:
    command = [str(python), "-I", str(PROGRAMS / f"{program}.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("peer", PAGES)
def test_a_page_shows_both_programs_and_what_they_print(peer: str) -> None:
    page = (ROOT / f"docs/migration/{PAGES[peer]}.md").read_text()
    for when in ("before", "after"):
        assert f"<!-- file: docs/examples/migration/{peer}_{when}.py -->" in page
    [shown] = re.findall(
        rf"^\$ python docs/examples/migration/{peer}_after\.py\n(.*?)^```", page, re.MULTILINE | re.DOTALL
    )
    assert printed(sys.executable, f"{peer}_after") == shown


@pytest.mark.parametrize("peer", PAGES)
def test_both_programs_print_the_same(peer: str) -> None:
    before = printed(python_of(ENVIRONMENTS[peer]), f"{peer}_before")
    assert before == printed(sys.executable, f"{peer}_after")
    assert before.count("\n") == 2


def test_a_loop_that_answers_at_both_ends_answers_twice_here() -> None:
    """The difference that the page of zttp 0.0.35 warns of."""
    command = [sys.executable, "-I", str(PROGRAMS / "zttp_0035_before.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert "LocalProtocolError: this stream is closed" in done.stderr
