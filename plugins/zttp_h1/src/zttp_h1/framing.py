"""How long the content of a message is (RFC 9112 6.3). Pure: facts of a head in, a framing out."""

from typing import Final

from zttp_core.messages.content import BODYLESS as _BODYLESS
from zttp_core.messages.content import STATUS_RULES as _STATUS_RULES
from zttp_h1.head import CHUNKED, OTHER_CODINGS, Head
from zttp_h1.malformed import Malformed
from zttp_h1.native_ints import i64
from zttp_h1.scan import scan_token

# The rules for the content of a response by status (see zttp_core.messages.content).
STATUS_RULES: Final[bytes] = _STATUS_RULES
BODYLESS: Final[i64] = _BODYLESS

# The order is that of the inputs ON_HEAD.. and SEND_HEAD.. of the state machines.
NO_CONTENT: Final = 0
BY_LENGTH: Final = 1
BY_CHUNKS: Final = 2
TO_EOF: Final = 3


def request_framing(head: Head, at: i64) -> i64:
    """Return the framing of a request; ``at`` is the offset for an error. Raises Malformed."""
    if head.facts & (CHUNKED | OTHER_CODINGS):
        if head.facts & OTHER_CODINGS:
            raise _codings_error(head, at)
        _check_chunked(head, at)
        return BY_CHUNKS
    return BY_LENGTH if head.content_length > 0 else NO_CONTENT


def response_framing(head: Head, to_head: bool, to_connect: bool, at: i64) -> i64:
    """Return the framing of a response to a HEAD, CONNECT or other request; ``at`` is the offset for an error.

    Raises Malformed.
    """
    status_code = head.status_code
    # Rules 1 and 2: these have no content, whatever their fields say.
    if to_head or not has_content(status_code) or (to_connect and 200 <= status_code < 300):
        return NO_CONTENT
    if head.facts & (CHUNKED | OTHER_CODINGS):
        if head.facts & OTHER_CODINGS:
            error = _codings_error(head, at)
            if error.reason == "chunked_not_final":
                # RFC 9112 7.4: we send no TE, so no other coding is allowed.
                error = Malformed("unsupported_transfer_coding", at, error.excerpt)
            raise error
        _check_chunked(head, at)
        return BY_CHUNKS
    if head.content_length < 0:
        return TO_EOF
    return BY_LENGTH if head.content_length > 0 else NO_CONTENT


def has_content(status_code: i64) -> bool:
    """Return whether a response of this status can have content (RFC 9110 6.4.1)."""
    return i64(STATUS_RULES[status_code]) & BODYLESS == 0


def _check_chunked(head: Head, at: i64) -> None:
    # Rule 3: both at once are a way to smuggle requests; no correct sender does that.
    if head.content_length >= 0:
        raise Malformed("transfer_encoding_and_content_length", at)
    if head.minor == 0:
        raise Malformed("transfer_encoding_in_http_1_0", at)


def _codings_error(head: Head, at: i64) -> Malformed:
    """Return the error for transfer codings other than just chunked (RFC 9112 6.1, 7).

    Other codings before chunked are not in use, except for smuggling.
    """
    # RFC 9110 5.3: several lines of a list field are one list.
    codings = b", ".join(head.codings) if head.codings is not None else b""
    names = [member.strip(b" \t") for member in codings.split(b",")]
    for name in names:
        if len(name) == 0 or scan_token(name, 0, len(name)) != len(name):
            return Malformed("invalid_transfer_encoding", at, codings)
    if names[len(names) - 1] != b"chunked":
        return Malformed("chunked_not_final", at, codings)
    if names.count(b"chunked") > 1:
        return Malformed("duplicate_transfer_encoding", at, codings)
    return Malformed("unsupported_transfer_coding", at, codings)
