"""zttp against h11, in both roles: exchanges over one connection, with bytes cut and events pulled at any moment."""

import random
from typing import Any

import h11
import pytest

import zttp

SEEDS = 150
Fields = list[tuple[bytes, bytes]]
CHUNKED = [(b"transfer-encoding", b"chunked")]


def pieces(data: bytes, rng: random.Random) -> list[bytes]:
    """The data in pieces of any size."""
    cuts = sorted(rng.randint(0, len(data)) for _ in range(rng.randint(0, 6)))
    return [piece for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True) if (piece := data[start:stop])]


class Ours:
    """A zttp connection with the interface of this test."""

    def __init__(self, role: int, rng: random.Random) -> None:
        self.connection = zttp.H1Connection(role)
        self.rng = rng
        self.events: list[Any] = []

    def receive(self, data: bytes) -> None:
        """Takes the data in pieces, and pulls nothing, something or all between them."""
        for piece in pieces(data, self.rng):
            self.connection.receive_data(piece)
            self.pull(self.rng.choice((0, 1, 1, 2, 100)))
        self.pull(1_000)

    def pull(self, most: int) -> None:
        for _ in range(most):
            event = self.connection.next_event()
            if event is zttp.NEED_DATA or event is zttp.CONNECTION_CLOSED:
                return
            self.events.append(event)

    def taken(self) -> tuple[Any, bytes, Fields]:
        """The head, the content and the trailers of one complete message."""
        head, *content, end = [event for event in self.events if not getattr(event, "is_informational", False)]
        self.events.clear()
        assert isinstance(end, zttp.EndOfMessage)
        return head, b"".join(event.data for event in content), list(end.trailers)

    def send_content(self, content: bytes, trailers: Fields) -> bytes:
        sent = self.connection.data_to_send()
        for piece in pieces(content, self.rng):
            self.connection.send_data(piece)
            if self.rng.random() < 0.5:
                sent += self.connection.data_to_send()
        self.connection.end_message(trailers)
        return sent + self.connection.data_to_send()


class Theirs:
    """An h11 connection with the same interface."""

    def __init__(self, role: Any, rng: random.Random) -> None:
        self.connection = h11.Connection(role)
        self.rng = rng
        self.events: list[Any] = []

    def receive(self, data: bytes) -> None:
        for piece in pieces(data, self.rng):
            self.connection.receive_data(piece)
            while (event := self.connection.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                self.events.append(event)
                if isinstance(event, h11.ConnectionClosed):
                    return

    def taken(self) -> tuple[Any, bytes, Fields]:
        head, *content, end = [event for event in self.events if not isinstance(event, h11.InformationalResponse)]
        self.events.clear()
        assert isinstance(end, h11.EndOfMessage)
        return head, b"".join(bytes(event.data) for event in content), list(end.headers.raw_items())

    def send_content(self, content: bytes, trailers: Fields) -> bytes:
        sent = b"".join(self.connection.send(h11.Data(data=piece)) or b"" for piece in pieces(content, self.rng))
        return sent + (self.connection.send(h11.EndOfMessage(headers=trailers)) or b"")

    def closes(self) -> bool:
        return self.connection.our_state in (h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)


def message(rng: random.Random, *, empty: bool = False) -> tuple[Fields, bytes, Fields]:
    """The framing fields, the content and the trailers of some message."""
    content = rng.randbytes(rng.choice((0, 1, 5, 300, 9_000)))
    if empty:
        return [], b"", []
    if rng.random() < 0.5:
        return list(CHUNKED), content, rng.choice(([], [(b"a", b"first"), (b"bb", b"second" * 20)]))
    return [(b"content-length", b"%d" % len(content))], content, []


def persistence(rng: random.Random) -> Fields:
    return [(b"connection", b"close")] if rng.random() < 0.1 else []


@pytest.mark.parametrize("part", range(3))
def test_our_server_and_their_client(part: int) -> None:
    for seed in range(part, SEEDS, 3):
        rng = random.Random(seed)
        ours, theirs = Ours(zttp.SERVER, rng), Theirs(h11.CLIENT, rng)
        for _ in range(rng.randint(1, 6)):
            method = rng.choice((b"GET", b"POST", b"POST", b"HEAD"))
            framing, content, trailers = message(rng, empty=method != b"POST")
            fields = [(b"host", b"a"), *framing, *persistence(rng)]
            head = theirs.connection.send(h11.Request(method=method, target=b"/t", headers=fields))
            ours.receive((head or b"") + theirs.send_content(content, trailers))
            request, *rest = ours.taken()
            assert (request.method, list(request.headers), rest) == (method, fields, [content, trailers])

            if rng.random() < 0.3:
                ours.connection.send_informational(103, [(b"link", b"</a>")])
            status = rng.choice((200, 204, 404))
            framing, content, trailers = message(rng, empty=status == 204)
            ours.connection.send_response(status, [*framing, *persistence(rng)])
            if method == b"HEAD":
                content, trailers = b"", []
            theirs.receive(ours.send_content(content, trailers))
            response, *rest = theirs.taken()
            assert (response.status_code, rest) == (status, [content, trailers])
            assert ours.connection.should_close() is theirs.closes()
            if ours.connection.should_close():
                break
            ours.connection.start_next_cycle()
            theirs.connection.start_next_cycle()


@pytest.mark.parametrize("part", range(3))
def test_our_client_and_their_server(part: int) -> None:
    for seed in range(part, SEEDS, 3):
        rng = random.Random(seed)
        ours, theirs = Ours(zttp.CLIENT, rng), Theirs(h11.SERVER, rng)
        for _ in range(rng.randint(1, 6)):
            method = rng.choice((b"GET", b"POST", b"POST", b"HEAD"))
            framing, content, trailers = message(rng, empty=method != b"POST")
            ours.connection.send_request(method, b"/t", b"1.1", [(b"host", b"a"), *framing, *persistence(rng)])
            theirs.receive(ours.send_content(content, trailers))
            request, *rest = theirs.taken()
            assert (request.method, rest) == (method, [content, trailers])

            sent = b""
            if rng.random() < 0.3:
                sent += theirs.connection.send(h11.InformationalResponse(status_code=103, headers=[])) or b""
            status = rng.choice((200, 204, 404))
            framing, content, trailers = message(rng, empty=status == 204)
            fields = [*framing, *persistence(rng)]
            sent += theirs.connection.send(h11.Response(status_code=status, headers=fields)) or b""
            if method == b"HEAD":
                content, trailers = b"", []
            sent += theirs.send_content(content, trailers)
            ours.receive(sent)
            response, *rest = ours.taken()
            assert (response.status_code, rest) == (status, [content, trailers])
            assert ours.connection.should_close() is theirs.closes()
            if ours.connection.should_close():
                break
            ours.connection.start_next_cycle()
            theirs.connection.start_next_cycle()
