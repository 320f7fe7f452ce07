"""Where each reason is raised, read from the sources: by which protocol, and for whose fault.

A fault of the peer breaks the connection or a stream, a fault of the caller is refused. The place of a token decides
which it is: the call that has it as an argument, or the purpose of its module. Tokens that functions of the core return
belong to every module that calls these functions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

from workspace import ROOT
from zttp_core.reasons import REASONS

CONNECTION, STREAM, CALLER = "connection", "stream", "caller"
PACKAGES = ("zttp_h1", "zttp_h2", "zttp_h3")

_BY_CALL = {
    "local_error": CALLER,
    "LocalProtocolError": CALLER,
    "field_error": CALLER,
    "Malformed": CONNECTION,
    "_invalid": CONNECTION,
    "reject": STREAM,
    "reset": STREAM,
    "_refuse": STREAM,
    "note_rejection": STREAM,
    "remember": STREAM,
}
# The meaning of a token in a module; in all other modules it is a fault of the peer that breaks the connection.
_BY_MODULE = {
    "zttp_h1": {"arguments.py": CALLER, "head_writer.py": CALLER, "message_writer.py": CALLER, "states.py": CALLER},
    "zttp_h2": {
        "arguments.py": CALLER,
        "connection.py": CALLER,
        "streams": CALLER,  # the states of sending
        "upgrade.py": CALLER,
        "writing": CALLER,
        "reading": STREAM,
        "content_length.py": STREAM,
    },
    "zttp_h3": {"arguments.py": CALLER, "writing": CALLER, "reading": STREAM},
}
_CORE = ROOT / "zttp_core/src/zttp_core"


@cache
def raised(package: str) -> dict[str, frozenset[str]]:
    """Return the places of each reason of a plugin: the connection, a stream or the caller."""
    found: dict[str, set[str]] = {}
    source = ROOT / "plugins" / package / "src" / package
    for path in sorted(source.rglob("*.py")):
        place = path.relative_to(source).parts[0]
        usual = _BY_MODULE[package].get(place, CONNECTION)
        tree = ast.parse(path.read_text())
        for token, call in _tokens(tree):
            if path.name == "status.py" and not token.startswith("hpack_"):
                continue  # reasons of the codec for a single message, with sentences of its own
            found.setdefault(token, set()).add(_BY_CALL.get(call, usual))
        for name in _imported(tree):
            for token, call in _returned().get(name, ()):
                found.setdefault(token, set()).add(_BY_CALL.get(call, usual))
    return {token: frozenset(kinds) for token, kinds in found.items()}


def _tokens(tree: ast.AST, call: str = "") -> Iterator[tuple[str, str]]:
    """Yield every token below a node, with the call that has it as an argument."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.Constant) and child.value in REASONS:
            yield str(child.value), call
        elif isinstance(child, ast.Call):
            function = child.func
            name = function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
            yield from _tokens(child, name if name in _BY_CALL else call)
        elif not isinstance(child, ast.FunctionDef) or not isinstance(tree, ast.FunctionDef):
            yield from _tokens(child, call)


def _imported(tree: ast.AST) -> Iterator[str]:
    """Yield the names of the core that a module uses, whether it imports them or the modules that they are in."""
    names = [
        alias
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("zttp_core")
        for alias in node.names
    ]
    yield from (alias.name for alias in names)
    modules = {alias.asname or alias.name for alias in names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield node.attr


@cache
def _returned() -> dict[str, set[tuple[str, str]]]:
    """Return the tokens of every function and table of the core, with those of what it calls."""
    own: dict[str, set[tuple[str, str]]] = {}
    uses: dict[str, set[str]] = {}
    for path in [*sorted((_CORE / "messages").glob("*.py")), *sorted(_CORE.glob("*.py"))]:
        if path.name == "reasons.py":
            continue
        for node in ast.parse(path.read_text()).body:
            for name in _defined(node):
                own.setdefault(name, set()).update(_tokens(node))
                uses.setdefault(name, set()).update(one.id for one in ast.walk(node) if isinstance(one, ast.Name))
    for _ in own:  # follow all calls
        grown = {
            name: tokens.union(*(own[other] for other in uses[name] if other in own)) for name, tokens in own.items()
        }
        if grown == own:
            break
        own = grown
    return own


def _defined(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return [target.id for target in getattr(node, "targets", []) if isinstance(target, ast.Name)]
