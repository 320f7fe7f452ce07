"""The interpreted build forbids what the compiler forbids: the arguments of ``as_compiled`` match the classes."""

import ast
from pathlib import Path

import pytest

from tests.architecture.test_arrows import SOURCES

TOLD = [
    file for source in SOURCES.values() for file in sorted(source.rglob("*.py")) if "\nas_compiled(" in file.read_text()
]


def final_attributes(node: ast.ClassDef) -> set[str]:
    """The private attributes that a class declares Final; only these are arguments of ``as_compiled``."""
    return {
        one.target.attr
        for one in ast.walk(node)
        if isinstance(one, ast.AnnAssign)
        and isinstance(one.target, ast.Attribute)
        and one.target.attr.startswith("_")
        and ast.unparse(one.annotation).startswith("Final")
    }


@pytest.mark.parametrize("file", TOLD, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_private_attributes_that_are_final_are_so_in_both_builds(file: Path) -> None:
    tree = ast.parse(file.read_text())
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "as_compiled":
            told = {
                name for keyword in call.keywords if keyword.arg == "final" for name in ast.literal_eval(keyword.value)
            }
            made = [one.id for one in call.args if isinstance(one, ast.Name)]
            assert told == {name for one in made if one in classes for name in final_attributes(classes[one])}, made


def test_what_is_looked_at_is_all_of_it() -> None:
    assert len(TOLD) > 15
