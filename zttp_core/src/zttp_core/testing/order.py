"""The legal order of events for any input: a head, its content, its end, and nothing after that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from zttp_core.constants import SERVER
from zttp_core.events import Data, EndOfMessage, Request, Response, RstStream

_EXPECTED, _OPEN, _WITHOUT_CONTENT, _ENDED = range(4)
_SWITCHING: Final = 101


def disorder(events: Iterable[Any], role: int, multiplexed: bool) -> str | None:
    """Return the first event at an illegal position, or ``None``.

    Args:
        events: The events of one connection, without a move to the next message in between.
        role: The role of that connection.
        multiplexed: Whether it carries several messages; an identifier may then be reused once it is free.
    """
    states: dict[int, int] = {}
    for event in events:
        stream_id = getattr(event, "stream_id", 0)
        state = states.get(stream_id, _EXPECTED)
        after = "after the end of its message" if state == _ENDED else "before a head"
        match event:
            case Request() if role == SERVER:
                if state != _EXPECTED and not (multiplexed and state == _ENDED):
                    return f"{event!r:.200} comes after another request"
                states[stream_id] = _WITHOUT_CONTENT if event.end_stream else _OPEN
            case Response() if role != SERVER:
                if state in (_OPEN, _WITHOUT_CONTENT) or (state == _ENDED and not multiplexed):
                    return f"{event!r:.200} comes after another response"
                if not event.is_informational or event.status_code == _SWITCHING:
                    states[stream_id] = _WITHOUT_CONTENT if event.end_stream else _OPEN
            case Response():
                return f"a server was given {event!r:.200}"
            case Data() if state == _WITHOUT_CONTENT and event.data:
                return f"content comes after a head whose end_stream says that there is none: {event!r:.200}"
            case Data() | EndOfMessage() if state not in (_OPEN, _WITHOUT_CONTENT):
                return f"{event!r:.200} comes {after}"
            case EndOfMessage() | RstStream():
                states[stream_id] = _ENDED
    return None
