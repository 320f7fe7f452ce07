"""Messages without their content: request and response heads, trailer sections, and the end (RFC 9113 8.1)."""

from typing import Any, Final, final

from librt.strings import read_i32_be

from zttp_core.messages.content import BODYLESS as _BODYLESS
from zttp_core.messages.content import EMPTY as _EMPTY
from zttp_core.messages.content import STATUS_RULES as _STATUS_RULES
from zttp_core.messages.content import UNSTATED as _UNSTATED
from zttp_core.messages.grammar import HOST_TABLE as _HOST_TABLE
from zttp_core.messages.writing import given_authority
from zttp_core.messages.writing import request_parts as _core_request_parts
from zttp_core.reasons import local_error
from zttp_h2.closing import end_sent
from zttp_h2.flow.outbox import Outbox
from zttp_h2.frames import END_STREAM, MAX_STREAM_ID
from zttp_h2.native_ints import i64, mypyc_attr
from zttp_h2.session import Session
from zttp_h2.streams.states import (
    CONTENT,
    ENDED,
    GIVE_BARE_HEAD,
    GIVE_HEAD,
    GIVE_INFORMATIONAL,
    HALF_CLOSED_LOCAL,
    NOT_ALLOWED,
    OPEN,
    after_giving,
    refusal,
)
from zttp_h2.streams.stream_state import CONNECT, HEAD, HEAD_ONLY, TUNNEL, StreamState
from zttp_h2.writing.head_writer import Fields, HeadWriter

_HOST: Final = 0x686F7374  # "host"
_COLON: Final = 0x3A
_LONGEST_KEPT: Final = 256  # a longer authority is checked each time

# The rules for the content of a response by status, and their bits (see zttp_core.messages.content).
STATUS_RULES: Final[bytes] = _STATUS_RULES
HOST_TABLE: Final[bytes] = _HOST_TABLE
BODYLESS: Final[i64] = _BODYLESS
UNSTATED: Final[i64] = _UNSTATED
EMPTY: Final[i64] = _EMPTY

