"""What a program must not send, at each point of an exchange, in any protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from zttp_core.constants import CLIENT
from zttp_core.events import EndOfMessage, Request, Response
from zttp_core.testing.exchange import Exchange

Action = tuple[str, Callable[[], object]]

# Fields that would split a message where they went out (RFC 9110 5.5).
_SPLITTING: Final = [
    [(b"x-split", b"a\r\nx-added: b")],
    [(b"x-split\r\nx-added", b"a")],
    [(b"", b"a")],
]


def before_anything(connection: Any, multiplexed: bool, exchange: Exchange) -> Iterator[Action]:
    """Yield what makes no sense on a connection on which nothing has happened."""
    if connection.role != CLIENT:
        if hasattr(connection, "send_request"):
            yield "send_request() of a server", lambda: connection.send_request(b"GET", b"/", b"1.1", [])
    else:
        for request in [event for event in exchange.asked if isinstance(event, Request)][:1]:
            for fields in _SPLITTING:
                yield f"send_request() with the field {fields[0]!r}", _asking(connection, request, fields)
    if multiplexed:
        for request in [event for event in exchange.asked if isinstance(event, Request)][:1]:
            yield "send_data() on a stream that was never opened", _on_stream(connection, request.stream_id)
    else:
        yield "send_data() without a message", lambda: connection.send_data(b"x")
        yield "end_message() without a message", connection.end_message
        if hasattr(connection, "start_next_cycle"):
            yield "start_next_cycle() without a message", connection.start_next_cycle
        if connection.role == CLIENT and hasattr(connection, "send_response"):
            yield "send_response() of a client", lambda: connection.send_response(200)


def after_the_request(connection: Any, multiplexed: bool, exchange: Exchange) -> Iterator[Action]:
    """Yield what a server must not send before it has answered."""
    for sender in _senders(connection, multiplexed, exchange):
        yield "send_data() without a head", partial(sender.send_data, b"x")
        yield "end_message() without a head", sender.end_message
        for fields in _SPLITTING:
            yield f"send_response() with the field {fields[0]!r}", partial(sender.send_response, 200, fields)


def after_the_reply(connection: Any, multiplexed: bool, exchange: Exchange) -> Iterator[Action]:
    """Yield what a server must not send once its message has ended."""
    ended = {event.stream_id for event in exchange.reply if isinstance(event, EndOfMessage)}
    for sender in _senders(connection, multiplexed, exchange, ended):
        yield "a second send_response()", partial(sender.send_response, 200)
        yield "send_data()", partial(sender.send_data, b"x")
        yield "a second end_message()", sender.end_message


def _senders(connection: Any, multiplexed: bool, exchange: Exchange, ended: set[int] | None = None) -> Iterator[Any]:
    for stream_id in dict.fromkeys(event.stream_id for event in exchange.reply if isinstance(event, Response)):
        if ended is None or stream_id in ended:
            yield connection.stream(stream_id) if multiplexed else connection


def _asking(connection: Any, request: Request, fields: list[tuple[bytes, bytes]]) -> Callable[[], object]:
    head = (request.method, request.target, request.http_version)
    return partial(connection.send_request, *head, [*request.headers, *fields])


def _on_stream(connection: Any, stream_id: int) -> Callable[[], object]:
    return lambda: connection.stream(stream_id).send_data(b"x")
