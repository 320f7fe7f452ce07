"""``Head``: the results for the head that is being parsed, or was parsed last. The codecs fill it."""

from typing import Final, final

from zttp_h1.native_ints import i64, mypyc_attr

# The facts from the fields, as bits of `facts`.
HOST: Final = 1
CLOSE: Final = 2  # Connection lists close
KEEP_ALIVE: Final = 4  # Connection lists keep-alive
UPGRADE_LISTED: Final = 8  # Connection lists upgrade
UPGRADE: Final = 16  # there is an Upgrade field
CHUNKED: Final = 32  # Transfer-Encoding is chunked
EXPECT_CONTINUE: Final = 64  # Expect lists 100-continue
OTHER_CODINGS: Final = 128  # Transfer-Encoding is something else


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Head:
    """The values of a start line, and the facts of a header or trailer section.

    One object serves all messages of a connection. ``facts`` are the bits above, ``content_length`` is -1 without one,
    ``count`` is the number of fields. Positions are counted from the start of the section.
    """

    def __init__(self) -> None:
        self.minor: i64 = 1  # of the version, HTTP/1.minor
        self.method = b""
        self.target = b""
        self.status_code: i64 = 0
        self.reason = b""
        self.upgrades: list[bytes] | None = None  # the values of all Upgrade fields
        self.codings: list[bytes] | None = None  # the values of Transfer-Encoding, if `facts` have OTHER_CODINGS
        self.facts: i64 = 0
        self.content_length: i64 = -1
        self.length_digits: i64 = 0  # its number of digits: leading zeros count
        self.count: i64 = 0
        self.framed_at: i64 = 0  # the position of the last field about framing
        self.cuts: list[int] | None = None  # starts and ends of repetitions in the section

    def clear_fields(self) -> None:
        """Forget the section, for the next one."""
        if self.count == 0 and self.facts == 0 and self.content_length < 0:
            return  # none: a head that repeats another is not parsed
        self.facts = 0
        self.content_length = -1
        self.count = 0
        self.upgrades = None
        self.codings = None
        self.cuts = None

    def cut(self, start: i64, end: i64) -> None:
        """Record that the bytes from ``start`` to ``end`` are left out for the caller."""
        if self.cuts is None:
            self.cuts = []
        self.cuts.append(start)
        self.cuts.append(end)


NO_HEAD: Final = Head()  # before the first head: nothing is written to it
