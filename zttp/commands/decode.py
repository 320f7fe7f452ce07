"""``decode``: the events and errors of a captured byte stream, each with its position.

HTTP/1.1 is passed line by line and HTTP/2 frame by frame, so that the position of an event is known without the parser.
A capture has the bytes that one side received; for a client the requests that it must have sent are assumed.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeGuard

import zttp
from zttp.commands.captures.files import is_capture
from zttp.commands.frames import PREFACE, Frame, FrameFinder
from zttp.commands.shown import as_text, as_values
from zttp.commands.usage import WrongUsageError

LONGEST_PIECE = 64 * 1024
ROLES = {"server": zttp.SERVER, "client": zttp.CLIENT}
HOST = [(b"host", b"unknown.invalid")]
TARGETS = {b"CONNECT": b"unknown.invalid:443"}  # of the assumed requests; any other method is for "/"
Sentinel = zttp.NeedData | zttp.ConnectionClosed


class Found(NamedTuple):
    """Something in the capture, from ``offset`` up to ``end``."""

    offset: int
    end: int
    what: object  # an event, a frame or an error


def run(
    file: str, protocol: str | None, role: str | None, *, as_json: bool, method: str, key_log: Path | None = None
) -> int:
    """Print the content of a capture; return 1 if there is an error in it."""
    captured = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    if is_capture(captured):
        return _datagrams(captured, protocol, role, key_log, as_json=as_json)
    status = 0
    try:
        for found in decode(captured, protocol, role, method.encode("ascii")):
            print(json.dumps(as_object(found)) if as_json else line(found))
            if isinstance(found.what, zttp.ProtocolError):
                status = 1
    except zttp.LocalProtocolError as error:  # there is no such request
        raise WrongUsageError(str(error.args[0])) from error
    return status


def _datagrams(captured: bytes, protocol: str | None, role: str | None, key_log: Path | None, *, as_json: bool) -> int:
    """Print the content of a network capture. Imported only for that, because it needs cryptography."""
    if protocol not in (None, zttp.HTTP3):
        raise ValueError(f"a network capture is decoded as HTTP/3 only, not as {protocol}")
    zttp.Connection(zttp.CLIENT, zttp.HTTP3, server_name="unknown.invalid", verify=False)  # says what is missing
    from zttp.commands.quic import decode as quic

    return quic.run(captured, "" if key_log is None else key_log.read_text("ascii", "replace"), role, as_json=as_json)


def decode(captured: bytes, protocol: str | None, role: str | None, method: bytes = b"GET") -> Iterator[Found]:
    """Yield the content of a capture, in the order of the wire."""
    received_by = ROLES[role] if role else guess_role(captured)
    named = protocol or guess_protocol(captured)
    if named == zttp.HTTP3:
        raise ValueError("HTTP/3 runs over datagrams: decode reads it from a capture, pcap or pcapng, with --key-log")
    connection = zttp.Connection(received_by, named)
    if not isinstance(connection, zttp.ByteStreamConnection):
        raise ValueError(f"{named} runs over datagrams: decode reads byte streams")
    if isinstance(connection, zttp.H1Connection):
        return _http1(captured, connection, method)
    if _is_http2(connection):
        return _http2(captured, connection, method)
    return _other(captured, connection)


def guess_role(captured: bytes) -> int:
    """Return CLIENT for a status line, or for the SETTINGS that a server sends first."""
    is_settings = len(captured) >= 9 and captured[3] == 4 and captured[5:9] == b"\0\0\0\0"
    return zttp.CLIENT if captured.startswith(b"HTTP/") or is_settings else zttp.SERVER


def guess_protocol(captured: bytes) -> str:
    """Return the protocol of the first bytes; of HTTP/2 also if it is not installed: then the error says so."""
    if guess_role(captured) == zttp.CLIENT:
        return zttp.HTTP1 if captured.startswith(b"HTTP/") else zttp.HTTP2
    if captured.startswith(PREFACE):
        return zttp.HTTP2
    sniffed = zttp.sniff(captured)
    return zttp.HTTP1 if isinstance(sniffed, zttp.NeedData) else sniffed


def _is_http2(connection: zttp.ByteStreamConnection) -> TypeGuard[zttp.H2Connection]:
    """Return whether this is a connection of HTTP/2. Without zttp-h2 its class does not exist."""
    return isinstance(connection, getattr(zttp, "H2Connection", ()))


# ------------------------------------------------------------------------------------------------------------- HTTP/1.1
def _http1(captured: bytes, connection: zttp.H1Connection, method: bytes) -> Iterator[Found]:
    fed = at = left = 0  # left: the rest of content of known length
    chunked = False
    if connection.role == zttp.CLIENT:
        _ask(connection, method, captured)
    try:
        while True:
            piece = _piece(captured, fed, left)
            connection.receive_data(piece)
            fed += len(piece)
            while not isinstance(event := connection.next_event(), Sentinel):
                start, end = at, fed
                if isinstance(event, zttp.Data):
                    left = max(left - len(event.data), 0)
                    start = fed - len(piece) + max(piece.find(event.data), 0) if chunked else at
                elif isinstance(event, zttp.Request | zttp.Response):
                    chunked = event.headers.get(b"transfer-encoding") is not None
                    left = 0 if event.end_stream else int(event.headers.get(b"content-length", b"0"))
                at = end
                yield Found(start, end, event)
                if isinstance(event, zttp.EndOfMessage) and _goes_on(connection):
                    if connection.role == zttp.CLIENT and fed < len(captured):
                        _ask(connection, method, captured[fed : fed + LONGEST_PIECE])
            if not piece:
                break
        switched, _ = connection.trailing_data
        if switched:
            yield Found(len(captured) - len(switched), len(captured), switched)
    except zttp.RemoteProtocolError as error:
        place = at if error.offset is None else error.offset
        yield Found(place, place, error)


def _piece(captured: bytes, at: int, left: int) -> bytes:
    """Return the next line, or the rest of the content; empty at the end, for EOF."""
    longest = min(at + LONGEST_PIECE, len(captured))
    if left:
        return captured[at : min(at + left, longest)]
    return captured[at : captured.find(b"\n", at, longest) + 1 or longest]


def _ask(connection: zttp.H1Connection, method: bytes, answer: bytes) -> None:
    """Send the request that a response must answer: for a 101, with the protocols that it names."""
    fields = list(HOST)
    head = answer.partition(b"\r\n\r\n")[0]
    if head[8:13].strip() == b"101" and (upgrade := re.search(rb"(?im)^upgrade:[ \t]*([^\r\n]+)", head)):
        fields += [(b"connection", b"upgrade"), (b"upgrade", upgrade[1].strip())]
    connection.send_request(method, TARGETS.get(method, b"/"), b"1.1", fields)
    connection.end_message()
    connection.data_to_send()


def _goes_on(connection: zttp.H1Connection) -> bool:
    """Move on to the next message, if there can be one; a server answers this one first."""
    if connection.should_close():
        return False
    try:
        if connection.role == zttp.SERVER:
            connection.send_response(204)
            connection.end_message()
            connection.data_to_send()
        connection.start_next_cycle()
    except zttp.LocalProtocolError:  # it has switched to another protocol
        return False
    return True


# --------------------------------------------------------------------------------------------------------------- HTTP/2
def _http2(captured: bytes, connection: zttp.H2Connection, method: bytes) -> Iterator[Found]:
    frames = FrameFinder()
    target = TARGETS.get(method, b"/")
    at = opened = 0
    connection.initiate_connection()
    try:
        for frame in frames.feed(captured):
            yield Found(frame.offset, frame.end, frame)
            if connection.role == zttp.CLIENT and frame.kind == "HEADERS":
                while opened < frame.stream_id and connection.can_open_stream:
                    opened = connection.send_request(method, target, b"2", HOST, end_stream=True).stream_id
            connection.data_to_send()
            connection.receive_data(captured[frame.offset : frame.end])
            at = frame.end
            yield from _pulled(connection, frame.offset, frame.end)
        if at < len(captured):
            connection.receive_data(captured[at:])
            yield from _pulled(connection, at, len(captured))
        connection.receive_data(b"")
        yield from _pulled(connection, len(captured), len(captured))
    except zttp.RemoteProtocolError as error:
        place = at if error.offset is None else error.offset
        yield Found(place, place, error)


def _pulled(connection: zttp.ByteStreamConnection, offset: int, end: int) -> Iterator[Found]:
    while not isinstance(event := connection.next_event(), Sentinel):
        yield Found(offset, end, event)
        if isinstance(event, zttp.RstStream) and _is_http2(connection):
            error = connection.last_stream_error
            if error is not None and error.stream_id == event.stream_id:
                yield Found(offset, end, error)


def _other(captured: bytes, connection: zttp.ByteStreamConnection) -> Iterator[Found]:
    """Another plugin's protocol: byte by byte while that is fast, so that positions are exact."""
    size = 1 if len(captured) <= LONGEST_PIECE else 4096
    at = 0
    try:
        for start in range(0, len(captured) + 1, size):
            connection.receive_data(captured[start : start + size])
            for found in _pulled(connection, at, min(start + size, len(captured))):
                yield found
                at = found.end
    except zttp.ProtocolError as error:
        place = at if error.offset is None else error.offset
        yield Found(place, place, error)


# ------------------------------------------------------------------------------------------------------------- printing
def line(found: Found) -> str:
    """Return a line for a reader."""
    place = f"{found.offset:>8}..{found.end:<8}"
    if isinstance(found.what, Frame):
        return f"{place} frame {found.what}"
    if isinstance(found.what, bytes):
        return f"{place} after the switch: {found.what[:60]!r}"
    return f"{place} {as_text(found.what)}"


def as_object(found: Found) -> dict[str, Any]:
    """Return the same for a program."""
    value: dict[str, Any] = {"offset": found.offset, "end": found.end}
    what = found.what
    if isinstance(what, Frame):
        return value | {"frame": {"type": what.kind, "flags": list(what.flags), "stream_id": what.stream_id}}
    if isinstance(what, bytes):
        return value | {"switched": what.decode("latin-1")}
    return value | as_values(what)
