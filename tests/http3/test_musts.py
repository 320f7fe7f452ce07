"""The requirements of the RFCs of HTTP/3, QUIC and TLS on the wire: each row has tests, which exist and cite it.

Each section that has a MUST has a row, or there is a reason why it has none (``without.toml``).

A test cites a section if its own lines, the comment above a row of its table, the name of a row or the module's first
lines name it, or the section that it is a part of.
"""

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PARTS = ("extensions", "http3", "qpack", "quic", "quic_tls", "recovery", "tls")
FILES = [HERE / "musts" / f"{part}.toml" for part in PARTS]
ROWS = [row for file in FILES for row in tomllib.loads(file.read_text())["must"]]
CITED = re.compile(r"RFC (\d+)((?:(?: MUST NOT| MUST| and|,)* (?:[0-9]+|[A-Z])(?:\.[0-9]+)*\b)+)")


@cache
def module(path: str) -> tuple[str, ast.Module]:
    text = (HERE / path).read_text()
    return text, ast.parse(text)


def function(path: str, name: str) -> ast.FunctionDef | None:
    _, tree = module(path)
    return next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name), None)


def named(test: str) -> tuple[str, str, str]:
    """The file, the function and the row of its table, which may be any, of a test."""
    path, _, rest = test.partition("::")
    name, _, row = rest.partition("[")
    return path, name, row.removesuffix("]")


@cache
def strings(path: str) -> list[tuple[str, int]]:
    """All strings of a module, with their lines."""
    nodes = [node for node in ast.walk(module(path)[1]) if isinstance(node, ast.Constant)]
    return [(node.value, node.lineno) for node in nodes if isinstance(node.value, str)]


def rows(path: str, case: str) -> list[str]:
    """The comments above a row of a table; without one, the names of all rows that are named by their clauses."""
    if not case:
        return [value for value, _ in strings(path) if value.startswith("RFC ")]
    lines = module(path)[0].splitlines()
    above = [line for value, number in strings(path) if value == case for line in lines[number - 3 : number - 1]]
    return [line for line in above if line.lstrip().startswith("#")]


def cited(text: str) -> set[str]:
    found = set()
    for match in CITED.finditer(text):
        found |= {f"RFC {match[1]} {section}" for section in re.findall(r"\b(?:[0-9]+|[A-Z])(?:\.[0-9]+)*\b", match[2])}
    return found


def is_cited(section: str, text: str) -> bool:
    """Whether the section is cited, or one that it is a part of."""
    known = cited(text)
    return any(section == one or section.startswith(one + ".") for one in known)


def test_citations_are_read() -> None:
    text = "RFC 9000 11, 19, 20.1 and RFC 9001 4.4 MUST; RFC 9114 4.1.2 MUST, 4.2"
    assert cited(text) == {
        "RFC 9000 11", "RFC 9000 19", "RFC 9000 20.1", "RFC 9001 4.4", "RFC 9114 4.1.2", "RFC 9114 4.2"
    }  # fmt: skip
    assert is_cited("RFC 9000 19.4", text)
    assert not is_cited("RFC 9000 1", text)
    assert not is_cited("RFC 9000 2", text)
    assert not is_cited("RFC 9001 19.4", text)


def test_the_list_has_all_parts() -> None:
    there = sorted(file.stem for file in (HERE / "musts").glob("*.toml"))
    assert there == sorted([*PARTS, "sections", "without"])
    rules = [(row["section"], row["rule"]) for row in ROWS]
    assert len(rules) == len(set(rules))


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['section']}: {row['rule'][:40]}" for row in ROWS])
def test_each_has_tests_that_cite_it(row: dict[str, object]) -> None:
    tests = row["tests"]
    assert isinstance(tests, list)
    assert tests
    for test in tests:
        path, name, case = named(test)
        text, tree = module(path)
        found = function(path, name)
        assert found is not None, f"{test} is not there"
        assert not case or case in [value for value, _ in strings(path)], f"{test} has no such row"
        lines = text.splitlines()
        own = "\n".join(
            lines[min([found.lineno, *(one.lineno for one in found.decorator_list)]) - 1 : found.end_lineno]
        )
        told_by_rows = case + "\n" + "\n".join(rows(path, case))
        told = f"{own}\n{ast.get_docstring(tree)}\n{told_by_rows}"
        assert is_cited(str(row["section"]), told), f"{test} does not cite {row['section']}"


def test_no_clause_that_has_a_row_of_its_own_is_left_out() -> None:
    """Tables whose rows are named by their clauses are in the list as a whole, or row by row."""
    listed = {test for row in ROWS for test in row["tests"]}
    for path in ("quic/test_clauses.py", "test_clauses.py"):
        for node in module(path)[1].body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert any(test.startswith(f"{path}::{node.name}") for test in listed), f"{path}::{node.name}"


def test_no_section_that_has_a_must_is_left_out() -> None:
    texts = tomllib.loads((HERE / "musts" / "sections.toml").read_text())
    sections = {f"RFC {rfc} {section}" for rfc, text in texts.items() for section in text.split()}
    reasons = tomllib.loads((HERE / "musts" / "without.toml").read_text())["without"]
    without = [section for reason in reasons for section in reason["sections"]]
    listed = {row["section"] for row in ROWS}
    assert len(without) == len(set(without))
    assert not listed & set(without)
    assert sections - listed - set(without) == set()
    assert set(without) - sections == set()
