"""Our client and our server with aioquic as the peer, over paths that lose and reorder."""

import heapq
import random
import ssl
import warnings
from typing import Any

import pytest
from cryptography import x509

from tests.http3.h3_pair import credentials
from zttp_core import NEED_DATA, Data, EndOfMessage, Request, Response
from zttp_h3.connection import H3Connection
from zttp_h3.limits import H3Limits
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.wire.packet_header import read_long_header

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its dependencies
    from aioquic.h3.connection import H3Connection as AioHttp
    from aioquic.h3.events import DataReceived, HeadersReceived
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.connection import QuicConnection
    from aioquic.tls import CipherSuite

ADDRESS = ("192.0.2.1", 443)
PATIENT = H3Limits(handshake_timeout=60)
CONTENT = bytes(range(256)) * 800


class Theirs:
    """aioquic, as client or server."""

    def __init__(self, *, is_client: bool, suites: list[Any] | None = None) -> None:
        self.configuration = QuicConfiguration(is_client=is_client, alpn_protocols=["h3"])
        if suites is not None:
            self.configuration.cipher_suites = suites
        self.is_client = is_client
        self.quic: Any = None
        self.http: Any = None
        self.heads: dict[int, dict[bytes, bytes]] = {}
        self.content: dict[int, bytes] = {}
        self.ended: set[int] = set()
        if is_client:
            self.configuration.verify_mode = ssl.CERT_NONE
            self.configuration.server_name = "localhost"
        else:
            self.configuration.certificate = x509.load_der_x509_certificate(credentials().certificate)
            self.configuration.private_key = credentials().identity._private_key

    def begin(self, now: float, original_id: bytes | None = None) -> None:
        if self.is_client:
            self.quic = QuicConnection(configuration=self.configuration)
            self.quic.connect(ADDRESS, now=now)
        else:
            self.quic = QuicConnection(configuration=self.configuration, original_destination_connection_id=original_id)
        self.http = AioHttp(self.quic)

    def receive(self, datagram: bytes, now: float) -> None:
        if self.quic is None:
            header = read_long_header(datagram, 0)
            assert header is not None
            self.begin(now, header.destination)
        self.quic.receive_datagram(datagram, ADDRESS, now)
        while (event := self.quic.next_event()) is not None:
            for http_event in self.http.handle_event(event):
                number = getattr(http_event, "stream_id", -1)
                if isinstance(http_event, HeadersReceived):
                    self.heads.setdefault(number, dict(http_event.headers))
                if isinstance(http_event, DataReceived):
                    self.content[number] = self.content.get(number, b"") + http_event.data
                if getattr(http_event, "stream_ended", False):
                    self.ended.add(number)
                    if not self.is_client:
                        self.answer(number)

    def answer(self, number: int) -> None:
        self.http.send_headers(number, [(b":status", b"200"), (b"x-target", self.heads[number][b":path"])])
        self.http.send_data(number, self.content.get(number, b"") + CONTENT, True)


