"""What becomes of a writer whose bytes were taken, or taken back: kept for the next, unless it has grown."""

from typing import Final

from librt.strings import BytesWriter

_MOST_KEPT: Final = 8192  # of the busiest moment; a connection that idles, as most do, should be small


def emptied(writer: BytesWriter) -> BytesWriter:
    """Return an empty writer: this one, which keeps the memory that it has, or a new one if that is much."""
    if len(writer) > _MOST_KEPT:
        return BytesWriter()
    writer.truncate(0)
    return writer


def taken_back(writer: BytesWriter, mark: int) -> BytesWriter:
    """Return a writer with what was written before ``mark``: this one, or a new one if what is taken back is much."""
    if len(writer) - mark <= _MOST_KEPT:
        writer.truncate(mark)
        return writer
    kept = BytesWriter()
    kept.write(writer.getvalue()[:mark])
    return kept
