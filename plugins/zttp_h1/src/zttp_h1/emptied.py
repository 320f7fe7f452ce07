"""Reuse of a writer whose bytes were taken, or removed: it is kept for the next, unless it has grown."""

from typing import Final

from librt.strings import BytesWriter

_MOST_KEPT: Final = 8192  # after peak load; an idle connection, as most are, should be small


def emptied(writer: BytesWriter) -> BytesWriter:
    """Return an empty writer: this one, which keeps its memory, or a new one if that is much."""
    if len(writer) > _MOST_KEPT:
        return BytesWriter()
    writer.truncate(0)
    return writer


def taken_back(writer: BytesWriter, mark: int) -> BytesWriter:
    """Return a writer with the bytes before ``mark``: this one, or a new one if many bytes are removed."""
    if len(writer) - mark <= _MOST_KEPT:
        writer.truncate(mark)
        return writer
    kept = BytesWriter()
    kept.write(writer.getvalue()[:mark])
    return kept
