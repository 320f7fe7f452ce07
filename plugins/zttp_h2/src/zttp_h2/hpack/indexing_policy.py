"""Which fields the encoder puts into the dynamic table. RFC 7541 7.1.3 leaves it to us.

INCREMENTAL   the rule: a field that is sent once is likely to be sent again, and is indexed.
VARYING       values that change nearly every time (``:path``, ``date``, ``etag`` ...): one that comes twice in a
              row is indexed. Before that it is indexed only where that saves an octet (the index of its name is shorter
              in that representation) and costs nothing: while the table has room, or while the lasting fields in it are
              so small that sending them again after eviction is cheap.
NEVER         credentials, as never-indexed literals: neither our table nor that of a proxy beyond the peer may hold
values that could be found by probing (RFC 7541 7.1): ``authorization``, ``proxy-authorization``. GUESSABLE     combined
with one of the others: a value below 20 octets has too little entropy to be safe in a table and is never indexed:
``cookie``, ``set-cookie`` (longer values are VARYING).

A field larger than the whole table is sent without indexing: it would only empty the table. A table belongs to one
direction of one connection; if that is shared by users who must not learn of each other, as behind a proxy, pass
``never_indexed`` for secret fields, or set the encoder's ``max_table_size`` to 0.
"""

from typing import Final

INCREMENTAL: Final = 0
VARYING: Final = 1
NEVER: Final = 2
GUESSABLE: Final = 4

SHORT_VALUE: Final = 20

POLICIES: Final = {
    b":path": VARYING,
    b"age": VARYING,
    b"content-length": VARYING,
    b"content-range": VARYING,
    b"date": VARYING,
    b"etag": VARYING,
    b"expires": VARYING,
    b"if-modified-since": VARYING,
    b"if-none-match": VARYING,
    b"if-range": VARYING,
    b"last-modified": VARYING,
    b"location": VARYING,
    b"range": VARYING,
    b"authorization": NEVER,
    b"proxy-authorization": NEVER,
    b"cookie": INCREMENTAL | GUESSABLE,
    b"set-cookie": VARYING | GUESSABLE,
}
