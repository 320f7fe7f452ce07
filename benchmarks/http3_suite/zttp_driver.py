"""HTTP/3 with zttp: ours and the reference, which share an import name and the API used here."""

import importlib
import sys
from collections import deque
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import zttp
from harness.suite import TaskBuilder
from http3_suite import identity
from http3_suite.messages import AUTHORITY, Request, Response
from http3_suite.sides import Message
from http3_suite.tasks import Tasks
from zttp import CLIENT, NEED_DATA, SERVER, Data, EndOfMessage, LocalProtocolError
from zttp import Request as RequestEvent
from zttp import Response as ResponseEvent

IS_OURS = find_spec("zttp_h3") is not None
if IS_OURS:
    ours: Any = zttp

    CLASSIC = ("x25519", "secp256r1", "secp384r1")
    HYBRID = ("X25519MLKEM768", *CLASSIC)
else:
    config: Any = importlib.import_module("zttp.config")
WINDOW = 8 * 1024 * 1024
ADDRESS = b"192.0.2.1:443"


def about() -> dict[str, Any]:
    """Return the measured version, and the files with the hot code."""
    client = DRIVER.client()
    client.begin([], 0)
    hot = [client.connection]
    files = [getattr(sys.modules.get(type(thing).__module__), "__file__", None) for thing in hot]
    return {
        "version": f"zttp {version('zttp')}",
        "hot_files": [file for file in files if file is not None],
        "compiled_flags": compiled_flags(),
    }


def compiled_flags() -> dict[str, bool]:
    """Return the COMPILED flags of the distributions that have one."""
    names = ("zttp_core", "zttp_h3") if IS_OURS else ()
    return {name: importlib.import_module(name).COMPILED for name in names}


class Side:
    """The common part of client and server."""

    connection: Any

    def receive(self, datagrams: list[bytes], now: int) -> None:
        """As ``sides.Side``."""
        receive = self.connection.receive_datagram
        for datagram in datagrams:
            receive(datagram, now, ADDRESS)
        self.pull()
        if not IS_OURS:
            # It does not continue to send after acknowledgments have made room, unless a timer fires.
            self.connection.handle_timeout(now)

    def pull(self) -> None:
        """Process all events."""
        connection = self.connection
        while (event := connection.next_event()) is not NEED_DATA:
            self.on_event(event)

    def on_event(self, event: Any) -> None:
        """Process an event."""
        raise NotImplementedError

    def send(self, now: int) -> list[bytes]:
        """As ``sides.Side``."""
        connection = self.connection
        # The reference gets the time only with datagrams and timers.
        datagrams: list[bytes] = connection.data_to_send(now) if IS_OURS else connection.data_to_send()
        return datagrams

    def deadline(self) -> float | None:
        """As ``sides.Side``."""
        deadline: int | None = self.connection.next_timeout()
        return deadline

    def wake(self, now: int) -> None:
        """As ``sides.Side``."""
        self.connection.handle_timeout(now)
        self.pull()


class Client(Side):
    """As ``sides.Client``."""

    def __init__(self, connection: Any, resumption: Any) -> None:
        self.connection = connection
        self.resumption = resumption
        self.responses: list[Message] = []
        self.open: dict[int, Message] = {}
        self.waiting: deque[Request] = deque()

    def begin(self, requests: Sequence[Request], now: int) -> None:
        """As ``sides.Client``."""
        self.responses.clear()
        self.waiting.extend(requests)
        if not IS_OURS:
            self.connection.handle_timeout(now)
        self.ask()

    def ask(self) -> None:
        """Send the requests that can be sent: the reference accepts none before the handshake is done."""
        connection, waiting = self.connection, self.waiting
        while waiting:
            request = waiting[0]
            fields = [(b"host", AUTHORITY), *request.fields]
            try:
                stream = connection.send_request(request.method, request.path, b"3", fields)
            except LocalProtocolError:
                return  # the stream limit of the server is reached
            waiting.popleft()
            if request.content:
                stream.send_data(request.content)
            stream.end_message()

    def pull(self) -> None:
        """Process all events, and send the requests that had to wait."""
        super().pull()
        self.ask()
        if self.resumption is not None:
            self.resumption.keep(self.connection.session_tickets())

    def on_event(self, event: Any) -> None:
        """Collect a response."""
        if type(event) is Data:
            self.open[event.stream_id][2].append(event.data)
            self.connection.consume_data(event.stream_id, len(event.data))
        elif type(event) is ResponseEvent:
            self.open[event.stream_id] = ([event.status_code], list(event.headers), [])
        elif type(event) is EndOfMessage:
            self.responses.append(self.open.pop(event.stream_id))


