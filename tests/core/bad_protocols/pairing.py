"""Connections that do not understand their own output, and descriptors that are wrong."""

from typing import Any

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import EXCHANGES, LineConnection
from zttp_core.constants import CLIENT
from zttp_core.events import EndOfMessage, Request, Response
from zttp_core.testing import Exchange

SWITCH = Exchange(
    "switch",
    client=b"GET /a\n\n",
    events=[Request(b"GET", b"/a", http_version=b"lines", end_stream=True), EndOfMessage()],
    reply=[Response(101)],
)
CLAIM = frozenset(("keep-alive", "pipelining"))


@bad(
    "test_both_sides_understand_each_other",
    r"exchange 'get': what was sent did not reach the server: .*b'/a'.* was sent, .*b'/other'.* was received",
)
class AskingForSomethingElse(LineConnection):
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any) -> None:
        super().send_request(method, b"/other", version, headers)


@bad(
    "test_both_sides_understand_each_other",
    r"did not reach the server: .*'request'.* was received without \[\(b'x', b'y'\)\]",
)
class DroppingFields(LineConnection):
    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any) -> None:
        super().send_request(method, target, version, [field for field in headers if field[0] != b"x"])


@bad(
    "test_both_sides_understand_each_other", "what was sent did not reach the client: .*'content', b'hello'.* was sent"
)
class DroppingContent(LineConnection):
    def send_data(self, data: Any, /) -> None:
        if self.role == CLIENT:
            super().send_data(data)


@bad("test_exchanges_follow_each_other", "exchange 'post': what was sent did not reach the server")
class GoingOnWithoutReading(LineConnection):
    def start_next_cycle(self) -> None:
        super().start_next_cycle()
        self._reading = 3


@bad("test_both_sides_understand_each_other", "have answered each other 10000 times and do not come to rest")
class AnsweringEverything(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        self._output.append(b"?")


@bad(
    "test_every_claim_is_shown", "'lines' claims trailers, no exchange shows it", {"capabilities": CLAIM | {"trailers"}}
)
class ClaimingTrailers(LineConnection):
    pass


@bad("test_every_claim_is_shown", "'lines' claims keep-alive, pipelining, no exchange shows them")
class ClaimingToGoOn(LineConnection):
    def should_close(self) -> bool:
        return True


@bad("test_every_claim_is_shown", "the suite of 'lines' has no exchanges", exchanges=[])
class WithoutExchanges(LineConnection):
    pass


@bad(
    "test_everything_shown_is_claimed",
    "exchanges of 'lines' show x-mine, the descriptor does not claim it",
    exchanges=[*EXCHANGES, Exchange("mine", shows=frozenset(("x-mine",)))],
)
class WithoutAClaim(LineConnection):
    pass


@bad(
    "test_a_protocol_switch_hands_over_what_follows",
    r"exchange 'switch': what follows the switch is \(b'', False\)",
    {"capabilities": CLAIM | {"upgrade"}},
    exchanges=[SWITCH],
)
class KeepingWhatFollows(LineConnection):
    trailing_data = (b"", False)

    def send_response(self, status: int, headers: Any = None, /) -> None:
        super().send_response(200 if status == 101 else status, headers)


class OnStreams(LineConnection):
    """Its streams are not streams."""

    pending_bytes = 0
    stream_id = 1

    def stream(self, stream_id: int) -> Any:
        return self

    def consume_data(self, stream_id: int, length: int) -> None:
        pass

    def send_request(self, method: bytes, target: bytes, version: bytes, headers: Any, end_stream: bool = False) -> Any:
        super().send_request(method, target, version, headers)
        return self


STREAMS = {"multiplexed": True, "capabilities": CLAIM | {"flow-control"}}

bad(
    "test_content_beyond_the_window_waits_and_arrives",
    "flow control: 64 MiB were sent to a peer that reads nothing, and none of it waits",
    STREAMS,
)(OnStreams)
bad(
    "test_two_messages_glued_together_are_two_messages",
    "'lines' is multiplexed, no exchange has requests on two streams",
    STREAMS,
)(OnStreams)
bad(
    "test_a_stream_has_what_the_contract_asks_for",
    "OnStreams has no send_window, reset, as zttp_core.plugin.Stream wants it",
    STREAMS,
)(OnStreams)


@bad("test_content_beyond_the_window_waits_and_arrives", "flow control: of 1048576 bytes of content 0 arrived", STREAMS)
class LosingWhatWaits(OnStreams):
    def send_data(self, data: Any, /) -> None:
        self.pending_bytes = len(data)
