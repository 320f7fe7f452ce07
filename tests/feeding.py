"""Feeding bytes to a connection of any stream protocol, and pulling its events."""

from typing import Any, Protocol

import zttp


class Stream(Protocol):
    """The methods of a connection that this needs."""

    def receive_data(self, data: bytes, /) -> None: ...

    def next_event(self) -> Any: ...


def pull(connection: Stream) -> list[Any]:
    """All available events, without the NEED_DATA or CONNECTION_CLOSED after them."""
    events: list[Any] = []
    while True:
        event = connection.next_event()
        if event is zttp.NEED_DATA or event is zttp.CONNECTION_CLOSED:
            return events
        events.append(event)


def feed(connection: Stream, data: bytes, size: int | None = None) -> list[Any]:
    """Receives `data` in pieces of `size` and pulls after each."""
    events: list[Any] = []
    step = size or len(data) or 1
    for start in range(0, len(data), step):
        connection.receive_data(data[start : start + step])
        events.extend(pull(connection))
    return events
