"""hyper-h2 as one side of a schedule."""

from collections.abc import Iterator
from typing import Any

import pytest

import zttp
from tests.http2.schedules import INITIAL_WINDOW_SIZE, TRAILERS

h2_config = pytest.importorskip("h2.config")
h2_connection = pytest.importorskip("h2.connection")
h2_events = pytest.importorskip("h2.events")
h2_exceptions = pytest.importorskip("h2.exceptions")

HEAD = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"example.com"), (b":path", b"/")]


class Hyper:
    """A connection of hyper-h2. It parses on receipt, keeps no content without credit, and only raises windows.

    (It treats the empty end of a message on a window that it has made negative as a violation; RFC 9113 6.9.1.)
    """

    def __init__(self, client: bool) -> None:
        self.h2 = h2_connection.H2Connection(h2_config.H2Configuration(client_side=client, header_encoding=None))
        self.h2.initiate_connection()
        self.unreturned: list[tuple[int, int]] = []
        self.events: list[Any] = []
        self.window = 65_535

    def open(self) -> int | None:
        if self.h2.open_outbound_streams >= self.h2.remote_settings.max_concurrent_streams:
            return None
        stream_id: int = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream_id, HEAD)
        return stream_id

    def respond(self, stream_id: int) -> None:
        self.h2.send_headers(stream_id, [(b":status", b"200"), (b"x-b", b"c")])

    def give(self, stream_id: int, data: bytes) -> bool:
        if len(data) > self.h2.local_flow_control_window(stream_id):
            return False
        largest = self.h2.max_outbound_frame_size
        for start in range(0, len(data), largest):
            self.h2.send_data(stream_id, data[start : start + largest])
        return True

    def end(self, stream_id: int, trailers: bool) -> bool:
        if trailers or self.h2.local_flow_control_window(stream_id) < 0:
            self.h2.send_headers(stream_id, TRAILERS, end_stream=True)
        else:
            self.h2.end_stream(stream_id)
        return True

    def reset(self, stream_id: int) -> None:
        self.h2.reset_stream(stream_id, 8)

    def ping(self) -> None:
        self.h2.ping(bytes(8))

    def set_window(self, size: int) -> None:
        if size > self.window:
            self.h2.update_settings({INITIAL_WINDOW_SIZE: size})
            self.window = size

    def prioritize(self, stream_id: int, urgency: int, incremental: bool) -> None:
        """It does not implement RFC 9218."""

    def take(self) -> bytes:
        data: bytes = self.h2.data_to_send()
        return data

    def receive(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, h2_events.RequestReceived):
                self.events.append(zttp.Request(method=b"POST", target=b"/", headers=[], stream_id=event.stream_id))
            elif isinstance(event, h2_events.DataReceived):
                self.unreturned.append((event.stream_id, event.flow_controlled_length))
                self.events.append(zttp.Data(event.data, event.stream_id))
            elif isinstance(event, h2_events.StreamEnded):
                self.events.append(zttp.EndOfMessage(stream_id=event.stream_id))
            elif isinstance(event, h2_events.StreamReset):
                self.events.append(zttp.RstStream(event.stream_id, int(event.error_code)))

    def pull(self, most: int) -> Iterator[Any]:
        for _ in range(min(most, len(self.events))):
            yield self.events.pop(0)

    def consume(self, most: int) -> None:
        while self.unreturned and most:
            stream_id, size = self.unreturned.pop(0)
            part = min(size, most)
            try:
                self.h2.acknowledge_received_data(part, stream_id)
            except h2_exceptions.StreamClosedError:
                self.h2.increment_flow_control_window(part)
            if part < size:
                self.unreturned.insert(0, (stream_id, size - part))
            most -= part
