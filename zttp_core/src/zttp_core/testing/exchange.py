"""``Exchange``: one request and its answer, as bytes and as events. All tests of the kit are made of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any, Final

from zttp_core.events import Data, Datagram, EndOfMessage, PriorityUpdate, Request, Response, WindowUpdate
from zttp_core.messages.priorities import DEFAULT_PRIORITY

_SENDABLE: Final = (Request, Response, Data, EndOfMessage, Datagram)


@dataclass(frozen=True)
class Exchange:
    """A request and its answer.

    Attributes:
        name: A description, for the test's name.
        client: All bytes that the client sends; for a datagram protocol a sequence of datagrams. Left out if they are
            encrypted.
        events: The exact events of the server, with adjacent ``Data`` joined.
        reply: What the server's program then sends: ``Response``, ``Data`` and ``EndOfMessage`` events.
        server: All bytes that the server then sends. ``None`` does not check them.
        request: What the client's program sends to produce ``client``. ``None`` is the messages among ``events``.
        answer: The events of the client for ``server``. ``None`` is ``reply``.
        client_closes: The client closes its side after its bytes.
        server_closes: The server closes its side after its bytes.
        ecn: The ECN codepoint of all datagrams of this exchange, from 0 to 3 (RFC 3168 5).
        moves: The client has another address from now on.
        resumes: The client has the session of an earlier connection, from ``Subject.session_of``.
        shows: Capabilities that this shows and its events do not, such as ``"push"`` or ``"x-mine"``.
    """

    name: str
    client: bytes | Sequence[bytes] = b""
    events: Sequence[Any] = ()
    reply: Sequence[Any] = ()
    server: bytes | Sequence[bytes] | None = None
    _: KW_ONLY
    request: Sequence[Any] | None = None
    answer: Sequence[Any] | None = None
    client_closes: bool = False
    server_closes: bool = False
    ecn: int = 0
    moves: bool = False
    resumes: bool = False
    shows: frozenset[str] = frozenset()

    @property
    def asked(self) -> list[Any]:
        """The events that the client's program sends."""
        return [event for event in (self.events if self.request is None else self.request) if _is_sendable(event)]

    def without_datagrams(self) -> Exchange:
        """Return the events without those that a network may lose (RFC 9221 5)."""
        sides: dict[str, Any] = {
            name: _without_datagrams(getattr(self, name)) for name in ("events", "reply", "request", "answer")
        }
        return replace(self, **sides)

    @property
    def answered(self) -> list[Any]:
        """The events that the client's program gets."""
        return list(self.reply if self.answer is None else self.answer)

    @property
    def capabilities(self) -> set[str]:
        """The capabilities that this shows."""
        received, sent = [*self.events, *self.answered], [*self.asked, *self.reply]
        told = {
            name
            for name, shown in _EVIDENCE.items()
            if any(shown(event) for event in received) and (name not in _SENT or any(shown(event) for event in sent))
        }
        return told | self.shows | ({"upgrade"} if self.switches else set()) | ({"migration"} if self.moves else set())

    @property
    def ends(self) -> bool:
        """Whether both messages of every stream end."""
        ended = [
            {event.stream_id for event in side if isinstance(event, EndOfMessage)} for side in (self.asked, self.reply)
        ]
        begun = {event.stream_id for event in self.asked if isinstance(event, Request)}
        return begun <= ended[0] and begun <= ended[1]

    @property
    def switches(self) -> bool:
        """Whether the bytes after it belong to another protocol (RFC 9110 7.8, 9.3.6)."""
        connects = any(
            isinstance(event, Request) and event.method == b"CONNECT" and event.stream_id == 0 for event in self.asked
        )
        return any(
            isinstance(event, Response)
            and (event.status_code == 101 or (connects and 200 <= event.status_code < 300 and event.stream_id == 0))
            for event in self.reply
        )


def units(wire: bytes | Sequence[bytes] | None) -> tuple[bytes, ...]:
    """Return the units of input: the datagrams, or all bytes of a stream."""
    if wire is None or isinstance(wire, bytes):
        return (wire,) if wire else ()
    return tuple(wire)


def _without_datagrams(events: Sequence[Any] | None) -> list[Any] | None:
    return None if events is None else [event for event in events if not isinstance(event, Datagram)]


def _is_sendable(event: object) -> bool:
    return isinstance(event, _SENDABLE)


# Capabilities with a call of their own: receiving shows only half of them.
_SENT: Final = frozenset(("trailers", "informational", "extended-connect", "datagrams"))

# The capabilities that events show. A connection that continues shows keep-alive and pipelining.
_EVIDENCE: Final[Mapping[str, Callable[[Any], bool]]] = {
    "trailers": lambda event: isinstance(event, EndOfMessage) and bool(event.trailers),
    "informational": lambda event: isinstance(event, Response) and event.is_informational,
    "extended-connect": lambda event: isinstance(event, Request) and event.protocol is not None,
    "priority": lambda event: (
        isinstance(event, PriorityUpdate)
        or (isinstance(event, Request) and event.stream_id != 0 and event.priority != DEFAULT_PRIORITY)
    ),
    "early-data": lambda event: isinstance(event, Request) and event.early_data,
    "datagrams": lambda event: isinstance(event, Datagram),
    "flow-control": lambda event: isinstance(event, WindowUpdate),
}
