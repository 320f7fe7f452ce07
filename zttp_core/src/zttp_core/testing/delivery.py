"""Checks whether one side received what the other sent: by messages, not by the events that carry them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from zttp_core.events import Data, Datagram, EndOfMessage, Request, Response

_LONGEST_SHOWN: Final = 100  # bytes

Part = tuple[object, Counter[tuple[bytes, bytes]]]  # values that must be equal, fields that must be present


def find_loss(sent: Sequence[Any], received: Sequence[Any], streams: Mapping[int, int]) -> str | None:
    """Return a part that was not received as it was sent, or ``None``. A protocol may add fields, but never drop one.

    Args:
        sent: The events of a script.
        received: The events that were pulled.
        streams: The stream of the connection for each stream of the script.
    """
    wanted = {streams.get(stream_id, stream_id): parts for stream_id, parts in _messages(sent).items()}
    got = _messages(received)
    for stream_id, parts in wanted.items():
        arrived = got.get(stream_id, [])
        for part, other in zip(parts, arrived, strict=False):
            if part[0] != other[0]:
                return f"{_shown(part)} was sent, {_shown(other)} was received"
            if missing := part[1] - other[1]:
                return f"{_shown(part)} was received without {sorted(missing)}"
        if len(arrived) < len(parts):
            return f"{_shown(parts[len(arrived)])} was sent and not received"
        if len(arrived) > len(parts):
            return f"{_shown(arrived[len(parts)])} was received and not sent"
    return None


def _messages(events: Iterable[Any]) -> dict[int, list[Part]]:
    """Return the parts of messages by stream, with all content of a message in one part."""
    messages: dict[int, list[Part]] = {}
    for event in events:
        if isinstance(event, Request | Response | Data | EndOfMessage | Datagram):
            parts = messages.setdefault(event.stream_id, [])
            if not isinstance(event, Data):
                parts.append(_part(event))
            elif event.data:
                before = parts.pop()[0][1] if parts and _is_content(parts[-1]) else b""  # type: ignore[index]
                parts.append((("content", before + event.data), Counter()))
    return messages


def _part(event: Any) -> Part:
    match event:
        case Request():
            return ("request", event.method, event.target, event.protocol), _fields(event.headers)
        case Response():
            return ("response", event.status_code), _fields(event.headers)
        case Datagram():
            return ("datagram", event.data), Counter()
        case _:
            return ("end of message",), _fields(event.trailers)


def _shown(part: Part) -> str:
    """Describe a part, of long content only the length, because this is called whenever something has arrived."""
    told: Any = part[0]
    if _is_content(part) and len(told[1]) > _LONGEST_SHOWN:
        return f"content of {len(told[1])} bytes"
    return f"{told}"


def _is_content(part: Part) -> bool:
    return isinstance(part[0], tuple) and part[0][0] == "content"


def _fields(fields: Iterable[tuple[bytes, bytes]]) -> Counter[tuple[bytes, bytes]]:
    return Counter((name.lower(), value) for name, value in fields)
