"""Against hyper-h2, in both directions: the same exchanges, cut at random, have the same outcome."""

import random
from typing import Any

import pytest

import zttp
from tests.http2.helpers import Fields, feed

h2_config = pytest.importorskip("h2.config")
h2_connection = pytest.importorskip("h2.connection")
h2_events = pytest.importorskip("h2.events")
h2_settings = pytest.importorskip("h2.settings")


def random_fields(chance: random.Random, count: int) -> Fields:
    found: Fields = []
    for _ in range(count):
        name = chance.choice((b"accept", b"x-a", b"x-b", b"user-agent", b"etag", b"x-%d" % chance.randint(0, 9)))
        value = bytes(chance.choice(b"abcXYZ019 ;=/") for _ in range(chance.choice((0, 1, 5, 40, 300)))).strip()
        found.append((name, value))
    return found


def random_content(chance: random.Random) -> bytes:
    return chance.randbytes(chance.choice((0, 0, 1, 100, 5000, 20000, 100000, 300000)))


class Hyper:
    """hyper-h2, and its received messages: by stream, head, content, trailers, and whether they are complete."""

    def __init__(self, client: bool) -> None:
        config = h2_config.H2Configuration(client_side=client, header_encoding=None)
        self.h2 = h2_connection.H2Connection(config)
        self.heads: dict[int, list[tuple[bytes, bytes]]] = {}
        self.informational: dict[int, list[list[tuple[bytes, bytes]]]] = {}
        self.content: dict[int, bytes] = {}
        self.trailers: dict[int, list[tuple[bytes, bytes]]] = {}
        self.ended: set[int] = set()
        self.to_send: dict[int, tuple[bytes, Fields]] = {}
        self.h2.initiate_connection()

    def receive(self, data: bytes) -> None:
        for event in self.h2.receive_data(data):
            if isinstance(event, (h2_events.RequestReceived, h2_events.ResponseReceived)):
                self.heads[event.stream_id] = [tuple(field) for field in event.headers]
            elif isinstance(event, h2_events.InformationalResponseReceived):
                self.informational.setdefault(event.stream_id, []).append([tuple(field) for field in event.headers])
            elif isinstance(event, h2_events.DataReceived):
                self.content[event.stream_id] = self.content.get(event.stream_id, b"") + event.data
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2_events.TrailersReceived):
                self.trailers[event.stream_id] = [tuple(field) for field in event.headers]
            elif isinstance(event, h2_events.StreamEnded):
                self.ended.add(event.stream_id)
        self.send()

    def send(self) -> None:
        """Send as much as the windows allow."""
        for stream_id, (content, trailers) in list(self.to_send.items()):
            while content:
                room = min(self.h2.local_flow_control_window(stream_id), self.h2.max_outbound_frame_size, len(content))
                if room <= 0:
                    break
                self.h2.send_data(stream_id, content[:room])
                content = content[room:]
            self.to_send[stream_id] = (content, trailers)
            if not content:
                if trailers:
                    self.h2.send_headers(stream_id, trailers, end_stream=True)
                else:
                    self.h2.end_stream(stream_id)
                del self.to_send[stream_id]


class Ours:
    """Ours, and its received messages, in the same form."""

    def __init__(self, role: int, chance: random.Random) -> None:
        small = zttp.H2Limits(initial_window_size=chance.choice((1000, 65535, 262144)), connection_window_size=65535)
        self.connection = zttp.Connection(role, "h2", limits=small)
        self.heads: dict[int, Any] = {}
        self.informational: dict[int, list[Any]] = {}
        self.content: dict[int, bytes] = {}
        self.trailers: dict[int, list[tuple[bytes, bytes]]] = {}
        self.ended: set[int] = set()
        self.connection.initiate_connection()

    def receive(self, data: bytes) -> None:
        for event in feed(self.connection, data):
            if isinstance(event, zttp.Request):
                self.heads[event.stream_id] = event
            elif isinstance(event, zttp.Response):
                if event.is_informational:
                    self.informational.setdefault(event.stream_id, []).append(event)
                else:
                    self.heads[event.stream_id] = event
            elif isinstance(event, zttp.Data):
                self.content[event.stream_id] = self.content.get(event.stream_id, b"") + event.data
            elif isinstance(event, zttp.EndOfMessage):
                self.ended.add(event.stream_id)
                if event.trailers:
                    self.trailers[event.stream_id] = list(event.trailers)
            else:
                assert not isinstance(event, zttp.RstStream | zttp.Goaway), event


