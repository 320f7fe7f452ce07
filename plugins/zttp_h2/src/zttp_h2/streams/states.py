"""The states of a stream (RFC 9113 5.1), and of the two messages that it carries (RFC 9113 8.1).

One role-agnostic machine: the name of an input has its direction. The states "reserved" are
missing, because push is refused. "Closed" is three states here, because the input that may still arrive differs: after
END_STREAM in both directions and after the peer's RST_STREAM the peer cannot send content any more; after ours, frames
that it had sent before it saw that are processed minimally and discarded. PRIORITY is allowed in every state and has no
input.

A closed stream is forgotten. Its state follows from its identifier: see ``stream_table``.

The table is written for readability and flattened once, at import. A value below 16 is the next state. Others are
errors, or mean that the frame is discarded. Unused pairs are not in the table: RST_STREAM and WINDOW_UPDATE are legal
in every state of an open stream, RST_STREAM that is sent ends every one, and ``zttp_core.messages.states`` decides
which parts of a message may be sent.
"""

from typing import Final

from zttp_core.messages.states import SENDING_FLAT, flatten
from zttp_core.messages.states import refusal as _refusal
from zttp_h2.codes import PROTOCOL_ERROR
from zttp_h2.codes import STREAM_CLOSED as CODE_STREAM_CLOSED
from zttp_h2.native_ints import i64

IDLE: Final = 0
OPEN: Final = 1
HALF_CLOSED_LOCAL: Final = 2
HALF_CLOSED_REMOTE: Final = 3
CLOSED: Final = 4  # END_STREAM in both directions
RESET_SENT: Final = 5
RESET_RECEIVED: Final = 6

STATE_NAMES: Final = (
    "IDLE",
    "OPEN",
    "HALF_CLOSED_LOCAL",
    "HALF_CLOSED_REMOTE",
    "CLOSED",
    "RESET_SENT",
    "RESET_RECEIVED",
)

RECV_HEADERS: Final = 0
RECV_DATA: Final = 1
RECV_END_STREAM: Final = 2
RECV_RST_STREAM: Final = 3
RECV_WINDOW_UPDATE: Final = 4
SEND_END_STREAM: Final = 5

INPUT_NAMES: Final = (
    "RECV_HEADERS",
    "RECV_DATA",
    "RECV_END_STREAM",
    "RECV_RST_STREAM",
    "RECV_WINDOW_UPDATE",
    "SEND_END_STREAM",
)

DISCARD: Final = 0x10  # process minimally: field compression, flow control of the connection
STREAM_ERROR: Final = 0x20  # | error code
CONNECTION_ERROR: Final = 0x40  # | error code
NOT_ALLOWED: Final = 0xFF

_IDLE_ERROR: Final = CONNECTION_ERROR | PROTOCOL_ERROR
_CLOSED_ERROR: Final = CONNECTION_ERROR | CODE_STREAM_CLOSED
_ENDED_ERROR: Final = STREAM_ERROR | CODE_STREAM_CLOSED

STREAM: Final[dict[tuple[int, int], int]] = {
    (IDLE, RECV_HEADERS): OPEN,
    (IDLE, RECV_DATA): _IDLE_ERROR,
    (IDLE, RECV_RST_STREAM): _IDLE_ERROR,
    (IDLE, RECV_WINDOW_UPDATE): _IDLE_ERROR,
    (OPEN, RECV_HEADERS): OPEN,
    (OPEN, RECV_DATA): OPEN,
    (OPEN, RECV_END_STREAM): HALF_CLOSED_REMOTE,
    (OPEN, SEND_END_STREAM): HALF_CLOSED_LOCAL,
    (HALF_CLOSED_LOCAL, RECV_HEADERS): HALF_CLOSED_LOCAL,
    (HALF_CLOSED_LOCAL, RECV_DATA): HALF_CLOSED_LOCAL,
    (HALF_CLOSED_LOCAL, RECV_END_STREAM): CLOSED,
    (HALF_CLOSED_REMOTE, RECV_HEADERS): _ENDED_ERROR,
    (HALF_CLOSED_REMOTE, RECV_DATA): _ENDED_ERROR,
    (HALF_CLOSED_REMOTE, SEND_END_STREAM): CLOSED,
    (CLOSED, RECV_HEADERS): _CLOSED_ERROR,
    (CLOSED, RECV_DATA): _CLOSED_ERROR,
    (CLOSED, RECV_RST_STREAM): DISCARD,
    (CLOSED, RECV_WINDOW_UPDATE): DISCARD,
    (RESET_SENT, RECV_HEADERS): DISCARD,
    (RESET_SENT, RECV_DATA): DISCARD,
    (RESET_SENT, RECV_RST_STREAM): DISCARD,
    (RESET_SENT, RECV_WINDOW_UPDATE): DISCARD,
}

# --------------------------------------------------------------------------------------------- the message that is sent
# The numbers are those of zttp_core.messages.states, which has the table.
NO_HEAD: Final = 0  # only for a server: a client's stream begins after its head
CONTENT: Final = 1
NO_CONTENT: Final = 2  # HEAD, 204, 205, 304
ENDED: Final = 3  # though it may wait for credit

GIVE_INFORMATIONAL: Final = 0
GIVE_HEAD: Final = 1
GIVE_BARE_HEAD: Final = 2  # for a message without content
GIVE_DATA: Final = 3
GIVE_END: Final = 4

# ------------------------------------------------------------------------------------------------------------ flattened
STREAM_INPUTS: Final = 6
MESSAGE_INPUTS: Final = 5


_STREAM_FLAT: Final[bytes] = flatten(STREAM, len(STATE_NAMES), STREAM_INPUTS)
_MESSAGE_FLAT: Final[bytes] = SENDING_FLAT


def after(state: i64, given: i64) -> i64:
    """Return the state of a stream after ``given``, or the error."""
    return i64(_STREAM_FLAT[state * STREAM_INPUTS + given])


def after_giving(state: i64, given: i64) -> i64:
    """Return the state of the sent message after ``given``, or NOT_ALLOWED."""
    return i64(_MESSAGE_FLAT[state * MESSAGE_INPUTS + given])


def refusal(state: i64, given: i64) -> str:
    """Return the reason token for an input that the state of the message does not allow."""
    reason: str = _refusal(state, given)
    return reason
