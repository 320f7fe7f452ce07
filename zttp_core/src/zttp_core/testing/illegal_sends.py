"""Calls that are illegal at each point of an exchange, in any protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from zttp_core.constants import CLIENT
from zttp_core.events import EndOfMessage, Request, Response
from zttp_core.testing.exchange import Exchange

Action = tuple[str, Callable[[], object]]

# Fields that would split a message if they were sent (RFC 9110 5.5).
_SPLITTING: Final = (
    [(b"x-split", b"a\r\nx-added: b")],
    [(b"x-split", b"a\nb")],
    [(b"x-split", b"a\0b")],
    [(b"x-split\r\nx-added", b"a")],
    [(b"", b"a")],
)
# Methods and targets that would do the same (RFC 9110 9.1, RFC 9112 3.2).
_METHODS: Final = (b"", b"GET /x\r\nx-added: b\r\n\r\nGET", b"G T")
_TARGETS: Final = (b"/ x", b"/\r\nx-added: b", b"/\n\n", b"/\0")
_STATUSES: Final = (-1, 0, 42, 99, 1000)  # RFC 9110 15


class Sender:
    """What sends on one stream, or on a connection without streams.

    It is looked up at each call: ``stream(id)`` may refuse what must not be sent, as well as the call after it.
    """

    def __init__(self, connection: Any, multiplexed: bool, stream_id: int) -> None:
        self._connection = connection
        self._multiplexed = multiplexed
        self._stream_id = stream_id

    def call(self, name: str, *arguments: Any) -> Callable[[], object]:
        """Return a function that makes a call."""
        return lambda: getattr(self._sender(), name)(*arguments)

    def _sender(self) -> Any:
        return self._connection.stream(self._stream_id) if self._multiplexed else self._connection


def before_anything(connection: Any, multiplexed: bool, exchange: Exchange) -> Iterator[Action]:
    """Yield calls that are illegal on a new connection."""
    requests = [event for event in exchange.asked if isinstance(event, Request)][:1]
    whole = Sender(connection, False, 0)
    if connection.role != CLIENT:
        if hasattr(connection, "send_request"):
            yield "send_request() of a server", whole.call("send_request", b"GET", b"/", b"1.1", [])
    else:
        for request in requests:
            head = request.method, request.target, request.http_version
            fields = request.headers.to_list()
            for added in _SPLITTING:
                yield (
                    f"send_request() with the field {added[0]!r}",
                    whole.call("send_request", *head, [*fields, *added]),
                )
            for method in _METHODS:
                yield f"send_request() of {method!r}", whole.call("send_request", method, *head[1:], fields)
            for target in _TARGETS:
                yield f"send_request() to {target!r}", whole.call("send_request", head[0], target, head[2], fields)
    if multiplexed:
        for request in requests:
            unopened = Sender(connection, multiplexed, request.stream_id)
            yield "send_data() on a stream that was never opened", unopened.call("send_data", b"x")
    else:
        yield "send_data() without a message", whole.call("send_data", b"x")
        yield "end_message() without a message", whole.call("end_message")
        if hasattr(connection, "start_next_cycle"):
            yield "start_next_cycle() without a message", whole.call("start_next_cycle")
        if connection.role == CLIENT and hasattr(connection, "send_response"):
            yield "send_response() of a client", whole.call("send_response", 200)


def behind_the_request(connection: Any, multiplexed: bool, exchange: Exchange) -> Iterator[Action]:
    """Yield calls that are illegal for a client of one message at a time between its request and the answer."""
    ended = any(isinstance(event, EndOfMessage) for event in exchange.asked)
    if multiplexed or not ended or exchange.switches:
        return
    whole = Sender(connection, False, 0)
    yield "send_data() after the end", whole.call("send_data", b"x")
    yield "a second end_message()", whole.call("end_message")
    for request in [event for event in exchange.asked if isinstance(event, Request)][:1]:
        head = request.method, request.target, request.http_version, request.headers.to_list()
        yield "a second send_request()", whole.call("send_request", *head)


def after_the_request(
    connection: Any, multiplexed: bool, exchange: Exchange, capabilities: frozenset[str]
) -> Iterator[Action]:
    """Yield calls that are illegal for a server before it has answered."""
    for sender in _senders(connection, multiplexed, exchange):
        yield "send_data() without a head", sender.call("send_data", b"x")
        yield "end_message() without a head", sender.call("end_message")
        for fields in _SPLITTING:
            yield f"send_response() with the field {fields[0]!r}", sender.call("send_response", 200, fields)
        for status in _STATUSES:
            yield f"send_response({status})", sender.call("send_response", status)
        if "informational" in capabilities:
            yield "send_informational(200)", sender.call("send_informational", 200)
            for fields in _SPLITTING:
                yield (
                    f"send_informational() with the field {fields[0]!r}",
                    sender.call("send_informational", 103, fields),
                )


def inside_the_reply(
    connection: Any, multiplexed: bool, exchange: Exchange, capabilities: frozenset[str]
) -> Iterator[Action]:
    """Yield calls that are illegal for a server between the head and the end of its message."""
    for event in exchange.reply:
        if isinstance(event, Response) and not event.is_informational and not event.end_stream:
            sender = Sender(connection, multiplexed, event.stream_id)
            yield "a second send_response()", sender.call("send_response", 200)
            if "informational" in capabilities:
                yield "send_informational() after the head", sender.call("send_informational", 103)
            if "trailers" in capabilities:
                for fields in _SPLITTING:
                    yield f"end_message() with the trailer {fields[0]!r}", sender.call("end_message", fields)
            return


def after_the_reply(connection: Any, multiplexed: bool, exchange: Exchange) -> Iterator[Action]:
    """Yield calls that are illegal for a server once its message has ended."""
    ended = {event.stream_id for event in exchange.reply if isinstance(event, EndOfMessage)}
    for sender in _senders(connection, multiplexed, exchange, ended):
        yield "a second send_response()", sender.call("send_response", 200)
        yield "send_data()", sender.call("send_data", b"x")
        yield "a second end_message()", sender.call("end_message")


def _senders(connection: Any, multiplexed: bool, exchange: Exchange, ended: set[int] | None = None) -> Iterator[Sender]:
    for stream_id in dict.fromkeys(event.stream_id for event in exchange.reply if isinstance(event, Response)):
        if ended is None or stream_id in ended:
            yield Sender(connection, multiplexed, stream_id)
