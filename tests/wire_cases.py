"""Reads the wire cases, the documents in `tests/cases`. Their form is described in `tests/cases/README.md`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CASES = Path(__file__).parent / "cases"
DEFAULT_REQUEST = "GET / HTTP/1.1\nHost: example.com\n\n"
SHORT_ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "s": b" ", "\\": b"\\"}
ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|\{(\d+)\*([^}]*)\}|(.))", re.DOTALL)


@dataclass(frozen=True)
class WireCase:
    """One behaviour: the bytes that one side receives, and the log of the outcome."""

    name: str
    source: str
    role: str
    options: tuple[str, ...]
    sent: bytes
    data: bytes
    eof: bool
    log: tuple[str, ...]

    @property
    def is_error(self) -> bool:
        """Whether the bytes are refused."""
        return any(line.startswith("Error ") for line in self.log)


@dataclass(frozen=True)
class Fence:
    """One fence: the first word after its backticks, the others, and its content."""

    kind: str
    options: tuple[str, ...]
    text: str


@dataclass
class Input:
    """A fence of bytes, the request that was sent before it, and the values that `$VALUE` takes."""

    fence: Fence
    sent: str
    values: list[str]


def unescape(text: str) -> bytes:
    """The bytes that `text` denotes."""
    parts: list[bytes] = []
    end = 0
    for match in ESCAPE.finditer(text):
        parts.append(text[end : match.start()].encode("latin-1"))
        code, count, repeated, short = match.groups()
        if code is not None:
            parts.append(bytes.fromhex(code))
        elif count is not None:
            parts.append(unescape(repeated) * int(count))
        elif short in SHORT_ESCAPES:
            parts.append(SHORT_ESCAPES[short])
        else:
            raise ValueError(f"unknown escape \\{short} in {text!r}")
        end = match.end()
    parts.append(text[end:].encode("latin-1"))
    return b"".join(parts)


def escape(data: bytes) -> str:
    """`data` in the spelling of the logs."""
    named = {0: "\\0", 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}
    return "".join(named.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in data)


def wire_bytes(text: str) -> bytes:
    """The bytes of a fence: CRLF after each line that does not end with a single backslash."""
    parts: list[bytes] = []
    for line in text.splitlines():
        backslashes = len(line) - len(line.rstrip("\\"))
        if backslashes % 2:
            parts.append(unescape(line[:-1]))
        else:
            parts.append(unescape(line) + b"\r\n")
    return b"".join(parts)


def read_fences(section: str) -> Iterator[Fence]:
    """The fences of one section, in order."""
    for match in re.finditer(r"^```(\w+)([^\n]*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        yield Fence(match[1], tuple(match[2].split()), match[3])


def normalise(line: str) -> str:
    """An expected line in the spelling of `escape`, with its repetitions written out."""
    return escape(unescape(line))


def cases_of_section(name: str, source: str, section: str) -> Iterator[WireCase]:
    """The cases under one heading: each fence of bytes, times its values, with the events that follow."""
    sent = DEFAULT_REQUEST
    inputs: list[Input] = []
    for fence in read_fences(section):
        if fence.kind == "sent":
            sent = fence.text
        elif fence.kind in ("server", "client"):
            inputs.append(Input(fence, sent, [] if "$VALUE" in fence.text else [""]))
        elif fence.kind == "values":
            for waiting in inputs:
                waiting.values = waiting.values or fence.text.splitlines()
        elif fence.kind == "events":
            for received in inputs:
                for value in received.values:
                    yield make_case(name, source, received, value, fence.text)
            inputs = []
        else:
            raise ValueError(f"{source}: {name!r} has a fence of unknown kind {fence.kind!r}")
    if inputs:
        raise ValueError(f"{source}: {name!r} has bytes without events")


def make_case(name: str, source: str, received: Input, value: str, events: str) -> WireCase:
    """One case, `value` in place of `$VALUE`."""
    text = received.fence.text.replace("$VALUE", value)
    head, eof_line, _ = text.partition("<EOF>\n")
    return WireCase(
        name=f"{name} ({value})" if value else name,
        source=source,
        role=received.fence.kind,
        options=received.fence.options,
        sent=wire_bytes(received.sent),
        data=wire_bytes(head),
        eof=bool(eof_line),
        log=tuple(normalise(line) for line in events.replace("$VALUE", value).splitlines()),
    )


def read_document(path: Path) -> list[WireCase]:
    """All cases of one document."""
    sections = re.split(r"^## (.+)$", path.read_text(encoding="ascii"), flags=re.MULTILINE)
    cases: list[WireCase] = []
    for name, section in zip(sections[1::2], sections[2::2], strict=True):
        found = list(cases_of_section(name, path.name, section))
        if not found:
            raise ValueError(f"{path.name}: {name!r} shows no case")
        cases.extend(found)
    return cases


def read_cases(protocol: str) -> list[WireCase]:
    """All cases of one protocol, for example `http1`."""
    return [case for path in sorted((CASES / protocol).glob("*.md")) for case in read_document(path)]