_request_parts: Final[Any] = _core_request_parts


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class MessageWriter:
    """The heads and ends of all streams' messages."""

    def __init__(self, session: Session) -> None:
        self._session: Final = session
        self._outbox: Final[Outbox] = session.outbox
        self._writer: HeadWriter | None = None
        self.never_indexed: frozenset[bytes] | None = None  # in the section that is sent next, see HeadWriter
        self._authority: bytes | None = None  # that was checked last: most requests are for the same host

    def head_writer(self) -> HeadWriter:
        """Return the writer of heads, made when it is first needed."""
        writer = self._writer
        if writer is None:
            writer = HeadWriter(self._outbox)
            writer.max_frame_size = self._session.peer.max_frame_size
            self._writer = writer
        writer.never_indexed = self.never_indexed
        return writer

    def apply_max_frame_size(self) -> None:
        """Apply the peer's SETTINGS_MAX_FRAME_SIZE."""
        writer = self._writer
        if writer is not None:
            writer.max_frame_size = self._session.peer.max_frame_size

    def send_request(
        self,
        method: bytes,
        target: bytes,
        scheme: bytes,
        protocol: bytes | None,
        fields: Fields,
        end_stream: bool,
    ) -> StreamState:
        """Open a stream with a request head."""
        session = self._session
        self._check_can_open()
        connect = len(method) == 7 and method == b"CONNECT"
        if protocol is not None and connect and not session.peer.connect_protocol:
            raise local_error("connect_protocol_not_enabled", protocol)
        authority = self._given_authority(fields)
        sent_scheme: bytes | None = scheme
        sent_path: bytes | None = target
        if connect or protocol is not None or not target.startswith(b"/") or not _is_lower(scheme):
            sent_scheme, authority, sent_path = _request_parts(method, target, scheme, authority, protocol)
        elif authority is not None and len(authority) == 0:
            authority = None  # RFC 9113 8.3.1: without an authority, none is sent
        if end_stream and not connect and _states_content(fields):
            raise local_error("content_too_short")
        stream_id = session.table.next_stream_id()
        writer = self.head_writer()
        started = session.started
        session.start()
        try:
            writer.write_request(
                stream_id, method, sent_scheme, authority, sent_path, protocol, fields, END_STREAM if end_stream else 0
            )
        except BaseException:
            if not started:
                session.unstart()
            raise
        self.never_indexed = None
        stream = StreamState(
            stream_id,
            HALF_CLOSED_LOCAL if end_stream else OPEN,
            session.peer.initial_window_size,
            session.own.initial_window_size,
        )
        stream.message = ENDED if end_stream else CONTENT
        stream.request_facts = HEAD if method == b"HEAD" else CONNECT if connect else 0
        if not connect:
            stream.content_to_send = writer.content_length
        session.table.open(stream)
        return stream

    def send_response(self, stream: StreamState, status: i64, fields: Fields, end_stream: bool) -> None:
        """Send the head of a final response."""
        _check_server(self._session, stream)
        if status < 200 or status > 999:
            raise local_error("informational_status" if 100 <= status < 200 else "invalid_status_code", b"%d" % status)
        tunnel = stream.request_facts & CONNECT != 0 and status < 300
        rules = i64(STATUS_RULES[status])
        bare = rules & (BODYLESS | EMPTY) != 0 or stream.request_facts & HEAD != 0
        unstated = tunnel or rules & UNSTATED != 0
        if not unstated and rules & EMPTY and _states_content(fields):
            raise local_error("no_content_allowed", b"%d" % status, stream_id=stream.stream_id)
        following = check_given(self._session, stream, GIVE_BARE_HEAD if bare else GIVE_HEAD)
        writer = self.head_writer()
        if end_stream and not bare and not tunnel and _states_content(fields):
            raise local_error("content_too_short", stream_id=stream.stream_id)
        writer.write_response(stream.stream_id, status, fields, END_STREAM if end_stream else 0, not unstated)
        self.never_indexed = None
        stream.message = following
        stream.answered_in = self._outbox.number
        stream.answered_at = self._session.received
        if tunnel:
            stream.request_facts |= TUNNEL
        elif rules & BODYLESS:
            stream.request_facts |= HEAD_ONLY
        elif not bare:
            stream.content_to_send = writer.content_length
        if end_stream:
            stream.message = ENDED
            end_sent(self._session, stream)

    def send_informational(self, stream: StreamState, status: i64, fields: Fields) -> None:
        """Send the head of a 1xx response."""
        _check_server(self._session, stream)
        if status < 100 or status > 199 or status == 101:
            raise local_error("not_informational", b"%d" % status)
        check_given(self._session, stream, GIVE_INFORMATIONAL)
        self.head_writer().write_response(stream.stream_id, status, fields, 0, False)
        self.never_indexed = None

    def finish(self, stream: StreamState, trailers: Fields | None) -> None:
        """End the message on the wire."""
        if trailers is not None:
            self.head_writer().write_trailers(stream.stream_id, trailers)
            self.never_indexed = None
        elif not self._outbox.end_last_frame(stream.stream_id):
            self._outbox.write_data(stream.stream_id, b"", 0, 0, END_STREAM)
        end_sent(self._session, stream)

    def finish_blocked(self, stream: StreamState) -> None:
        """End a message whose end was blocked: in the last frame of its content, if there are no trailers."""
        trailers = stream.trailers
        if trailers is not None:
            self.never_indexed = stream.trailers_never_indexed
            self.head_writer().write_trailers(stream.stream_id, trailers)
            self.never_indexed = None
            stream.trailers = None
            stream.trailers_never_indexed = None
        end_sent(self._session, stream)

    def _given_authority(self, fields: Fields) -> bytes | None:
        """Return the ``host`` or ``:authority`` among the fields of a request (RFC 9113 8.3.1)."""
        found: bytes | None = None
        for name, value in fields:
            size: i64 = len(name)
            # With bit 5 set, only these letters in either case make this word.
            if (size == 4 and read_i32_be(name, 0) | 0x20202020 == _HOST) or (
                size == 10 and name[0] == _COLON and name.lower() == b":authority"
            ):
                if found is not None:
                    return self._judged_authority(fields)
                found = value
        if found is None or found is self._authority or found == self._authority:
            return found
        if _is_reg_name(found):
            self._authority = found if len(found) <= _LONGEST_KEPT else None
            return found
        return self._judged_authority(fields)

    def _judged_authority(self, fields: Fields) -> bytes | None:
        authority: bytes | None = given_authority(fields)[0]
        self._authority = authority if authority is not None and len(authority) <= _LONGEST_KEPT else None
        return authority

    def _check_can_open(self) -> None:
        session = self._session
        if session.server:
            raise local_error("wrong_role")
        check_alive(session)
        if session.input_ended or session.goaway_sent >= 0 or session.goaway_received >= 0:
            raise local_error("connection_closing")
        if session.table.next_stream_id() > MAX_STREAM_ID:
            raise local_error("stream_ids_exhausted")
        if session.table.count() >= session.peer.max_concurrent_streams:
            raise local_error("too_many_streams")


def check_given(session: Session, stream: StreamState, given: i64) -> i64:
    """Return the state of the message after ``given``; LocalProtocolError if it is not allowed now."""
    check_alive(session)
    following = after_giving(stream.message, given)
    if following == NOT_ALLOWED:
        raise local_error(refusal(stream.message, given), stream_id=stream.stream_id)
    return following


def check_alive(session: Session) -> None:
    """Raise LocalProtocolError if nothing more can be sent."""
    if session.aborted:
        raise local_error("connection_ended")


def _check_server(session: Session, stream: StreamState) -> None:
    if not session.server:
        raise local_error("wrong_role", stream_id=stream.stream_id)


def _is_lower(scheme: bytes) -> bool:
    """Return whether a scheme is in lower case, as it is sent and as nearly all are (RFC 9110 4.2.3)."""
    return scheme == b"https" or scheme == b"http" or scheme.islower()


def _is_reg_name(value: bytes) -> bool:
    """Return whether a value is only a registered name, as most hosts are (RFC 3986 3.2.2)."""
    table = HOST_TABLE
    at: i64 = 0
    end: i64 = len(value)
    while at < end and table[value[at]] == 1:
        at += 1
    return at == end and end > 0


def _states_content(fields: Fields) -> bool:
    """Return whether a Content-Length among the fields is not zero."""
    for name, value in fields:
        if len(name) == 14 and name.lower() == b"content-length" and value.strip(b"0") != b"":
            return True
    return False
