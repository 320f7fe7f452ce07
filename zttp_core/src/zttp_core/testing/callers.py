"""Callers: fields in every form that the contract allows, and arguments that are not changed."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import LocalProtocolError
from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.illegal_sends import before_anything
from zttp_core.testing.memory import traced
from zttp_core.testing.subject import Scenario, Subject
from zttp_core.testing.verdict import excerpt, fail, not_applicable
from zttp_core.testing.wire import Program, play, take

_NO_STREAMS: Final = (-1, 0, (1 << 31) - 3, 1 << 70)
_TRIES: Final = 200  # of a send that is refused, measured together
_MOST_LEFT: Final = 32  # bytes of each: a compressor's table may move on
_NO_CODES: Final = (-1, 1 << 70)
_OK: Final = 200
_NO_CONTENT: Final = 204
_PIECE: Final = bytes(1 << 20)
_MOST_CONTENT: Final = 64  # pieces, more than any usual window
_ADDED: Final = (b"x-added", b"later")


class Callers(Subject):
    """Fields are pairs in any iterable, and stay the caller's; a stream is found by its number or refused."""

    def test_fields_may_come_in_any_form(self, exchange: Exchange) -> None:
        """An iterator of lists has the same effect as a list of tuples, and is iterated once."""
        self._send_alike(exchange, "fields in an iterator of lists", Iterating)

    def test_the_fields_stay_the_callers(self, exchange: Exchange) -> None:
        """A list of fields is not changed, and the caller may change it after the call."""
        self._send_alike(exchange, "a list of fields that is used again", Lending)

    def test_fields_that_fail_leave_no_trace(self, exchange: Exchange) -> None:
        """If an iterator raises in the middle, nothing is sent, and the exchange continues unaffected."""
        for scenario in self.scenarios(exchange):
            if scenario.role != SERVER:
                continue
            head = next((event for event in exchange.reply if isinstance(event, Response)), None)
            if head is None:
                continue
            _, wanted = self.live_through(scenario)
            connection = scenario.start()
            play(connection, scenario.received, closes=scenario.closes)
            sent = take(connection)
            before = repr(connection), connection.is_closed()
            sender = Program(connection, self.multiplexed).sender(head.stream_id)
            send = sender.send_informational if head.is_informational else sender.send_response
            _break_off(scenario, partial(send, head.status_code))
            if queued := take(connection):
                fail(f"{scenario}: fields that raise in the middle have queued {excerpt(b''.join(queued))}")
            if (repr(connection), connection.is_closed()) != before:
                fail(f"{scenario}: fields that raise in the middle have changed {before[0]} to {connection!r}")
            Program(connection, self.multiplexed).send(exchange.reply)
            if sent + take(connection) != wanted:
                fail(f"{scenario}: after fields that raised in the middle something else is sent")

    def test_empty_content_is_nothing(self, exchange: Exchange) -> None:
        """``send_data(b"")`` sends nothing, and in particular no end."""
        self._send_alike(exchange, "with empty content before and after each piece", Padding)

    def test_a_head_needs_no_fields(self) -> None:
        """``send_response(status)`` is a valid call."""
        for scenario in self.all_scenarios(SERVER) if self.first_role == SERVER else ():
            responses = [event for event in scenario.exchange.reply if isinstance(event, Response)]
            for head in responses[:1]:
                connection = scenario.start()
                play(connection, scenario.received, closes=scenario.closes)
                send = Program(connection, self.multiplexed).sender(head.stream_id).send_response
                _refuses(f"{scenario}: send_response({_NO_CONTENT}) without fields", partial(send, _NO_CONTENT))

    def test_a_stream_that_waits_holds_up_no_other(self) -> None:
        """While the content of one response waits for credit, the head of another one is sent."""
        if not self.multiplexed or self.datagrams or "flow-control" not in self.descriptor.capabilities:
            not_applicable(f"'{self.protocol}' does not claim flow control of streams")
        pair = self.pair()
        asked = [Request(b"GET", b"/", [(b"host", b"example.com")], stream_id=number) for number in (1, 2)]
        pair.programs[CLIENT].send([one for head in asked for one in (head, EndOfMessage(stream_id=head.stream_id))])
        pair.run()
        client, server = pair.connections[CLIENT], pair.connections[SERVER]
        waiting, other = (server.stream(pair.streams[number]) for number in (1, 2))
        waiting.send_response(_OK, [])
        for _ in range(_MOST_CONTENT):
            waiting.send_data(_PIECE)
            if waiting.pending_bytes:
                break
        take(server)
        other.send_response(_OK, [], end_stream=True)
        told = play(client, take(server)).events
        if not any(isinstance(event, Response) and event.stream_id == other.stream_id for event in told):
            fail(f"while the content of one stream waits, the response on another does not go out: {excerpt(told)}")

    def test_streams_that_are_none_are_refused(self) -> None:
        """A number that no stream has, or can have, is a LocalProtocolError or a ValueError in every call."""
        if not self.multiplexed:
            not_applicable(f"'{self.protocol}' has no streams")
        events = [event for one in self.exchanges for event in (*one.asked, *one.events, *one.reply)]
        numbers = [number for number in _NO_STREAMS if number not in {event.stream_id for event in events}]
        for scenario in self.all_scenarios():
            connection = scenario.start()
            play(connection, scenario.received, closes=scenario.closes)
            for number in numbers:
                what = f"{scenario}: stream({number})"
                if _refuses(what, lambda at=number, on=connection: on.stream(at).send_data(b"x")):  # type: ignore[misc]
                    continue
                fail(f"{what}, which was never opened, was allowed to send")
            if hasattr(connection, "consume_data"):
                for number in numbers:
                    _refuses(f"{scenario}: consume_data({number}, 1)", partial(connection.consume_data, number, 1))

    def test_codes_that_are_none_are_refused(self) -> None:
        """``reset(code)`` with a number outside the range of codes is a LocalProtocolError or a ValueError."""
        for exchange in self.exchanges if self.multiplexed else ():
            for scenario in self.scenarios(exchange):
                numbers = {event.stream_id for event in exchange.reply if isinstance(event, Response)}
                for number in numbers if scenario.role == SERVER else ():
                    connection = scenario.start()
                    play(connection, scenario.received, closes=scenario.closes)
                    for code in _NO_CODES:
                        if not _refuses(f"{scenario}: reset({code})", partial(connection.stream(number).reset, code)):
                            fail(f"{scenario}: reset({code}) was allowed, which is no code")

    def test_refused_sends_leave_nothing(self) -> None:
        """A program that repeats illegal calls fills no memory."""
        for role in self.descriptor.roles:
            scenario = next(self.all_scenarios(role))
            connection = scenario.start()
            actions = before_anything(connection, self.multiplexed, scenario.exchange)
            name, call = next(iter(actions))
            _refuse_often(name, call)
            with traced() as held:
                _refuse_often(name, call)
                left = held.left // _TRIES
            if left > _MOST_LEFT:
                fail(f"{scenario}: {name} leaves {left} bytes behind each time that it is refused")

    def _send_alike(self, exchange: Exchange, what: str, program: type[Program]) -> None:
        """Send an exchange by a program that passes its fields in its own way; the output must be equal."""
        __tracebackhide__ = True
        for scenario in self.scenarios(exchange):
            if scenario.role == SERVER:
                _, wanted = self.live_through(scenario)
                connection = scenario.start()
                play(connection, scenario.received, closes=scenario.closes)
                sent = take(connection)
                program(connection, self.multiplexed).send(exchange.reply)
                _compare(f"{scenario}, {what}", sent + take(connection), wanted)
        if CLIENT in self.descriptor.roles and not self.encrypted and "extended-connect" not in exchange.capabilities:
            wire = []
            for how in Program, program:
                client = self.connect(CLIENT)
                how(client, self.multiplexed).send(exchange.asked)
                wire.append(take(client))
            _compare(f"exchange '{exchange.name}', client, {what}", wire[1], wire[0])


