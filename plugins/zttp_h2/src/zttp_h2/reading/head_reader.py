"""What a decoded field block says as a request, a response or a trailer section (RFC 9113 8.1-8.5, RFC 8441 4).

The decoder has judged every field for itself; here they are judged together. The methods return ``None``, or the reason
token of what makes the message malformed (RFC 9113 8.1.1), which is a stream error and never raised.
"""

from typing import Any, Final, cast, final

from zttp_core import events as core
from zttp_core.grammar import FORBIDDEN_TRAILERS as _FORBIDDEN_TRAILERS
from zttp_core.grammar import HOST_TABLE as _HOST_TABLE
from zttp_core.grammar import is_host
from zttp_h2.content_length import parse_content_length
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.field_kinds import (
    ANY_PSEUDO,
    CONTENT_LENGTH,
    COOKIE,
    EXPECT,
    HOST,
    KIND_MASK,
    MALFORMED,
    PRIORITY,
    SEEN_AUTHORITY,
    SEEN_CONNECTION_SPECIFIC,
    SEEN_CONTENT_LENGTH,
    SEEN_COOKIE,
    SEEN_EXPECT,
    SEEN_HOST,
    SEEN_INVALID_NAME,
    SEEN_INVALID_VALUE,
    SEEN_METHOD,
    SEEN_MISPLACED_PSEUDO,
    SEEN_PATH,
    SEEN_PRIORITY,
    SEEN_PROTOCOL,
    SEEN_SCHEME,
    SEEN_STATUS,
    SEEN_TE,
)
from zttp_h2.native_ints import i64, mypyc_attr

FORBIDDEN_TRAILERS: Final[frozenset[bytes]] = _FORBIDDEN_TRAILERS
HOST_TABLE: Final[bytes] = _HOST_TABLE
_rare_values: Final[Any] = core.rare_values
_RARE_HTTPS: Final[Any] = core.rare_values(b"https", None, b"2")
_RARE_HTTP: Final[Any] = core.rare_values(b"http", None, b"2")

_NEEDED: Final = SEEN_METHOD | SEEN_SCHEME | SEEN_PATH
_CONNECT_NEEDS: Final = SEEN_METHOD | SEEN_AUTHORITY
_EXTENDED_CONNECT_NEEDS: Final = SEEN_METHOD | SEEN_SCHEME | SEEN_PATH | SEEN_AUTHORITY | SEEN_PROTOCOL
_ONCE: Final = ANY_PSEUDO | SEEN_HOST | SEEN_CONTENT_LENGTH
_TOLD: Final = SEEN_CONTENT_LENGTH | SEEN_EXPECT | SEEN_PRIORITY

