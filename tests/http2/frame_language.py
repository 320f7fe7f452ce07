"""The language in which the documents of `tests/cases/http2` write frames: text to bytes, and answers back to text.

`tests/cases/http2/README.md` describes it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.wire_cases import escape, unescape

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

TYPES = {
    "DATA": 0x0, "HEADERS": 0x1, "PRIORITY": 0x2, "RST_STREAM": 0x3, "SETTINGS": 0x4, "PUSH_PROMISE": 0x5, "PING": 0x6,
    "GOAWAY": 0x7, "WINDOW_UPDATE": 0x8, "CONTINUATION": 0x9, "PRIORITY_UPDATE": 0x10,
}  # fmt: skip
FLAGS = {"ACK": 0x1, "END_STREAM": 0x1, "END_HEADERS": 0x4, "PADDED": 0x8, "HAS_PRIORITY": 0x20}
CODES = (
    "NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
    "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED",
)  # fmt: skip
SETTINGS = {
    "HEADER_TABLE_SIZE": 1, "ENABLE_PUSH": 2, "MAX_CONCURRENT_STREAMS": 3, "INITIAL_WINDOW_SIZE": 4,
    "MAX_FRAME_SIZE": 5, "MAX_HEADER_LIST_SIZE": 6, "ENABLE_CONNECT_PROTOCOL": 8, "NO_RFC7540_PRIORITIES": 9,
}  # fmt: skip
SETTING_NAMES = {number: name for name, number in SETTINGS.items()}
TYPE_NAMES = {number: name for name, number in TYPES.items()}

# Heads that many cases need: the words are short for the fields.
HEADS = {
    "GET": ((b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/"), (b":authority", b"example.com")),
    "POST": ((b":method", b"POST"), (b":scheme", b"https"), (b":path", b"/"), (b":authority", b"example.com")),
    "200": ((b":status", b"200"),),
}
FLAG_NAMES = {
    "DATA": ((0x1, "END_STREAM"),),
    "HEADERS": ((0x1, "END_STREAM"), (0x4, "END_HEADERS")),
    "CONTINUATION": ((0x4, "END_HEADERS"),),
    "SETTINGS": ((0x1, "ACK"),),
    "PING": ((0x1, "ACK"),),
}


# ------------------------------------------------------------------------------------------------------- text to bytes


def frame(frame_type: int, flags: int, stream_id: int, payload: bytes, length: int | None = None) -> bytes:
    """One frame (RFC 9113 4.1); `length` in place of the true one."""
    size = len(payload) if length is None else length
    return size.to_bytes(3) + bytes([frame_type, flags]) + stream_id.to_bytes(4) + payload


def hpack_integer(value: int, prefix_bits: int, pattern: int) -> bytes:
    """An integer of RFC 7541 5.1."""
    prefix_max = (1 << prefix_bits) - 1
    if value < prefix_max:
        return bytes([pattern | value])
    octets = [pattern | prefix_max]
    value -= prefix_max
    while value >= 128:
        octets.append(value % 128 + 128)
        value //= 128
    return bytes([*octets, value])


def literal(name: bytes, value: bytes, pattern: int = 0x00) -> bytes:
    """A literal field with a literal name (RFC 7541 6.2), not indexed unless `pattern` says so."""
    sizes = (hpack_integer(len(name), 7, 0), hpack_integer(len(value), 7, 0))
    return bytes([pattern]) + sizes[0] + name + sizes[1] + value


def block(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A field block of literals that leaves the dynamic table alone."""
    return b"".join(literal(name, value) for name, value in fields)


def block_part(part: str) -> bytes:
    """One part of a HEADERS payload: a field, a word of `HEADS`, an index, a size update, or bytes."""
    if part in HEADS:
        return block(HEADS[part])
    if part.startswith(("<", '"')):
        return octets(part)
    if part.startswith("#"):
        return hpack_integer(int(part[1:]), 7, 0x80)
    if part.startswith("~"):
        return hpack_integer(int(part[1:]), 5, 0x20)
    pattern = 0x00
    if part.startswith(("+", "!")):
        pattern = 0x40 if part[0] == "+" else 0x10
        part = part[1:]
    name, colon, value = part[1:].partition(":")
    if not colon:
        raise ValueError(f"not a field: {part!r}")
    return literal(unescape(part[0] + name if part else ""), unescape(value.removeprefix(" ")), pattern)


def octets(text: str) -> bytes:
    """`<00 ff>` or `"text"` as bytes."""
    return bytes.fromhex(text[1:-1]) if text.startswith("<") else unescape(text[1:-1])


def payload_parts(text: str) -> list[str]:
    """What stands after the bars."""
    return [part.strip() for part in text.split(" | ")] if text else []


def priority_fields(words: dict[str, str]) -> bytes:
    """The deprecated priority of HEADERS and PRIORITY (RFC 9113 6.3)."""
    return int(words.get("depends_on", "0")).to_bytes(4) + bytes([int(words.get("weight", "15"))])


def parameter(part: str) -> bytes:
    """One `NAME=value` of SETTINGS."""
    name, _, value = part.partition("=")
    number = SETTINGS[name] if name in SETTINGS else int(name, 0)
    return number.to_bytes(2) + int(value, 0).to_bytes(4)


def code_number(name: str) -> int:
    """The number of an error code, given by name or as a number."""
    return CODES.index(name) if name in CODES else int(name, 0)


