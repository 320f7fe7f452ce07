"""The first five minutes of a new user, by the documents alone, point by point."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import zttp
from tests.docs.examples import blocks, rewritten

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def python(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-P", *words], input=stdin, capture_output=True, text=True, timeout=60)


def test_half_a_minute_it_is_installed_and_says_what_is_there() -> None:
    assert re.search(r'^pip install "zttp\[h2,h3\]"', README, re.MULTILINE)
    assert re.search(r"^zttp protocols ", README, re.MULTILINE)
    listed = python("-m", "zttp", "protocols")
    assert listed.returncode == 0
    assert listed.stderr == ""
    assert re.search(r"^http/1\.1 +zttp-h1 [\d.]+ +available", listed.stdout, re.MULTILINE)


def test_half_a_minute_what_is_missing_has_its_remedy() -> None:
    """An environment with only zttp; `tests/packaging` installs one."""
    program = """
from zttp.commands import installed
from zttp_core.registry import Registry
from zttp_core.discovery import Scan
installed.REGISTRY = Registry(lambda: Scan(()))
installed.protocols(as_json=False, load=False)
"""
    told = python("-c", program).stdout
    assert 'pip install "zttp[h2]==' in told
    assert 'pip install "zttp[h3]==' in told


def test_a_minute_and_a_half_ten_lines_paste_and_print_what_the_page_says() -> None:
    first = next(blocks(README))
    pasted = python("-", stdin=first.code)
    assert pasted.stderr == ""
    assert pasted.stdout.splitlines() == re.findall(r"^ *#> (.*)$", first.code, re.MULTILINE)
    statements = [line for line in first.code.splitlines() if line.strip() and not line.strip().startswith("#>")]
    assert len(statements) <= 10
    assert rewritten(ROOT / "README.md") == README


def test_three_minutes_a_whole_server_in_forty_lines() -> None:
    assert "docs/examples/small_server.py" in README  # which test_small_server runs, over both protocols
    assert "<!-- file: docs/examples/small_server.py -->" in (ROOT / "docs/server.md").read_text()  # to copy from
    assert len((ROOT / "docs/examples/small_server.py").read_text().splitlines()) <= 40


def test_four_minutes_an_error_says_what_where_by_which_rule_and_links_to_its_page() -> None:
    program = """
import zttp
conn = zttp.Connection(zttp.SERVER)
conn.receive_data(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nHost: b\\r\\n\\r\\n")
conn.next_event()
"""
    failed = python("-c", program.replace("\\\\", "\\"))
    assert failed.returncode == 1
    *_, message, where, link = failed.stderr.splitlines()
    assert message.endswith("RemoteProtocolError: a request must not have more than one Host field (RFC 9112 3.2)")
    assert where == "at byte 25 of the input"
    address = link.removeprefix("see ")
    page, _, anchor = address.partition("#")
    assert page.endswith("/errors/")
    assert f'id="{anchor}"' in (ROOT / "docs/errors.md").read_text()


@pytest.mark.parametrize("peer", ["h11", "httptools", "h2", "aioquic", "zttp 0.0.35"])
def test_five_minutes_there_is_a_way_from_every_peer(peer: str) -> None:
    index = (ROOT / "docs/index.md").read_text()
    assert "migration/index.md" in index
    overview = (ROOT / "docs/migration/index.md").read_text()
    [page] = re.findall(rf"\[From {re.escape(peer)}\]\(([\w-]+\.md)\)", overview)
    assert (ROOT / "docs/migration" / page).read_text().startswith(f"# From {peer}\n")


def test_five_minutes_every_wish_leads_to_a_page() -> None:
    wishes = re.findall(
        r"^\| [^|]+ \| (.+) \|$", (ROOT / "docs/index.md").read_text().partition("## I want to")[2], re.MULTILINE
    )
    pages = [page for wish in wishes[2:] for page in re.findall(r"\]\(([\w/.-]+\.md)", wish)]
    assert len(pages) > 15
    assert all((ROOT / "docs" / page).exists() for page in pages)


def test_the_version_is_that_of_the_metadata() -> None:
    assert python("-m", "zttp", "--version").stdout == f"zttp {zttp.__version__}\n"
