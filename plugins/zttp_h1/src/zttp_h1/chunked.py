"""The chunked transfer coding, read side (RFC 9112 7.1). Pure: bytes in, content out.

    chunked-body = *chunk last-chunk trailer-section CRLF
    chunk        = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
    chunk-ext    = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )

The trailer section is read by ``fields``; this module ends with the last chunk. Every byte is consumed as it arrives,
so a chunk line that arrives in pieces is never scanned twice; extensions are checked by a table of states and classes
of bytes.
"""

from typing import Final, final

from librt.strings import BytesWriter, read_i16_le, read_i64_le, write_i64_le

from zttp_core.messages.grammar import TOKEN_TABLE
from zttp_h1.emptied import emptied
from zttp_h1.malformed import Malformed
from zttp_h1.native_ints import i64, mypyc_attr

# The state of the decoder in the grammar above.
SIZE: Final = 0  # in chunk-size
EXTENSION: Final = 1
SIZE_LF: Final = 2  # before the LF of the chunk line
DATA: Final = 3  # in chunk-data
DATA_CR: Final = 4  # before the CRLF after chunk-data
DATA_LF: Final = 5
LAST: Final = 6  # after the line of the last chunk

# The state in an extension. White space is "bad" (BWS): only allowed where the grammar has it.
SIZE_WS: Final = 0
NAME_START: Final = 1
NAME: Final = 2
NAME_WS: Final = 3
VALUE_START: Final = 4
VALUE: Final = 5
VALUE_WS: Final = 6
QUOTED: Final = 7
QUOTED_PAIR: Final = 8
QUOTED_END: Final = 9
END: Final = 10  # CR
REFUSED: Final = 255

# Classes of bytes in an extension.
CONTROL: Final = 0
WS: Final = 1
TCHAR: Final = 2
SEMICOLON: Final = 3
EQUALS: Final = 4
QUOTE: Final = 5
BACKSLASH: Final = 6
CR: Final = 7
TEXT: Final = 8  # every other byte of a quoted string
_CLASSES: Final = 9

EXTENSIONS: Final[dict[tuple[int, int], int]] = {
    (SIZE_WS, WS): SIZE_WS,
    (SIZE_WS, SEMICOLON): NAME_START,
    (NAME_START, WS): NAME_START,
    (NAME_START, TCHAR): NAME,
    (NAME, TCHAR): NAME,
    (NAME, WS): NAME_WS,
    (NAME, EQUALS): VALUE_START,
    (NAME, SEMICOLON): NAME_START,
    (NAME, CR): END,
    (NAME_WS, WS): NAME_WS,
    (NAME_WS, EQUALS): VALUE_START,
    (NAME_WS, SEMICOLON): NAME_START,
    (VALUE_START, WS): VALUE_START,
    (VALUE_START, TCHAR): VALUE,
    (VALUE_START, QUOTE): QUOTED,
    (VALUE, TCHAR): VALUE,
    (VALUE, WS): VALUE_WS,
    (VALUE, SEMICOLON): NAME_START,
    (VALUE, CR): END,
    (VALUE_WS, WS): VALUE_WS,
    (VALUE_WS, SEMICOLON): NAME_START,
    **{(QUOTED, text): QUOTED for text in (WS, TCHAR, SEMICOLON, EQUALS, TEXT)},
    (QUOTED, BACKSLASH): QUOTED_PAIR,
    (QUOTED, QUOTE): QUOTED_END,
    **{(QUOTED_PAIR, text): QUOTED for text in (WS, TCHAR, SEMICOLON, EQUALS, QUOTE, BACKSLASH, TEXT)},
    (QUOTED_END, WS): VALUE_WS,
    (QUOTED_END, SEMICOLON): NAME_START,
    (QUOTED_END, CR): END,
}


def _class_of(byte: int) -> int:
    if byte in (9, 32):
        return WS
    if byte == 13:
        return CR
    if TOKEN_TABLE[byte]:
        return TCHAR
    if byte < 32 or byte == 127:
        return CONTROL
    return {0x3B: SEMICOLON, 0x3D: EQUALS, 0x22: QUOTE, 0x5C: BACKSLASH}.get(byte, TEXT)


_CLASS_OF: Final = bytes([_class_of(byte) for byte in range(256)])
_NEXT: Final = bytes([EXTENSIONS.get((state, kind), REFUSED) for state in range(END) for kind in range(_CLASSES)])

