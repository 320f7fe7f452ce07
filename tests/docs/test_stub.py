"""The stub of `import zttp` matches its sources."""

import ast
import subprocess
import sys

import zttp
from tests.typing.checkers import ROOT

STUB = ast.parse((ROOT / "zttp/__init__.pyi").read_text())


def test_the_docstrings_are_those_of_the_sources() -> None:
    command = [sys.executable, "scripts/stub_docstrings.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, f"{done.stderr}python scripts/stub_docstrings.py brings it up to date"


def test_every_method_has_one() -> None:
    classes = [node for node in STUB.body if isinstance(node, ast.ClassDef)]
    functions = [
        node
        for body in [STUB.body, *(node.body for node in classes)]
        for node in body
        if isinstance(node, ast.FunctionDef)
    ]
    assert len(functions) > 50
    assert [node.name for node in functions if not node.name.startswith("__") and not ast.get_docstring(node)] == []


def test_the_names_are_those_of_the_module() -> None:
    [names] = [
        ast.literal_eval(node.value)
        for node in STUB.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    ]
    assert sorted(names) == sorted(vars(zttp)["__all__"])
