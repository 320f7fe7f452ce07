"""The bytes of the other side of a connection: frames by hand, field blocks by the `hpack` package. Never timed.

A long-lived connection reads the same few messages repeatedly. Once the encoder's table no longer changes, their blocks
repeat, too; so they are encoded beforehand, and only the stream identifiers are filled in later.
"""

from collections.abc import Iterator, Sequence
from itertools import cycle, islice, zip_longest
from operator import length_hint
from struct import Struct

from http2_suite.hpack_package import Encoder, NeverIndexedHeaderTuple
from http2_suite.messages import Fields, Message

DATA, HEADERS, RST_STREAM, SETTINGS, PING, WINDOW_UPDATE = 0x0, 0x1, 0x3, 0x4, 0x6, 0x8
ACK = END_STREAM = 0x1
END_HEADERS = 0x4

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_SIZE = 16384
DEFAULT_WINDOW = 65535
WIDE_WINDOW = 2**30
MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE = 0x3, 0x4

MOST_REQUESTS = 4000
"""Of one connection: the reference takes a few more for a flood. Then everybody begins a new one, untimed."""
HALF_WINDOW = 32768
READ_SIZE = 65536
"""Bytes that a read from a socket returns, where the windows allow that."""
NARROW_READ_SIZE = 16384

FRAME_HEADER = Struct(">IBL")
MOST_PASSES = 8


def frame_header(frame_type: int, flags: int, stream_id: int, length: int) -> bytes:
    """Return the nine octets that begin a frame (RFC 9113 4.1)."""
    return FRAME_HEADER.pack(length << 8 | frame_type, flags, stream_id)


def frame(frame_type: int, flags: int, stream_id: int, payload: bytes = b"") -> bytes:
    """Return a frame."""
    return frame_header(frame_type, flags, stream_id, len(payload)) + payload


def settings(*params: tuple[int, int]) -> bytes:
    """Return a SETTINGS frame (RFC 9113 6.5)."""
    return frame(SETTINGS, 0, 0, b"".join(name.to_bytes(2) + value.to_bytes(4) for name, value in params))


def window_update(stream_id: int, increment: int) -> bytes:
    """Return a WINDOW_UPDATE frame (RFC 9113 6.9)."""
    return frame(WINDOW_UPDATE, 0, stream_id, increment.to_bytes(4))


def opening(*params: tuple[int, int], is_client: bool, window: int = WIDE_WINDOW) -> bytes:
    """Return a side's preface (RFC 9113 3.4), and the credit that it grants to the connection."""
    credit = window_update(0, window - DEFAULT_WINDOW) if window > DEFAULT_WINDOW else b""
    return (PREFACE if is_client else b"") + settings(*params) + credit


class Template:
    """A message as frames, the stream identifier left open."""

    def __init__(self, block: bytes, content: bytes) -> None:
        """Divide a message into frames."""
        pieces = [content[at : at + FRAME_SIZE] for at in range(0, len(content), FRAME_SIZE)]
        frames = [(HEADERS, END_HEADERS | (0 if pieces else END_STREAM), block)]
        frames += [(DATA, END_STREAM if piece is pieces[-1] else 0, piece) for piece in pieces]
        self.frames = [(frame_header(kind, flags, 0, len(payload))[:5], payload) for kind, flags, payload in frames]
        """Of each frame what precedes the stream identifier, and what follows it."""

    def on(self, stream_id: int) -> bytes:
        """Return the message's bytes on a stream."""
        return b"".join(self.frames_on(stream_id))

    def frames_on(self, stream_id: int) -> list[bytes]:
        """Return the message's frames on a stream."""
        identifier = stream_id.to_bytes(4)
        return [before + identifier + payload for before, payload in self.frames]


def encoded(encoder: Encoder, fields: Fields, is_indexed: bool = True) -> bytes:
    """Encode a field section as hyper-h2 does, with credentials never indexed; or without using the table."""
    return encoder.encode(
        [field if is_indexed and field[0] != b"authorization" else NeverIndexedHeaderTuple(*field) for field in fields]
    )


