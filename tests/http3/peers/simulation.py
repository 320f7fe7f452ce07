"""Two programs and the path between them, with a virtual clock: ours, aioquic and qh3, each as client and as server.

The path has delay, bandwidth, loss, reordering, duplication, corruption and a largest datagram, and can be cut; the
client's address can change. `Simulation.finish` asserts the conditions of every run: everything was answered, byte for
byte, and then neither side sends anything more.
"""

import heapq
import random
import ssl
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.http3.h3_pair import credentials
from zttp_core import NEED_DATA, Data, EndOfMessage, Request, Response, RstStream
from zttp_core.sentinels import CONNECTION_CLOSED
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.limits import H3Limits
from zttp_h3.options import CLIENT
from zttp_h3.wire.packet_header import read_long_header

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of their dependencies
    import aioquic.h3.connection
    import aioquic.h3.events
    import aioquic.quic.configuration
    import aioquic.quic.connection
    import aioquic.quic.events
    import aioquic.tls
    import qh3.h3.connection
    import qh3.h3.events
    import qh3.quic.configuration
    import qh3.quic.connection
    import qh3.quic.events
    import qh3.tls

SERVER = ("192.0.2.9", 443)
HOME = ("192.0.2.1", 1000)
PATTERN = bytes(range(256)) * 40_000
_MOST_PROBES = 6  # datagrams: qh3 probes every ten seconds for a larger size
PATIENT = H3Limits(handshake_timeout=60, idle_timeout=60)


Fields = list[tuple[bytes, bytes]]


def own_fields(fields: Fields) -> Fields:
    """The fields of a request that its response repeats, and the repeated fields of a response."""
    return [field for field in fields if field[0][:1] != b":" and field[0] not in (b"host", b"server")]


def content_of(target: bytes) -> bytes:
    """The answer to ``/N``: N bytes."""
    return PATTERN[: int(target[1:])]


class Program:
    """One side. ``results`` has the outcomes of requests (client): status, content, whether it ended, fields."""

    def __init__(self) -> None:
        self.results: dict[int, list[Any]] = {}
        self.wanted: dict[int, tuple[bytes, Fields]] = {}
        self.requests = 0
        self.closed = False

    def done(self) -> bool:
        return len(self.results) == len(self.wanted) and all(result[2] for result in self.results.values())

    def check(self) -> None:
        for number, wanted in self.wanted.items():
            status, received, _, fields = self.results[number]
            assert status == 200
            assert (received, fields) == wanted


# --------------------------------------------------------------------------------------------------------------- ours


class OurClient(Program):
    def __init__(self, seed: int, **options: Any) -> None:
        super().__init__()
        given: dict[str, Any] = {
            "server_name": "localhost",
            "verify": credentials().certificate,
            "entropy": random.Random(seed).randbytes,
            "limits": PATIENT,
        }
        self.connection = H3Connection(CLIENT, **{**given, **options})

    def ask(self, target: bytes, content: bytes = b"", own: Fields | None = None) -> None:
        fields = [(b"host", b"localhost"), *(own or [])]
        stream = self.connection.send_request(
            b"POST" if content else b"GET", target, b"3", fields, end_stream=not content
        )
        if content:
            stream.send_data(content)
            stream.end_message()
        self.wanted[int(stream.stream_id)] = content + content_of(target), own or []

    def can_ask(self) -> bool:
        return self.connection.can_open_stream

    def receive(self, datagram: bytes, _address: Any, now: int) -> None:
        self.connection.receive_datagram(datagram, now, SERVER)
        self.pull()

    def pull(self) -> None:
        while (event := self.connection.next_event()) not in (NEED_DATA, CONNECTION_CLOSED):
            if isinstance(event, Response):
                self.results[event.stream_id] = [event.status_code, b"", False, own_fields(list(event.headers))]
            elif isinstance(event, Data):
                self.results[event.stream_id][1] += event.data
            elif isinstance(event, EndOfMessage):
                self.results[event.stream_id][2] = True
            assert not isinstance(event, RstStream)
        self.closed = self.connection.is_closed()

    def send(self, now: int) -> list[tuple[bytes, Any]]:
        return [(datagram, SERVER) for datagram in self.connection.data_to_send(now)]

    def timer(self) -> int | None:
        return self.connection.next_timeout()

    def timeout(self, now: int) -> None:
        self.connection.handle_timeout(now)
        later = self.connection.next_timeout()
        assert later is None or later > now
        self.pull()

    def transports(self) -> list[Any]:
        session = self.connection._session
        return [] if session is None else [session.transport.session]

    def update_keys(self) -> None:
        self.connection.request_key_update()

    def updates(self) -> int:
        [transport] = self.transports()
        return int(transport.phases.updates)


