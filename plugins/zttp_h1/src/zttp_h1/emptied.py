"""What becomes of a writer whose bytes were taken: kept for the next, unless it has grown."""

from typing import Final

from librt.strings import BytesWriter

_MOST_KEPT: Final = 65536  # a connection that idles, as most do, holds no more than this of its busiest moment


def emptied(writer: BytesWriter) -> BytesWriter:
    """Return an empty writer: this one, which keeps the memory that it has, or a new one if that is much."""
    if len(writer) > _MOST_KEPT:
        return BytesWriter()
    writer.truncate(0)
    return writer
