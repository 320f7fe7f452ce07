"""How events, errors and frames are shown: to a reader as a line, to a program as a JSON object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import zttp

_ATTRIBUTES: Final = (
    "method", "target", "status_code", "reason", "http_version", "headers", "trailers", "data", "stream_id",
    "end_stream", "error_code", "last_stream_id", "debug", "params", "ack", "increment", "urgency", "incremental",
)  # fmt: skip
_MOST_CONTENT: Final = 64  # bytes in a line: a program gets all


def as_text(what: object) -> str:
    """Return an event or error for a reader."""
    if isinstance(what, zttp.Data) and len(what.data) > _MOST_CONTENT:
        shown = what.data[:_MOST_CONTENT]
        stream = f", stream_id={what.stream_id}" if what.stream_id else ""
        return f"Data({len(what.data)} bytes, data={shown!r}...{stream})"
    if not isinstance(what, zttp.ProtocolError):
        return repr(what)
    words = f"ERROR {what.reason}: {what.args[0]}"
    return f"{words}  {what.documentation}" if what.documentation else words


def as_values(what: object) -> dict[str, Any]:
    """Return the same for a program."""
    if not isinstance(what, zttp.ProtocolError):
        return {"event": {"type": type(what).__name__, **_attributes(what)}}
    error = {
        "reason": what.reason,
        "message": str(what.args[0]),
        "section": what.section,
        "stream_id": what.stream_id,
        "error_code": what.error_code,
        "documentation": what.documentation,
    }
    return {"error": error}


def _attributes(event: object) -> dict[str, Any]:
    values = {name: getattr(event, name) for name in _ATTRIBUTES if hasattr(event, name)}
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> object:
    """Return a value for JSON: one character for each byte, so that nothing is lost."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, zttp.HeaderBlock | list | tuple):
        return [_plain(item) for item in value]
    return value


def frames_text(frames: Iterable[dict[str, Any]]) -> str:
    """Return the frames of a QUIC packet, given in the form of qlog, for a reader."""
    return ", ".join(map(_frame_text, frames))


def _frame_text(frame: dict[str, Any]) -> str:
    values = {name: value for name, value in frame.items() if name != "frame_type"}
    if "offset" in values:  # of streams, and of the handshake
        first = values.pop("offset")
        values["bytes"] = f"{first}..{first + values.pop('length')}"
    if "acked_ranges" in values:
        ranges = ", ".join(f"{first}..{last}" if first < last else f"{first}" for first, last in values["acked_ranges"])
        values["acked_ranges"] = ranges
    shown = " ".join(name if value is True else f"{name}={value}" for name, value in values.items() if value != "")
    return f"{frame['frame_type'].upper()} {shown}".rstrip()