# Value of a hexadecimal digit (RFC 5234 B.1), 255 for any other byte.
_HEX: Final = bytes(
    [byte - 48 if 48 <= byte <= 57 else (byte | 32) - 87 if 97 <= (byte | 32) <= 102 else 255 for byte in range(256)]
)
_MOST_DIGITS: Final = 16
_LARGEST: Final[i64] = 0x0FFFFFFFFFFFFFFF
_CRLF: Final = 0x0A0D
_COPY_BY_WORDS: Final = 128  # up to here a chunk is copied word by word, which is faster than a slice
_OWN_EVENT: Final = 4096  # from here on a chunk is a separate event, copied once


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class ChunkedDecoder:
    """Decodes the chunks of a buffer; ``at`` is its position."""

    def __init__(self) -> None:
        self.state: i64 = SIZE
        self.at: i64 = 0
        self._remaining: i64 = 0  # of chunk-data; while the size is read, the size so far
        self._digits: i64 = 0
        self._extension: i64 = SIZE_WS
        self._extension_bytes: i64 = 0  # of the whole message
        self._joined = BytesWriter()

    def clear(self) -> None:
        """Start over, for the next message."""
        self.state = SIZE
        self._remaining = 0
        self._digits = 0
        self._extension_bytes = 0

    def decode(self, raw: bytes, at: i64, end: i64, longest: i64) -> bytes:
        """Return the next piece of content, ``b""`` if more bytes are needed or after the last chunk.

        Many small chunks of one buffer become one piece, a large one its own; a piece that is all of ``raw`` is ``raw``
        itself. ``longest`` limits the extensions of a message. Raises Malformed, after the content before the fault.
        """
        first = at  # the piece so far is raw[first:stop], or is in `joined`
        stop = at
        joined = False
        writer = self._joined
        while at < end:
            if self.state == DATA:
                take = end - at
                if take > self._remaining:
                    take = self._remaining
                if stop > first or joined:
                    if take >= _OWN_EVENT or stop - first >= _OWN_EVENT:
                        break
                    if not joined:
                        joined = True
                        _copy(writer, raw, first, stop)
                        stop = first
                    _copy(writer, raw, at, at + take)
                else:
                    first = at
                    stop = at + take
                at += take
                self._remaining -= take
                if self._remaining > 0:
                    break
                self.state = DATA_CR
                if at + 2 <= end and read_i16_le(raw, at) == _CRLF:
                    at += 2
                    self.state = SIZE
                continue
            self.at = at
            fault = self._parse_line(raw, at, end, longest)
            at = self.at
            if fault is not None:
                if stop == first and not joined:
                    raise Malformed(fault, at, raw[at : at + 1])
                break
            if self.state == LAST:
                break
        self.at = at
        if joined:
            data = writer.getvalue()
            self._joined = emptied(writer)
            return data
        if first == 0 and stop == len(raw):
            return raw
        return raw[first:stop]

    def _parse_line(self, raw: bytes, at: i64, end: i64, longest: i64) -> str | None:
        """Move on to the next chunk-data, or to ``end``, and leave the position in ``at``.

        Returns the reason why the byte at ``at`` is refused; it is not consumed then.
        """
        while at < end:
            byte = raw[at]
            if self.state == SIZE:
                digit: i64 = i64(_HEX[byte])
                if digit != 255:
                    self.at = at
                    if self._digits >= _MOST_DIGITS:
                        return "invalid_chunk_size"
                    if self._remaining > _LARGEST >> 4:
                        return "chunk_size_overflow"
                    self._remaining = (self._remaining << 4) | digit
                    self._digits += 1
                elif self._digits == 0:
                    self.at = at
                    return "invalid_chunk_size"
                elif byte == 13:
                    self.state = SIZE_LF
                else:
                    self.state = EXTENSION
                    self._extension = SIZE_WS
                    continue
            elif self.state == SIZE_LF:
                self.at = at
                if byte != 10:
                    return "bare_cr"
                self.at = at + 1
                self._digits = 0
                self.state = DATA if self._remaining > 0 else LAST
                return None
            elif self.state == EXTENSION:
                following: i64 = i64(_NEXT[self._extension * _CLASSES + i64(_CLASS_OF[byte])])
                self.at = at
                if following == REFUSED:
                    return "bare_lf" if byte == 10 else "invalid_chunk_extension"
                if following == END:
                    self.state = SIZE_LF
                else:
                    if self._extension_bytes >= longest:
                        return "chunk_extensions_too_large"
                    self._extension_bytes += 1
                    self._extension = following
            elif self.state == DATA_CR:
                self.at = at
                if byte != 13:
                    return "chunk_not_terminated"
                self.state = DATA_LF
            else:
                self.at = at
                if byte != 10:
                    return "chunk_not_terminated"
                self.state = SIZE
            at += 1
        self.at = at
        return None


def _copy(writer: BytesWriter, raw: bytes, start: i64, stop: i64) -> None:
    """Append ``raw[start:stop]``; short pieces word by word, the last word truncated."""
    length = stop - start
    if length > _COPY_BY_WORDS or start + ((length + 7) >> 3 << 3) > len(raw):
        writer.write(raw[start:stop])
        return
    size = len(writer) + length
    at = start
    while at < stop:
        write_i64_le(writer, read_i64_le(raw, at))
        at += 8
    writer.truncate(size)
