"""Put docstrings where mypyc leaves them out: into the C that it generated, before a C compiler sees it.

mypyc keeps the signatures of functions and classes in ``PyDoc_STR(...)`` and drops what the sources say below them. So
``help()`` of a compiled module would show no word. Written into the tables they cost nothing at import.

Every compiled distribution has a copy of this file, because each builds from its sdist alone.
"""

import ast
import re
from collections.abc import Iterable
from pathlib import Path

STRING = r'"(?:[^"\\]|\\.)*"'
DOC = rf"PyDoc_STR\((?P<doc>NULL|{STRING}(?:\s*{STRING})*)\)"
METHODS = re.compile(
    r"static PyMethodDef (?P<owner>\w+?)(?P<kind>_methods|module_methods)\[\] = \{.*?\n\s*\};", re.DOTALL
)
METHOD = re.compile(rf'\{{"(?P<name>\w+)",\s*\(PyCFunction\)\w+,\s*[\w |]+, {DOC}')
ATTRIBUTES = re.compile(r"static PyGetSetDef (?P<owner>\w+)_getseters\[\] = \{.*?\n\s*\};", re.DOTALL)
ATTRIBUTE = re.compile(
    r'(?P<begin>\{"(?P<name>\w+)",\s*\(getter\)\w+,\s*(?:NULL|\(setter\)\w+),\s*)NULL(?P<end>,\s*NULL\})'
)
CLASS = re.compile(rf"\.tp_doc = {DOC},\s*\}};\s*static PyTypeObject \*CPyType_(?P<owner>\w+)_template ")
MODULE = re.compile(r'(?P<begin>PyModuleDef_HEAD_INIT,\s*"(?P<name>[\w.]+)",\s*)NULL(?P<end>, /\* docstring \*/)')
DESCRIBED = re.compile(r"^    (?P<name>\w+): (?P<text>.+(?:\n     +.+)*)", re.MULTILINE)  # in a class's "Attributes:"

# By dotted name of a module or class: its own as "", those of its members, and as "()" how a class is called.
Docstrings = dict[str, dict[str, str]]


def docstrings(module: str, source: str) -> Docstrings:
    """Return every docstring of a module, and what its classes say about their attributes."""
    found: Docstrings = {}

    def visit(owner: ast.Module | ast.ClassDef, name: str) -> None:
        text = ast.get_docstring(owner) or ""
        members = {"": text}
        for child in owner.body:
            if isinstance(child, ast.ClassDef):
                visit(child, f"{name}.{child.name}")
            elif isinstance(child, ast.FunctionDef):  # a property's getter stands before its setter
                members.setdefault(child.name, ast.get_docstring(child) or "")
            if isinstance(owner, ast.ClassDef) and isinstance(child, ast.FunctionDef) and child.name == "__init__":
                members["()"] = f"{owner.name}({parameters(child.args)})\n--\n\n"
        if isinstance(owner, ast.ClassDef):
            for match in DESCRIBED.finditer(text.partition("Attributes:\n")[2]):
                members.setdefault(match["name"], " ".join(match["text"].split()))
        found[name] = members

    visit(ast.parse(source), module)
    return found


def parameters(arguments: ast.arguments) -> str:
    """Return what a caller of a method passes; a default that is computed is shown by its value."""
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    arguments.defaults = [_value(default) for default in arguments.defaults]
    arguments.kw_defaults = [default and _value(default) for default in arguments.kw_defaults]
    return ast.unparse(arguments).removeprefix("self").removeprefix(", ")


def _value(default: ast.expr) -> ast.expr:
    try:
        return ast.Constant(eval(ast.unparse(default), {"__builtins__": {}}))  # noqa: S307
    except NameError:
        return ast.Constant(...)


def c_string(text: str) -> str:
    """Return a C string literal, in pieces of a line each."""
    lines = text.splitlines(keepends=True)
    return "\n".join('"' + "".join(map(_escaped, line.encode())) + '"' for line in lines)


def _escaped(byte: int) -> str:
    if byte in b'"\\':
        return "\\" + chr(byte)
    return chr(byte) if 32 <= byte < 127 and byte != ord("?") else f"\\{byte:03o}"  # "?": there are trigraphs


def with_docstrings(code: str, known: Docstrings) -> str:
    """Return the generated C with the docstrings that are known."""
    shortened = {f"___{name}".replace(".", "___"): members for name, members in known.items()}

    def members_of(owner: str) -> dict[str, str]:
        # mypyc leaves out the packages in front that no other module's name needs to be told apart.
        [members] = [members for name, members in shortened.items() if name.endswith(f"___{owner}")] or [{}]
        return members

    def documented(match: re.Match[str], text: str) -> str:
        signature = "" if match["doc"] == "NULL" else match["doc"]
        return match[0].replace(f"PyDoc_STR({match['doc']})", f"PyDoc_STR({signature}\n{c_string(text)})")

    def methods(table: re.Match[str]) -> str:
        members = members_of(table["owner"])
        return METHOD.sub(lambda m: documented(m, text) if (text := members.get(m["name"])) else m[0], table[0])

    def attributes(table: re.Match[str]) -> str:
        members = members_of(table["owner"])
        return ATTRIBUTE.sub(lambda m: filled(m, text) if (text := members.get(m["name"])) else m[0], table[0])

    def filled(match: re.Match[str], text: str) -> str:
        return f"{match['begin']}PyDoc_STR({c_string(text)}){match['end']}"

    code = METHODS.sub(methods, code)
    code = ATTRIBUTES.sub(attributes, code)

    def of_class(match: re.Match[str]) -> str:
        members = members_of(match["owner"])
        signature = members.get("()", "") if match["doc"] == "NULL" else ""
        text = signature + members.get("", "")
        return documented(match, text) if text else match[0]

    code = CLASS.sub(of_class, code)
    return MODULE.sub(lambda m: filled(m, text) if (text := known.get(m["name"], {}).get("")) else m[0], code)


def add_docstrings(generated: Iterable[str], sources: Iterable[str]) -> None:
    """Rewrite the C files of one ``mypycify`` call that was given these sources, below ``src``."""
    known: Docstrings = {}
    for source in map(Path, sources):
        module = ".".join(source.with_suffix("").relative_to("src").parts)
        known |= docstrings(module, source.read_text(encoding="utf-8"))
    for path in map(Path, generated):
        if path.name.startswith("__native"):
            path.write_text(with_docstrings(path.read_text(encoding="utf-8"), known), encoding="utf-8")