class Iterating(Program):
    """Passes fields in an iterator of lists."""

    def fields(self, event: Request | Response) -> Any:
        """Return an iterator, which can be used once."""
        return (list(pair) for pair in event.headers)


class Lending(Program):
    """Passes a list of fields, and changes it afterwards."""

    _lent: list[Any] | None = None

    def _send(self, event: Any) -> None:
        super()._send(event)
        if self._lent is not None:
            if self._lent != event.headers.to_list():
                fail(f"sending {event!r:.200} changes the caller's list of fields to {excerpt(self._lent)}")
            self._lent[:] = [_ADDED]
            self._lent = None

    def fields(self, event: Request | Response) -> Any:
        """Return a list, and remember it."""
        self._lent = event.headers.to_list()
        return self._lent


class Padding(Program):
    """Sends empty content before and after each piece."""

    def _data(self, event: Data) -> None:
        sender = self.sender(event.stream_id)
        for piece in b"", event.data, b"":
            sender.send_data(piece)


class _BrokenOffError(Exception):
    """Raised by a caller's iterator."""


def _broken_off() -> Iterator[tuple[bytes, bytes]]:
    yield b"x-first", b"a"
    raise _BrokenOffError


def _break_off(scenario: Scenario, send: partial[object]) -> None:
    __tracebackhide__ = True
    try:
        send(_broken_off())
    except (_BrokenOffError, TypeError, ValueError, LocalProtocolError):
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        fail(f"{scenario}: fields that raise in the middle raised {type(error).__name__}, not their own error")
    fail(f"{scenario}: fields that raise in the middle were sent, and their error was lost")


def _refuses(what: str, call: Callable[[], object]) -> bool:
    """Return whether a call is refused as the contract requires."""
    __tracebackhide__ = True
    try:
        call()
    except (LocalProtocolError, ValueError):
        return True
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        fail(f"{what} raised {type(error).__name__}, not LocalProtocolError or ValueError: {error}")
    return False


def _refuse_often(what: str, call: Callable[[], object]) -> None:
    __tracebackhide__ = True
    for _ in range(_TRIES):
        _refuses(what, call)
    gc.collect()


def _compare(who: str, sent: list[bytes], wanted: list[bytes]) -> None:
    __tracebackhide__ = True
    if sent != wanted:
        fail(f"{who}: {excerpt(sent)} is sent, not {excerpt(wanted)}")
