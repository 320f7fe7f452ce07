"""Transparency: one side receives exactly what the other sends, for all octets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.events import Data, EndOfMessage, Request, Response
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.subject import Subject
from zttp_core.testing.verdict import fail, not_applicable

# Octets with a meaning in lines, text, C strings or tables: all octets, with line ends first.
_OCTETS: Final = b"\r\n\r\n\n \x00" + bytes(range(256)) + b"0\r\n\r\n"
_LENGTH: Final = 2_000
_OK: Final = 200
_STATUSES: Final = (206, 503)
_NAME: Final = b"x-kit"
# A repeated name keeps its order (RFC 9110 5.3), and an empty value is a value.
_VALUES: Final = [b"two", b"one", b"two", b"", b'a "b, c"; d=e', b"\xe9 " + b"v" * 300, *(b"%d" % n for n in range(20))]
# Methods whose answers or targets differ from those of others.
_PECULIAR: Final = (b"HEAD", b"CONNECT", b"OPTIONS")


class Transparency(Subject):
    """Messages with unusual parts arrive unchanged."""

    def test_nothing_is_changed_on_the_way(self, exchange: Exchange) -> None:
        """Fields of one name in their order, the spelling of a method and a target, content of any octets."""
        if exchange.resumes or exchange.switches or exchange.answer is not None or not exchange.ends:
            not_applicable("not all that is sent in it arrives as it is")
        if any(isinstance(event, Request) and event.method in _PECULIAR for event in exchange.asked):
            not_applicable("its method has rules of its own")
        for status in _STATUSES:
            self._converse_unusually(exchange, status)

    def test_trailers_need_no_content(self, exchange: Exchange) -> None:
        """The end of a message with trailers and no content still has them."""
        sides = [_without_content(exchange.asked), _without_content(exchange.reply)]
        if exchange.resumes or exchange.switches or exchange.answer is not None or not all(sides):
            not_applicable("not all that is sent in it arrives as it is, or its heads state lengths")
        if not any(map(_has_trailers, sides)):
            not_applicable("it has no trailers")
        bare = replace(exchange, name=f"{exchange.name}, without content", request=sides[0], reply=sides[1])
        self.pair(bare).converse(bare)

    def test_content_of_any_octets_arrives(self) -> None:
        """Octets that are line ends, ends of strings or invalid text elsewhere are ordinary content."""
        for make in self.growing.values():
            if make(_LENGTH).ends:
                self._converse_unusually(make(_LENGTH), _OK)

    def _converse_unusually(self, exchange: Exchange, status: int) -> None:
        __tracebackhide__ = True
        varied = replace(
            exchange,
            name=f"{exchange.name}, with unusual parts",
            request=[_varied(event, status) for event in exchange.asked],
            reply=[_varied(event, status) for event in exchange.reply],
        )
        pair = self.pair(varied)
        pair.converse(varied)
        for role in (CLIENT, SERVER):
            for event in pair.received[role].events:
                if not isinstance(event, Request | Response):
                    continue
                values = [value for name, value in event.headers.to_list() if name.lower() == _NAME]
                if values and values != _VALUES:
                    fail(f"exchange '{varied.name}': fields of one name arrive in another order: {values}")


def _without_content(script: Sequence[Any]) -> list[Any]:
    """Return a script whose messages have no content; an empty one if a head declares its length."""
    heads = [event for event in script if isinstance(event, Request | Response)]
    if any(name.lower().endswith(b"length") for head in heads for name, _ in head.headers.to_list()):
        return []
    return [event for event in script if not isinstance(event, Data)]


def _has_trailers(script: list[Any]) -> bool:
    return any(isinstance(event, EndOfMessage) and event.trailers for event in script)


def _varied(event: Any, status: int) -> Any:
    """Return the same event with unusual parts, of the same size if that matters; ``status`` replaces 200."""
    match event:
        case Data():
            length = len(event.data)
            return Data((_OCTETS * (length // len(_OCTETS) + 1))[:length], event.stream_id)
        case Request():
            return Request(
                b"Kit-Query",
                event.target + b"?" + b"a=%20&B;c" * 60,
                _marked(event),
                http_version=event.http_version,
                stream_id=event.stream_id,
                end_stream=event.end_stream,
                scheme=event.scheme,
                protocol=event.protocol,
            )
        case Response() if not event.is_informational:
            return Response(
                status if event.status_code == _OK else event.status_code,
                _marked(event),
                http_version=event.http_version,
                reason=event.reason,
                stream_id=event.stream_id,
                end_stream=event.end_stream,
            )
        case _:
            return event


def _marked(event: Request | Response) -> list[tuple[bytes, bytes]]:
    """Return the fields of a head and more, if it has any: not every protocol has fields."""
    fields = event.headers.to_list()
    return [*fields, *((_NAME, value) for value in _VALUES)] if fields else fields