class OurServer(Program):
    def __init__(self, seed: int, **options: Any) -> None:
        super().__init__()
        self.endpoint = QuicEndpoint(
            credentials=credentials(),
            **{"entropy": random.Random(seed).randbytes, "limits": PATIENT, "retry": False, **options},
        )
        self.open: dict[tuple[Any, int], list[Any]] = {}
        self.heads: list[Any] = []

    def receive(self, datagram: bytes, address: Any, now: int) -> None:
        connection = self.endpoint.receive_datagram(datagram, address, now)
        if connection is not None:
            self.pull(connection)

    def pull(self, connection: Any) -> None:
        while (event := connection.next_event()) not in (NEED_DATA, CONNECTION_CLOSED):
            if isinstance(event, Request):
                self.heads.append(event)
                self.requests += 1
                self.open[connection, event.stream_id] = [event.target, b"", own_fields(list(event.headers))]
            elif isinstance(event, Data):
                connection.consume_data(event.stream_id, len(event.data))
                self.open[connection, event.stream_id][1] += event.data
            elif isinstance(event, EndOfMessage):
                target, content, own = self.open.pop((connection, event.stream_id))
                stream = connection.stream(event.stream_id)
                stream.send_response(200, [(b"server", b"zttp"), *own])
                stream.send_data(content + content_of(target))
                stream.end_message()
            assert not isinstance(event, RstStream)
        self.closed = connection.is_closed()

    def send(self, now: int) -> list[tuple[bytes, Any]]:
        return [(leaving.data, leaving.peer_address) for leaving in self.endpoint.data_to_send(now=now)]

    def timer(self) -> int | None:
        return self.endpoint.next_timeout()

    def timeout(self, now: int) -> None:
        self.endpoint.handle_timeout(now)
        later = self.endpoint.next_timeout()
        assert later is None or later > now
        for connection in self.endpoint.connections():
            self.pull(connection)

    def transports(self) -> list[Any]:
        return [connection._session.transport.session for connection in self.endpoint.connections()]

    def update_keys(self) -> None:
        [connection] = self.endpoint.connections()
        connection.request_key_update()

    def updates(self) -> int:
        [transport] = self.transports()
        return int(transport.phases.updates)


# ------------------------------------------------------------------------------------------------------------- theirs


def library(module: Any) -> SimpleNamespace:
    """The common names of both: qh3 is a fork of aioquic."""
    return SimpleNamespace(
        name=module.__name__,
        Configuration=module.quic.configuration.QuicConfiguration,
        Quic=module.quic.connection.QuicConnection,
        Http=module.h3.connection.H3Connection,
        Headers=module.h3.events.HeadersReceived,
        Data=module.h3.events.DataReceived,
        Terminated=module.quic.events.ConnectionTerminated,
        chacha=module.tls.CipherSuite.CHACHA20_POLY1305_SHA256,
    )


AIOQUIC, QH3 = library(aioquic), library(qh3)


def identify(configuration: Any) -> None:
    """Give a server of theirs the certificate; both of them read files."""
    certificate = x509.load_der_x509_certificate(credentials().certificate)
    key = credentials().identity._private_key
    with TemporaryDirectory() as folder:
        chain, private = Path(folder) / "chain.pem", Path(folder) / "key.pem"
        chain.write_bytes(certificate.public_bytes(Encoding.PEM))
        private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        configuration.load_cert_chain(chain, private)


