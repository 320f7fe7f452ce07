"""HTTP/3 with aioquic, and with qh3, its fork with a transport in Rust: their APIs are nearly the same."""

import ssl
import tempfile
import warnings
from collections import deque
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.suite import TaskBuilder
from http3_suite import identity
from http3_suite.messages import Request, Response
from http3_suite.sides import Message
from http3_suite.tasks import Tasks

PACKAGE = "qh3" if find_spec("qh3") else "aioquic"
"""Each environment has one of them."""
IS_QH3 = PACKAGE == "qh3"

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of aioquic's dependencies
    quic_module = import_module(f"{PACKAGE}.quic.connection")
    configuration_module = import_module(f"{PACKAGE}.quic.configuration")
    http_module = import_module(f"{PACKAGE}.h3.connection")
    events = import_module(f"{PACKAGE}.h3.events")
    packet = import_module(f"{PACKAGE}.quic.packet")
    tls = import_module(f"{PACKAGE}.tls")

QuicConnection = quic_module.QuicConnection
H3Connection = http_module.H3Connection
HeadersReceived = events.HeadersReceived
DataReceived = events.DataReceived

ADDRESS = ("192.0.2.1", 443)
SECOND = 1e6
WINDOW = 8 * 1024 * 1024
SIZE_OF_ID = 8


def about() -> dict[str, Any]:
    """Return the measured version, and the files with the hot code."""
    return {
        "version": f"{PACKAGE} {version(PACKAGE)}",
        "hot_files": [quic_module.__file__],
        "compiled_flags": {},
    }


# qh3 always announces HTTP datagrams, and refuses peers that announce them without QUIC's (RFC 9297 2.1.1).
QH3_OPTIONS = {"max_datagram_frame_size": 65536} if IS_QH3 else {}


def configuration(*, is_client: bool, **options: Any) -> Any:
    """Return a configuration: windows that hold a whole transfer."""
    return configuration_module.QuicConfiguration(
        is_client=is_client,
        alpn_protocols=["h3"],
        max_data=WINDOW,
        max_stream_data=WINDOW,
        **QH3_OPTIONS,
        **options,
    )


def serving() -> Any:
    """Return a server's configuration."""
    made = configuration(is_client=False)
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = Path(folder, "certificate"), Path(folder, "key")
        certificate.write_bytes(identity.CERTIFICATE_PEM)
        key.write_bytes(identity.KEY_PEM)
        made.load_cert_chain(certificate, key)
    return made


SERVING = serving()


def let_groups_be_chosen() -> None:
    """Have qh3's clients offer the groups of ``OFFERED``: it has no option for that."""
    made = tls.Context.__init__

    def make(self: Any, *arguments: Any, **options: Any) -> None:
        made(self, *arguments, **options)
        self._supported_groups = list(OFFERED)

    tls.Context.__init__ = make


OFFERED: list[Any] = []
if IS_QH3:
    CLASSIC = [tls.Group.X25519, tls.Group.SECP256R1, tls.Group.SECP384R1]
    HYBRID = [tls.Group.X25519ML768, *CLASSIC]
    let_groups_be_chosen()


class Resumption:
    """The tickets of a server, and that of a client."""

    def __init__(self) -> None:
        self.ticket: Any = None
        self.issued: dict[bytes, Any] = {}

    def keep(self, ticket: Any) -> None:
        """Keep a client's ticket."""
        self.ticket = ticket

    def issue(self, ticket: Any) -> None:
        """Keep a server's ticket."""
        self.issued[ticket.ticket] = ticket

    def find(self, identity_of_ticket: bytes) -> Any:
        """Return a server's ticket."""
        return self.issued.get(identity_of_ticket)


class Side:
    """The common part of client and server."""

    quic: Any
    http: Any

    def receive(self, datagrams: list[bytes], now: int) -> None:
        """As ``sides.Side``."""
        quic = self.quic
        if IS_QH3:
            quic.receive_many_datagrams(datagrams, ADDRESS, now / SECOND)
        else:
            for datagram in datagrams:
                quic.receive_datagram(datagram, ADDRESS, now / SECOND)
        self.pull()

    def pull(self) -> None:
        """Process all events."""
        quic, http = self.quic, self.http
        while (event := quic.next_event()) is not None:
            for http_event in http.handle_event(event):
                self.on_event(http_event)

    def on_event(self, event: Any) -> None:
        """Process an event of HTTP."""
        raise NotImplementedError

    def send(self, now: int) -> list[bytes]:
        """As ``sides.Side``."""
        return [datagram for datagram, _ in self.quic.datagrams_to_send(now / SECOND)]

    def deadline(self) -> float | None:
        """As ``sides.Side``."""
        deadline = self.quic.get_timer()
        return None if deadline is None else deadline * SECOND

    def wake(self, now: int) -> None:
        """As ``sides.Side``."""
        self.quic.handle_timer(now / SECOND)
        self.pull()


