"""Checks whether a client's first packet is authentic, before any state is made for it (RFC 9000 5.2, RFC 9001 5.2)."""

from typing import Final

from zttp_h3.malformed import Malformed
from zttp_h3.protection.packet_keys import Forgeries, Opener, initial_opener
from zttp_h3.wire.packet_header import LongHeader

_UNLIMITED: Final = 0x3FFFFFFFFFFFFFFF


def opener_of_first(datagram: bytes, header: LongHeader) -> Opener | None:
    """Return the opener for a client's Initial packets, given the first one; None if it is not authentic."""
    opener = initial_opener(header.version, header.destination, False, Forgeries(_UNLIMITED))
    try:
        _, number, _ = opener.open(datagram, header.at, header.rest_at, header.stop, -1)
    except Malformed:
        return opener  # authentic but invalid: the connection reports it
    return opener if number >= 0 else None
