"""Write the tables of the docs that come from the code: reasons, limits, states, capabilities.

    python scripts/docs_tables.py            brings the documents up to date (in an environment that has zttp)
    python scripts/docs_tables.py --check    lists those that are not, and exits with 1

A comment such as ``<!-- generated: limits zttp_h1 -->`` marks the place of a table; the lines between it and
``<!-- /generated -->`` are replaced.
"""

import argparse
import ast
import os
import re
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path
from runpy import run_path
from types import ModuleType
from typing import Any

from raised_reasons import CALLER, CONNECTION, STREAM, raised
from workspace import ROOT

DOCUMENTS = ("THREAT_MODEL.md", "docs/**/*.md")
BLOCK = re.compile(r"(<!-- generated: (?P<what>\w+)(?: (?P<of>\w+))? -->)\n.*?(<!-- /generated -->)", re.DOTALL)
REASONS = ROOT / "zttp_core/src/zttp_core/reasons.py"
QUIC = "HTTP/3: what breaks the QUIC connection"
# The chapters of the table of reasons. The chapter for a stream or the connection has only reasons that can break both.
CHAPTERS = {
    "HTTP/1.1: what a peer can get wrong": ("zttp_h1", CONNECTION),
    "HTTP/1.1: what a caller can get wrong": ("zttp_h1", CALLER),
    "HTTP/2: what breaks the connection": ("zttp_h2", CONNECTION),
    "HTTP/2: what breaks a stream": ("zttp_h2", STREAM),
    "HTTP/2: what a caller can get wrong": ("zttp_h2", CALLER),
    QUIC: ("zttp_h3", CONNECTION),
    "HTTP/3: what breaks the HTTP connection": ("zttp_h3", CONNECTION),
    "HTTP/3: what breaks a stream": ("zttp_h3", STREAM),
    "HTTP/3: what a caller can get wrong": ("zttp_h3", CALLER),
}


def source_of(package: str, module: str) -> Path:
    """A module of a plugin in this tree."""
    return ROOT / "plugins" / package / "src" / package / f"{module}.py"


# ------------------------------------------------------------------------------------------------------------- reasons
def reasons(_of: str) -> Iterator[str]:
    """Yield a table for each group of the table of reasons; the comments in it are the headings."""
    table = import_module("zttp_core.reasons").REASONS
    group = chapter = ""
    for line in REASONS.read_text().splitlines():
        if heading := re.fullmatch(r"    # -+ (.+)", line):
            yield from _reasons_that_belong_to(chapter)
            chapter = heading[1]
            yield from ("", f"### {chapter}")
            group = ""
        elif topic := re.fullmatch(r"    # (.+)", line):
            group = topic[1]
            yield from ("", f"**{group}**")
            yield from _reason_head()
        elif token := re.match(r'    "(\w+)": Reason\(', line):
            if not group:
                group = "of the chapter"
                yield from _reason_head()
            row = table[token[1]]
            status, section = row.status_hint or "-", row.section or "-"
            yield f'| <a id="{token[1]}"></a>`{token[1]}` | {status} | {section} | {row.sentence} |'
    yield from _reasons_that_belong_to(chapter)


def _reasons_that_belong_to(chapter: str) -> Iterator[str]:
    """Yield the reasons of a chapter whose rows are in another: a reason has one row, but may have several causes."""
    here = CHAPTERS.get(chapter)
    if chapter == QUIC:
        return  # the list of HTTP/3's connection, which follows, has the reasons that both raise
    if also := [
        token for token, home in homes().items() if CHAPTERS.get(home) != here and chapter in chapters_of(token)
    ]:
        yield from ("", "Explained in another list, and given here too: " + ", ".join(map(_own_link, also)) + ".")


def homes() -> dict[str, str]:
    """Return the chapter of each reason's row."""
    found: dict[str, str] = {}
    chapter = ""
    for line in REASONS.read_text().splitlines():
        if heading := re.fullmatch(r"    # -+ (.+)", line):
            chapter = heading[1]
        elif token := re.match(r'    "(\w+)": Reason\(', line):
            found[token[1]] = chapter
    return found


def chapters_of(token: str) -> set[str]:
    """Return the chapters to which a reason belongs, by the places that raise it."""
    return {chapter for chapter, (package, kind) in CHAPTERS.items() if kind in raised(package).get(token, ())}


def _own_link(token: str) -> str:
    return f"[`{token}`](#{token})"


def _reason_head() -> Iterator[str]:
    yield from ("", "| reason | answer | rule | sentence |", "| --- | --- | --- | --- |")


