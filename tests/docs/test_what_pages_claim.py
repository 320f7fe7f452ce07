"""Each sentence with a number, "never", "always" or "every" has a test that would fail if it were false.

The registry is a file of `tests/docs/claims` for each page. A new sentence fails here until it has an entry.
"""

from importlib import import_module
from pathlib import Path

import pytest

from tests.docs.sentences import REGISTRY, ROOT, claims, file_of, functions, number, registry, sentences, shown

PAGES = [ROOT / "README.md", ROOT / "THREAT_MODEL.md", *sorted(ROOT.glob("docs/**/*.md"))]
NAMES = [str(page.relative_to(ROOT).with_suffix("")) for page in PAGES]


def value_of(expression: str) -> object:
    """Evaluate a value of the registry: module, colon, expression, such as ``zttp:H1Limits().max_line``."""
    module, _, rest = expression.partition(":")
    return eval(f"module.{rest}", {"module": import_module(module)})


def test_every_entry_is_of_a_page() -> None:
    assert set(REGISTRY.rglob("*.toml")) <= {file_of(page) for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_claim_has_its_entry_and_every_entry_its_claim(page: Path) -> None:
    told = [sentence for sentence in sentences(page.read_text()) if not shown(sentence)]
    entries = registry(page)
    assert [sentence for sentence in told if not any(entry.says in sentence for entry in entries)] == []
    assert [entry.says for entry in entries if sum(entry.says in sentence for sentence in told) != 1] == []


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_entry_has_a_test_that_is_there(page: Path) -> None:
    for entry in registry(page):
        assert bool(entry.tests or entry.cases) is not bool(entry.about), f"{entry.says}: tests, or what it is about"
        for test in entry.tests:
            file, _, function = test.partition("::")
            assert function in functions(file), test
        for case in entry.cases:
            file, _, title = case.partition(": ")
            assert f"\n## {title}\n" in (ROOT / "tests/cases" / file).read_text(), case


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_value_is_that_of_the_code(page: Path) -> None:
    told = sentences(page.read_text())
    for entry in registry(page):
        [sentence] = [sentence for sentence in told if entry.says in sentence]
        for text, expression in entry.values.items():
            assert text in sentence, f"{text!r} is not in {sentence!r}"
            assert value_of(expression) == number(text), expression


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It never ends. It ends.", ["It never ends."]),
        ("At most 8 lines are read.", ["At most 8 lines are read."]),
        ("HTTP/1.1 says so (RFC 9112 6.3), with a 400, `x = 3`.", []),
        ("```\nevery\n```\n\n<!-- generated: x -->\nevery\n<!-- /generated -->\n", []),
        ("| a | 5 |\n| b | c |\n", ["| a | 5 |"]),
        ("1. One.\n2. Always two.\n", ["Always two."]),
        ("See `a.md: B` for every C.\n", ["See `a.md: B` for every C."]),
        ("| every. A | `a.py::b` |\n", ["| every. A | `a.py::b` |"]),
        ("<!-- measured -->\nIt took 3 ns.\n<!-- /measured -->\n\nIt takes 3.\n", ["It takes 3."]),
        ("# Every heading\n\n* Everything\n* Every thing\n", ["Every thing"]),
        ("## Heading\nNever a heading.\n", ["Never a heading."]),
        ("A 200 follows 100 Continue, and 1xx do.", []),
        ("It has 256 slots.\n\nIt takes some 500 bytes.\n", ["It has 256 slots.", "It takes some 500 bytes."]),
        ("They meet in four places. One of the two does so.", ["They meet in four places."]),
    ],
)
def test_what_claims_is_found(text: str, found: list[str]) -> None:
    assert sentences(text) == found


def test_what_was_measured_is_told_on_one_page_alone() -> None:
    """The text of such a block needs no test, so no other page may have one."""
    assert [page.name for page in PAGES if "<!-- measured" in page.read_text()] == ["performance.md"]


def test_numbers_are_read_as_they_are_written() -> None:
    assert [number(text) for text in ("8", "1,024", "16 KiB", "2 MiB")] == [8, 1024, 16384, 2 << 20]
    assert not claims("a sentence")


def test_a_sentence_may_name_its_tests_itself() -> None:
    assert shown("| every byte | `http1/test_smuggling.py::test_every_byte` |")
    assert shown("| every line | `smuggling.md: A folded line` |")
    assert not shown("| every file | `tests/docs/sentences.py`, `docs/limits.md` |")
