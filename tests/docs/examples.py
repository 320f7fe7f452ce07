"""Runs the Python of the documents and compares its output with the ``#>`` lines below each print.

The blocks of one document are one program, from top to bottom, as a reader would paste them. A block after the comment
``<!-- file: path -->`` is not run here: it shows that file (or a part of it), and the file has a test of its own.

    python -m tests.docs.examples              writes the output, and the shown files, into the documents
    python -m tests.docs.examples errors.md    into those of this name
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent, indent
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).parents[2]
OF_PLUGINS = [path for path in ROOT.glob("plugins/*/README.md") if find_spec(path.parent.name) is not None]
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *OF_PLUGINS])
FENCE = re.compile(
    r"(?:<!-- file: (?P<file>\S+) -->\n)?"
    r"^(?P<indent> *)```python\n(?P<code>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
PRINTED = re.compile(r"^ *#>.*\n", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fence: its place in the document, its text, and the file that it shows, if any."""

    start: int
    end: int
    margin: str
    code: str
    file: str | None


def blocks(text: str) -> Iterator[Block]:
    """The Python fences of a document."""
    for match in FENCE.finditer(text):
        yield Block(match.start("code"), match.end("code"), match["indent"], dedent(match["code"]), match["file"])


def rewritten(document: Path) -> str:
    """The document with the output of its blocks, and with the current content of the files that it shows."""
    text = document.read_text()
    parts = []
    end = 0
    namespace: dict[str, Any] = {"__name__": "__example__"}
    path = sys.path.copy()
    with chdir(ROOT):
        for block in blocks(text):
            shown = run(block.code, namespace, document.name) if block.file is None else part_of_file(block)
            parts += [text[end : block.start], indent(shown, block.margin)]
            end = block.end
    sys.path[:] = path
    return "".join([*parts, text[end:]])


def part_of_file(block: Block) -> str:
    """The text of a block that shows a file: the file, or the part of it that the block has."""
    assert block.file is not None
    source = (ROOT / block.file).read_text()
    is_part = bool(block.code.strip()) and f"\n{block.code}" in f"\n{source}"
    return block.code if is_part else source


def run(code: str, namespace: dict[str, Any], name: str) -> str:
    """Run a block; return it with its output below the statements that print."""
    bare = PRINTED.sub("", code)
    compiled = compile(bare, f"<{name}>", "exec")
    output: dict[int, list[str]] = {}
    namespace["print"] = _recorder(compiled, output)
    exec(compiled, namespace)
    statements = [node for node in ast.walk(ast.parse(bare)) if isinstance(node, ast.stmt)]
    below: dict[int, list[str]] = {}
    for number, printed in output.items():
        around = [node for node in statements if node.lineno <= number <= (node.end_lineno or 0)]
        innermost = max(around, key=lambda node: node.lineno)
        margin = " " * innermost.col_offset
        below.setdefault(innermost.end_lineno or 0, []).extend(f"{margin}#> {line}".rstrip() for line in printed)
    shown = []
    for number, line in enumerate(bare.splitlines(), 1):
        shown += [line, *below.get(number, [])]
    return "\n".join(shown) + "\n"


def _recorder(compiled: CodeType, output: dict[int, list[str]]) -> Callable[..., None]:
    def record(*values: object, sep: str = " ") -> None:
        line = 0
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if frame.f_code is compiled:
                line = frame.f_lineno
            frame = frame.f_back
        output.setdefault(line, []).extend(sep.join(str(value) for value in values).splitlines() or [""])

    return record


def main() -> None:
    """Bring the documents up to date."""
    for document in [path for path in DOCUMENTS if len(sys.argv) == 1 or path.name in sys.argv[1:]]:
        text = document.read_text()
        shown = rewritten(document)
        if shown != text:
            document.write_text(shown)
            sys.stdout.write(f"{document.relative_to(ROOT)}: changed\n")


if __name__ == "__main__":
    main()