# -------------------------------------------------------------------------------------------------------------- limits
def limits(package: str) -> Iterator[str]:
    """Yield the table of a plugin's limits: defaults of the signature, meaning of the docstring."""
    source = source_of(package, "limits")
    [definition] = [node for node in ast.parse(source.read_text()).body if isinstance(node, ast.ClassDef)]
    meaning = dict(re.findall(r"^(\w+): (.+?)(?=\n\w+: |\Z)", _attributes(definition), re.MULTILINE | re.DOTALL))
    [init] = [node for node in definition.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    yield from ("| limit | default | what it bounds | reason of the error |", "| --- | ---: | --- | --- |")
    for argument, default in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True):
        assert default is not None
        value = eval(compile(ast.Expression(default), str(source), "eval"))
        tokens = ", ".join(_link(token) for token in reasons_of_limit(package, argument.arg)) or "-"
        means = " ".join(meaning[argument.arg].split()).replace("``", "`")
        shown = _size(value) if "bytes" in means.lower() or "window" in argument.arg else str(value)
        yield f"| `{argument.arg}` | {shown} | {means} | {tokens} |"


def _attributes(definition: ast.ClassDef) -> str:
    return (ast.get_docstring(definition) or "").partition("Attributes:\n")[2].replace("\n    ", "\n").strip()


# Reasons that do not name the limit in their sentences, because they have other causes, too.
_UNNAMED = {
    ("zttp_h3", "initial_window_size"): ["stream_limit_exceeded"],
    ("zttp_h3", "connection_window_size"): ["connection_limit_exceeded"],
    ("zttp_h3", "header_table_size"): ["qpack_encoder_stream"],
    ("zttp_h3", "max_blocked_streams"): ["qpack_decompression"],
}


def reasons_of_limit(package: str, limit: str) -> list[str]:
    """Return the reasons for a limit that is exceeded: those that the plugin raises and that name the limit."""
    table = import_module("zttp_core.reasons").REASONS
    named = [token for token, row in table.items() if re.search(rf"\b{limit}\b", row.sentence)]
    return [token for token in named if token in raised(package)] + _UNNAMED.get((package, limit), [])


def _link(token: str) -> str:
    return f"[`{token}`](errors.md#{token})"


def _size(value: int) -> str:
    for unit, name in ((1024 * 1024, "MiB"), (1024, "KiB")):
        if value >= unit and value % unit == 0:
            return f"{value // unit} {name}"
    return str(value)


# -------------------------------------------------------------------------------------------------------------- states
def machine(package: str, half: str) -> tuple[dict[tuple[int, int], int], tuple[str, ...], tuple[str, ...], ModuleType]:
    """The table of one half, and the names of its states and inputs."""
    states = import_module(f"{package}.states")
    names, inputs = getattr(states, f"{half}_NAMES"), getattr(states, f"{half}_INPUT_NAMES")
    return getattr(states, half), names, inputs, states


def states(half: str) -> Iterator[str]:
    """Yield the table of one half: a row for each state, a column for each input."""
    table, names, inputs, module = machine("zttp_h1", half)
    used = [given for given in range(len(inputs)) if any((state, given) in table for state in range(len(names)))]
    yield "| state | " + " | ".join(f"`{inputs[given]}`" for given in used) + " |"
    yield "| --- |" + " --- |" * len(used)
    for state, name in enumerate(names):
        cells = [_cell(table, names, module, half, state, given) for given in used]
        yield f"| `{name}` | " + " | ".join(cells) + " |"


def _cell(
    table: dict[tuple[int, int], int], names: tuple[str, ...], module: ModuleType, half: str, state: int, given: int
) -> str:
    if (state, given) in table:
        return names[table[state, given]]
    # The pairs with a reason of their own; all others have the reason of the input.
    token = module.REFUSALS.get((state, given)) if half == "WRITING" else None
    return "-" if token is None else _link(token)


def stream(_of: str) -> Iterator[str]:
    """Yield the table of a stream of HTTP/2: a row for each state, a column for each input."""
    module = import_module("zttp_h2.streams.states")
    codes = import_module("zttp_core.http2_codes").H2ErrorCode
    yield "| state | " + " | ".join(f"`{name}`" for name in module.INPUT_NAMES) + " |"
    yield "| --- |" + " --- |" * len(module.INPUT_NAMES)
    for state, name in enumerate(module.STATE_NAMES):
        cells = [module.STREAM.get((state, given)) for given in range(len(module.INPUT_NAMES))]
        yield f"| `{name}` | " + " | ".join(_outcome(module, codes, cell) for cell in cells) + " |"


def _outcome(module: ModuleType, codes: Any, cell: int | None) -> str:
    if cell is None:
        return "-"
    if cell < len(module.STATE_NAMES):
        return str(module.STATE_NAMES[cell])
    if cell == module.DISCARD:
        return "discarded"
    kind = "connection" if cell & module.CONNECTION_ERROR else "stream"
    return f"{kind} error {codes(cell & 0xF).name}"


