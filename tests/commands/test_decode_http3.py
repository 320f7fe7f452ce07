"""``decode`` of HTTP/3: a capture of both directions, a key log, and the decoded events."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("zttp_h3")

import zttp
from tests.commands.conftest import zttp as command
from tests.commands.network_captures import pcap, pcapng, udp4
from tests.http3.h3_pair import Message, Pair, credentials
from tests.http3.test_against_aioquic import Path as AioquicPath
from tests.http3.test_against_aioquic import Theirs
from tests.http3.test_early_data import Clock, options, ticket
from zttp.commands.quic.connections import Packet
from zttp.commands.quic.decode import Capture, Seen, as_object, decode, run
from zttp_h3.connection import H3Connection
from zttp_h3.tls.tickets import TicketKeys

CLIENT, SERVER = ("10.0.0.1", 50_000), ("10.0.0.2", 443)


class Tapped:
    """A connection whose datagrams are recorded, when they are sent or when they arrive."""

    def __init__(self, connection: Any, frames: list[bytes], way: tuple[Any, Any], at: str) -> None:
        self._connection, self._frames, self._way, self._at = connection, frames, way, at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def data_to_send(self, now: int) -> list[bytes]:
        sent: list[bytes] = self._connection.data_to_send(now)
        if self._at == "sender":
            self._frames += [udp4(*self._way, datagram) for datagram in sent]
        return sent

    def receive_datagram(self, datagram: bytes, *rest: Any) -> None:
        if self._at == "receiver":
            self._frames.append(udp4(*self._way[::-1], datagram))
        self._connection.receive_datagram(datagram, *rest)


class Recorded:
    """A pair whose datagrams and secrets are kept."""

    def __init__(self, *, at: str = "sender", client: dict[str, Any] | None = None, **options: Any) -> None:
        self.frames: list[bytes] = []
        self.keys: list[str] = []
        self.pair = Pair(client={"keylog": self.keys.append, **(client or {})}, **options)
        self.pair.client = Tapped(self.pair.client, self.frames, (CLIENT, SERVER), at)  # type: ignore[assignment]
        self.pair.server = Tapped(self.pair.server, self.frames, (SERVER, CLIENT), at)  # type: ignore[assignment]

    @property
    def key_log(self) -> str:
        return "\n".join(self.keys)

    def decoded(self) -> list[Seen]:
        return list(decode(Capture(pcap(self.frames), self.key_log)))


def packets(seen: list[Seen]) -> list[Packet]:
    return [one.packet for one in seen if one.what is None]


def events(seen: list[Seen], sender: int) -> list[Any]:
    return [one.what for one in seen if one.what is not None and one.packet.sender == sender]


def named(found: list[Any]) -> list[str]:
    return [type(event).__name__ for event in found]


def content(found: list[Any], stream_id: int) -> bytes:
    return b"".join(event.data for event in found if isinstance(event, zttp.Data) and event.stream_id == stream_id)


def test_an_exchange_with_every_packet_opened() -> None:
    recorded = Recorded()
    recorded.pair.request(b"POST", b"/here", b"hello" * 500)
    recorded.pair.run()
    recorded.pair.client.close()
    recorded.pair.flush()
    seen = recorded.decoded()
    assert [packet for packet in packets(seen) if packet.note] == []
    assert {packet.kind for packet in packets(seen)} == {"initial", "handshake", "1RTT"}
    heard = events(seen, 0)
    assert named(heard)[0] == "Settings"
    [request] = [event for event in heard if isinstance(event, zttp.Request)]
    assert (request.method, request.target, request.stream_id) == (b"POST", b"/here", 0)
    assert content(heard, 0) == b"hello" * 500
    answered = events(seen, 1)
    assert [event.status_code for event in answered if isinstance(event, zttp.Response)] == [200]
    assert content(answered, 0) == b"hello" * 500
    assert named(answered)[-1] == "EndOfMessage"
    assert packets(seen)[-1].frames[-1]["frame_type"] == "connection_close"


def test_places_are_those_of_the_packets_in_their_datagrams() -> None:
    recorded = Recorded()
    recorded.pair.request()
    recorded.pair.run()
    for packet in packets(recorded.decoded()):
        assert recorded.frames[packet.datagram.number - 1][28:] == packet.datagram.payload
        assert packet.offset == 0 or any(
            other.end == packet.offset
            for other in packets(recorded.decoded())
            if other.datagram.number == packet.datagram.number
        )


def test_key_updates_are_followed_on_both_sides() -> None:
    recorded = Recorded()
    pair = recorded.pair
    for round_ in range(4):
        pair.request(target=b"/%d" % round_)
        pair.run()
        pair.wait(1)
        (pair.client if round_ % 2 else pair.server).request_key_update()
        pair.wait(1)
    seen = recorded.decoded()
    assert [packet for packet in packets(seen) if packet.note == "not authentic"] == []
    phases = {(packet.sender, packet.note) for packet in packets(seen) if packet.note}
    assert phases == {(sender, f"key phase {phase}") for sender in (0, 1) for phase in (1, 2, 3, 4)}
    assert [event.target for event in events(seen, 0) if isinstance(event, zttp.Request)] == [
        b"/%d" % round_ for round_ in range(4)
    ]


@pytest.mark.parametrize("at", ["sender", "receiver"])
def test_loss_and_reordering_change_nothing_but_the_order(at: str) -> None:
    recorded = Recorded(at=at, seed=3, loss=0.1, jitter=20_000)
    for stream in range(3):
        recorded.pair.request(b"POST", b"/%d" % stream, bytes([stream]) * 20_000)
    recorded.pair.run()
    seen = recorded.decoded()
    assert {packet.note for packet in packets(seen)} == {""}
    for stream in range(3):
        for sender in (0, 1):
            assert content(events(seen, sender), 4 * stream) == bytes([stream]) * 20_000


def test_fields_in_the_dynamic_table_are_read_by_what_the_other_side_announced() -> None:
    recorded = Recorded()
    fields = [(b"x-long-and-often", b"the same value again and again")]
    for _ in range(5):
        recorded.pair.request(headers=fields)
        recorded.pair.run()
    requests = [event for event in events(recorded.decoded(), 0) if isinstance(event, zttp.Request)]
    assert [event.headers.get(b"x-long-and-often") for event in requests] == [fields[0][1]] * 5


def test_a_response_to_head_and_a_reset() -> None:
    def answer(pair: Pair, stream_id: int, message: Message) -> None:
        stream = pair.server.stream(stream_id)
        if message.head.method == b"HEAD":
            stream.send_response(200, [(b"content-length", b"5")])
            stream.end_message()
        else:
            stream.reset(0x102)

    recorded = Recorded(answer=answer)
    recorded.pair.request(b"HEAD")
    recorded.pair.request(b"GET")
    recorded.pair.run()
    answered = events(recorded.decoded(), 1)
    assert [name for name in named(answered) if name != "RstStream"] == ["Settings", "Response", "EndOfMessage"]
    assert [event.error_code for event in answered if isinstance(event, zttp.RstStream)] == [0x102]


def test_early_data_is_opened_too() -> None:
    keys, clock = TicketKeys(), Clock()
    resumes = {"session": ticket(keys, clock), "early_data": True, "wall_clock": clock}
    recorded = Recorded(seed=2, client=resumes, server=options(keys, clock))
    recorded.pair.request(target=b"/early")
    recorded.pair.run()
    kinds = {packet.kind for packet in packets(recorded.decoded()) if packet.payload}
    assert kinds == {"initial", "0RTT", "handshake", "1RTT"}
    [early] = [event for event in events(recorded.decoded(), 0) if isinstance(event, zttp.Request)]
    assert early.target == b"/early"


@pytest.mark.parametrize("suite", ["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_every_cipher_suite(suite: str) -> None:
    recorded = Recorded(client={"cipher_suites": [suite]})
    recorded.pair.request()
    recorded.pair.run()
    seen = recorded.decoded()
    assert {packet.note for packet in packets(seen)} == {""}
    assert "Response" in named(events(seen, 1))


def test_version_2() -> None:
    recorded = Recorded(client={"versions": (2,)}, server={"versions": (2, 1)})
    recorded.pair.request()
    recorded.pair.run()
    assert {packet.note for packet in packets(recorded.decoded())} == {""}


def test_after_a_retry_the_keys_are_others() -> None:
    keys: list[str] = []
    client = H3Connection(zttp.CLIENT, server_name="localhost", verify=credentials().certificate, keylog=keys.append)
    client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
    endpoint = zttp.QuicEndpoint(credentials=credentials(), retry=True)
    frames = []
    for now in range(0, 200_000, 10_000):
        for datagram in client.data_to_send(now):
            frames.append(udp4(CLIENT, SERVER, datagram))
            endpoint.receive_datagram(datagram, CLIENT, now)
        for leaving in endpoint.data_to_send(now=now):
            frames.append(udp4(SERVER, CLIENT, leaving.data))
            client.receive_datagram(leaving.data, now)
    seen = list(decode(Capture(pcap(frames), "\n".join(keys))))
    assert {packet.note for packet in packets(seen)} == {""}
    assert [packet.kind for packet in packets(seen)][:3] == ["initial", "retry", "initial"]
    assert "Request" in named(events(seen, 0))


class Network(AioquicPath):
    """Between one of ours and one of aioquic's, recorded."""

    def __init__(self, ours: H3Connection, theirs: Theirs) -> None:
        super().__init__(ours, theirs, 1, 0.02, 10_000)
        self.frames: list[bytes] = []

    def send(self, by_us: bool, datagram: bytes) -> None:
        by_client = by_us is not self.theirs.is_client
        self.frames.append(udp4(*((CLIENT, SERVER) if by_client else (SERVER, CLIENT)), datagram))
        super().send(by_us, datagram)


