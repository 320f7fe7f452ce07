"""The two state machines of a connection: for reading the peer's messages, and for writing ours.

Both are role-agnostic: a server reads requests and writes responses, a client the reverse. They interact in only four
places. A message is parsed when the previous one has ended and ``start_next_cycle`` was called, which both must allow.
A response that switches protocols (101, or 2xx to CONNECT) ends HTTP for both at once. If either decides to close
(``Connection``, the version, content that ends with the connection), both close. And a request that was answered before
its head was read is not read any more.

READING   START_LINE -> FIELDS -> one of the CONTENT states, or none -> TRAILERS (after chunks) -> END -> DONE
          END is a message that has ended on the wire and whose EndOfMessage has not been pulled; DONE pauses until the
          next cycle, so that a pipelined message waits (RFC 9112 9.3.2). SWITCHED passes every further byte to the
          caller. CLOSED and FAILED accept no more bytes.
WRITING   IDLE -> one of the CONTENT states -> DONE

The tables are written for readability and flattened once, at import. A missing pair is a violation: READING has none
(the parser only uses pairs that can occur), WRITING answers with the reason from ``REFUSALS``. Some order of calls and
bytes uses every row: ``tests/http1/test_tables.py`` finds it.
"""

from typing import Final

from zttp_h1.native_ints import i64

# ------------------------------------------------------------------------------------------------------------- reading
START_LINE: Final = 0
FIELDS: Final = 1
CONTENT_LENGTH: Final = 2
CONTENT_CHUNKED: Final = 3
CONTENT_TO_EOF: Final = 4
TRAILERS: Final = 5
END: Final = 6
DONE: Final = 7
SWITCHED: Final = 8
CLOSED: Final = 9
FAILED: Final = 10

READING_NAMES: Final = (
    "START_LINE",
    "FIELDS",
    "CONTENT_LENGTH",
    "CONTENT_CHUNKED",
    "CONTENT_TO_EOF",
    "TRAILERS",
    "END",
    "DONE",
    "SWITCHED",
    "CLOSED",
    "FAILED",
)

ON_START_LINE: Final = 0
ON_INFORMATIONAL: Final = 1  # a 1xx head: the final one still follows
ON_HEAD: Final = 2  # a head without content; with content: ON_HEAD + the framing, in the order of framing.py
ON_HEAD_LENGTH: Final = 3
ON_HEAD_CHUNKED: Final = 4
ON_HEAD_TO_EOF: Final = 5
ON_LAST_CHUNK: Final = 6
ON_END: Final = 7  # the content or the trailer section has ended
ON_END_PULLED: Final = 8
ON_NEXT_CYCLE: Final = 9
ON_SWITCH: Final = 10
ON_EOF: Final = 11
ON_ERROR: Final = 12
ON_ANSWERED: Final = 13  # server: a final response was sent before the head was read

READING_INPUT_NAMES: Final = (
    "START_LINE",
    "INFORMATIONAL",
    "HEAD",
    "HEAD_LENGTH",
    "HEAD_CHUNKED",
    "HEAD_TO_EOF",
    "LAST_CHUNK",
    "END",
    "END_PULLED",
    "NEXT_CYCLE",
    "SWITCH",
    "EOF",
    "ERROR",
    "ANSWERED",
)

READING: Final[dict[tuple[int, int], int]] = {
    (START_LINE, ON_START_LINE): FIELDS,
    (START_LINE, ON_EOF): CLOSED,
    (FIELDS, ON_INFORMATIONAL): START_LINE,
    (FIELDS, ON_HEAD): END,
    (FIELDS, ON_HEAD_LENGTH): CONTENT_LENGTH,
    (FIELDS, ON_HEAD_CHUNKED): CONTENT_CHUNKED,
    (FIELDS, ON_HEAD_TO_EOF): CONTENT_TO_EOF,
    (CONTENT_LENGTH, ON_END): END,
    (CONTENT_CHUNKED, ON_LAST_CHUNK): TRAILERS,
    (CONTENT_TO_EOF, ON_EOF): END,
    (TRAILERS, ON_END): END,
    (END, ON_END_PULLED): DONE,
    (END, ON_NEXT_CYCLE): START_LINE,
    (DONE, ON_NEXT_CYCLE): START_LINE,
    (DONE, ON_SWITCH): SWITCHED,
    (START_LINE, ON_ANSWERED): CLOSED,
    (FIELDS, ON_ANSWERED): CLOSED,
    **{(state, ON_ERROR): FAILED for state in range(CLOSED)},
}

# ------------------------------------------------------------------------------------------------------------- writing
IDLE: Final = 0
SENDING_NOTHING: Final = 1  # the head allows no content, or frames none
SENDING_LENGTH: Final = 2
SENDING_CHUNKED: Final = 3
SENDING_TO_EOF: Final = 4
SENT: Final = 5
SENT_SWITCH: Final = 6