# -------------------------------------------------------------------------------------------------------- capabilities
def capabilities(_of: str) -> Iterator[str]:
    """Yield the capabilities that the plugins of this tree declare, a column for each protocol."""
    plugins = sorted(ROOT.glob("plugins/*/src/*/plugin.py"))
    described = [descriptor for path in plugins for descriptor in _described(path)]
    yield "| | " + " | ".join(f"`{item.name}`" for item in described) + " |"
    yield "| --- |" + " --- |" * len(described)
    rows: dict[str, Callable[[Any], str]] = {
        "ALPN": lambda item: ", ".join(f"`{name.decode()}`" for name in item.alpn),
        "integer alias": lambda item: ", ".join(str(alias) for alias in item.aliases if isinstance(alias, int)),
        "transport": lambda item: item.transport,
        "roles": lambda item: ", ".join({1: "server", 2: "client"}[role] for role in sorted(item.roles)),
        "many messages at once": lambda item: "yes" if item.multiplexed else "no",
    }
    for title, value in rows.items():
        yield f"| {title} | " + " | ".join(value(item) for item in described) + " |"
    for name in sorted({name for item in described for name in item.capabilities}):
        yield f"| {name} | " + " | ".join("yes" if name in item.capabilities else "-" for item in described) + " |"


def _described(path: Path) -> list[Any]:
    """The descriptors of a plugin whose connection is written."""
    if not (path.parent / "connection.py").exists():
        return []
    return list(run_path(str(path))["zttp_register_protocols"]())


# --------------------------------------------------------------------------------------------------------------- names
def names(_of: str) -> Iterator[str]:
    """Yield every public name of `import zttp`, by its page of the reference."""
    zttp = import_module("zttp")
    left = {*dir(zttp)} - {"__version__"}
    for page in ("connections", "events", "exceptions", "plugins"):
        text = (ROOT / f"docs/reference/{page}.md").read_text()
        yield from ("", f"**[{text.partition(chr(10))[0].removeprefix('# ')}]({page}.md)**")
        yield from ("", "| name | what it is |", "| --- | --- |")
        for name in re.findall(r"^::: zttp\.(\w+)$", text, re.MULTILINE):
            left.remove(name)
            yield f"| [`{name}`]({page}.md#zttp.{name}) | {_what_is(zttp, name)} |"
    assert not left, f"without an entry in the reference: {sorted(left)}"


OF_NO_DOCSTRING = {
    "SERVER": "The role that receives requests and sends responses.",
    "CLIENT": "The role that sends requests and receives responses.",
    "HTTP1": 'The name of HTTP/1.1, `"http/1.1"`.',
    "HTTP2": 'The name of HTTP/2, `"h2"`.',
    "HTTP3": 'The name of HTTP/3, `"h3"`.',
    "Event": "Whatever `next_event` returns: the union of all events and the sentinels, for annotations.",
    "GoAway": "Another spelling of `Goaway`.",
    "Headers": "What is accepted wherever fields are given, for annotations.",
    "NEED_DATA": "No event is complete: feed more.",
    "CONNECTION_CLOSED": "The peer is done, nothing more will come.",
}


def _what_is(module: ModuleType, name: str) -> str:
    if name in OF_NO_DOCSTRING:
        return OF_NO_DOCSTRING[name]
    docstring = getattr(module, name).__doc__
    assert docstring, name
    sentence = " ".join(docstring.partition("\n\n")[0].split())
    return sentence.replace("``", "`").replace("|", "\\|")


# --------------------------------------------------------------------------------------------------------- conformance
CITED = re.compile(r"RFC (\d{4})[ ,]+§?(\d+(?:\.\d+)*)((?:, (?:and )?\d+\.\d+(?:\.\d+)*)*)")
TITLES = {
    "9110": "HTTP Semantics",
    "9112": "HTTP/1.1",
    "9113": "HTTP/2",
    "7541": "HPACK",
    "9114": "HTTP/3",
    "9204": "QPACK",
    "9000": "QUIC",
    "9001": "QUIC and TLS",
    "9002": "QUIC, loss and congestion",
    "8446": "TLS 1.3",
    "9218": "Priorities",
    "8441": "Extended CONNECT, HTTP/2",
    "9220": "Extended CONNECT, HTTP/3",
    "9297": "HTTP Datagrams",
}


def cited(folders: Iterable[Path]) -> dict[str, dict[str, set[Path]]]:
    """The files that cite a section, by RFC and section."""
    found: dict[str, dict[str, set[Path]]] = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".md")):
        for rfc, section, more in CITED.findall(path.read_text()):
            for one in (section, *re.findall(r"[\d.]+", more)):
                found.setdefault(rfc, {}).setdefault(one.strip("."), set()).add(path)
    return found


