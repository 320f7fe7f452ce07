"""Directions of imports: the umbrella imports plugins, plugins import the core, each distribution has its layers."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = {
    "zttp": ROOT / "zttp",
    "zttp_core": ROOT / "zttp_core/src/zttp_core",
    **{folder.name: folder / "src" / folder.name for folder in sorted((ROOT / "plugins").iterdir()) if folder.is_dir()},
}
PLUGINS = {name for name in SOURCES if name not in ("zttp", "zttp_core")}

# From the ground up: the modules and folders of one line import what is on their own line and below it, never above.
LAYERS = {
    "zttp_core": (
        {"native_ints", "constants", "errors", "http2_codes", "lazy_attributes", "limits", "lookup_errors"},
        {"reasons", "sentinels", "vocabulary"},
        {"field_names", "grammar", "usual_fields", "messages"},
        {"field_lines", "header_block", "events"},
        {"descriptor", "registry", "plugin", "sniff", "connect", "makers", "connection"},
        {"aliases"},
    ),
    "zttp_h1": (
        {"native_ints", "malformed", "status", "limits", "states", "emptied", "joined"},
        {"scan", "chunked", "methods", "names", "framing", "fields", "start_line"},
        {"receive_buffer", "backlog", "section", "repetition", "ahead"},
        {"reading"},
        {"unasked", "content_reader"},
        {"head_reader", "head_writer", "look_ahead"},
        {"message_reader", "message_writer"},
        {"connection"},
    ),
    "zttp_h2": (
        {"native_ints"},
        {"codes", "frames", "malformed"},
        {"hpack"},
        {"limits", "arguments", "content_length"},
        {"settings", "streams"},
        {"flow"},
        {"session"},
        {"closing"},
        {"writing"},
        {"reading"},
        {"stream"},
        {"upgrade"},
        {"connection"},
    ),
    "zttp_h3": (
        {"native_ints", "codes", "malformed", "keyed_hash"},
        {"ranges", "wire"},
        {"protection", "recovery", "streams", "tls"},
        {"quic"},
        {"frames", "settings", "limits", "credentials", "qpack", "arguments", "transport_params"},
        {"close_info", "outbound_datagram", "path_statistics", "early_data", "grease", "last_head", "last_section"},
        {"options"},
        {"session"},
        {"answers", "failures", "first_packet", "origin", "request_state", "shutdown"},
        {"opening", "reading"},
        {"writing"},
        {"stream"},
        {"connection"},
        {"construction"},
        {"endpoint"},
    ),
}
# Modules that nothing else of their distribution may import.
LEAVES = {"zttp_core": {"testing"}, "zttp_h1": {"plugin"}, "zttp_h2": {"plugin"}, "zttp_h3": {"plugin", "endpoint"}}
# Distributions in which each module must be in a line.
NAMED_WHOLE = ("zttp_h2", "zttp_h3")


def modules(distribution: str) -> dict[str, Path]:
    """Return the modules of a distribution by their dotted names."""
    folder = SOURCES[distribution]
    found = {}
    for path in sorted(folder.rglob("*.py")):
        name = ".".join((distribution, *path.relative_to(folder).with_suffix("").parts))
        found[name.removesuffix(".__init__")] = path
    return found


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def imports(body: list[ast.stmt], *, in_functions: bool) -> Iterator[str]:
    """Yield the imports of statements, without those for type checkers only."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the arrow"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif is_for_types(node):
            yield from imports(getattr(node, "orelse", []), in_functions=in_functions)
        elif in_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            children = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)]
            handlers = [child for child in ast.iter_child_nodes(node) if isinstance(child, ast.ExceptHandler)]
            yield from imports(children, in_functions=in_functions)
            for handler in handlers:
                yield from imports(handler.body, in_functions=in_functions)


def arrows(distribution: str, *, in_functions: bool = True) -> dict[str, set[str]]:
    """Return the modules of ours that each module of a distribution imports."""
    known = {name for each in SOURCES for name in modules(each)}
    found: dict[str, set[str]] = {}
    for name, path in modules(distribution).items():
        wanted = set()
        for target in imports(ast.parse(path.read_text(encoding="utf-8")).body, in_functions=in_functions):
            while target and target not in known:
                target = target.rpartition(".")[0]
            wanted.add(target)
        found[name] = wanted - {"", name}
    return found


def part(module: str) -> str:
    """Return the module or folder directly below the distribution."""
    return [*module.split("."), ""][1]


@pytest.mark.parametrize("distribution", SOURCES)
def test_arrows_between_distributions_point_one_way(distribution: str) -> None:
    allowed = {
        "zttp": {"zttp", "zttp_core", *PLUGINS},
        "zttp_core": {"zttp_core"},
    }.get(distribution, {"zttp_core", distribution})
    found = {target.split(".")[0] for targets in arrows(distribution).values() for target in targets}
    assert found <= allowed


@pytest.mark.parametrize("distribution", SOURCES)
def test_no_module_imports_itself_around_a_corner(distribution: str) -> None:
    graph = arrows(distribution, in_functions=False)
    packages = {name for name, path in modules(distribution).items() if path.name == "__init__.py"}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path[path.index(module) :], module))
        if module not in done:
            for target in sorted(graph.get(module, set()) - packages):
                visit(target, (*path, module))
            done.add(module)

    for module in sorted(graph):
        visit(module, ())


@pytest.mark.parametrize("distribution", LAYERS)
def test_layers(distribution: str) -> None:
    height = {name: level for level, names in enumerate(LAYERS[distribution]) for name in names}
    wrong = [
        f"{module} -> {target}"
        for module, targets in arrows(distribution).items()
        for target in sorted(targets)
        if target.startswith(distribution + ".")
        and part(target) != part(module)
        and part(module) in height
        and height.get(part(target), -1) > height[part(module)]
    ]
    assert wrong == []


@pytest.mark.parametrize("distribution", LEAVES)
def test_leaves_are_imported_by_nothing(distribution: str) -> None:
    wrong = [
        f"{module} -> {target}"
        for module, targets in arrows(distribution).items()
        for target in sorted(targets)
        if target.startswith(distribution + ".")
        and part(target) in LEAVES[distribution]
        and part(module) != part(target)
    ]
    assert wrong == []


@pytest.mark.parametrize("distribution", NAMED_WHOLE)
def test_every_module_has_its_line(distribution: str) -> None:
    named = {name for names in LAYERS[distribution] for name in names} | LEAVES[distribution] | {""}
    assert {part(module) for module in modules(distribution)} <= named
