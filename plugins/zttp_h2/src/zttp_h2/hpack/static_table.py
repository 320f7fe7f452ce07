"""The static table, RFC 7541 Appendix A."""

from typing import Final

from zttp_h2.hpack.field_kinds import name_kind
from zttp_h2.hpack.table_entry import TableEntry

LENGTH: Final = 61

FIELDS: Final = (
    (b":authority", b""),
    (b":method", b"GET"),
    (b":method", b"POST"),
    (b":path", b"/"),
    (b":path", b"/index.html"),
    (b":scheme", b"http"),
    (b":scheme", b"https"),
    (b":status", b"200"),
    (b":status", b"204"),
    (b":status", b"206"),
    (b":status", b"304"),
    (b":status", b"400"),
    (b":status", b"404"),
    (b":status", b"500"),
    (b"accept-charset", b""),
    (b"accept-encoding", b"gzip, deflate"),
    (b"accept-language", b""),
    (b"accept-ranges", b""),
    (b"accept", b""),
    (b"access-control-allow-origin", b""),
    (b"age", b""),
    (b"allow", b""),
    (b"authorization", b""),
    (b"cache-control", b""),
    (b"content-disposition", b""),
    (b"content-encoding", b""),
    (b"content-language", b""),
    (b"content-length", b""),
    (b"content-location", b""),
    (b"content-range", b""),
    (b"content-type", b""),
    (b"cookie", b""),
    (b"date", b""),
    (b"etag", b""),
    (b"expect", b""),
    (b"expires", b""),
    (b"from", b""),
    (b"host", b""),
    (b"if-match", b""),
    (b"if-modified-since", b""),
    (b"if-none-match", b""),
    (b"if-range", b""),
    (b"if-unmodified-since", b""),
    (b"last-modified", b""),
    (b"link", b""),
    (b"location", b""),
    (b"max-forwards", b""),
    (b"proxy-authenticate", b""),
    (b"proxy-authorization", b""),
    (b"range", b""),
    (b"referer", b""),
    (b"refresh", b""),
    (b"retry-after", b""),
    (b"server", b""),
    (b"set-cookie", b""),
    (b"strict-transport-security", b""),
    (b"transfer-encoding", b""),
    (b"user-agent", b""),
    (b"vary", b""),
    (b"via", b""),
    (b"www-authenticate", b""),
)


def _entries() -> list[TableEntry]:
    """The table by index. Index 0 is not used; an entry is there so that no index has to be shifted."""
    entries = [TableEntry(b"", b"", name_kind(b""))]
    for name, value in FIELDS:
        entries.append(TableEntry(name, value, name_kind(name)))
    return entries


def _name_indices() -> dict[bytes, int]:
    """The lowest index of each name."""
    indices: dict[bytes, int] = {}
    for index, field in enumerate(FIELDS, 1):
        indices.setdefault(field[0], index)
    return indices


def _values() -> dict[bytes, dict[bytes, int]]:
    """The index of each value, for the names that have values in the table."""
    values: dict[bytes, dict[bytes, int]] = {}
    for index, (name, value) in enumerate(FIELDS, 1):
        if value:
            values.setdefault(name, {})[value] = index
    return values


ENTRIES: Final[list[TableEntry]] = _entries()
NAME_INDICES: Final[dict[bytes, int]] = _name_indices()
VALUES: Final[dict[bytes, dict[bytes, int]]] = _values()
