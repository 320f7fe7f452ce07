"""The features of aioquic, and of qh3, its fork: their APIs are nearly the same."""

import inspect
import io
import re
import ssl
import tempfile
import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from http3_suite import identity
from tests.docs.features.probing import probe, said

NAME = "qh3" if find_spec("qh3") else "aioquic"  # each environment has one of them
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of aioquic's dependencies
    quic_connection: Any = import_module(f"{NAME}.quic.connection")
    quic_configuration: Any = import_module(f"{NAME}.quic.configuration")
    quic_logger: Any = import_module(f"{NAME}.quic.logger")
    h3: Any = import_module(f"{NAME}.h3.connection")
    h3_events: Any = import_module(f"{NAME}.h3.events")
    tls: Any = import_module(f"{NAME}.tls")

REQUEST = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/")]
HERE, MOVED, THERE = ("192.0.2.1", 1), ("192.0.2.1", 2), ("192.0.2.2", 443)


def configuration(*, is_client: bool, **options: Any) -> Any:
    # qh3 always announces HTTP datagrams, and refuses peers that announce them without QUIC's (RFC 9297 2.1.1).
    options.setdefault("max_datagram_frame_size", 65_536)
    made = quic_configuration.QuicConfiguration(is_client=is_client, alpn_protocols=["h3"], **options)
    if is_client:
        made.server_name, made.verify_mode = "localhost", ssl.CERT_NONE
    else:
        with tempfile.TemporaryDirectory() as folder:
            certificate, key = Path(folder, "certificate"), Path(folder, "key")
            certificate.write_bytes(identity.CERTIFICATE_PEM)
            key.write_bytes(identity.KEY_PEM)
            made.load_cert_chain(certificate, key)
    return made


class Pair:
    """A client and a server, and the datagrams between them."""

    def __init__(self, ticket: Any = None, tickets: "Tickets | None" = None, **options: Any) -> None:
        kept = tickets or Tickets()
        self.quic = quic_connection.QuicConnection(
            configuration=configuration(is_client=True, session_ticket=ticket, **options),
            session_ticket_handler=kept.keep,
        )
        self.quic.connect(THERE, now=0.0)
        self.client = h3.H3Connection(self.quic)
        self.server_quic: Any = None
        self.server: Any = None
        self.kept = kept
        self.address = HERE
        self.now = 0.0

    def to_server(self) -> list[Any]:
        """Transmit the client's datagrams; return the server's events."""
        self.now += 0.001
        datagrams = [data for data, _ in self.quic.datagrams_to_send(self.now)]
        if self.server is None:
            destination = datagrams[0][6 : 6 + datagrams[0][5]]
            self.server_quic = quic_connection.QuicConnection(
                configuration=configuration(is_client=False),
                original_destination_connection_id=destination,
                session_ticket_fetcher=self.kept.issued.get,
                session_ticket_handler=self.kept.issue,
            )
            self.server = h3.H3Connection(self.server_quic)
        for datagram in datagrams:
            self.server_quic.receive_datagram(datagram, self.address, self.now)
        return self.pull(self.server_quic, self.server)

    def to_client(self) -> list[Any]:
        """The other direction."""
        self.now += 0.001
        for datagram, _ in self.server_quic.datagrams_to_send(self.now):
            self.quic.receive_datagram(datagram, THERE, self.now)
        return self.pull(self.quic, self.client)

    def pull(self, quic: Any, http: Any) -> list[Any]:
        got = []
        while (event := quic.next_event()) is not None:
            got += http.handle_event(event)
        return got

    def carry(self) -> tuple[list[Any], list[Any]]:
        """Exchange until neither has output; return the events of the client, and of the server."""
        got: tuple[list[Any], list[Any]] = ([], [])
        for _ in range(10):
            got[1].extend(self.to_server())
            got[0].extend(self.to_client())
        return got

    def asked(self, fields: list[tuple[bytes, bytes]] = REQUEST, *, end_stream: bool = True) -> int:
        """Send a request."""
        stream_id: int = self.quic.get_next_available_stream_id()
        self.client.send_headers(stream_id, fields, end_stream=end_stream)
        return stream_id


class Tickets:
    """The stored tickets of both sides."""

    def __init__(self) -> None:
        self.issued: dict[bytes, Any] = {}
        self.last: Any = None

    def keep(self, ticket: Any) -> None:
        self.last = ticket

    def issue(self, ticket: Any) -> None:
        self.issued[ticket.ticket] = ticket


def heads(events: list[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, h3_events.HeadersReceived)]


@probe
def http1() -> str:
    return said(hasattr(h3.H3Connection, "receive_data"))


@probe
def http2() -> str:
    return said(hasattr(h3.H3Connection, "receive_data"))


@probe
def http3() -> str:
    pair = Pair()
    pair.asked()
    return said(bool(heads(pair.carry()[1])))


@probe
def pulled() -> str:
    pair = Pair()
    pair.to_server()
    pair.to_client()
    return said(pair.server_quic.next_event() is None)


@probe
def writes() -> str:
    return http3()


@probe
def events_are_values() -> str:
    options = {"push_id": None} if "push_id" in inspect.signature(h3_events.HeadersReceived).parameters else {}
    made = [h3_events.HeadersReceived(headers=[], stream_id=0, stream_ended=True, **options) for _ in range(2)]
    return said(made[0] == made[1])


