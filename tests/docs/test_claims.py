"""The references of the documents are valid: tests, wire cases, files, names, figures, tables."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from runpy import run_path

import pytest

import zttp
from tests.docs.sentences import functions

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "scripts"))  # the shared module of the scripts
MOVED: dict[str, str] = run_path(str(ROOT / "scripts/docs_site.py"))["MOVED"]
figures_script = run_path(str(ROOT / "scripts/figures.py"))
AT_THE_ROOT = sorted(ROOT.glob("*.md"))
DOCS = sorted(ROOT.glob("docs/**/*.md"))
CLAIMS = [ROOT / "THREAT_MODEL.md", ROOT / "docs/security.md"]
FOLDERS = "examples|docs/examples|benchmarks|scripts|tests|fuzz|zttp_core/src|plugins"
EXAMPLE_PROGRAM = re.compile(rf"`((?:{FOLDERS})/[\w./-]+)`")


def titles(documents: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in documents]


def code_spans(path: Path) -> list[str]:
    return re.findall(r"(?<!`)`([^`\n]+)`(?!`)", path.read_text())


def anchors(document: Path) -> set[str]:
    """The anchors of a document: its headings, and explicit ones."""
    text = document.read_text()
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r' id="([^"]+)"', text))


@pytest.mark.parametrize("document", AT_THE_ROOT + DOCS, ids=titles(AT_THE_ROOT + DOCS))
def test_every_test_that_is_named_exists(document: Path) -> None:
    named = [span.split("::") for span in code_spans(document) if ".py::" in span]
    assert len(named) > 10 or document not in CLAIMS
    for file, function in named:
        assert function in functions(file), f"{file}::{function}"


@pytest.mark.parametrize("document", AT_THE_ROOT + DOCS, ids=titles(AT_THE_ROOT + DOCS))
def test_every_wire_case_that_is_named_exists(document: Path) -> None:
    named = [match for span in code_spans(document) if (match := re.fullmatch(r"(?:(\w+)/)?([\w-]+\.md): (.+)", span))]
    assert len(named) > 1 or document not in CLAIMS
    for match in named:
        cases = ROOT / "tests/cases" / (match[1] or "http1") / match[2]
        assert f"\n## {match[3]}\n" in cases.read_text(), match[0]


@pytest.mark.parametrize("document", AT_THE_ROOT, ids=titles(AT_THE_ROOT))
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", document.read_text()):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).exists(), target
        assert not anchor or anchor in anchors(ROOT / path), target


def test_the_links_of_the_readme_work_wherever_it_is_shown() -> None:
    """On an index there are no files beside it: its links lead to pages of the site, or to files in the repository."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    pages = {f"{path.relative_to(ROOT / 'docs').with_suffix('').as_posix()}/" for path in DOCS}
    pages = {page.removesuffix("index/") for page in pages} | {f"{place[:-3]}/" for place in MOVED.values()}
    links = re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert len(links) > 20
    for link in links:
        if link.startswith(urls["Documentation"]):
            place = link.removeprefix(urls["Documentation"])
            assert place in pages or (ROOT / "docs" / place).is_file(), link
        else:
            source = f"{urls['Source']}/blob/main/"
            assert link.startswith(source), link
            assert (ROOT / link.removeprefix(source)).is_file(), link


def test_the_picture_shows_the_figures_of_the_readme() -> None:
    assert figures_script["picture"]() == (ROOT / "docs/figures/speed.svg").read_text(), (
        "python scripts/figures.py picture"
    )


@pytest.mark.parametrize("document", AT_THE_ROOT + DOCS, ids=titles(AT_THE_ROOT + DOCS))
def test_every_file_that_is_named_exists(document: Path) -> None:
    for path in EXAMPLE_PROGRAM.findall(document.read_text()):
        assert (ROOT / path).exists(), path


def test_every_public_name_is_documented() -> None:
    text = "\n".join(path.read_text() for path in DOCS)
    names: list[str] = vars(zttp)["__all__"]
    missing = [name for name in names if not re.search(rf"\b{name}\b", text)]
    assert missing == []


def test_every_page_is_in_the_navigation() -> None:
    listed = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert listed == {path.relative_to(ROOT / "docs").as_posix() for path in DOCS} | set(MOVED.values())


def test_the_tables_are_those_of_the_code() -> None:
    command = [sys.executable, "scripts/docs_tables.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}python scripts/docs_tables.py brings them up to date"


def test_the_example_plugin_is_as_short_as_the_pages_say() -> None:
    package = ROOT / "examples/third_party_plugin/src/zttp_scgi"
    assert 150 < sum(len(file.read_text().splitlines()) for file in package.glob("*.py")) < 250


PACKED = ", fields left packed"


@pytest.mark.parametrize("benchmark", ["http1", "http2", "http3"])
def test_the_figures_of_the_readme_are_those_of_the_docs(benchmark: str) -> None:
    few = figures(ROOT / "README.md", benchmark, "few")
    everything = figures(ROOT / "docs/performance.md", benchmark, "all")
    rows = {f"{group}: {name}": cells for group, name, _, *cells in everything[2:-2]}
    assert len(few) > 6
    packed = [name.endswith(PACKED) for name, *_ in few[2:-2]]
    assert packed == sorted(packed)  # rows that peers also deliver come first
    for name, *cells in few[2:-2]:
        work = name.removesuffix(PACKED)
        assert rows[work] == cells
        if benchmark == "http1":
            leaves_packed = work.startswith(("fresh", "kept-alive", "request-response")) and "list" not in work
            assert leaves_packed is name.endswith(PACKED)
    assert few[-1] == everything[-1]  # their origin, and the worst of them


def figures(document: Path, benchmark: str, which: str) -> list[list[str]]:
    """The lines of a generated block, split into cells."""
    pattern = rf"<!-- figures:{benchmark}:{which} -->\n(.*?)\n<!-- /figures -->"
    [block] = re.findall(pattern, document.read_text(), re.DOTALL)
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()]
