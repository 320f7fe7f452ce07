"""The queued output: frames in, one bytes object out.

Small parts are written into one buffer. Content of a few kilobytes and more is kept as the caller's object, or as a
view of it, and joined once, when it is taken.
"""

from typing import Final, final

from librt.strings import BytesWriter, write_i32_be, write_i64_be

from zttp_h2.frames import DATA, END_STREAM, GOAWAY, PING, PRIORITY_UPDATE, RST_STREAM, WINDOW_UPDATE, write_u32
from zttp_h2.native_ints import i32, i64, mypyc_attr, u8

_NONE: Final[list[object]] = []  # shared by all connections until they need their own list
_LARGE: Final = 4096  # from here on content is not copied through the buffer
_MOST_KEPT: Final = 8192  # a larger buffer is not kept for the next output: most connections are idle


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Outbox:
    """The queued output of one connection."""

    def __init__(self) -> None:
        self.buffer: BytesWriter = BytesWriter()
        self.number: i64 = 0  # how many outputs were taken before this one
        self._parts: list[object] = _NONE
        self._parts_size: i64 = 0
        # The position of the flags of the last frame, while that frame can still get END_STREAM.
        self._flags_at: i64 = -1
        self._flags_stream: i64 = 0

    def write_header(self, length: i64, frame_type: i64, flags: i64, stream_id: i64) -> None:
        """Write the nine octets of a frame header (RFC 9113 4.1)."""
        buffer = self.buffer
        self._flags_at = len(buffer) + 4
        self._flags_stream = stream_id
        write_i64_be(buffer, (length << 40) | (frame_type << 32) | (flags << 24) | (stream_id >> 8))
        buffer.append(u8(stream_id & 255))

    def patch_length(self, at: i64) -> None:
        """Set the length of the frame that begins at ``at`` and ends here."""
        buffer = self.buffer
        length: i64 = len(buffer) - at - 9
        if length > 255:  # it is 0 so far
            buffer[at] = u8((length >> 16) & 255)
            buffer[at + 1] = u8((length >> 8) & 255)
        buffer[at + 2] = u8(length & 255)

    def truncate(self, at: i64) -> None:
        """Remove the bytes from ``at`` on, and free their memory if it is large."""
        buffer = self.buffer
        if len(buffer) - at > _MOST_KEPT:
            self.buffer = BytesWriter()
            self.buffer.write(buffer.getvalue()[:at])
        else:
            buffer.truncate(at)
        self._flags_at = -1

    def cut_off(self, at: i64) -> bytes:
        """Return the bytes from ``at`` on, and remove them.

        The bytes before them leave the buffer, so that the next call does not copy them again.
        """
        data = self.buffer.getvalue()
        self.buffer.truncate(at)
        self._flush()
        return data[at:]

    def mark(self, at: i64, stream_id: i64) -> None:
        """Record that END_STREAM of this stream can be set at ``at``: only continuations follow that frame."""
        self._flags_at = at
        self._flags_stream = stream_id

    def end_last_frame(self, stream_id: i64) -> bool:
        """Set END_STREAM in the last frame, if it is a HEADERS or DATA frame of this stream and still queued."""
        at = self._flags_at
        if at < 0 or self._flags_stream != stream_id:
            return False
        buffer = self.buffer
        if i64(buffer[at - 1]) > 1:
            return False
        buffer[at] = u8(i64(buffer[at]) | END_STREAM)
        self._flags_at = -1
        return True

    def write_data(self, stream_id: i64, data: bytes, start: i64, stop: i64, flags: i64) -> None:
        """Write one DATA frame of ``data[start:stop]``."""
        size = stop - start
        self.write_header(size, DATA, flags, stream_id)
        if size < _LARGE:
            self.buffer.write(data if size == len(data) else data[start:stop])
        else:
            self.write_content(data, start, stop)

    def write_content(self, data: bytes, start: i64, stop: i64) -> None:
        """Write a part of the payload of a DATA frame."""
        size = stop - start
        whole = size == len(data)
        if size < _LARGE:
            self.buffer.write(data if whole else data[start:stop])
            return
        self._flush()
        # A view costs less than a copy of that size.
        self._append(data if whole else memoryview(data)[start:stop], size)

    def write_rst_stream(self, stream_id: i64, error_code: i64) -> None:
        """Write a RST_STREAM frame (RFC 9113 6.4)."""
        self.write_header(4, RST_STREAM, 0, stream_id)
        write_u32(self.buffer, error_code)

    def write_window_update(self, stream_id: i64, increment: i64) -> None:
        """Write a WINDOW_UPDATE frame (RFC 9113 6.9)."""
        self.write_header(4, WINDOW_UPDATE, 0, stream_id)
        write_i32_be(self.buffer, i32(increment))

    def write_ping(self, data: bytes, flags: i64) -> None:
        """Write a PING frame (RFC 9113 6.7)."""
        self.write_header(8, PING, flags, 0)
        self.buffer.write(data)

    def write_priority_update(self, stream_id: i64, priority: bytes) -> None:
        """Write a PRIORITY_UPDATE frame (RFC 9218 7.1)."""
        self.write_header(4 + len(priority), PRIORITY_UPDATE, 0, 0)
        write_i32_be(self.buffer, i32(stream_id))
        self.buffer.write(priority)

    def write_goaway(self, last_stream_id: i64, error_code: i64, debug: bytes) -> None:
        """Write a GOAWAY frame (RFC 9113 6.8)."""
        self.write_header(8 + len(debug), GOAWAY, 0, 0)
        write_i32_be(self.buffer, i32(last_stream_id))
        write_u32(self.buffer, error_code)
        self.buffer.write(debug)

    def take(self) -> bytes:
        """Return the queued output, and remove it."""
        buffer = self.buffer
        parts = self._parts
        self.number += 1
        self._flags_at = -1
        if len(parts) == 0:
            size: i64 = len(buffer)
            if size == 0:
                return b""
            data = buffer.getvalue()
            if size > _MOST_KEPT:
                self.buffer = BytesWriter()
            else:
                buffer.truncate(0)
            return data
        self._flush()
        self._parts = _NONE
        self._parts_size = 0
        return _join(parts)

    def size(self) -> i64:
        """Return how many bytes wait to be sent."""
        return self._parts_size + len(self.buffer)

    def _append(self, part: object, size: i64) -> None:
        if self._parts is _NONE:
            self._parts = []
        self._parts.append(part)
        self._parts_size += size

    def _flush(self) -> None:
        self._flags_at = -1
        size: i64 = len(self.buffer)
        if size > 0:
            self._append(self.buffer.getvalue(), size)
            if size > _MOST_KEPT:
                self.buffer = BytesWriter()
            else:
                self.buffer.truncate(0)


def _join(parts: list[object]) -> bytes:
    joined: bytes = b"".join(parts)  # type: ignore[arg-type]  # bytes and views of bytes
    return joined
