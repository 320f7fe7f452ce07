"""Connections that do not match the contract's description."""

import sys
from types import ModuleType
from typing import Any

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import LineConnection
from zttp_core.events import Data

elsewhere = ModuleType("elsewhere")
elsewhere.__file__ = f"elsewhere.cpython-{sys.version_info[0]}{sys.version_info[1]}-x86_64-linux-gnu.so"


class CompiledElsewhere:
    __module__ = "elsewhere"


class OwnEvent:
    """An event without its stream."""


class Bytes(bytes):
    """Bytes of another owner."""


@bad(
    "test_a_connection_has_what_the_contract_asks_for", "WithoutMethods has no should_close, as zttp_core.plugin wants"
)
class WithoutMethods(LineConnection):
    should_close = property()


@bad("test_a_connection_has_what_the_contract_asks_for", r"OfAnotherRole\(role=1\).role is 3")
class OfAnotherRole(LineConnection):
    def __init__(self, role: int) -> None:
        super().__init__(role)
        self.role = 3


@bad(
    "test_no_class_derives_from_a_class_compiled_elsewhere",
    "OnAForeignBase derives from elsewhere.CompiledElsewhere, which was compiled in another package",
)
class OnAForeignBase(LineConnection, CompiledElsewhere):
    pass


@bad(
    "test_events_are_those_of_the_core_and_own_their_bytes",
    "OwnEvent is neither an event of the core nor has it a stream_id",
)
class WithOwnEvents(LineConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        return OwnEvent() if isinstance(event, Data) else event


@bad("test_events_are_those_of_the_core_and_own_their_bytes", "Data holds Bytes, not bytes")
class WithOthersBytes(LineConnection):
    def next_event(self) -> Any:
        event = super().next_event()
        return Data(Bytes(event.data)) if isinstance(event, Data) else event


@bad(
    "test_a_received_buffer_may_be_used_again",
    "the buffer that was received is still held|events change when the caller uses the buffer again",
)
class KeepingTheBuffer(LineConnection):
    def __init__(self, role: int) -> None:
        super().__init__(role)
        self._kept: list[Any] = []

    def receive_data(self, data: Any, /) -> None:
        self._kept.append(data)

    def next_event(self) -> Any:
        for data in self._kept:
            super().receive_data(data)
        self._kept.clear()
        return super().next_event()
