"""Reads a decoded field block as a request, a response or a trailer section (RFC 9113 8.1-8.5, RFC 8441 4).

Usual messages are read here, by the union of the decoder's SEEN bits, which costs a few comparisons. All others,
including CONNECT and malformed ones, are read by ``zttp_core.messages``, which has the rules and names a fault. The
methods return ``None``, or the reason token of a malformed message (RFC 9113 8.1.1), which is a stream error and never
raised.
"""

from typing import Any, Final, cast, final

from zttp_core import events as core
from zttp_core.messages import reading
from zttp_core.messages.authority import is_host
from zttp_core.messages.cookies import join_cookies
from zttp_core.messages.fields import expects_continue
from zttp_core.messages.grammar import HOST_TABLE as _HOST_TABLE
from zttp_core.messages.priorities import parse_priority
from zttp_core.messages.trailers import FORBIDDEN_TRAILERS as _FORBIDDEN_TRAILERS
from zttp_h2.content_length import plain_length
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.field_kinds import (
    ANY_PSEUDO,
    CONTENT_LENGTH,
    COOKIE,
    EXPECT,
    KIND_MASK,
    MALFORMED,
    PRIORITY,
    SEEN_AUTHORITY,
    SEEN_CONTENT_LENGTH,
    SEEN_COOKIE,
    SEEN_EXPECT,
    SEEN_HOST,
    SEEN_METHOD,
    SEEN_PATH,
    SEEN_PRIORITY,
    SEEN_PROTOCOL,
    SEEN_SCHEME,
    SEEN_STATUS,
)
from zttp_h2.native_ints import i64, mypyc_attr

FORBIDDEN_TRAILERS: Final[frozenset[bytes]] = _FORBIDDEN_TRAILERS
HOST_TABLE: Final[bytes] = _HOST_TABLE
_rare_values: Final[Any] = core.rare_values
_read_request: Final[Any] = reading.read_request
_read_response: Final[Any] = reading.read_response
_read_trailers: Final[Any] = reading.read_trailers
_RARE_HTTPS: Final[Any] = core.rare_values(b"https", None, b"2")
_RARE_HTTP: Final[Any] = core.rare_values(b"http", None, b"2")

_NEEDED: Final = SEEN_METHOD | SEEN_SCHEME | SEEN_PATH
# Fields with which a request is not read here, and fields that no usual message repeats.
_UNUSUAL: Final = MALFORMED | SEEN_STATUS | SEEN_PROTOCOL | SEEN_HOST
_ONCE: Final = ANY_PSEUDO | SEEN_CONTENT_LENGTH
_TOLD: Final = SEEN_CONTENT_LENGTH | SEEN_EXPECT | SEEN_PRIORITY