class Server(Side):
    """As ``sides.Server``."""

    def __init__(self, connection: Any, response: Response, resumption: Any) -> None:
        self.connection = connection
        self.response = response
        self.resumption = resumption
        self.requests: list[Message] = []
        self.open: dict[int, Message] = {}

    def on_event(self, event: Any) -> None:
        """Collect a request, and answer it when it is complete."""
        if type(event) is Data:
            self.open[event.stream_id][2].append(event.data)
            self.connection.consume_data(event.stream_id, len(event.data))
        elif type(event) is RequestEvent:
            fields = [field for field in event.headers if field[0] != b"host"]
            self.open[event.stream_id] = ([event.method, event.target], fields, [])
        elif type(event) is EndOfMessage:
            self.answer(event.stream_id, self.open.pop(event.stream_id))

    def answer(self, number: int, request: Message) -> None:
        """Answer a complete request."""
        self.requests.append(request)
        del self.requests[:-100]
        response = self.response
        stream = self.connection.stream(number)
        stream.send_response(response.status, response.fields)
        if response.content:
            stream.send_data(response.content)
        stream.end_message()
        if not IS_OURS and self.resumption is not None:
            self.resumption.issue(self.connection)


class OurResumption:
    """The ticket key of a server, and the ticket of a client: stored, since it is used more than once here."""

    def __init__(self) -> None:
        self.keys = ours.TicketKeys()
        self.ticket: bytes | None = None

    def keep(self, tickets: list[Any]) -> None:
        """Keep a client's ticket."""
        for ticket in tickets:
            self.ticket = bytes(ticket)


class OurDriver:
    """As ``sides.Driver``."""

    def __init__(self) -> None:
        key = identity.KEY_SCALAR
        self.credentials = ours.TlsCredentials(certificate=identity.CERTIFICATE, private_key_scalar=key)
        self.trust = ours.TrustStore.pinned(identity.CERTIFICATE)
        self.limits = ours.H3Limits(
            initial_window_size=WINDOW,
            connection_window_size=WINDOW,
            max_stream_window=WINDOW,
            max_connection_window=WINDOW,
        )

    def client(self, resumption: Any = None, *, hybrid: bool = False) -> Client:
        """Return a client."""
        session = None
        if resumption is not None and resumption.ticket is not None:
            session = ours.SessionTicket.from_bytes(resumption.ticket)
        connection = zttp.Connection(
            CLIENT,
            zttp.HTTP3,
            server_name=identity.SERVER_NAME,
            verify=self.trust,
            limits=self.limits,
            session=session,
            groups=HYBRID if hybrid else CLASSIC,
        )
        return Client(connection, resumption)

    def server(self, response: Response, resumption: Any = None, *, hybrid: bool = False) -> Server:
        """Return a server."""
        tickets = None if resumption is None else resumption.keys
        connection = zttp.Connection(
            SERVER,
            zttp.HTTP3,
            credentials=self.credentials,
            limits=self.limits,
            tickets=tickets,
            groups=HYBRID if hybrid else CLASSIC,
        )
        return Server(connection, response, resumption)

    def resumption(self) -> OurResumption:
        """Return what is kept between connections."""
        return OurResumption()


class ReferenceResumption:
    """A ticket of the reference, which the application must make and pass on."""

    IDENTITY = b"a ticket"

    def __init__(self) -> None:
        self.ticket: Any = None

    def issue(self, connection: Any) -> None:
        """Give a client a ticket, unless it has one."""
        if self.ticket is None:
            connection.send_session_ticket(self.IDENTITY, 7200, 0, bytes(8))

    def keep(self, tickets: list[Any]) -> None:
        """Keep a client's ticket."""
        for ticket in tickets:
            self.ticket = config.SessionResumption(identity=ticket.ticket, psk=ticket.psk)


class ReferenceDriver:
    """As ``sides.Driver``."""

    def __init__(self) -> None:
        self.credentials = {"certificate": identity.CERTIFICATE, "private_key_scalar": identity.KEY_SCALAR}
        windows = ("data", "stream_data_bidi_local", "stream_data_bidi_remote", "stream_data_uni")
        self.parameters = {
            **{f"initial_max_{window}": WINDOW for window in windows},
            "initial_max_streams_bidi": 128,
            "initial_max_streams_uni": 3,
        }

    def client(self, resumption: Any = None, *, hybrid: bool = False) -> Client:
        """Return a client."""
        assert not hybrid
        connection = zttp.Connection(
            CLIENT,
            zttp.HTTP3,
            server_name=identity.SERVER_NAME.encode(),
            server_certificate=identity.CERTIFICATE,
            transport_params=self.parameters,
            resumption=None if resumption is None else resumption.ticket,
        )
        return Client(connection, resumption)

    def server(self, response: Response, resumption: Any = None, *, hybrid: bool = False) -> Server:
        """Return a server."""
        assert not hybrid
        connection = zttp.Connection(
            SERVER,
            zttp.HTTP3,
            credentials=self.credentials,
            transport_params=self.parameters,
            resumption=None if resumption is None else resumption.ticket,
        )
        return Server(connection, response, resumption)

    def resumption(self) -> ReferenceResumption:
        """Return what is kept between connections."""
        return ReferenceResumption()


KINDS = ["handshake", "requests", "completion_time", "idle_memory", "handshake_datagrams", "request_datagrams"]
KINDS += ["hybrid_handshake"] if IS_OURS else []
DRIVER: Any = OurDriver() if IS_OURS else ReferenceDriver()
TASKS: dict[str, TaskBuilder] = Tasks(DRIVER).builders(KINDS)