class Messages:
    """An endless sequence of messages, as one side of one connection sends them."""

    def __init__(self, messages: Sequence[Message], is_indexed: bool = True) -> None:
        """Encode until the blocks repeat."""
        encoder = Encoder()
        passes: list[list[bytes]] = []
        while len(passes) < 2 or passes[-1] != passes[-2]:
            assert len(passes) < MOST_PASSES, "the encoder's table does not settle"
            passes.append([encoded(encoder, message.field_section, is_indexed) for message in messages])
        self.first = [
            Template(block, message.content)
            for blocks in passes[:-1]
            for block, message in zip(blocks, messages, strict=True)
        ]
        """What has to be read before the table has settled."""
        self.later: Iterator[Template] = cycle(
            [Template(block, message.content) for block, message in zip(passes[-1], messages, strict=True)]
        )

    def take(self, number: int) -> list[Template]:
        """Return the next messages."""
        return list(islice(self.later, number))


class Client:
    """The bytes of a client with many requests on one connection."""

    def __init__(self, requests: Sequence[Message], is_indexed: bool = True) -> None:
        """Prepare the requests."""
        self.messages = Messages(requests, is_indexed)
        self.stream_ids = iter(range(1, 2 * MOST_REQUESTS, 2))

    def has_room(self, number: int) -> bool:
        """Return whether the connection can have so many more requests."""
        return length_hint(self.stream_ids) >= number

    def first(self) -> list[tuple[int, bytes]]:
        """Return the streams and bytes of the requests that fill the table."""
        return self._on_streams(self.messages.first)

    def take(self, number: int) -> list[tuple[int, bytes]]:
        """Return the streams and bytes of the next requests."""
        return self._on_streams(self.messages.take(number))

    def take_interleaved(self, number: int) -> tuple[list[int], bytes]:
        """Return the streams of the next requests, and the bytes of all: first their heads, then their contents."""
        streams = list(islice(self.stream_ids, number))
        frames = [
            template.frames_on(stream) for template, stream in zip(self.messages.take(number), streams, strict=True)
        ]
        rounds = zip_longest(*frames, fillvalue=b"")
        return streams, b"".join(map(b"".join, rounds))

    def _on_streams(self, templates: list[Template]) -> list[tuple[int, bytes]]:
        streams = islice(self.stream_ids, len(templates))
        return [(stream, template.on(stream)) for template, stream in zip(templates, streams, strict=True)]


def reads(data: bytes, size: int = NARROW_READ_SIZE) -> list[bytes]:
    """Return the reads in which data arrives."""
    return [data[at : at + size] for at in range(0, len(data), size)]


class Credit:
    """The credit that a client grants to the server for one large answer after another."""

    def __init__(self, length: int, is_wide: bool) -> None:
        """Set the size of an answer, and whether all of it has credit from the beginning."""
        window = WIDE_WINDOW if is_wide else DEFAULT_WINDOW
        self.opening = opening((INITIAL_WINDOW_SIZE, window), is_client=True, window=window)
        self.updates = 0 if is_wide else -(-(length - DEFAULT_WINDOW) // HALF_WINDOW)
        self.afterwards = window_update(0, length - self.updates * HALF_WINDOW)
        """Makes the connection's window whole again."""

    def on(self, stream_id: int) -> list[bytes]:
        """Return the credit that the client sends as content arrives: half a window at a time."""
        update = window_update(0, HALF_WINDOW) + window_update(stream_id, HALF_WINDOW)
        return [*[update] * self.updates, self.afterwards]


def changed_settings(number: int) -> bytes:
    """Return SETTINGS for the middle of a connection, with values that differ each time."""
    return settings((MAX_CONCURRENT_STREAMS, 100 + number), (INITIAL_WINDOW_SIZE, DEFAULT_WINDOW + number))