Pair = tuple[bytes, bytes]
_NOTHING: Final[bytes] = b""
_NO_VALUES: Final[list[bytes]] = []
_NO_FIELDS: Final[list[object]] = []  # before the first head
_NO_HOST: Final[object] = (b"host", b"")


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class HeadReader:
    """The values of the head that was read last; one object serves all messages of a connection."""

    def __init__(self) -> None:
        self.method: bytes = _NOTHING
        self.target: bytes = _NOTHING
        self.scheme: bytes | None = None
        self.protocol: bytes | None = None
        self.status: i64 = 0
        self.fields: list[object] = _NO_FIELDS
        self.valid: bool = False  # these values are those of a valid request
        self.rare: object = _RARE_HTTPS  # the values that nearly all requests share, in the form of the core
        self.content_length: i64 = -1
        self.expect_continue: bool = False
        self.priority: tuple[int, bool] | None = None
        # A valid authority and its field, for the next request: most requests of a connection are for the same host.
        self._authority: bytes | None = None
        self._host: object = _NO_HOST

    def let_go(self) -> None:
        """Forget the last head."""
        self.valid = False
        self.method = _NOTHING
        self.target = _NOTHING
        self.scheme = None
        self.protocol = None
        self.fields = _NO_FIELDS
        self.rare = _RARE_HTTPS
        self._authority = None
        self._host = _NO_HOST

    def read_request(self, decoder: Decoder, extended_connect: bool) -> str | None:
        """Read a request head."""
        self.valid = False
        seen = decoder.seen
        if seen & (_UNUSUAL | _NEEDED) != _NEEDED or decoder.repeated & _ONCE:
            return self._read_unusual(decoder, extended_connect)
        method = decoder.method.value
        path = decoder.path.value
        if path[0] != 0x2F or (len(method) == 7 and method == b"CONNECT"):
            return self._read_unusual(decoder, extended_connect)
        start = decoder.pseudo
        if seen & SEEN_AUTHORITY:
            authority = decoder.authority.value
            if authority is not self._authority and authority != self._authority:
                if not _is_authority(authority):
                    return self._read_unusual(decoder, extended_connect)
                self._authority = authority
                self._host = (b"host", authority)
            start -= 1  # the host replaces the last pseudo-header field
            fields = decoder.section(start)
            fields[0] = self._host
        else:
            fields = decoder.section(start)
        self.method = method
        self.target = path
        self.protocol = None
        self.fields = fields
        self.content_length = -1
        self.expect_continue = False
        self.priority = None
        if seen & _TOLD and not self._read_told(decoder):
            return self._read_unusual(decoder, extended_connect)
        if decoder.repeated & SEEN_COOKIE:
            self._join_crumbs(decoder, start)
        self._keep_scheme(decoder.scheme.value)
        self.valid = True
        return None

    def _read_unusual(self, decoder: Decoder, extended_connect: bool) -> str | None:
        """Read any request head, or return its fault."""
        read: Any = _read_request(decoder.section(0), extended_connect)
        if isinstance(read, str):
            return read
        self.method = read.method
        self.target = read.target
        self.protocol = read.protocol
        self.fields = read.fields
        self.content_length = read.content_length
        self.expect_continue = read.expect_continue
        self.priority = read.priority
        self._keep_scheme(read.scheme)
        self.valid = True
        return None

    def _keep_scheme(self, scheme: bytes | None) -> None:
        self.scheme = scheme
        if self.protocol is None and scheme == b"https":
            self.rare = _RARE_HTTPS
        elif self.protocol is None and scheme == b"http":
            self.rare = _RARE_HTTP
        else:
            self.rare = _rare_values(scheme, self.protocol, b"2")

    def read_response(self, decoder: Decoder) -> str | None:
        """Read a response head."""
        self.valid = False
        seen = decoder.seen
        self.content_length = -1
        if seen & (MALFORMED | ANY_PSEUDO) == SEEN_STATUS and decoder.repeated & _ONCE == 0:
            digits = decoder.status.value
            status: i64 = (i64(digits[0]) * 10 + i64(digits[1])) * 10 + i64(digits[2]) - 5328
            self.fields = decoder.section(1)
            if status != 101 and (seen & SEEN_CONTENT_LENGTH == 0 or self._read_told(decoder)):
                self.status = status
                return None
        read: Any = _read_response(decoder.section(0))
        if isinstance(read, str):
            return read
        self.status = read.status
        self.fields = read.fields
        self.content_length = read.content_length
        return None

    def read_trailers(self, decoder: Decoder) -> str | None:
        """Read a trailer section."""
        self.valid = False
        fields = decoder.section(0)
        self.fields = fields
        plain = decoder.seen & (MALFORMED | ANY_PSEUDO) == 0
        for field in fields:
            if cast("Pair", field)[0] in FORBIDDEN_TRAILERS:
                plain = False
        if plain:
            return None
        read: Any = _read_trailers(fields)
        return read if isinstance(read, str) else None

    def _read_told(self, decoder: Decoder) -> bool:
        """Read the facts of the regular fields; False if the Content-Length is not a plain number."""
        fields = self.fields
        kinds = decoder.kinds
        before: i64 = decoder.count - len(fields)
        at = decoder.pseudo
        priority = _NOTHING
        more_priorities = _NO_VALUES
        has_priority = False
        while at < decoder.count:
            kind = i64(kinds[at]) & KIND_MASK
            if kind == CONTENT_LENGTH:
                self.content_length = plain_length(cast("Pair", fields[at - before])[1])
                if self.content_length < 0:
                    return False
            elif kind == EXPECT:
                if expects_continue(cast("Pair", fields[at - before])[1]):
                    self.expect_continue = True
            elif kind == PRIORITY:
                value = cast("Pair", fields[at - before])[1]
                if not has_priority:
                    has_priority = True
                    priority = value
                else:
                    if more_priorities is _NO_VALUES:
                        more_priorities = []
                    more_priorities.append(value)
            at += 1
        if has_priority:
            # RFC 9651 4.2: several lines of a dictionary field are one list.
            if len(more_priorities) > 0:
                priority = b",".join([priority, *more_priorities])
            self.priority = parse_priority(priority)
        return True

    def _join_crumbs(self, decoder: Decoder, position: i64) -> None:
        """Join the parts of the Cookie, at the position of the first; browsers split it in every request.

        ``position`` is where the first of ``fields`` was in the block.
        """
        kinds = decoder.kinds
        kept: list[object] = []
        crumbs: list[bytes] = []
        cookie_at = 0
        for field in self.fields:
            if i64(kinds[position]) & KIND_MASK == COOKIE:
                if len(crumbs) == 0:
                    cookie_at = len(kept)
                    kept.append(field)
                crumbs.append(cast("Pair", field)[1])
            else:
                kept.append(field)
            position += 1
        kept[cookie_at] = (b"cookie", join_cookies(crumbs))
        self.fields = kept


def _is_authority(value: bytes) -> bool:
    """Return whether a value is a host with an optional port, without userinfo (RFC 9113 8.3.1)."""
    table = HOST_TABLE
    at: i64 = 0
    end: i64 = len(value)
    while at < end and table[value[at]] == 1:
        at += 1
    return at == end or is_host(value)