def test_a_client_of_another_library_with_its_key_log() -> None:
    theirs = Theirs(is_client=True)
    theirs.configuration.secrets_log_file = key_log = io.StringIO()
    network = Network(H3Connection(zttp.SERVER, credentials=credentials()), theirs)
    theirs.begin(network.now / 1e6)
    head = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/up")]
    for stream_id in (0, 4):
        theirs.http.send_headers(stream_id, head)
        theirs.http.send_data(stream_id, b"%d" % stream_id * 3_000, True)
    while len(theirs.ended) < 2:
        assert network.now < 60_000_000
        network.step()
    seen = list(decode(Capture(pcap(network.frames), key_log.getvalue())))
    assert {packet.note for packet in packets(seen)} <= {"", "has come before"}
    for stream_id in (0, 4):
        assert content(events(seen, 0), stream_id) == b"%d" % stream_id * 3_000
        assert content(events(seen, 1), stream_id) == theirs.content[stream_id]


def test_a_key_log_in_the_capture_is_as_good() -> None:
    recorded = Recorded()
    recorded.pair.request()
    recorded.pair.run()
    inside = Capture(pcapng(recorded.frames, key_log=recorded.key_log.encode()))
    assert [as_object(one) for one in decode(inside)] == [as_object(one) for one in recorded.decoded()]