Pair = tuple[bytes, bytes]
_NOTHING: Final[bytes] = b""
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
        self.valid: bool = False  # all of this is that of a valid request
        self.rare: object = _RARE_HTTPS  # what nearly all requests have in common, as the core keeps it
        self.content_length: i64 = -1
        self.expect_continue: bool = False
        self.priority: bytes | None = None
        # A valid authority and its field, for the next request: most of a connection's are for the same host.
        self._authority: bytes | None = None
        self._host: object = _NO_HOST

    def read_request(self, decoder: Decoder, extended_connect: bool) -> str | None:
        """Read a request head."""
        self.valid = False
        seen = decoder.seen
        if seen & MALFORMED or decoder.repeated & _ONCE:
            return _malformed(seen, decoder.repeated)
        if seen & SEEN_STATUS:
            return "unexpected_pseudo_field"
        method = decoder.method.value if seen & SEEN_METHOD else _NOTHING
        self.method = method
        self.scheme = decoder.scheme.value if seen & SEEN_SCHEME else None
        self.protocol = decoder.protocol.value if seen & SEEN_PROTOCOL else None
        path = decoder.path.value
        authority = decoder.authority.value if seen & SEEN_AUTHORITY else None
        if seen & _NEEDED == _NEEDED and seen & SEEN_PROTOCOL == 0 and method != b"CONNECT":
            # RFC 9113 8.3.1: for http and https the path is absolute, or the asterisk of OPTIONS.
            if path[0] != 0x2F and (path != b"*" or method != b"OPTIONS") and _is_http(self.scheme):
                return "invalid_target"
            self.target = path
        else:
            fault = self._read_connect(seen, path, authority, extended_connect)
            if fault is not None:
                return fault
        start = decoder.pseudo
        if authority is not None:
            if authority is not self._authority and authority != self._authority:
                if not _is_authority(authority):
                    return "invalid_host"
                self._authority = authority
                self._host = (b"host", authority)
            start -= 1  # the host takes the place of the last pseudo-header field
        fields = decoder.section(start)
        if authority is not None:
            fields[0] = self._host
        self.fields = fields
        self.content_length = -1
        self.expect_continue = False
        self.priority = None
        if seen & _TOLD and not self._read_told(decoder):
            return "invalid_content_length"
        if seen & SEEN_HOST or decoder.repeated & SEEN_COOKIE:
            fault = self._rebuild(decoder, start, authority)
            if fault is not None:
                return fault
        scheme = self.scheme
        if self.protocol is None and scheme == b"https":
            self.rare = _RARE_HTTPS
        elif self.protocol is None and scheme == b"http":
            self.rare = _RARE_HTTP
        else:
            self.rare = _rare_values(scheme, self.protocol, b"2")
        self.valid = True
        return None

    def _read_connect(self, seen: i64, path: bytes, authority: bytes | None, extended_connect: bool) -> str | None:
        """Check the pseudo-header fields of a CONNECT, or say what is missing."""
        if seen & SEEN_METHOD == 0 or self.method != b"CONNECT":
            return "unexpected_pseudo_field" if seen & SEEN_PROTOCOL else "missing_pseudo_field"
        if seen & SEEN_PROTOCOL:
            # RFC 8441 3: only if it was announced.
            if not extended_connect:
                return "unexpected_pseudo_field"
            if seen & _EXTENDED_CONNECT_NEEDS != _EXTENDED_CONNECT_NEEDS:
                return "missing_pseudo_field"
            self.target = path
            return None if path[0] == 0x2F or not _is_http(self.scheme) else "invalid_target"
        # RFC 9113 8.5
        if seen & (SEEN_SCHEME | SEEN_PATH):
            return "unexpected_pseudo_field"
        if authority is None:
            return "missing_pseudo_field"
        colon = authority.rfind(b":")
        if colon <= 0 or colon == len(authority) - 1:
            return "invalid_target"
        self.target = authority
        return None

    def read_response(self, decoder: Decoder) -> str | None:
        """Read a response head."""
        self.valid = False
        seen = decoder.seen
        if seen & MALFORMED or decoder.repeated & (ANY_PSEUDO | SEEN_CONTENT_LENGTH):
            return _malformed(seen, decoder.repeated)
        if seen & ANY_PSEUDO != SEEN_STATUS:
            return "unexpected_pseudo_field" if seen & SEEN_STATUS else "missing_pseudo_field"
        # RFC 9113 8.2.2: TE is for requests.
        if seen & SEEN_TE:
            return "connection_specific_field"
        digits = decoder.status.value
        status: i64 = (i64(digits[0]) * 10 + i64(digits[1])) * 10 + i64(digits[2]) - 5328
        # RFC 9113 8.6: 101 has no meaning here.
        if status == 101:
            return "switching_protocols"
        self.status = status
        self.fields = decoder.section(1)
        self.content_length = -1
        if seen & SEEN_CONTENT_LENGTH and not self._read_told(decoder):
            return "invalid_content_length"
        return None

    def read_trailers(self, decoder: Decoder) -> str | None:
        """Read a trailer section."""
        self.valid = False
        seen = decoder.seen
        if seen & MALFORMED:
            return _malformed(seen, 0)
        if seen & ANY_PSEUDO:
            return "pseudo_field_in_trailers"
        fields = decoder.section(0)
        for field in fields:
            if cast("Pair", field)[0] in FORBIDDEN_TRAILERS:
                return "forbidden_trailer"
        self.fields = fields
        return None

    def _read_told(self, decoder: Decoder) -> bool:
        """Read what the regular fields tell; False if the Content-Length is invalid."""
        fields = self.fields
        kinds = decoder.kinds
        before: i64 = decoder.count - len(fields)
        at = decoder.pseudo
        while at < decoder.count:
            kind = i64(kinds[at]) & KIND_MASK
            if kind == CONTENT_LENGTH:
                self.content_length = parse_content_length(cast("Pair", fields[at - before])[1])
                if self.content_length < 0:
                    return False
            elif kind == EXPECT:
                value = cast("Pair", fields[at - before])[1]
                self.expect_continue = len(value) == 12 and value.lower() == b"100-continue"
            elif kind == PRIORITY:
                value = cast("Pair", fields[at - before])[1]
                # RFC 9651 4.2: several lines of a dictionary field are one list.
                self.priority = value if self.priority is None else self.priority + b"," + value
            at += 1
        return True

    def _rebuild(self, decoder: Decoder, position: i64, authority: bytes | None) -> str | None:
        """Leave out a Host that repeats ``:authority``, and join what was split of the Cookie (RFC 9113 8.2.3).

        ``position`` is where the first of ``fields`` was in the block.
        """
        kinds = decoder.kinds
        kept: list[object] = []
        crumbs: list[bytes] = []
        cookie_at = 0
        for field in self.fields:
            kind = i64(kinds[position]) & KIND_MASK
            position += 1
            if kind == HOST:
                value = cast("Pair", field)[1]
                if authority is None:
                    if not _is_authority(value):
                        return "invalid_host"
                elif value == authority or value.lower() == authority.lower():
                    continue
                else:
                    return "conflicting_authority"
            elif kind == COOKIE:
                if len(crumbs) == 0:
                    cookie_at = len(kept)
                crumbs.append(cast("Pair", field)[1])
                if len(crumbs) > 1:
                    continue
            kept.append(field)
        if len(crumbs) > 1:
            kept[cookie_at] = (b"cookie", b"; ".join(crumbs))
        self.fields = kept
        return None


def _malformed(seen: i64, repeated: i64) -> str:
    """Name what is wrong with a block, the gravest first."""
    if seen & SEEN_INVALID_NAME:
        return "invalid_field_name"
    if seen & SEEN_CONNECTION_SPECIFIC:
        return "connection_specific_field"
    if seen & SEEN_MISPLACED_PSEUDO:
        return "misplaced_pseudo_field"
    if repeated & ANY_PSEUDO:
        return "duplicate_pseudo_field"
    if repeated & SEEN_HOST:
        return "duplicate_host"
    if repeated & SEEN_CONTENT_LENGTH:
        return "conflicting_content_length"
    return "invalid_field_value" if seen & SEEN_INVALID_VALUE else "unexpected_pseudo_field"


def _is_http(scheme: bytes | None) -> bool:
    return scheme is not None and (scheme == b"https" or scheme == b"http" or scheme.lower() in (b"https", b"http"))


def _is_authority(value: bytes) -> bool:
    """Return whether a value is a host with an optional port, without userinfo (RFC 9113 8.3.1)."""
    table = HOST_TABLE
    at: i64 = 0
    end: i64 = len(value)
    while at < end and table[value[at]] == 1:
        at += 1
    return at == end or is_host(value)
