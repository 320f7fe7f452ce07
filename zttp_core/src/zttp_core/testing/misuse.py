"""Misuse: only bytes are content, and buffers stay the caller's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import LocalProtocolError
from zttp_core.events import Data, Response
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.subject import Scenario, Subject
from zttp_core.testing.verdict import excerpt, fail, telling
from zttp_core.testing.wire import Program, play, take

_NO_BYTES: Final = ("text", 5, None, [b"x"], object())
_NO_FIELDS: Final = ([("x", "y")], [(b"x",)], 5)


class Misuse(Subject):
    """A wrong type is an error at once, and changes no state."""

    def test_what_is_no_bytes_is_refused(self, exchange: Exchange) -> None:
        """Text, numbers and lists in place of bytes are a TypeError or a ValueError."""
        for scenario in self.scenarios(exchange):
            connection = scenario.start()
            receiving = connection.receive_datagram if self.datagrams else connection.receive_data
            for value in _NO_BYTES:
                misuse(scenario, connection, f"{receiving.__name__}({value!r:.40})", partial(receiving, value))
            outcome = play(connection, scenario.received, closes=scenario.closes)
            if scenario.role == SERVER and outcome.refusal is None:
                self._misuse_sending(scenario, connection)

    def test_what_was_sent_may_be_used_again(self, exchange: Exchange) -> None:
        """A connection copies content to send: the caller's buffer may change before it is sent."""
        for scenario in self.scenarios(exchange):
            if scenario.role != SERVER:
                continue
            _, wanted = self.live_through(scenario)
            connection = scenario.start()
            play(connection, scenario.received, closes=scenario.closes)
            sent = take(connection)
            with telling(scenario):
                Reusing(connection, self.multiplexed).send(exchange.reply)
            sent += take(connection)
            if sent != wanted:
                told = f"{excerpt(wanted)} to {excerpt(sent)}"
                fail(f"{scenario}: a buffer that is used again after send_data() changes {told}")

    def test_an_asking_program_may_use_its_buffer_again(self) -> None:
        """The same for content that a client sends."""
        if CLIENT not in self.descriptor.roles or self.encrypted:
            return
        for exchange in self.exchanges:
            if (
                any(isinstance(event, Data) for event in exchange.asked)
                and "extended-connect" not in exchange.capabilities
            ):
                sent = []
                for program in Program, Reusing:
                    client = self.connect(CLIENT)
                    program(client, self.multiplexed).send(exchange.asked)
                    sent.append(take(client))
                if sent[0] != sent[1]:
                    fail(f"exchange '{exchange.name}', client: a buffer that is used again changes what is sent")

    def _misuse_sending(self, scenario: Scenario, connection: Any) -> None:
        reply = scenario.exchange.reply
        finals = [at for at, event in enumerate(reply) if isinstance(event, Response) and not event.is_informational]
        if not finals:
            return
        head = reply[finals[0]]
        program = Program(connection, self.multiplexed)
        take(connection)
        for fields in _NO_FIELDS:
            call = partial(program.sender(head.stream_id).send_response, head.status_code, fields)
            misuse(scenario, connection, f"send_response() with the fields {fields!r}", call)
        misuse(
            scenario, connection, "send_response('200')", partial(program.sender(head.stream_id).send_response, "200")
        )
        program.send(reply[: finals[0] + 1])
        take(connection)
        if not head.end_stream:
            for value in _NO_BYTES:
                call = partial(program.sender(head.stream_id).send_data, value)
                misuse(scenario, connection, f"send_data({value!r:.40})", call)
        program.send(reply[finals[0] + 1 :])


class Reusing(Program):
    """A program that has one buffer for all content that it sends."""

    def _data(self, event: Data) -> None:
        buffer = bytearray(event.data)
        rows = memoryview(buffer).cast("B", [1, len(buffer)])  # one item, of all bytes
        self.sender(event.stream_id).send_data(rows)
        buffer[:] = bytes(len(buffer))


def misuse(scenario: Scenario, connection: Any, name: str, call: Callable[[], object]) -> None:
    """Make a call with a wrong type; it must be refused, and change nothing."""
    __tracebackhide__ = True
    before = repr(connection), connection.is_closed()
    try:
        call()
    except (TypeError, ValueError, LocalProtocolError):
        pass
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        fail(f"{scenario}: {name} raised {type(error).__name__}, not TypeError or ValueError: {error}")
    else:
        fail(f"{scenario}: {name} was taken, although it is of the wrong type")
    if queued := take(connection):
        fail(f"{scenario}: {name} was refused, and has queued {excerpt(b''.join(queued))}")
    if (repr(connection), connection.is_closed()) != before:
        fail(f"{scenario}: {name} was refused, and has changed {before[0]} to {connection!r}")
