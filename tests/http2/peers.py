"""Helpers of the attack, cost and memory tests: connections after both prefaces, functions to feed and drain them."""

from collections.abc import Iterable
from typing import Any

import pytest

import zttp
from tests.http2.frame_language import Frame, frame_bytes, split_frames, wire_bytes
from tests.http2.player import OPENING

GET = "HEADERS stream={0} END_STREAM END_HEADERS | GET"
POST = "HEADERS stream={0} END_HEADERS | POST"


def greeted(role: int, *, auto_credit: bool = True, **limits: int) -> zttp.H2Connection:
    """A connection after both prefaces, with its output taken."""
    connection = zttp.Connection(role, "h2", limits=zttp.H2Limits(**limits), auto_credit=auto_credit)
    connection.initiate_connection()
    connection.receive_data(OPENING["server" if role == zttp.SERVER else "client"] + frame_bytes("SETTINGS ACK"))
    drain(connection)
    connection.data_to_send()
    return connection


def server(*, auto_credit: bool = True, **limits: int) -> zttp.H2Connection:
    return greeted(zttp.SERVER, auto_credit=auto_credit, **limits)


def client(*, auto_credit: bool = True, **limits: int) -> zttp.H2Connection:
    return greeted(zttp.CLIENT, auto_credit=auto_credit, **limits)


def drain(connection: zttp.H2Connection) -> list[Any]:
    """All available events."""
    events: list[Any] = []
    while True:
        event = connection.next_event()
        if event is zttp.NEED_DATA or event is zttp.CONNECTION_CLOSED:
            return events
        events.append(event)


def feed(connection: zttp.H2Connection, *frames: str | bytes) -> list[Any]:
    """The events of frames in the language of the documents, or of bytes."""
    connection.receive_data(b"".join(part if isinstance(part, bytes) else wire_bytes(part) for part in frames))
    return drain(connection)


def sent(connection: zttp.H2Connection) -> list[Frame]:
    """The frames that wait to be sent."""
    return list(split_frames(connection.data_to_send()))


def refusal(connection: zttp.H2Connection, *frames: str | bytes) -> zttp.RemoteProtocolError:
    """The connection error that frames cause; its GOAWAY is the last frame that is sent."""
    with pytest.raises(zttp.RemoteProtocolError) as caught:
        feed(connection, *frames)
    last = sent(connection)[-1]
    assert last.type == 0x7
    assert int.from_bytes(last.payload[4:8]) == caught.value.error_code
    return caught.value


def fed_until_refused(
    connection: zttp.H2Connection, rounds: Iterable[str | bytes]
) -> tuple[int, zttp.RemoteProtocolError]:
    """The number of rounds before one is refused, and the error."""
    for number, frames in enumerate(rounds):
        try:
            feed(connection, frames)
        except zttp.RemoteProtocolError as error:
            return number, error
        connection.data_to_send()
    raise AssertionError("nothing was refused")
