"""Write the docstrings of the sources into `zttp/__init__.pyi`, where editors look for them.

    python scripts/stub_docstrings.py            brings the stub up to date
    python scripts/stub_docstrings.py --check    exits with 1 if it is not

The classes of the stub declare the methods of the core's and the plugins' classes again, with the types that a caller
sees.
"""

import ast
import sys
from pathlib import Path
from textwrap import indent

from workspace import ROOT

STUB = ROOT / "zttp/__init__.pyi"
SOURCES = {
    "": ROOT / "zttp/__init__.py",
    "Connection": ROOT / "zttp_core/src/zttp_core/connection.py",
    "ByteStreamConnection": ROOT / "zttp_core/src/zttp_core/connection.py",
    "H1Connection": ROOT / "plugins/zttp_h1/src/zttp_h1/connection.py",
    "H2Connection": ROOT / "plugins/zttp_h2/src/zttp_h2/connection.py",
    "H3Connection": ROOT / "plugins/zttp_h3/src/zttp_h3/connection.py",
    "QuicEndpoint": ROOT / "plugins/zttp_h3/src/zttp_h3/endpoint/endpoint.py",
}

Definition = ast.FunctionDef | ast.ClassDef


def definitions(path: Path, name: str) -> dict[str, str]:
    """Return the docstrings of a class and its methods, or those of a module's functions."""
    tree: ast.AST = ast.parse(path.read_text())
    found = {}
    if name:
        [tree] = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == name]
        found[name] = ast.get_docstring(tree) or ""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, ast.get_docstring(node) or "")
    return found


def filled(stub: str) -> str:
    """Return the stub with the docstrings of all its declarations."""
    lines = stub.splitlines()
    tree = ast.parse(stub)
    wanted: list[tuple[Definition, str]] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            wanted.append((node, definitions(SOURCES[""], "")[node.name]))
        elif isinstance(node, ast.ClassDef) and node.name in SOURCES:
            known = definitions(SOURCES[node.name], node.name)
            wanted.append((node, known[node.name]))
            methods = [child for child in node.body if isinstance(child, ast.FunctionDef)]
            wanted += [(method, known[method.name]) for method in methods if not method.name.startswith("__")]
    for node, text in sorted(wanted, key=lambda pair: -pair[0].lineno):  # from the end: line numbers stay valid
        _write(lines, node, text)
    return "\n".join(lines) + "\n"


def _write(lines: list[str], node: Definition, text: str) -> None:
    first = node.body[0]
    decorators = getattr(first, "decorator_list", [])
    begin, end = (decorators or [first])[0].lineno - 1, first.end_lineno or 0
    has_docstring = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.value.value is not ...
    )
    margin = " " * (node.col_offset + 4)
    shown = indent(f'"""{text}"""' if "\n" not in text else f'"""{text}\n"""', margin, lambda line: line.strip() != "")
    new = shown.replace("\\", "\\\\").splitlines() if text else []
    if isinstance(node, ast.FunctionDef):
        head = lines[begin][: first.col_offset].rstrip()  # the text before `...`
        lines[begin:end] = ([head] if head else []) + (new or [f"{margin}..."])
    elif has_docstring:
        lines[begin:end] = new
    else:
        lines[begin:begin] = new


def main() -> None:
    """Write the stub, or report that it is not up to date."""
    text = STUB.read_text()
    new = filled(text)
    if "--check" in sys.argv[1:]:
        sys.exit(0 if new == text else f"{STUB.relative_to(ROOT)} is not up to date")
    STUB.write_text(new)


if __name__ == "__main__":
    main()