def natural_payload(kind: str, bare: list[str], words: dict[str, str], parts: list[str]) -> bytes:
    """The payload that a frame's text describes, without its padding."""
    if kind in ("HEADERS", "CONTINUATION", "PUSH_PROMISE"):
        prefix = b""
        if kind == "HEADERS" and "HAS_PRIORITY" in bare:
            prefix = priority_fields(words)
        if kind == "PUSH_PROMISE":
            prefix = int(words["promised"]).to_bytes(4)
        return prefix + b"".join(map(block_part, parts))
    if parts and parts[0].startswith("<" if kind in ("GOAWAY", "PRIORITY_UPDATE") else ("<", '"')):
        return b"".join(map(octets, parts))
    body = b"".join(octets(part) for part in parts) if kind != "SETTINGS" else b"".join(map(parameter, parts))
    if kind == "PRIORITY":
        return priority_fields(words)
    if kind == "RST_STREAM":
        return code_number(bare[0]).to_bytes(4)
    if kind == "GOAWAY":
        return int(words["last"]).to_bytes(4) + code_number(bare[0]).to_bytes(4) + body
    if kind == "WINDOW_UPDATE":
        return int(words["increment"]).to_bytes(4)
    if kind == "PRIORITY_UPDATE":
        return int(words["prioritized"]).to_bytes(4) + body
    return body


def frame_bytes(line: str) -> bytes:
    """The bytes of one line of a document."""
    if line == "PREFACE":
        return PREFACE
    if line.startswith(("<", '"')):
        return octets(line)
    head, _, rest = line.partition(" | ")
    kind, *words = head.split()
    named = dict(word.split("=", 1) for word in words if "=" in word)
    bare = [word for word in words if "=" not in word]
    payload = natural_payload(kind, bare, named, payload_parts(rest))
    flags = int(named.get("flags", "0"), 0)
    for word in bare:
        flags |= FLAGS.get(word, 0)
    if "padding" in named:
        flags |= FLAGS["PADDED"]
        payload = bytes([int(named["padding"])]) + payload + bytes(int(named["padding"]))
    frame_type = TYPES[kind] if kind in TYPES else int(named["type"], 0)
    length = int(named["length"]) if "length" in named else None
    return frame(frame_type, flags, int(named.get("stream", "0"), 0), payload, length)


def wire_bytes(text: str) -> bytes:
    """The bytes of a fence: one frame a line, `\\{n*line}` for the same one n times."""
    lines = []
    for line in text.splitlines():
        repeated = re.fullmatch(r"(\d+) times: (.*)", line)
        lines.append(int(repeated[1]) * frame_bytes(repeated[2]) if repeated else frame_bytes(line))
    return b"".join(lines)


# ------------------------------------------------------------------------------------------------------- bytes to text


@dataclass(frozen=True)
class Frame:
    """One frame that was sent."""

    type: int
    flags: int
    stream_id: int
    payload: bytes


def split_frames(data: bytes) -> Iterator[Frame]:
    """The frames of `data`, which must be complete; a client's preface is left out."""
    at = len(PREFACE) if data.startswith(PREFACE) else 0
    while at < len(data):
        stop = at + 9 + int.from_bytes(data[at : at + 3])
        assert stop <= len(data), "half a frame was sent"
        yield Frame(data[at + 3], data[at + 4], int.from_bytes(data[at + 5 : at + 9]), data[at + 9 : stop])
        at = stop


def code_name(number: int) -> str:
    """The name of an error code."""
    return CODES[number] if number < len(CODES) else hex(number)


def setting_text(number: int, value: int) -> str:
    """One setting in the format of the documents."""
    return f"{SETTING_NAMES.get(number, hex(number))}={value}"


def settings_of(payload: bytes) -> list[tuple[int, int]]:
    """The identifiers and values of a SETTINGS payload."""
    pairs = [payload[at : at + 6] for at in range(0, len(payload), 6)]
    return [(int.from_bytes(pair[:2]), int.from_bytes(pair[2:])) for pair in pairs]


class FrameReader:
    """Converts the frames that one side sent to text; one reader for each connection, because HPACK has state."""

    def __init__(self) -> None:
        import hpack  # the fuzzer, which uses this module, too, needs only our HPACK

        self._decoder = hpack.Decoder()

    def lines(self, data: bytes) -> list[str]:
        """The frames in `data` in the format of the documents."""
        return [self.line(sent) for sent in split_frames(data)]

    def line(self, sent: Frame) -> str:
        """One frame. Debug data of GOAWAY is for humans, and left out."""
        name = TYPE_NAMES[sent.type]
        words = [name, *self.words(name, sent)]
        words.extend(flag for bit, flag in FLAG_NAMES.get(name, ()) if sent.flags & bit)
        return " | ".join([" ".join(words), *self.parts(name, sent.payload)])

    @staticmethod
    def words(name: str, sent: Frame) -> list[str]:
        """The text between the type and the flags."""
        number = int.from_bytes(sent.payload[-4:])
        if name == "GOAWAY":
            return [f"last={int.from_bytes(sent.payload[:4])}", code_name(int.from_bytes(sent.payload[4:8]))]
        if name in ("SETTINGS", "PING", "PRIORITY_UPDATE"):
            return []
        words = [f"stream={sent.stream_id}"]
        if name == "RST_STREAM":
            words.append(code_name(number))
        if name == "WINDOW_UPDATE":
            words.append(f"increment={number}")
        return words

    def parts(self, name: str, payload: bytes) -> list[str]:
        """What stands after the bars."""
        if name == "HEADERS":
            fields = self._decoder.decode(payload, raw=True)
            return [f"{escape(field)}: {escape(value)}" for field, value in fields]
        if name == "SETTINGS":
            return [setting_text(*pair) for pair in settings_of(payload)]
        return [f'"{escape(payload)}"'] if name in ("DATA", "PING") and payload else []