def test_the_command(tmp_path: Path) -> None:
    recorded = Recorded()
    recorded.pair.request()
    recorded.pair.run()
    (tmp_path / "capture.pcap").write_bytes(pcap(recorded.frames))
    (tmp_path / "keys.log").write_text(f"# of a test\n{recorded.key_log}\n")
    done = command("decode", tmp_path / "capture.pcap", "--key-log", tmp_path / "keys.log")
    assert (done.returncode, done.stderr) == (0, b"")
    lines = done.stdout.decode().splitlines()
    assert lines[0].startswith("     1+0     #1 > initial 0 (")
    assert "CRYPTO bytes=0.." in lines[0]
    [request] = [text for text in lines if " Request(" in text]
    assert request.split("+")[0].strip().isdigit()
    assert " > " in request


def test_for_a_program_and_for_one_role(capsys: pytest.CaptureFixture[str]) -> None:
    recorded = Recorded()
    recorded.pair.request()
    recorded.pair.run()
    captured = pcap(recorded.frames)
    assert run(captured, recorded.key_log, None, as_json=True) == 0
    found = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert found == [json.loads(json.dumps(as_object(one))) for one in recorded.decoded()]
    assert found[0]["packet"]["frames"][0] == {"frame_type": "crypto", "offset": 0, "length": 234}
    assert run(captured, recorded.key_log, "client", as_json=True) == 0
    received = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    assert received == [one for one in found if one["sender"] == "server"]


def test_an_error_of_a_peer_is_found_and_is_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    recorded = Recorded()
    recorded.pair.request()
    recorded.pair.run()
    session = recorded.pair.client._connection._session  # type: ignore[attr-defined]
    session.write_control(b"\x00\x01x")  # DATA on the control stream (RFC 9114 7.2.1)
    recorded.pair.flush()
    assert run(pcap(recorded.frames), recorded.key_log, None, as_json=False) == 1
    [error] = [text for text in capsys.readouterr().out.splitlines() if " ERROR " in text]
    assert " > " in error
    assert "h3_frame_unexpected" in error


def test_without_secrets_the_rest_is_shown_and_one_line_says_what_is_missing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorded = Recorded()
    recorded.pair.request()
    recorded.pair.run()
    with pytest.raises(ValueError, match="the key log lacks secrets of 1 of 1 connections"):
        run(pcap(recorded.frames), "", None, as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert "initial 0" in lines[0]
    assert lines[-1].endswith("_TRAFFIC_SECRET_0 in the key log]")


WRONG = {
    "nothing": (pcap([]), (), "there are no UDP datagrams"),
    "no QUIC": (pcap([udp4(CLIENT, SERVER, b"\x12\x34dns or so")]), (), "no QUIC connection begins"),
    "another protocol": (pcap([udp4(CLIENT, SERVER, b"x")]), ("--protocol", "h2"), "as HTTP/3 only, not as h2"),
    "no capture": (b"", ("--protocol", "h3"), "HTTP/3 runs over datagrams"),
    "no such log": (pcap([udp4(CLIENT, SERVER, b"x")]), ("--key-log", "/no/such/file"), "No such file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_decoded_is_said_in_one_line(name: str) -> None:
    captured, words, says = WRONG[name]
    done = command("decode", "-", *words, stdin=captured)
    assert done.returncode == 1
    assert done.stdout == b""
    assert says in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
