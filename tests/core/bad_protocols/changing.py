"""Connections that change unusual messages in transit."""

from typing import Any

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import OPEN, LineConnection
from tests.core.toy_datagrams import refusal
from tests.core.toy_frames import FrameConnection, FrameStream
from zttp_core.events import Data


@bad("test_nothing_is_changed_on_the_way", "exchange 'get, with unusual parts': .* was received without .*b'x-kit'")
class KeepingOneOfEachName(LineConnection):
    def _send_head(self, first: bytes, fields: Any) -> None:
        super()._send_head(first, dict(fields).items())


@bad("test_nothing_is_changed_on_the_way", "'get, with unusual parts': fields of one name arrive in another order")
class SortingFields(LineConnection):
    def _send_head(self, first: bytes, fields: Any) -> None:
        super()._send_head(first, sorted(fields))


@bad("test_nothing_is_changed_on_the_way", r"without \[\(b'x-kit', b''\)\]")
class WithoutEmptyValues(LineConnection):
    def _send_head(self, first: bytes, fields: Any) -> None:
        super()._send_head(first, [(name, value) for name, value in fields if value])


@bad("test_nothing_is_changed_on_the_way", r"b'x-kit', b'17'")
class WithRoomForTwentyFields(LineConnection):
    def _send_head(self, first: bytes, fields: Any) -> None:
        super()._send_head(first, list(fields)[:20])


@bad("test_nothing_is_changed_on_the_way", "b'Kit-Query', .* was sent, .*b'KIT-QUERY', .* was received")
class WithMethodsInCapitals(LineConnection):
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any) -> None:
        super().send_request(method.upper(), target, version, headers)


@bad("test_nothing_is_changed_on_the_way", "was sent, .*'request', b'Kit-Query', .* was received")
class CuttingTargets(LineConnection):
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any) -> None:
        super().send_request(method, target[:256], version, headers)


@bad("test_nothing_is_changed_on_the_way", "'content'.* was sent, .* was received")
class MendingLineEnds(LineConnection):
    def _next_event(self) -> Any:
        event = super()._next_event()
        return Data(event.data.replace(b"\r\n", b"\n\n")) if isinstance(event, Data) else event


@bad("test_content_of_any_octets_arrives", "content of 2000 bytes was sent, content of 2000 bytes was received")
class OfSevenBits(LineConnection):
    def send_data(self, data: Any, /) -> None:
        super().send_data(bytes(byte & 0x7F for byte in bytes(memoryview(data))))


@bad("test_an_asking_program_may_use_its_buffer_again", "a buffer that is used again changes what is sent")
class CountingItems(LineConnection):
    """A buffer of rows has fewer items than bytes."""

    def send_data(self, data: Any, /) -> None:
        self._check(self._writing == OPEN)
        view = memoryview(data)
        self._output.append(bytes(view)[: len(view)])


@bad("test_a_received_buffer_may_be_used_again", "events change when the caller uses the buffer again")
class CountingItemsThatCome(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        view = memoryview(data)
        super().receive_data(bytes(view)[: len(view)])


class TrailersBehindContent(FrameStream):
    has_content = False

    def send_data(self, data: Any, /) -> None:
        self.has_content = True
        super().send_data(data)

    def end_message(self, trailers: Any = None, /) -> None:
        super().end_message(trailers if self.has_content else None)


@bad("test_trailers_need_no_content", r"'get, without content': .* was received without \[\(b'checksum', b'2'\)\]")
class DroppingTrailersOfNothing(FrameConnection):
    stream_class = TrailersBehindContent


@bad("test_a_connection_carries_more_messages_than_an_octet_counts", "was refused: this must not be sent now")
class WithNumbersOfOneOctet(FrameConnection):
    def stream(self, stream_id: int, /) -> Any:
        return super().stream(stream_id & 0xFF)


@bad("test_a_connection_carries_more_messages_than_an_octet_counts", "refuses it: enough")
class HavingEnough(FrameConnection):
    """A limit on concurrent streams, counted over the lifetime of a connection."""

    requests = 0

    def _request(self, letter: bytes, stream_id: int, payload: bytes) -> Any:
        self.requests += 1
        if self.requests > 256:
            raise refusal("enough")
        return super()._request(letter, stream_id, payload)


@bad("test_output_may_wait_while_the_next_message_begins", "'get': two answers that are taken together are ")
class BeginningAfresh(LineConnection):
    def start_next_cycle(self) -> None:
        super().start_next_cycle()
        self._output.clear()


@bad("test_nothing_is_changed_on_the_way", r"\('response', 206\) was sent, \('response', 200\) was received")
class GivingAll(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        super().send_response(200 if status == 206 else status, headers)


@bad("test_nothing_is_changed_on_the_way", "status_code=503.* was refused: this must not be sent now")
class WithoutFaults(LineConnection):
    def send_response(self, status: int, headers: Any = None, /) -> None:
        self._check(status < 500)
        super().send_response(status, headers)