def conformance(rfc: str) -> Iterator[str]:
    """Yield the sections of an RFC that tests cite, each with the tests and the code that implements it."""
    tests = cited([ROOT / "tests"]).get(rfc, {})
    code = cited([ROOT / "zttp_core/src", *sorted(ROOT.glob("plugins/*/src"))]).get(rfc, {})
    yield from ("| section | kept in | tested in |", "| --- | --- | --- |")
    for section in sorted(tests, key=lambda text: [int(part) for part in text.split(".")]):
        link = f"[{section}](https://www.rfc-editor.org/rfc/rfc{rfc}#section-{section})"
        yield f"| {link} | {_files(code.get(section, ()))} | {_files(tests[section])} |"


def _files(paths: Iterable[Path]) -> str:
    names = sorted(
        {
            path.relative_to(ROOT).as_posix().partition("src/")[2] or path.relative_to(ROOT / "tests").as_posix()
            for path in paths
        }
    )
    shown = ", ".join(f"`{name}`" for name in names[:4])
    return f"{shown} and {len(names) - 4} more" if len(names) > 4 else shown or "-"


# ------------------------------------------------------------------------------------------------------------ prior art
def attacks(document: str) -> Iterator[str]:
    """Yield a row for each heading of a document of wire cases: the attack, its sources, the outcome in zttp."""
    text = (ROOT / f"tests/cases/http1/{document}.md").read_text()
    yield from ("| attack | sources, and who was hit | outcome |", "| --- | --- | --- |")
    for section in text.split("\n## ")[1:]:
        title, _, rest = section.partition("\n")
        sources = " ".join(rest.partition("```")[0].split()).replace("|", "\\|")
        tokens = dict.fromkeys(re.findall(r"^Error (\w+)", rest, re.MULTILINE))
        outcome = ", ".join(_link(token) for token in tokens) or "read by the grammar alone"
        yield f"| {title} | {sources} | {outcome} |"


# ------------------------------------------------------------------------------------------------------------- features
MATRIX = ROOT / "tests/docs/features/matrix.toml"


def features(_of: str) -> Iterator[str]:
    """Yield the feature matrix: a table for each group, a column for each library."""
    matrix = tomllib.loads(MATRIX.read_text())
    names = [peer["name"] for peer in matrix["peer"]]
    titles = [f"{peer['name'].removesuffix(peer['version']).strip()} {peer['version']}" for peer in matrix["peer"]]
    groups = dict.fromkeys(feature["group"] for feature in matrix["feature"])
    for group in groups:
        of_group = [feature for feature in matrix["feature"] if feature["group"] == group]
        shown = [at for at, name in enumerate(names) if any(name in feature["peers"] for feature in of_group)]
        yield from ("", f"## {group}", "", f"| | zttp | {' | '.join(titles[at] for at in shown)} |")
        yield "| --- | --- |" + " --- |" * len(shown)
        for feature in of_group:
            cells = [feature["peers"].get(names[at], "-") for at in shown]
            yield f"| {feature['name']} | {feature['ours']['says']} | {' | '.join(cells)} |"


# ------------------------------------------------------------------------------------------------------------ documents
TABLES: dict[str, Callable[[str], Iterator[str]]] = {
    "reasons": reasons,
    "limits": limits,
    "states": states,
    "stream": stream,
    "names": names,
    "capabilities": capabilities,
    "attacks": attacks,
    "features": features,
}


def up_to_date(text: str, to_docs: str = "") -> str:
    """Return a document with new tables; ``to_docs`` is the relative path from its folder to that of the docs."""

    def replace(match: re.Match[str]) -> str:
        lines = "\n".join(TABLES[match["what"]](match["of"] or "")).strip("\n")
        return f"{match[1]}\n\n{lines}\n\n{match[4]}".replace("](errors.md", f"]({to_docs}errors.md")

    return BLOCK.sub(replace, text)


def way_to_docs(path: Path) -> str:
    """The relative path from a document's folder to the folder of the docs, as the beginning of a link."""
    way = Path(os.path.relpath(ROOT / "docs", path.parent)).as_posix()
    return "" if way == "." else f"{way}/"


def main() -> None:
    """Bring every document up to date, or list those that are not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    stale = []
    for path in sorted(path for pattern in DOCUMENTS for path in ROOT.glob(pattern)):
        text = path.read_text()
        made = up_to_date(text, way_to_docs(path))
        if made != text:
            stale.append(path.relative_to(ROOT))
            if not check:
                path.write_text(made)
    for document in stale:
        print(f"{document}: {'not up to date' if check else 'changed'}")
    sys.exit(bool(check and stale))


if __name__ == "__main__":
    main()