class Client(Side):
    """As ``sides.Client``."""

    def __init__(self, resumption: Resumption | None) -> None:
        made = configuration(is_client=True, server_name=identity.SERVER_NAME, verify_mode=ssl.CERT_NONE)
        made.session_ticket = None if resumption is None else resumption.ticket
        self.quic = QuicConnection(
            configuration=made, session_ticket_handler=None if resumption is None else resumption.keep
        )
        self.http: Any = None
        self.responses: list[Message] = []
        self.open: dict[int, Message] = {}
        self.waiting: deque[Request] = deque()

    def begin(self, requests: Sequence[Request], now: int) -> None:
        """As ``sides.Client``."""
        self.responses.clear()
        quic = self.quic
        if self.http is None:
            quic.connect(ADDRESS, now=now / SECOND)
            self.http = H3Connection(quic)
        self.waiting.extend(requests)
        self.ask()

    def ask(self) -> None:
        """Send as many requests as are allowed: aioquic queues the others, qh3 raises."""
        quic, http, waiting = self.quic, self.http, self.waiting
        while waiting:
            if IS_QH3 and 0 < quic.max_concurrent_bidi_streams <= quic.get_next_available_stream_id() // 4:
                return
            request = waiting.popleft()
            number = quic.get_next_available_stream_id()
            http.send_headers(number, request.field_section, end_stream=not request.content)
            if request.content:
                http.send_data(number, request.content, end_stream=True)

    def pull(self) -> None:
        """Process all events, and send the requests that had to wait."""
        super().pull()
        self.ask()

    def on_event(self, event: Any) -> None:
        """Collect a response."""
        if type(event) is HeadersReceived:
            (_, status), *fields = event.headers
            self.open[event.stream_id] = ([int(status)], fields, [])
        elif type(event) is DataReceived:
            self.open[event.stream_id][2].append(event.data)
        else:
            return
        if event.stream_ended:
            self.responses.append(self.open.pop(event.stream_id))


class Server(Side):
    """As ``sides.Server``."""

    def __init__(self, response: Response, resumption: Resumption | None) -> None:
        self.quic: Any = None
        self.response = response
        self.resumption = resumption
        self.requests: list[Message] = []
        self.open: dict[int, Message] = {}

    def receive(self, datagrams: list[bytes], now: int) -> None:
        """As ``sides.Side``."""
        if self.quic is None:
            length = datagrams[0][5]
            destination = datagrams[0][6 : 6 + length]
            kept = self.resumption
            self.quic = QuicConnection(
                configuration=SERVING,
                original_destination_connection_id=destination,
                session_ticket_fetcher=None if kept is None else kept.find,
                session_ticket_handler=None if kept is None else kept.issue,
            )
            self.http = H3Connection(self.quic)
        super().receive(datagrams, now)

    def send(self, now: int) -> list[bytes]:
        """As ``sides.Side``."""
        return [] if self.quic is None else super().send(now)

    def on_event(self, event: Any) -> None:
        """Collect a request, and answer it when it is complete."""
        number = event.stream_id
        if type(event) is HeadersReceived:
            (_, method), _, _, (_, path), *fields = event.headers
            self.open[number] = ([method, path], fields, [])
        elif type(event) is DataReceived:
            self.open[number][2].append(event.data)
        else:
            return
        if event.stream_ended:
            self.requests.append(self.open.pop(number))
            del self.requests[:-100]
            http, response = self.http, self.response
            http.send_headers(number, response.field_section, end_stream=not response.content)
            if response.content:
                http.send_data(number, response.content, end_stream=True)


class Driver:
    """As ``sides.Driver``."""

    def client(self, resumption: Any = None, *, hybrid: bool = False) -> Client:
        """Return a client."""
        if IS_QH3:
            OFFERED[:] = HYBRID if hybrid else CLASSIC
        return Client(resumption)

    def server(self, response: Response, resumption: Any = None, *, hybrid: bool = False) -> Server:
        """Return a server."""
        assert IS_QH3 or not hybrid
        return Server(response, resumption)

    def resumption(self) -> Resumption:
        """Return the state that is kept between connections."""
        return Resumption()


KINDS = ["handshake", "requests", "completion_time", "idle_memory", "handshake_datagrams", "request_datagrams"]
TASKS: dict[str, TaskBuilder] = Tasks(Driver()).builders([*KINDS, "hybrid_handshake"] if IS_QH3 else KINDS)