class Theirs(Program):
    """aioquic or qh3."""

    def __init__(self, theirs: SimpleNamespace, is_client: bool, **options: Any) -> None:
        super().__init__()
        self.library = theirs
        self.is_client = is_client
        self.handlers = {name: options.pop(name) for name in tuple(options) if name.startswith("session_ticket_")}
        chacha = options.pop("chacha", False)
        self.configuration = theirs.Configuration(is_client=is_client, alpn_protocols=["h3"], idle_timeout=60.0)
        if chacha:
            self.configuration.cipher_suites = [theirs.chacha]
        for name, value in options.items():
            setattr(self.configuration, name, value)
        if is_client:
            self.configuration.verify_mode = ssl.CERT_NONE
            self.configuration.server_name = "localhost"
        else:
            identify(self.configuration)
        self.quic: Any = None
        self.http: Any = None
        self.address: Any = SERVER
        self.open: dict[int, list[Any]] = {}
        self.now = 0.0

    def begin(self, now: float, original: bytes | None = None) -> None:
        if self.is_client:
            self.quic = self.library.Quic(configuration=self.configuration, **self.handlers)
            self.quic.connect(SERVER, now=now)
        else:
            self.quic = self.library.Quic(
                configuration=self.configuration, original_destination_connection_id=original, **self.handlers
            )
        self.http = self.library.Http(self.quic)

    def ask(self, target: bytes, content: bytes = b"", own: Fields | None = None) -> None:
        if self.quic is None:
            self.begin(1.0)
        number = self.quic.get_next_available_stream_id()
        method = b"POST" if content else b"GET"
        head = [(b":method", method), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", target)]
        self.http.send_headers(number, [*head, *(own or [])], not content)
        if content:
            self.http.send_data(number, content, True)
        self.wanted[number] = content + content_of(target), own or []

    def can_ask(self) -> bool:
        return True

    def receive(self, datagram: bytes, address: Any, now: int) -> None:
        if self.quic is None:
            header = read_long_header(datagram, 0)
            if header is None:
                return
            self.begin(now / 1e6, header.destination)
        self.address = address
        self.quic.receive_datagram(datagram, address, now / 1e6)
        self.pull()

    def pull(self) -> None:
        while (event := self.quic.next_event()) is not None:
            if isinstance(event, self.library.Terminated):
                self.closed = True
            for http in self.http.handle_event(event):
                self.handle(http)

    def handle(self, http: Any) -> None:
        number = getattr(http, "stream_id", -1)
        if isinstance(http, self.library.Headers):
            head = dict(http.headers)
            if self.is_client:
                self.results[number] = [int(head[b":status"]), b"", False, own_fields(http.headers)]
            else:
                self.requests += 1
                self.open[number] = [head[b":path"], b"", own_fields(http.headers)]
        elif isinstance(http, self.library.Data):
            (self.results if self.is_client else self.open)[number][1] += http.data
        if getattr(http, "stream_ended", False):
            if self.is_client:
                self.results[number][2] = True
            else:
                target, content, own = self.open.pop(number)
                self.http.send_headers(number, [(b":status", b"200"), (b"server", self.library.name.encode()), *own])
                self.http.send_data(number, content + content_of(target), True)

    def send(self, now: int) -> list[tuple[bytes, Any]]:
        return [] if self.quic is None else list(self.quic.datagrams_to_send(now / 1e6))

    def timer(self) -> int | None:
        timer = None if self.quic is None else self.quic.get_timer()
        return None if timer is None else int(timer * 1e6) + 1

    def timeout(self, now: int) -> None:
        self.quic.handle_timer(now / 1e6)
        self.pull()

    def transports(self) -> list[Any]:
        return []

    def update_keys(self) -> None:
        self.quic.request_key_update()


# ----------------------------------------------------------------------------------------------------------- the path


class Simulation:
    """A client, a server, and the path between them; times in microseconds."""

    def __init__(self, client: Any, server: Any, *, seed: int = 1, delay: int = 10_000, **path: Any) -> None:
        self.client, self.server = client, server
        self.chance = random.Random(seed)
        self.now = 1_000_000
        self.delay = delay
        self.jitter: int = path.pop("jitter", 0)
        self.loss: float = path.pop("loss", 0.0)
        self.duplicate: float = path.pop("duplicate", 0.0)
        self.corrupt: float = path.pop("corrupt", 0.0)
        self.bandwidth: int = path.pop("bandwidth", 0)  # bytes a second in each direction; 0: no limit
        self.buffer: int = path.pop("buffer", 200_000)  # bytes that wait for it; more are lost
        self.mtu: int = path.pop("mtu", 1500)
        assert not path
        self.cut = False
        self.client_address: Any = HOME
        self.sent = {True: 0, False: 0}
        self.sent_bytes = {True: 0, False: 0}
        self.sent_to: dict[Any, int] = {}
        self._free = {True: 0, False: 0}  # when the line is free again
        self._queue: list[tuple[int, int, bool, Any, bytes]] = []
        self._count = 0

    def flush(self) -> None:
        for by_client, side in ((True, self.client), (False, self.server)):
            for datagram, address in side.send(self.now):
                self.sent_to[address] = self.sent_to.get(address, 0) + len(datagram)
                self._carry(by_client, datagram, self.client_address if by_client else address)

    def _carry(self, by_client: bool, datagram: bytes, address: Any) -> None:
        self.sent[by_client] += 1
        self.sent_bytes[by_client] += len(datagram)
        if self.cut or len(datagram) > self.mtu or self.chance.random() < self.loss:
            return
        at = self.now
        if self.bandwidth:
            free = max(self._free[by_client], self.now)
            if (free - self.now) * self.bandwidth // 1_000_000 > self.buffer:
                return
            at = self._free[by_client] = free + len(datagram) * 1_000_000 // self.bandwidth
        for _ in range(2 if self.chance.random() < self.duplicate else 1):
            carried = datagram
            if self.chance.random() < self.corrupt:
                place = self.chance.randrange(len(datagram))
                carried = datagram[:place] + bytes((datagram[place] ^ 0x10,)) + datagram[place + 1 :]
            self._count += 1
            when = at + self.delay + (self.chance.randrange(self.jitter) if self.jitter else 0)
            heapq.heappush(self._queue, (when, self._count, by_client, address, carried))

    def step(self, limit: int) -> bool:
        """Process the next event; False if that is only after ``limit``."""
        self.flush()
        times = [self._queue[0][0]] if self._queue else []
        times += [timer for side in (self.client, self.server) if (timer := side.timer()) is not None]
        if not times or min(times) > limit:
            return False
        self.now = max(self.now, min(times))
        while self._queue and self._queue[0][0] <= self.now:
            _, _, by_client, address, datagram = heapq.heappop(self._queue)
            if by_client:
                self.server.receive(datagram, address, self.now)
            elif address == self.client_address:
                self.client.receive(datagram, SERVER, self.now)
        for side in (self.client, self.server):
            timer = side.timer()
            if timer is not None and timer <= self.now:
                side.timeout(self.now)
        return True

    def run(self, until: Callable[[], bool] | None = None, seconds: float = 60) -> "Simulation":
        """Run until it holds; by default until everything is answered."""
        limit = self.now + int(seconds * 1e6)
        done = until or self.client.done
        while not done():
            assert self.step(limit), f"this takes more than {seconds} s, or nothing more will happen"
        return self

    def wait(self, seconds: float) -> "Simulation":
        limit = self.now + int(seconds * 1e6)
        while self.step(limit):
            pass
        self.now = limit
        return self

    def finish(self, seconds: float = 60) -> "Simulation":
        """Check that everything is answered correctly, in time; then neither side sends, and nothing is left."""
        self.run(seconds=seconds)
        self.client.check()
        self.wait(10)  # an old path is tried for long, and so are larger datagrams
        before = sum(self.sent.values())
        self.wait(5)
        assert sum(self.sent.values()) <= before + _MOST_PROBES, "they do not come to rest"
        for transport in (*self.client.transports(), *self.server.transports()):
            if transport.close.state != 0:
                continue
            assert transport.loss.congestion.in_flight == 0
            assert transport.streams.queued_bytes == 0
            assert len(transport.streams.scheduler) == 0
            assert not transport.controls.waiting
            window = transport.streams.receiving.window
            assert window.consumed == transport.streams.receiving.received
            assert all(number & 2 for number in transport.streams.streams), "a request is not forgotten"
        return self