WRITING_NAMES: Final = (
    "IDLE",
    "SENDING_NOTHING",
    "SENDING_LENGTH",
    "SENDING_CHUNKED",
    "SENDING_TO_EOF",
    "SENT",
    "SENT_SWITCH",
)

SEND_INFORMATIONAL: Final = 0
SEND_HEAD: Final = 1  # a head without content; with content: SEND_HEAD + the framing, in the order of framing.py
SEND_HEAD_LENGTH: Final = 2
SEND_HEAD_CHUNKED: Final = 3
SEND_HEAD_TO_EOF: Final = 4
SEND_SWITCH: Final = 5
SEND_DATA: Final = 6
SEND_END: Final = 7
NEXT_CYCLE: Final = 8

WRITING_INPUT_NAMES: Final = (
    "INFORMATIONAL",
    "HEAD",
    "HEAD_LENGTH",
    "HEAD_CHUNKED",
    "HEAD_TO_EOF",
    "SWITCH",
    "DATA",
    "END",
    "NEXT_CYCLE",
)

WRITING: Final[dict[tuple[int, int], int]] = {
    (IDLE, SEND_INFORMATIONAL): IDLE,
    (IDLE, SEND_HEAD): SENDING_NOTHING,
    (IDLE, SEND_HEAD_LENGTH): SENDING_LENGTH,
    (IDLE, SEND_HEAD_CHUNKED): SENDING_CHUNKED,
    (IDLE, SEND_HEAD_TO_EOF): SENDING_TO_EOF,
    (IDLE, SEND_SWITCH): SENT_SWITCH,
    (SENDING_LENGTH, SEND_DATA): SENDING_LENGTH,
    (SENDING_CHUNKED, SEND_DATA): SENDING_CHUNKED,
    (SENDING_TO_EOF, SEND_DATA): SENDING_TO_EOF,
    (SENDING_NOTHING, SEND_END): SENT,
    (SENDING_LENGTH, SEND_END): SENT,
    (SENDING_CHUNKED, SEND_END): SENT,
    (SENDING_TO_EOF, SEND_END): SENT,
    (SENT_SWITCH, SEND_END): SENT_SWITCH,
    (SENT, NEXT_CYCLE): IDLE,
}

_SENDING: Final = (SENDING_NOTHING, SENDING_LENGTH, SENDING_CHUNKED, SENDING_TO_EOF)

# Why a pair that is not in WRITING is refused. The heads are those of responses, all of which are checked as SEND_HEAD.
REFUSALS: Final[dict[tuple[int, int], str]] = {
    (IDLE, SEND_DATA): "no_message",
    (IDLE, SEND_END): "no_message",
    (SENDING_NOTHING, SEND_DATA): "no_content_allowed",
    (SENT, SEND_DATA): "already_ended",
    (SENT, SEND_END): "already_ended",
    (SENT_SWITCH, SEND_DATA): "protocol_switched",
    **{(state, given): "already_responded" for state in (*_SENDING, SENT) for given in (SEND_INFORMATIONAL, SEND_HEAD)},
    **{(SENT_SWITCH, given): "protocol_switched" for given in (SEND_INFORMATIONAL, SEND_HEAD)},
    # Content up to the end of the connection is refused earlier: there is no next cycle.
    **{(state, NEXT_CYCLE): "cycle_not_complete" for state in (SENDING_NOTHING, SENDING_LENGTH, SENDING_CHUNKED)},
}

# Why a request head is refused in a state that is not IDLE.
REQUEST_REFUSALS: Final[dict[int, str]] = {
    **dict.fromkeys((SENDING_NOTHING, SENDING_LENGTH, SENDING_CHUNKED), "message_in_progress"),
    SENT: "cycle_not_complete",
}


# ------------------------------------------------------------------------------------------------------------ flattened
NO_TRANSITION: Final = 255
READING_INPUTS: Final = 14
WRITING_INPUTS: Final = 9


def _flatten(table: dict[tuple[int, int], int], states: int, inputs: int) -> bytes:
    flat = [NO_TRANSITION] * (states * inputs)
    for (state, given), following in table.items():
        flat[state * inputs + given] = following
    return bytes(flat)


_READING_FLAT: Final = _flatten(READING, len(READING_NAMES), READING_INPUTS)
_WRITING_FLAT: Final = _flatten(WRITING, len(WRITING_NAMES), WRITING_INPUTS)


def after_reading(state: i64, given: i64) -> i64:
    """Return the state of the reader after ``given``."""
    return i64(_READING_FLAT[state * READING_INPUTS + given])


# The transitions of every message, looked up once.
AFTER_START_LINE: Final[i64] = after_reading(START_LINE, ON_START_LINE)
AFTER_END: Final[i64] = after_reading(END, ON_END_PULLED)


def after_writing(state: i64, given: i64) -> i64:
    """Return the state of the writer after ``given``, or NO_TRANSITION."""
    return i64(_WRITING_FLAT[state * WRITING_INPUTS + given])
