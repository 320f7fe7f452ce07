"""Driving a connection: receiving, pulling, sending and taking output, the same for streams and datagrams."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from zttp_core.errors import LocalProtocolError, RemoteProtocolError
from zttp_core.events import Data, Datagram, EndOfMessage, Request, Response
from zttp_core.sentinels import CONNECTION_CLOSED, NEED_DATA
from zttp_core.testing.verdict import excerpt, fail, telling

_MOST_EVENTS: Final = 100_000
_LONGEST_DATAGRAM: Final = 65_527  # of UDP


class Arrival(bytes):
    """A datagram with its arrival time, addresses and mark.

    Attributes:
        now: The time at which it arrives.
        peer_address: The source address.
        local_address: The destination address, if the connection accepts one.
        ecn: Its ECN codepoint (RFC 3168 5).
        rung: The times at which ``handle_timeout`` was called since the previous datagram.
        answered: Whether output was taken after it, or only after the next one, which arrived at the same time.
    """

    now: int = 0
    peer_address: Any = None
    local_address: Any = None
    ecn: int = 0
    rung: tuple[int, ...] = ()
    answered: bool = True

    def like(self, other: bytes) -> Arrival:
        """Return other bytes with the same properties."""
        arrival = Arrival(other)
        arrival.__dict__.update(self.__dict__)
        return arrival


@dataclass
class Outcome:
    """The result of some input: events with adjacent ``Data`` joined, and how it ended."""

    events: list[Any] = field(default_factory=list)
    end: object = NEED_DATA
    refusal: RemoteProtocolError | None = None

    def add(self, event: Any) -> None:
        """Append an event, or join it to the content before it."""
        last = self.events[-1] if self.events else None
        if isinstance(event, Data) and isinstance(last, Data) and event.stream_id == last.stream_id:
            self.events[-1] = Data(last.data + event.data, event.stream_id)
        else:
            self.events.append(event)

    def extent(self) -> tuple[int, int]:
        """Return a number that grows with everything that is added."""
        last = self.events[-1] if self.events else None
        return len(self.events), len(last.data) if isinstance(last, Data) else 0

    def follow(self, later: Outcome) -> None:
        """Append a later outcome."""
        for event in later.events:
            self.add(event)
        self.end = later.end
        self.refusal = later.refusal

    def told(self) -> tuple[list[Any], str]:
        """Return the parts that must not depend on how the input was split."""
        if self.refusal is not None:
            return self.events, f"{type(self.refusal).__name__} {self.refusal.reason}"
        return self.events, repr(self.end)


def is_datagram(connection: Any) -> bool:
    """Return whether the connection runs over datagrams."""
    return hasattr(connection, "receive_datagram")


def receive(connection: Any, unit: Any, now: int = 0) -> None:
    """Pass the input: bytes of a stream, or one datagram."""
    if not is_datagram(connection):
        connection.receive_data(unit)
    elif not isinstance(unit, Arrival):
        connection.receive_datagram(unit, now)
    else:
        for moment in unit.rung:
            connection.handle_timeout(moment)
            take(connection, moment)
        marks: dict[str, Any] = {"ecn": unit.ecn} if unit.ecn else {}
        if unit.local_address is not None:
            marks["local_address"] = unit.local_address
        connection.receive_datagram(bytes(unit), unit.now, unit.peer_address, **marks)


def take_as_recorded(connection: Any, piece: Any) -> None:
    """Take the output after a piece, at the same points as in the recording.

    Output may use entropy, and the next input may acknowledge it.
    """
    __tracebackhide__ = True
    if isinstance(piece, Arrival) and piece.answered:
        take(connection, piece.now)


def take(connection: Any, now: int | None = None) -> list[bytes]:
    """Return the output, in units of the transport."""
    __tracebackhide__ = True
    if is_datagram(connection):
        datagrams = connection.data_to_send() if now is None else connection.data_to_send(now)
        check_datagrams(datagrams)
        return list(datagrams)
    queued = connection.data_to_send()
    if type(queued) is not bytes:
        fail(f"data_to_send() returned {type(queued).__name__}, not bytes: {excerpt(queued)}")
    return [queued] if queued else []


def check_datagrams(datagrams: Any) -> None:
    """Fail if this is not a list of datagrams."""
    __tracebackhide__ = True
    if type(datagrams) is not list or any(type(datagram) is not bytes for datagram in datagrams):
        fail(f"data_to_send() returned {excerpt(datagrams)}, not a list of bytes")
    for datagram in datagrams:
        if not 0 < len(datagram) <= _LONGEST_DATAGRAM:
            fail(f"data_to_send() returned a datagram of {len(datagram)} bytes, not 1 to {_LONGEST_DATAGRAM}")


def begin(connection: Any) -> None:
    """Let the connection greet its peer, if the protocol has a greeting."""
    if hasattr(connection, "initiate_connection"):
        connection.initiate_connection()


def pull(connection: Any, outcome: Outcome) -> None:
    """Pull all available events."""
    __tracebackhide__ = True
    for _ in range(_MOST_EVENTS):
        event = connection.next_event()
        if event is NEED_DATA or event is CONNECTION_CLOSED:
            outcome.end = event
            return
        if event is None or type(event).__name__ in ("NeedData", "ConnectionClosed"):
            fail(f"next_event() returned {event!r}, which is neither an event nor the core's NEED_DATA")
        if isinstance(event, Data) and not event.data:
            fail("next_event() returned a Data without any content")
        outcome.add(event)
    fail(f"next_event() has given {_MOST_EVENTS} events and never NEED_DATA: it does not come to rest")


def play(connection: Any, pieces: Iterable[Any], *, closes: bool = False) -> Outcome:
    """Pass the pieces one by one, pull after each, and return the outcome."""
    __tracebackhide__ = True
    outcome = Outcome()
    try:
        for piece in pieces:
            receive(connection, piece)
            pull(connection, outcome)
            take_as_recorded(connection, piece)
        if closes:
            connection.receive_data(b"")
        pull(connection, outcome)
    except RemoteProtocolError as refusal:
        outcome.refusal = refusal
    return outcome


@dataclass
class _Sending:
    """Describes the sent event, on demand."""

    event: Any

    def __str__(self) -> str:
        return f"sending {self.event!r:.200}"


class Program:
    """A program that sends messages on a connection, each event of a script by the call that sends it.

    Args:
        connection: The connection that sends.
        multiplexed: Whether messages are sent on streams.
        streams: The stream of the connection for each stream of the script. A client's requests fill it.
    """

    def __init__(self, connection: Any, multiplexed: bool, streams: dict[int, int] | None = None) -> None:
        self.connection = connection
        self.multiplexed = multiplexed
        self.streams = {} if streams is None else streams
        self._ended: set[int] = set()

    def send(self, script: Sequence[Any]) -> None:
        """Send the events of a script, all of which are legal."""
        __tracebackhide__ = True
        for event in script:
            try:
                with telling(_Sending(event)):
                    self._send(event)
            except LocalProtocolError as error:
                fail(f"{_Sending(event)} was refused: {error}")

    def _send(self, event: Any) -> None:
        match event:
            case Request():
                self._request(event)
            case Response():
                self._response(event)
            case Data() if event.data:
                self._data(event)
            case EndOfMessage() if event.stream_id not in self._ended:
                sender = self.sender(event.stream_id)
                if event.trailers:
                    sender.end_message(event.trailers)
                else:
                    sender.end_message()
            case Datagram():
                self.sender(event.stream_id).send_datagram(event.data)

    def _data(self, event: Data) -> None:
        self.sender(event.stream_id).send_data(event.data)

    def sender(self, stream_id: int) -> Any:
        """Return the object with the methods that send a message."""
        return self.connection.stream(self.streams.get(stream_id, stream_id)) if self.multiplexed else self.connection

    def fields(self, event: Request | Response) -> Any:
        """Return the fields of a head in the form in which they are passed."""
        return event.headers.to_list()

    def _request(self, event: Request) -> None:
        head = (event.method, event.target, event.http_version, self.fields(event))
        options: dict[str, Any] = {} if event.protocol is None else {"protocol": event.protocol}
        if event.scheme not in (None, b"https"):
            options["scheme"] = event.scheme
        if not self.multiplexed:
            self.connection.send_request(*head, **options)
            return
        stream = self.connection.send_request(*head, end_stream=event.end_stream, **options)
        self.streams[event.stream_id] = stream.stream_id
        self._note_end(event)

    def _response(self, event: Response) -> None:
        sender = self.sender(event.stream_id)
        fields = self.fields(event)
        if event.is_informational:
            sender.send_informational(event.status_code, fields)
        elif self.multiplexed:
            sender.send_response(event.status_code, fields, event.end_stream)
            self._note_end(event)
        elif event.reason:
            sender.send_response(event.status_code, fields, reason=event.reason)
        else:
            sender.send_response(event.status_code, fields)

    def _note_end(self, event: Request | Response) -> None:
        if event.end_stream:
            self._ended.add(event.stream_id)
        else:
            self._ended.discard(event.stream_id)
