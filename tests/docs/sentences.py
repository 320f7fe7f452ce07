"""The claims of the pages: sentences and rows with a number, in digits or words, "never", "always" or "every"."""

import ast
import re
import tomllib
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
REGISTRY = Path(__file__).with_name("claims")

# Other tests check generated parts; the text between "measured" is a log of experiments and results.
GENERATED = re.compile(r"<!-- (generated|figures|measured).*?<!-- /\1 -->", re.DOTALL)
FENCE = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
REFERENCE = re.compile(r"^::: .*\n(    .*\n)*", re.MULTILINE)  # the text of docstrings
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
HEADING = re.compile(r"^#+ .*$", re.MULTILINE)
PARAGRAPH_END = re.compile(r"\n\s*\n|\n(?=\s*[*\-|]|\s*\d+\. )")
CODE = re.compile(r"`[^`]*`")
LIST_ITEM = re.compile(r"^(?:[*-]|\d+\.) ")
SENTENCE_END = re.compile(r"(?<=[.!?:]) (?=[A-Z`*\[])")
# Numbers that are not claims: names of protocols, documents, attacks, and existing status codes.
NAMES = re.compile(r"`[^`]*`|\]\([^)]*\)|RFC \d+( [\d.]+(, [\d.]+)*)?|HTTP/[\d.]+|CVE-[\d-]+|X\.509|https?:\S+")
COUNTED = r"(?<!some )(?<!about )(?<!most )(?<!least )(?<!more than )"  # as in "some 500 messages", not a status
STATUS = re.compile(rf"{COUNTED}\b({'|'.join(str(status.value) for status in HTTPStatus)}|[1-5]xx)\b")
# A sentence that names its tests itself: `http1/test_limits.py::test_request_line`, `smuggling.md: A folded line`.
SHOWN = re.compile(r"`[\w/]+\.py::\w+`|`[\w/-]+\.md: [^`]+`")
# "One" and "two" are mostly not claims: "one of them", "two parties".
WORDS = "three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundreds?|thousands?|millions?|twice"
CLAIMING = re.compile(rf"\b(never|always|every|{WORDS})\b|\d", re.IGNORECASE)
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "": 1}


def sentences(text: str) -> list[str]:
    """Return the sentences, list items and table rows of a document that claim something that can be false."""
    for left_out in (GENERATED, FENCE, REFERENCE, COMMENT, HEADING):
        text = left_out.sub("", text)
    found = []
    for paragraph in PARAGRAPH_END.split(text):
        line = LIST_ITEM.sub("", " ".join(paragraph.split()))
        whole = CODE.sub(lambda match: match[0].replace(" ", "\0"), line)  # code is not split
        parts = [line] if line.startswith("|") else [part.replace("\0", " ") for part in SENTENCE_END.split(whole)]
        found += [part for part in parts if claims(part)]
    return found


def claims(sentence: str) -> bool:
    """Whether a sentence has a number or one of the words, outside names and status codes."""
    return bool(CLAIMING.search(STATUS.sub("", NAMES.sub("", sentence))))


def shown(sentence: str) -> bool:
    """Whether a sentence names a test or a wire case itself; another test checks that those exist."""
    return bool(SHOWN.search(sentence))


def number(text: str) -> int:
    """Read a number as the pages write it: ``8``, ``1,024``, ``16 KiB``."""
    digits, _, unit = text.partition(" ")
    return int(digits.replace(",", "")) * UNITS[unit]


@dataclass(frozen=True)
class Claim:
    """An entry of the registry: its sentence, and the tests that would fail if that were false.

    Attributes:
        says: Words of the sentence that no other of its page has.
        tests: Tests, as ``file::function`` below ``tests``.
        cases: Wire cases, as ``file: title`` below ``tests/cases``.
        values: Numbers of the sentence, and the expressions that have these values.
        about: For a sentence without a testable claim about zttp: its subject.
    """

    says: str
    tests: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)
    about: str = ""


def file_of(document: Path) -> Path:
    """The file with the entries for a page: at the same path as below ``docs``, or at the top for pages of the root."""
    place = document.relative_to(ROOT / "docs") if document.is_relative_to(ROOT / "docs") else Path(document.name)
    return REGISTRY / place.with_suffix(".toml")


def registry(document: Path) -> list[Claim]:
    """Return the entries for a page; a page without claims needs no file."""
    file = file_of(document)
    tables: dict[str, Any] = tomllib.loads(file.read_text()) if file.exists() else {"claim": []}
    return [Claim(**table) for table in tables["claim"]]


@cache
def functions(file: str) -> set[str]:
    """Return the names of the functions of a file below ``tests``, which is read once."""
    tree = ast.parse((ROOT / "tests" / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
