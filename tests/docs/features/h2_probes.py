"""The features of h2."""

from collections.abc import Sequence

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    DataReceived,
    Event,
    InformationalResponseReceived,
    PriorityUpdated,
    RequestReceived,
    ResponseReceived,
    TrailersReceived,
)
from h2.exceptions import FlowControlError, ProtocolError
from h2.settings import SettingCodes

from tests.docs.features.probing import HEADERS, PING, PREFACE, SETTINGS, frame, pings, probe, resets, said

REQUEST = [(":method", "GET"), (":path", "/"), (":scheme", "https"), (":authority", "a")]


class Pair:
    """A client and a server, and the bytes between them."""

    def __init__(self) -> None:
        self.client = H2Connection(H2Configuration(client_side=True))
        self.server = H2Connection(H2Configuration(client_side=False))
        self.client.initiate_connection()
        self.server.initiate_connection()
        self.carry()

    def carry(self) -> tuple[list[Event], list[Event]]:
        """Exchange until neither has output; return the events of the client, and of the server."""
        got: tuple[list[Event], list[Event]] = ([], [])
        while (there := self.client.data_to_send()) + (back := self.server.data_to_send()):
            got[1].extend(self.server.receive_data(there))
            got[0].extend(self.client.receive_data(back))
        return got


def of_kind(events: Sequence[Event], kind: type[Event]) -> bool:
    return any(isinstance(event, kind) for event in events)


def reached(data: bytes) -> bool:
    """Whether a new server accepts all that without an error."""
    server = H2Connection(H2Configuration(client_side=False))
    server.initiate_connection()
    try:
        server.receive_data(PREFACE + frame(SETTINGS, 0, 0, b"") + data)
    except ProtocolError:
        return False
    return True


@probe
def http1() -> str:
    try:
        H2Connection(H2Configuration(client_side=False)).receive_data(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    except ProtocolError:
        return "no"
    return "yes"


@probe
def http2() -> str:
    pair = Pair()
    pair.client.send_headers(1, REQUEST, end_stream=True)
    return said(of_kind(pair.carry()[1], RequestReceived))


@probe
def http3() -> str:
    return said(hasattr(H2Connection, "receive_datagram"))


@probe
def pulled() -> str:
    return said(bool(Pair().client.receive_data(frame(PING, 0, 0, bytes(8)))))  # all of a buffer, in a list


@probe
def writes() -> str:
    pair = Pair()
    pair.client.send_headers(1, REQUEST, end_stream=True)
    return said(bool(pair.client.data_to_send()))


@probe
def events_are_values() -> str:
    made = [RequestReceived(stream_id=1, headers=[]) for _ in range(2)]
    return said(made[0] == made[1])


@probe
def reasons() -> str:
    server = H2Connection(H2Configuration(client_side=False))
    try:
        server.receive_data(PREFACE + frame(SETTINGS, 0, 1, b""))
    except ProtocolError as error:
        if hasattr(error, "reason") and hasattr(error, "offset"):
            return "yes"
        return "partly" if hasattr(error, "error_code") else "no"
    raise AssertionError("SETTINGS on a stream were accepted")


@probe
def head_limit() -> str:
    server = H2Connection(H2Configuration(client_side=False))
    server.local_settings[SettingCodes.MAX_HEADER_LIST_SIZE] = 100
    server.initiate_connection()
    server.receive_data(PREFACE + frame(SETTINGS, 0, 0, b"") + frame(SETTINGS, 1, 0, b""))
    field = b"\x00\x01x\x7f\x00" + b"x" * 127
    try:
        server.receive_data(frame(HEADERS, 5, 1, b"\x82\x84\x86\x41\x01a" + field))
    except ProtocolError:
        return "yes"
    return "no"


@probe
def head_limit_by_default() -> str:
    field = b"\x00\x01x\x7f\x80\x7f" + b"x" * (127 + 127 * 128)
    blocks = [frame(HEADERS, 1, 1, b"\x82\x84\x86\x41\x01a"), *[frame(9, 0, 1, field[:16384])] * 640]
    return said(not reached(b"".join(blocks) + frame(9, 4, 1, b"")))


@probe
def trailers() -> str:
    pair = Pair()
    pair.client.send_headers(1, REQUEST)
    pair.client.send_headers(1, [("x", "1")], end_stream=True)
    return said(of_kind(pair.carry()[1], TrailersReceived))


@probe
def informational() -> str:
    pair = Pair()
    pair.client.send_headers(1, REQUEST, end_stream=True)
    pair.carry()
    pair.server.send_headers(1, [(":status", "103")])
    pair.server.send_headers(1, [(":status", "204")], end_stream=True)
    got = pair.carry()[0]
    return said(of_kind(got, InformationalResponseReceived) and of_kind(got, ResponseReceived))


@probe
def credit_by_itself() -> str:
    pair = Pair()
    pair.client.send_headers(1, REQUEST)
    for _ in range(10):
        try:
            pair.client.send_data(1, b"x" * 16_000)
        except FlowControlError:
            return "no"
        pair.carry()
    return "yes"


@probe
def credit_by_hand() -> str:
    pair = Pair()
    pair.client.send_headers(1, REQUEST)
    for _ in range(10):
        pair.client.send_data(1, b"x" * 16_000)
        for event in pair.carry()[1]:
            if isinstance(event, DataReceived):
                pair.server.acknowledge_received_data(event.flow_controlled_length, 1)
        pair.carry()
    return "yes"


@probe
def receive_window() -> str:
    server = H2Connection(H2Configuration(client_side=False))
    server.local_settings[SettingCodes.INITIAL_WINDOW_SIZE] = 1 << 20
    server.initiate_connection()
    return said((1 << 20).to_bytes(4, "big") in server.data_to_send())


@probe
def waits_for_credit() -> str:
    pair = Pair()
    pair.client.send_headers(1, REQUEST)
    pair.carry()
    try:
        for _ in range(5):
            pair.client.send_data(1, b"x" * 16_000)
    except FlowControlError:
        return "no"
    return "yes"


@probe
def extended_connect() -> str:
    pair = Pair()
    pair.server.update_settings({SettingCodes.ENABLE_CONNECT_PROTOCOL: 1})
    pair.carry()
    fields = [(":method", "CONNECT"), (":protocol", "websocket"), *REQUEST[1:]]
    pair.client.send_headers(1, fields)
    return said(of_kind(pair.carry()[1], RequestReceived))


@probe
def priorities() -> str:
    server = H2Connection(H2Configuration(client_side=False))
    server.initiate_connection()
    update = frame(16, 0, 0, bytes((0, 0, 0, 1)) + b"u=1")  # PRIORITY_UPDATE (RFC 9218 7.1)
    return said(of_kind(server.receive_data(PREFACE + frame(SETTINGS, 0, 0, b"") + update), PriorityUpdated))


@probe
def rapid_reset() -> str:
    return said(not reached(resets(2_000)))


@probe
def control_floods() -> str:
    return said(not reached(pings(5_000)))


@probe
def push() -> str:
    pair = Pair()
    pair.client.send_headers(1, REQUEST, end_stream=True)
    pair.carry()
    pair.server.push_stream(1, 2, REQUEST)
    return "yes"


@probe
def clear_text_upgrade() -> str:
    client, server = H2Connection(H2Configuration(client_side=True)), H2Connection(H2Configuration(client_side=False))
    server.initiate_upgrade_connection(client.initiate_upgrade_connection())
    server.receive_data(client.data_to_send())
    server.send_headers(1, [(":status", "204")], end_stream=True)
    return said(of_kind(client.receive_data(server.data_to_send()), ResponseReceived))
