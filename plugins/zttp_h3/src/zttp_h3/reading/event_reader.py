"""The queue of events: of each stream with new data, in the order of arrival, then datagrams."""

from typing import Any, Final, final

from zttp_core.reasons import local_error
from zttp_h3.codes import H3ErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.quic.stream import QuicStream
from zttp_h3.reading.datagrams import ReceivedDatagrams
from zttp_h3.reading.request_stream import RequestStream
from zttp_h3.reading.unidirectional import PeerStreams, UnidirectionalStream
from zttp_h3.session import H3Session
from zttp_h3.streams.identifiers import is_unidirectional


@final
class EventReader:
    """Reads the streams of a connection, on demand."""

    def __init__(self, session: H3Session, auto_credit: bool) -> None:
        self._session: Final = session
        self._auto_credit: Final = auto_credit
        self._peer: Final = PeerStreams()
        self._datagrams: Final = ReceivedDatagrams(session)
        self._current: Any = None  # the current stream

    def next_event(self) -> Any:
        """Return the next event, None if there is none now. Raises Malformed for a connection error."""
        session = self._session
        while True:
            current = self._current
            if current is None:
                if len(self._peer.resumed) > 0:
                    stream = self._peer.resumed.pop(0)
                    event = stream.resume()
                    self._current = stream
                    if event is not None:
                        return self._pulled(stream, event)
                    continue
                quic = session.transport.next_readable()
                if quic is None:
                    return self._datagrams.next_event()
                if quic.incoming is None:
                    self._on_stopped(quic)
                    continue
                current = self._reader_of(quic)
                self._current = current
            # Called by their types, which is faster than by name.
            if isinstance(current, RequestStream):
                event = current.next_event()
            else:
                assert isinstance(current, UnidirectionalStream)
                event = current.next_event()
            if event is not None:
                return self._pulled(current, event)
            self._current = None

    def consume(self, stream_id: i64, length: i64) -> None:
        """Return the credit of content that was pulled. Raises LocalProtocolError for more than that."""
        session = self._session
        quic = session.transport.session.streams.streams.get(int(stream_id))
        if quic is None or not isinstance(quic.application, RequestStream):
            return  # the end of a stream has returned the rest
        stream = quic.application
        if length > stream.unconsumed:
            raise local_error("consumed_too_much", stream_id=int(stream_id))
        stream.unconsumed -= length
        session.touch()
        session.transport.session.streams.consume(quic, length)

    def _pulled(self, stream: Any, event: Any) -> Any:
        """Return the credit of content that is passed to the application."""
        if self._auto_credit and isinstance(stream, RequestStream) and stream.unconsumed > 0:
            self._session.transport.session.streams.consume(stream.quic, stream.unconsumed)
            stream.unconsumed = 0
        return event

    def _reader_of(self, quic: QuicStream) -> Any:
        """Return the reader of a stream; a new one if the peer has just opened it. Raises Malformed."""
        session = self._session
        if quic.application is None:
            if is_unidirectional(quic.stream_id):
                quic.application = UnidirectionalStream(session, self._peer, quic)
            elif session.is_server:
                quic.application = RequestStream(session, quic)
                self._prioritize(quic)
            else:
                # RFC 9114 6.1: servers open no bidirectional streams.
                raise Malformed("server_opened_stream", H3ErrorCode.H3_STREAM_CREATION_ERROR)
        return quic.application

    def _on_stopped(self, quic: QuicStream) -> None:
        """Process STOP_SENDING for one of our unidirectional streams. Raises Malformed.

        RFC 9114 6.2.1, RFC 9204 4.2 MUST NOT: for a critical stream.
        """
        if self._session.is_critical(quic):
            raise Malformed("critical_stream_closed", H3ErrorCode.H3_CLOSED_CRITICAL_STREAM)

    def _prioritize(self, quic: QuicStream) -> None:
        """Apply the priority that arrived before the request (RFC 9218 7)."""
        early = self._peer.early_priorities.pop(int(quic.stream_id), None)
        out = quic.outgoing
        if early is not None and out is not None:
            quic.prioritized = True
            self._session.transport.session.streams.scheduler.prioritize(out, early[0], early[1])
