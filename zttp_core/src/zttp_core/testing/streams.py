"""Streams of a multiplexed protocol: how they end, how one is reset, and how many there may be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.errors import LocalProtocolError, ProtocolError
from zttp_core.events import Data, EndOfMessage, Request, Response, RstStream
from zttp_core.testing.pair import Pair
from zttp_core.testing.subject import Subject
from zttp_core.testing.verdict import excerpt, fail, not_applicable, telling
from zttp_core.testing.wire import take

_OK: Final = 200


class Streams(Subject):
    """The promises of ``stream(id)`` and ``send_request``."""

    def test_end_stream_ends_the_message(self) -> None:
        """A head that is sent with ``end_stream`` is a complete message for both sides."""
        pair, request = self._multiplexed_pair()
        stream = self._ask(pair, request, end_stream=True)
        self._arrived(pair, SERVER, stream.stream_id, "send_request(end_stream=True)")
        _refused("send_data() after send_request(end_stream=True)", lambda: stream.send_data(b"x"))
        server = pair.connections[SERVER].stream(stream.stream_id)
        with telling("send_response(end_stream=True)"):
            server.send_response(_OK, [], end_stream=True)
        pair.run()
        self._arrived(pair, CLIENT, stream.stream_id, "send_response(end_stream=True)")
        _refused("send_data() after send_response(end_stream=True)", lambda: server.send_data(b"x"))

    def test_a_stream_can_be_reset(self) -> None:
        """``reset`` ends one message for both sides; the other streams continue."""
        for role in SERVER, CLIENT:
            pair, request = self._multiplexed_pair()
            other = SERVER if role == CLIENT else CLIENT
            stream = self._ask(pair, request, end_stream=False)
            resetting = stream if role == CLIENT else pair.connections[SERVER].stream(stream.stream_id)
            with telling("reset()"):
                resetting.reset()
            pair.run()
            told = [
                event for event in pair.received[other].events if getattr(event, "stream_id", 0) == stream.stream_id
            ]
            if not any(isinstance(event, RstStream) for event in told):
                fail(f"after reset() the other side is given {excerpt(told)}, and no RstStream")
            _refused("send_data() after reset()", lambda sending=resetting: sending.send_data(b"x"))  # type: ignore[misc]
            pair.run()
            self._check_another(pair, request)

    def test_what_is_under_way_to_a_reset_stream_breaks_nothing(self) -> None:
        """A side that has not received a reset yet still sends; that is dropped, and the other streams continue."""
        for role in SERVER, CLIENT:
            pair, request = self._multiplexed_pair()
            stream = self._ask(pair, request, end_stream=False)
            server = pair.connections[SERVER].stream(stream.stream_id)
            bystander = self._ask(pair, request, end_stream=True)
            pair.connections[SERVER].stream(bystander.stream_id).send_response(_OK, [], end_stream=True)
            resetting, unaware = (stream, server) if role == CLIENT else (server, stream)
            if unaware is server:
                server.send_response(_OK)
            resetting.reset()
            unaware.send_data(b"late")
            unaware.end_message()
            try:
                pair.run()
            except ProtocolError as error:
                fail(f"after reset() what the other side had sent before it knew is refused: {error}")
            self._arrived(pair, CLIENT, bystander.stream_id, "an answer beside reset()")
            self._check_another(pair, request)

    def test_a_reset_is_sent_once(self) -> None:
        """A second ``reset`` is refused, or does nothing."""
        pair, request = self._multiplexed_pair()
        stream = self._ask(pair, request, end_stream=False)
        stream.reset()
        pair.run()
        with suppress(LocalProtocolError):
            stream.reset()
        if again := take(pair.connections[CLIENT]):
            fail(f"a second reset() of the same stream sends something: {excerpt(again)}")

    def test_requests_are_limited(self) -> None:
        """The number of requests that a peer may have open is limited."""
        pair, request = self._multiplexed_pair()
        for count in range(self.max_requests + 1):
            try:
                with telling("send_request()"):
                    self._ask(pair, request, end_stream=True)
            except ProtocolError:
                break
            asked = {event.stream_id for event in pair.received[SERVER].events if isinstance(event, Request)}
            if len(asked) <= count:
                break  # it waits, or was refused
        else:
            fail(f"{self.max_requests + 1} requests were accepted, and none of them was answered: there is no limit")

    def test_an_informational_response_arrives(self) -> None:
        """If it is claimed, a server can send it and a client gets it, before the final response."""
        if "informational" not in self.descriptor.capabilities:
            not_applicable(f"'{self.protocol}' does not claim informational")
        if len(self.descriptor.roles) == 1:
            not_applicable(f"'{self.protocol}' has one role: an exchange shows what is sent")
        exchange = next(exchange for exchange in self.exchanges if exchange.reply)
        pair = self.pair()
        pair.programs[CLIENT].send(exchange.asked)
        pair.run()
        [head, *_] = [event for event in exchange.reply if isinstance(event, Response)]
        pair.programs[SERVER].send([Response(103, [(b"link", b"</a>")], stream_id=head.stream_id)])
        pair.run()
        seen = [event.status_code for event in pair.received[CLIENT].events if isinstance(event, Response)]
        if seen != [103]:
            fail(f"send_informational(103) was called, and the client is given the responses {seen}")

    def _multiplexed_pair(self) -> tuple[Pair, Request]:
        __tracebackhide__ = True
        if not self.multiplexed:
            not_applicable(f"'{self.protocol}' has no streams")
        pair = self.pair()
        heads = [event for exchange in self.exchanges for event in exchange.asked if isinstance(event, Request)]
        plain = [head for head in heads if head.protocol is None and head.end_stream]
        if not plain:
            fail(f"no sample shows a request of '{self.protocol}' without content (end_stream=True)")
        return pair, plain[0]

    def _ask(self, pair: Pair, request: Request, *, end_stream: bool) -> Any:
        head = (request.method, request.target, request.http_version, request.headers.to_list())
        stream = pair.connections[CLIENT].send_request(*head, end_stream=end_stream)
        pair.run()
        return stream

    def _arrived(self, pair: Pair, role: int, stream_id: int, how: str) -> None:
        __tracebackhide__ = True
        kinds = Request | Response | Data | EndOfMessage
        told = [
            event for event in pair.received[role].events if isinstance(event, kinds) and event.stream_id == stream_id
        ]
        if len(told) != 2 or not isinstance(told[1], EndOfMessage):
            fail(f"{how} was called, and the other side is given {excerpt(told)}, not a head and its end")

    def _check_another(self, pair: Pair, request: Request) -> None:
        __tracebackhide__ = True
        with telling("a request after reset()"):
            stream = self._ask(pair, request, end_stream=True)
        if not any(
            isinstance(event, Request) and event.stream_id == stream.stream_id for event in pair.received[SERVER].events
        ):
            fail("after reset() another request does not arrive")


def _refused(what: str, call: Callable[[], object]) -> None:
    __tracebackhide__ = True
    try:
        with telling(what):
            call()
    except LocalProtocolError:
        return
    fail(f"{what} was allowed")
