"""The documentation site: it builds strictly, loads nothing from elsewhere, and fits on every screen."""

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote

import pytest

import zttp
from tests.docs import browser

ROOT = Path(__file__).parents[2]
SITE = ROOT / ".build/site"
PICTURES = ROOT / ".build/screenshots"

pytestmark = [
    pytest.mark.interpreted_only(reason="the site is built where the tools of development are"),
    pytest.mark.skipif(find_spec("zensical") is None, reason="zensical is not installed: make docs fetches it"),
]

# A page of each kind: a table of links, code, long tables, a reference, diagrams.
PICTURED = (".", "first-steps", "errors", "reference/connections", "reference/features", "topics/state-machines")


def file_of(page: str) -> str:
    return "index" if page == "." else page.replace("/", "-")


# Elements beyond the edge of the window that are not scrollable, nor in a scrollable element.
STICKS_OUT = """
(() => {
  const width = document.documentElement.clientWidth, found = [];
  if (document.documentElement.scrollWidth > width) found.push("the page: " + document.documentElement.scrollWidth);
  for (const element of document.querySelectorAll(".md-content *")) {
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.right <= width + 1) continue;
    let around = element.parentElement, scrolls = false;
    while (around && !scrolls) {
      scrolls = /auto|scroll|hidden/.test(getComputedStyle(around).overflowX);
      around = around.parentElement;
    }
    if (!scrolls) found.push(element.tagName + " " + element.className + ": " + element.textContent.slice(0, 40));
  }
  return found.slice(0, 5);
})()
"""


@pytest.fixture(scope="module")
def pages() -> list[str]:
    command = [sys.executable, "scripts/docs_site.py", "--if-changed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return sorted(path.parent.relative_to(SITE).as_posix() for path in SITE.rglob("index.html"))


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[browser.Tab]:
    program = browser.installed()
    if program is None:
        pytest.skip("no browser is installed: apt-get install chromium-headless-shell")
    with browser.tab(program, tmp_path_factory.mktemp("browser")) as found:
        yield found


def test_the_site_is_built_strictly_and_every_link_leads_somewhere(pages: list[str]) -> None:
    assert "errors" in pages
    assert "reference/connections" in pages


def test_every_public_name_is_in_the_reference(pages: list[str]) -> None:
    text = "".join(path.read_text() for path in (SITE / "reference").rglob("index.html"))
    names = set(dir(zttp)) - {"__version__"}
    assert {name for name in names if f'id="zttp.{name}"' not in text} == set()


def test_every_reason_has_its_address(pages: list[str]) -> None:
    from zttp_core.reasons import REASONS

    text = (SITE / "errors/index.html").read_text()
    assert {reason for reason in REASONS if f'id="{reason}"' not in text} == set()


def test_the_diagrams_are_those_of_the_tables() -> None:
    command = [sys.executable, "scripts/diagrams.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}python scripts/diagrams.py draws them"


@pytest.mark.timeout(600)  # some forty pages, on a machine that may be busy
@pytest.mark.parametrize(("width", "height"), [(1400, 1000), (390, 844)], ids=["wide", "narrow"])
def test_no_page_is_wider_than_the_window_or_loads_from_elsewhere(
    width: int, height: int, pages: list[str], tab: browser.Tab
) -> None:
    PICTURES.mkdir(exist_ok=True)
    tab.size(width, height)
    tab.prefer("light")
    found = {}
    with browser.served(SITE) as address:
        for page in pages:
            tab.open(f"{address}{page}/" if page != "." else address)
            if sticking := tab.run(STICKS_OUT):
                found[page] = sticking
            assert {url for url in tab.requested() if not url.startswith((address, "data:"))} == set(), page
            if page in PICTURED:
                tab.picture(PICTURES / f"{file_of(page)}-{width}-light.png")
        tab.prefer("dark")
        for page in [page for page in pages if page in PICTURED]:
            tab.open(f"{address}{page}/" if page != "." else address)
            tab.picture(PICTURES / f"{file_of(page)}-{width}-dark.png")
    assert found == {}


def test_dark_is_dark_and_light_is_light(pages: list[str], tab: browser.Tab) -> None:
    shades = {}
    with browser.served(SITE) as address:
        for scheme in ("light", "dark"):
            tab.prefer(scheme)
            tab.open(address)
            colour = tab.run("getComputedStyle(document.body).backgroundColor")
            shades[scheme] = sum(int(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])
    assert shades["dark"] < 200 < 600 < shades["light"]


def test_the_search_finds_what_a_reader_looks_for(pages: list[str]) -> None:
    [index] = SITE.rglob("search.json")
    text = unquote(index.read_text())
    assert all(word in text for word in ("duplicate_host", "max_buffer", "start_next_cycle"))


def test_a_wide_table_scrolls_beside_its_first_column(pages: list[str], tab: browser.Tab) -> None:
    tab.size(390, 844)
    with browser.served(SITE) as address:
        tab.open(f"{address}topics/state-machines/")
        moved = tab.run(
            """(() => {
              const tables = [...document.querySelectorAll(".md-content table")];
              const table = tables.find(one => one.scrollWidth > one.clientWidth);
              const cells = [...table.querySelectorAll("tbody tr:first-child td")];
              const before = cells.map(cell => cell.getBoundingClientRect().left);
              table.scrollLeft = 200;
              return cells.map((cell, at) => before[at] - cell.getBoundingClientRect().left);
            })()"""
        )
    assert moved[0] == 0
    assert moved[-1] == 200


def test_a_name_at_the_head_of_a_column_is_in_one_line(pages: list[str], tab: browser.Tab) -> None:
    tab.size(1400, 1000)
    with browser.served(SITE) as address:
        tab.open(f"{address}topics/state-machines/")
        lines = tab.run("[...document.querySelectorAll('.md-content th code')].map(one => one.getClientRects().length)")
    assert len(lines) > 10
    assert set(lines) == {1}


def test_code_can_be_copied(pages: list[str], tab: browser.Tab) -> None:
    with browser.served(SITE) as address:
        tab.open(address + "first-steps/")
        assert tab.run("document.querySelectorAll('.md-code__button, .md-clipboard').length") > 0