def wire(ours: Ours, hyper: Hyper, chance: random.Random) -> None:
    """Run until neither has output; bytes are transmitted in pieces of random sizes, in random order."""
    up, down = b"", b""
    while True:
        up += ours.connection.data_to_send()
        down += hyper.h2.data_to_send()
        if not up and not down:
            return
        size = chance.choice((1, 9, 100, 3000, 70000))
        if down and (not up or chance.random() < 0.5):
            ours.receive(down[:size])
            down = down[size:]
        else:
            hyper.receive(up[:size])
            up = up[size:]


@pytest.mark.parametrize("seed", range(25))
def test_our_client_and_their_server(seed: int) -> None:
    chance = random.Random(seed)
    ours, hyper = Ours(zttp.CLIENT, chance), Hyper(False)
    wire(ours, hyper, chance)
    requests = {}
    for _ in range(chance.randint(1, 6)):
        fields, content, trailers = random_fields(chance, chance.randint(0, 9)), random_content(chance), b""
        path = b"/" + b"a" * chance.randint(0, 60)
        stream = ours.connection.send_request(b"POST", path, b"2", [(b"Host", b"a.example"), *fields])
        stream.send_data(content)
        sums: Fields = [(b"x-sum", b"%d" % len(content))] if chance.random() < 0.3 else []
        stream.end_message(sums or None)
        requests[stream.stream_id] = (path, fields, content, sums, trailers)
    wire(ours, hyper, chance)
    for number, (path, fields, content, sums, _) in requests.items():
        pseudo = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"a.example"), (b":path", path)]
        assert hyper.heads[number] == [*pseudo, *fields]
        assert hyper.content.get(number, b"") == content
        assert hyper.trailers.get(number, []) == sums
        assert number in hyper.ended
    answers = {}
    for number in requests:
        fields, content = random_fields(chance, chance.randint(0, 9)), random_content(chance)
        sums = [(b"x-sum", b"%d" % len(content))] if chance.random() < 0.3 else []
        if chance.random() < 0.3:
            hyper.h2.send_headers(number, [(b":status", b"103"), (b"link", b"</a>")])
        hyper.h2.send_headers(number, [(b":status", b"200"), *fields])
        hyper.to_send[number] = (content, sums)
        answers[number] = (fields, content, sums)
    hyper.send()
    wire(ours, hyper, chance)
    for number, (fields, content, sums) in answers.items():
        assert ours.heads[number].status_code == 200
        assert ours.heads[number].headers == fields
        assert ours.content.get(number, b"") == content
        assert ours.trailers.get(number, []) == sums
        assert number in ours.ended
    assert ours.connection.open_streams == 0


@pytest.mark.parametrize("seed", range(25))
def test_their_client_and_our_server(seed: int) -> None:
    chance = random.Random(seed + 1000)
    ours, hyper = Ours(zttp.SERVER, chance), Hyper(True)
    hyper.h2.update_settings({h2_settings.SettingCodes.HEADER_TABLE_SIZE: chance.choice((0, 100, 4096, 60000))})
    wire(ours, hyper, chance)
    requests = {}
    for number in range(1, 2 * chance.randint(1, 6), 2):
        fields, content = random_fields(chance, chance.randint(0, 9)), random_content(chance)
        pseudo = [(b":method", b"PUT"), (b":scheme", b"http"), (b":authority", b"a:80"), (b":path", b"/%d" % number)]
        hyper.h2.send_headers(number, [*pseudo, *fields])
        sums: Fields = [(b"x-sum", b"%d" % len(content))] if chance.random() < 0.3 else []
        hyper.to_send[number] = (content, sums)
        requests[number] = (fields, content, sums)
    hyper.send()
    wire(ours, hyper, chance)
    answers = {}
    for number, (fields, content, sums) in requests.items():
        request = ours.heads[number]
        assert (request.method, request.target, request.scheme) == (b"PUT", b"/%d" % number, b"http")
        assert request.headers == [(b"host", b"a:80"), *fields]
        assert ours.content.get(number, b"") == content
        assert ours.trailers.get(number, []) == sums
        assert number in ours.ended
        stream = ours.connection.stream(number)
        if chance.random() < 0.3:
            stream.send_informational(103, [(b"link", b"</a>")])
        fields, content = random_fields(chance, chance.randint(0, 9)), random_content(chance)
        stream.send_response(201, fields)
        for at in range(0, len(content), 7000):
            stream.send_data(content[at : at + 7000])
        sums = [(b"x-sum", b"%d" % len(content))] if chance.random() < 0.3 else []
        stream.end_message(sums)
        answers[number] = (fields, content, sums)
    wire(ours, hyper, chance)
    for number, (fields, content, sums) in answers.items():
        assert hyper.heads[number] == [(b":status", b"201"), *fields]
        assert hyper.content.get(number, b"") == content
        assert hyper.trailers.get(number, []) == sums
        assert number in hyper.ended
    assert ours.connection.open_streams == 0
    assert not ours.connection.has_pending_send()
