"""Connections whose events depend on more than the bytes."""

from typing import Any

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import DONE, GET, HEAD, LineConnection, refusal
from zttp_core.events import Data, EndOfMessage
from zttp_core.sentinels import NEED_DATA
from zttp_core.testing import Exchange


class NeedData:
    def __repr__(self) -> str:
        return "NEED_DATA"


@bad(
    "test_an_exchange_gives_its_events", r"next_event\(\) returned NEED_DATA, which is neither an event nor the core's"
)
class WithItsOwnSentinel(LineConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        return NeedData() if event is NEED_DATA else event


@bad("test_an_exchange_gives_its_events", r"next_event\(\) returned None")
class WithoutSentinel(LineConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        return None if event is NEED_DATA else event


@bad("test_an_exchange_gives_its_events", "it does not come to rest")
class WithoutRest(LineConnection):
    def next_event(self) -> Any:
        return Data(b"x")


@bad("test_an_exchange_gives_its_events", r"exchange 'get', server: the events are .* the exchange says ")
class WithoutEnds(LineConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        return super().next_event() if isinstance(event, EndOfMessage) else event


@bad("test_an_exchange_gives_its_events", r"exchange 'get', server: refused: no")
class RefusingEverything(LineConnection):
    def next_event(self) -> Any:
        from zttp_core.errors import RemoteProtocolError

        raise RemoteProtocolError("no", reason="no")


@bad(
    "test_an_exchange_gives_its_events",
    r"exchange 'other', server: the reply is b'200\\nlength: 5\\n\\nhello', not b'something else'",
    exchanges=[Exchange("other", client=GET.client, events=GET.events, reply=GET.reply, server=b"something else")],
)
class SayingSomethingElse(LineConnection):
    pass


class ForgettingWhatCameBefore(LineConnection):
    def receive_data(self, data: Any, /) -> None:
        if self._reading == HEAD:
            self._input.clear()
        super().receive_data(data)


for test, how in {
    "test_byte_by_byte_gives_the_same": "byte by byte",
    "test_every_cut_in_two_gives_the_same": "cut at byte 1",
    "test_random_cuts_give_the_same": "cut at random, seed 'get/0'",
}.items():
    bad(test, f"exchange 'get', server, {how}: the events are .* received whole they are")(ForgettingWhatCameBefore)


@bad("test_two_messages_glued_together_are_two_messages", "exchanges 'get' and 'post' glued together: 'post' gives ")
class DroppingWhatIsBehind(LineConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        if self._reading == DONE:
            self._input.clear()
        return event


@bad("test_two_messages_glued_together_are_two_messages", "exchanges 'get' and 'post' glued together: refused: not yet")
class RefusingWhatIsBehind(LineConnection):
    def next_event(self) -> Any:
        if self._reading == DONE and self._input:
            raise refusal("not yet")
        return super().next_event()


@bad("test_connections_do_not_disturb_each_other", "two connections that are fed in turns disturb each other")
class SharingTheirInput(LineConnection):
    shared = bytearray()

    def __init__(self, role: int) -> None:
        super().__init__(role)
        self._input = self.shared
        self.shared.clear()