@probe
def reasons() -> str:
    errors = [value for value in vars(h3).values() if isinstance(value, type) and issubclass(value, h3.ProtocolError)]
    made = [error("x") for error in errors]
    if all(hasattr(error, "reason") and hasattr(error, "offset") for error in made):
        return "yes"
    return "partly" if all(error.error_code is not None for error in made) else "no"


@probe
def head_limit() -> str:
    parameters = {
        *inspect.signature(h3.H3Connection.__init__).parameters,
        *inspect.signature(quic_configuration.QuicConfiguration).parameters,
    }
    return said(any("header" in name or "field" in name for name in parameters))


@probe
def head_limit_by_default() -> str:
    pair = Pair()
    pair.carry()
    pair.asked([*REQUEST, *[(b"x%d" % number, b"x" * 1_000) for number in range(600)]])
    got: list[Any] = []
    for _ in range(60):
        got += pair.carry()[1]
    return said(not heads(got))


@probe
def trailers() -> str:
    pair = Pair()
    stream_id = pair.asked(end_stream=False)
    pair.client.send_headers(stream_id, [(b"x", b"1")], end_stream=True)
    return said([event.headers for event in heads(pair.carry()[1])][1:] == [[(b"x", b"1")]])


@probe
def informational() -> str:
    pair = Pair()
    stream_id = pair.asked()
    pair.carry()
    pair.server.send_headers(stream_id, [(b":status", b"103")])
    pair.server.send_headers(stream_id, [(b":status", b"204")], end_stream=True)
    got = pair.carry()[0]
    return said([dict(event.headers)[b":status"] for event in got if hasattr(event, "headers")] == [b"103", b"204"])


def upload(size: int) -> tuple[Pair, int]:
    pair = Pair()
    stream_id = pair.asked(end_stream=False)
    pair.carry()
    pair.client.send_data(stream_id, b"x" * size, end_stream=True)
    return pair, stream_id


@probe
def credit_by_itself() -> str:
    size = 3 * max(configuration(is_client=False).max_stream_data, 1 << 20)
    pair, _ = upload(size)
    received = 0
    for _ in range(400):
        received += sum(len(event.data) for event in pair.carry()[1] if isinstance(event, h3_events.DataReceived))
        if received == size:
            return "yes"
    return "no"


@probe
def credit_by_hand() -> str:
    return said(any(re.match("consume|acknowledge", name) for name in dir(quic_connection.QuicConnection)))


@probe
def receive_window() -> str:
    return said(configuration(is_client=False, max_stream_data=1 << 22).max_stream_data == 1 << 22)


@probe
def waits_for_credit() -> str:
    upload(20 << 20)  # more than any window: it raises, or it waits
    return "yes"


@probe
def extended_connect() -> str:
    pair = Pair()
    pair.carry()
    fields = [(b":method", b"CONNECT"), (b":protocol", b"websocket"), *REQUEST[1:]]
    try:
        pair.asked(fields, end_stream=False)
    except Exception:  # noqa: BLE001 - each has its own
        return "no"
    return said(any(fields[1] in event.headers for event in heads(pair.carry()[1])))


@probe
def priorities() -> str:
    sources = [inspect.getsource(h3), inspect.getsource(h3_events)]
    return said(any("PRIORITY_UPDATE" in text for text in sources))


@probe
def push() -> str:
    return said(hasattr(h3.H3Connection, "send_push_promise"))


@probe
def endpoint() -> str:
    # Routing by connection ID is in its server for asyncio, which owns the socket.
    modules = [quic_connection, h3]
    return said(any("Endpoint" in name or "Router" in name for module in modules for name in vars(module)))


@probe
def early_data() -> str:
    first = Pair()
    first.asked()
    first.carry()
    second = Pair(first.kept.last, first.kept)
    second.asked()
    return said(bool(heads(second.to_server())))


@probe
def http_datagrams() -> str:
    return said(any("datagram" in name for name in dir(h3.H3Connection)))


@probe
def webtransport() -> str:
    return said(hasattr(h3.H3Connection, "create_webtransport_stream"))


@probe
def qlog() -> str:
    logger = quic_logger.QuicLogger()
    pair = Pair(quic_logger=logger)
    pair.carry()
    return said(len(logger.to_dict()["traces"][0]["events"]) > 5)


@probe
def key_log() -> str:
    file = io.StringIO()
    Pair(secrets_log_file=file).carry()
    return said("CLIENT_TRAFFIC_SECRET_0" in file.getvalue())


@probe
def ecn() -> str:
    return said("ecn" in inspect.signature(quic_connection.QuicConnection.receive_datagram).parameters)


@probe
def newer_version() -> str:
    return said(0x6B3343CF in configuration(is_client=False).supported_versions)


@probe
def post_quantum() -> str:
    return said(any("ML" in group.name for group in tls.Group))


@probe
def path_mtu() -> str:
    pair, _ = upload(200_000)
    first = None
    for _ in range(20):
        pair.now += 0.001
        for datagram, _ in pair.quic.datagrams_to_send(pair.now):
            first = first or len(datagram)
            if len(datagram) > max(first, 1280):
                return "yes"
            pair.server_quic.receive_datagram(datagram, HERE, pair.now)
        pair.to_client()
    return "no"
