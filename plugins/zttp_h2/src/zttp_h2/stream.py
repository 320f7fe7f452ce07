"""``Stream``: the object that a caller sends on. The connection holds its state."""

from typing import Any, Final, final

from zttp_core.as_compiled import as_compiled
from zttp_core.errors import LocalProtocolError
from zttp_core.reasons import local_error
from zttp_h2.arguments import clamped, field_pairs, listed, never_indexed
from zttp_h2.closing import reset_here
from zttp_h2.codes import CANCEL
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.streams.states import CLOSED, STATE_NAMES
from zttp_h2.streams.stream_state import StreamState
from zttp_h2.writing.content_writer import ContentWriter
from zttp_h2.writing.head_writer import Fields

Headers = Any  # Iterable[Sequence[bytes]] | HeaderBlock


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Stream:
    """One stream of an HTTP/2 connection, on which a message is sent. Made by the connection.

    A stream is closed once both messages have ended, or either side has reset it. Then ``send_window`` and
    ``pending_bytes`` are ``None``, ``reset`` does nothing, and every other method raises LocalProtocolError.

    Attributes:
        stream_id: The stream identifier.
    """

    __slots__ = ("_content", "_state", "stream_id")

    def __init__(self, content: ContentWriter, state: StreamState) -> None:
        self.stream_id: Final[i64] = state.stream_id
        self._content: Final = content
        self._state: Final = state

    @property
    def send_window(self) -> int | None:
        """Bytes that the windows of the stream and the connection allow now; ``None`` once closed (RFC 9113 5.2)."""
        state = self._state
        if state.state >= CLOSED:
            return None
        window = self._content.session.send_flow.window
        if state.window < window:
            window = state.window
        window -= state.blocked_bytes()
        return max(0, window)

    @property
    def pending_bytes(self) -> int | None:
        """Bytes of content that wait for credit from the peer, or for ``data_to_send``; ``None`` once closed."""
        state = self._state
        return None if state.state >= CLOSED else state.blocked_bytes()

    def send_response(self, status: int, headers: Headers = None, end_stream: bool = False) -> None:
        """Queue the head of the final response (server); with ``end_stream`` it also ends the message.

        Raises LocalProtocolError.
        """
        messages = self._content.messages
        fields = listed(headers)
        messages.never_indexed = None if fields is headers else never_indexed(headers)
        try:
            try:
                messages.send_response(self._open(), clamped(status), fields, end_stream)
            except TypeError:
                messages.send_response(self._open(), clamped(status), field_pairs(fields), end_stream)
        except LocalProtocolError as error:
            error.stream_id = self.stream_id
            raise

    def send_informational(self, status: int, headers: Headers = None, /) -> None:
        """Queue a 1xx head other than 101 (server). Raises LocalProtocolError."""
        messages = self._content.messages
        fields = listed(headers)
        messages.never_indexed = None if fields is headers else never_indexed(headers)
        try:
            try:
                messages.send_informational(self._open(), clamped(status), fields)
            except TypeError:
                messages.send_informational(self._open(), clamped(status), field_pairs(fields))
        except LocalProtocolError as error:
            error.stream_id = self.stream_id
            raise

    def send_data(self, data: Any, /) -> None:
        """Queue content, in any buffer. What fits the windows is sent, the rest waits for credit (RFC 9113 5.2).

        Raises LocalProtocolError, also if more than ``max_blocked_bytes`` would wait.
        """
        self._content.send(self._open(), data if isinstance(data, bytes) else bytes(memoryview(data)))

    def end_message(self, trailers: Headers = None, /) -> None:
        """End the message, with or without trailer fields. Raises LocalProtocolError."""
        messages = self._content.messages
        fields: Fields | None = None
        if trailers is None:
            messages.never_indexed = None
        else:
            fields = listed(trailers)
            messages.never_indexed = None if fields is trailers else never_indexed(trailers)
        try:
            try:
                self._content.end(self._open(), fields)
            except TypeError:
                self._content.end(self._open(), field_pairs(fields))
        except LocalProtocolError as error:
            error.stream_id = self.stream_id
            raise

    def reset(self, error_code: int = CANCEL, /) -> None:
        """Cancel the stream with RST_STREAM (RFC 9113 6.4). It does nothing if the stream is closed."""
        if error_code < 0 or error_code > 0xFFFFFFFF:
            raise ValueError(f"an error code must be from 0 to 2**32-1, got {error_code}")
        if self._state.state < CLOSED:
            reset_here(self._content.session, self._state, error_code)

    def _open(self) -> StreamState:
        """Return the state, if the stream can still send."""
        state = self._state
        if state.state >= CLOSED:
            raise local_error("stream_closed", stream_id=state.stream_id)
        return state

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a stream cannot be copied or pickled: it is part of its connection")

    def __repr__(self) -> str:
        return f"<Stream {self.stream_id} {STATE_NAMES[self._state.state]}>"


as_compiled(Stream, final=("_content", "_state"))
