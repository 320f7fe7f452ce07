"""The events of all three protocols, and the factories that plugins make them with.

Values: comparable, hashable, copyable, picklable, usable in ``match``. They hold only bytes, integers and header
blocks, never a reference to a connection, so the garbage collector need not track them.
"""

from zttp_core.events.connection_level import Goaway, Ping, Settings, WindowUpdate
from zttp_core.events.content import Data, Datagram, EndOfMessage
from zttp_core.events.factories import (
    END_OF_MESSAGE,
    end_of_stream,
    listed_request,
    listed_response,
    listed_trailers,
    new_data,
    new_ping,
    new_settings,
    new_window_update,
    packed_request,
    packed_response,
    packed_trailers,
    rare_values,
    repeated_request,
    shared_block_request,
    shared_list_request,
)
from zttp_core.events.requests import EARLY_DATA, END_STREAM, EXPECT_CONTINUE, HTTP_1_0, Request
from zttp_core.events.responses import Response
from zttp_core.events.stream_level import PriorityUpdate, RstStream

__all__ = [
    "EARLY_DATA", "END_OF_MESSAGE", "END_STREAM", "EXPECT_CONTINUE", "HTTP_1_0",
    "Data", "Datagram", "EndOfMessage", "Goaway", "Ping", "PriorityUpdate", "Request", "Response", "RstStream",
    "Settings", "WindowUpdate",
    "end_of_stream", "listed_request", "listed_response", "listed_trailers", "new_data", "new_ping", "new_settings",
    "new_window_update", "packed_request", "packed_response", "packed_trailers", "rare_values", "repeated_request",
    "shared_block_request", "shared_list_request",
]  # fmt: skip