class Path:
    """Between one of ours and one of theirs."""

    def __init__(self, ours: H3Connection, theirs: Theirs, seed: int, loss: float, jitter: int) -> None:
        self.ours, self.theirs = ours, theirs
        self.chance = random.Random(seed)
        self.loss, self.jitter = loss, jitter
        self.now = 1_000_000
        self.queue: list[tuple[int, int, bool, bytes]] = []
        self.count = 0
        self.responses: dict[int, Response] = {}
        self.content: dict[int, bytes] = {}
        self.ended: set[int] = set()

    def send(self, by_us: bool, datagram: bytes) -> None:
        if self.chance.random() < self.loss:
            return
        self.count += 1
        when = self.now + 10_000 + (self.chance.randrange(self.jitter) if self.jitter else 0)
        heapq.heappush(self.queue, (when, self.count, by_us, datagram))

    def step(self) -> None:
        for datagram in self.ours.data_to_send(self.now):
            self.send(True, datagram)
        if self.theirs.quic is not None:
            for datagram, _ in self.theirs.quic.datagrams_to_send(self.now / 1e6):
                self.send(False, datagram)
        times = [self.queue[0][0]] if self.queue else []
        ours = self.ours.next_timeout()
        timer = None if self.theirs.quic is None else self.theirs.quic.get_timer()
        times += [] if ours is None else [ours]
        times += [] if timer is None else [int(timer * 1e6) + 1]
        self.now = max(self.now, min(times))
        while self.queue and self.queue[0][0] <= self.now:
            _, _, by_us, datagram = heapq.heappop(self.queue)
            if by_us:
                self.theirs.receive(datagram, self.now / 1e6)
            else:
                self.ours.receive_datagram(datagram, self.now, ADDRESS)
        if ours is not None and ours <= self.now:
            self.ours.handle_timeout(self.now)
        if timer is not None and int(timer * 1e6) + 1 <= self.now:
            self.theirs.quic.handle_timer(self.now / 1e6)
        self.pull()

    def pull(self) -> None:
        while (event := self.ours.next_event()) is not NEED_DATA:
            if isinstance(event, Response):
                self.responses[event.stream_id] = event
            elif isinstance(event, Data):
                self.content[event.stream_id] = self.content.get(event.stream_id, b"") + event.data
            elif isinstance(event, Request):
                self.content[event.stream_id] = b""
            elif isinstance(event, EndOfMessage):
                self.ended.add(event.stream_id)
                if self.ours.role == SERVER:
                    stream = self.ours.stream(event.stream_id)
                    stream.send_response(200, [(b"server", b"zttp")])
                    stream.send_data(self.content[event.stream_id] + CONTENT)
                    stream.end_message()


BAD_PATHS = [(0.0, 0), (0.05, 0), (0.15, 0), (0.0, 30_000), (0.05, 20_000)]


@pytest.mark.parametrize(("loss", "jitter"), BAD_PATHS)
@pytest.mark.parametrize("seed", range(2))
def test_our_client(seed: int, loss: float, jitter: int) -> None:
    client = H3Connection(CLIENT, server_name="localhost", verify=credentials().certificate, limits=PATIENT)
    sent = {}
    for number in range(4):
        stream = client.send_request(b"POST", b"/%d" % number, b"3", [(b"host", b"localhost")])
        stream.send_data(b"%d" % number * 5_000)
        stream.end_message()
        sent[int(stream.stream_id)] = b"%d" % number * 5_000
    path = Path(client, Theirs(is_client=False), seed, loss, jitter)
    while len(path.ended) < 4:
        assert path.now < 120_000_000
        path.step()
    for stream_id, content in sent.items():
        assert path.responses[stream_id].status_code == 200
        assert path.content[stream_id] == content + CONTENT


@pytest.mark.parametrize(("loss", "jitter"), BAD_PATHS)
@pytest.mark.parametrize("seed", range(2))
def test_our_server(seed: int, loss: float, jitter: int) -> None:
    server = H3Connection(SERVER, credentials=credentials(), limits=PATIENT)
    theirs = Theirs(is_client=True)
    path = Path(server, theirs, seed, loss, jitter)
    theirs.begin(path.now / 1e6)
    for number in range(4):
        stream_id = theirs.quic.get_next_available_stream_id()
        head = [(b":method", b"POST"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/up")]
        theirs.http.send_headers(stream_id, head)
        theirs.http.send_data(stream_id, b"%d" % number * 100_000, True)
    while len(theirs.ended) < 4:
        assert path.now < 120_000_000
        path.step()
    for number in range(4):
        assert theirs.heads[4 * number][b":status"] == b"200"
        assert theirs.content[4 * number] == b"%d" % number * 100_000 + CONTENT


@pytest.mark.parametrize("suite", [CipherSuite.AES_256_GCM_SHA384, CipherSuite.CHACHA20_POLY1305_SHA256])
def test_other_suites(suite: Any) -> None:
    client = H3Connection(CLIENT, server_name="localhost", verify=credentials().certificate)
    client.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
    path = Path(client, Theirs(is_client=False, suites=[suite]), 1, 0.0, 0)
    while not path.ended:
        assert path.now < 60_000_000
        path.step()
    assert path.content[0] == CONTENT
