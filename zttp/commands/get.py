"""``get``: fetch a URL over any installed protocol, on plain sockets, with one loop for all."""

from __future__ import annotations

import argparse
import socket
import ssl
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from time import monotonic_ns
from typing import Any, BinaryIO, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

import zttp
from zttp.commands.progress import Progress
from zttp.commands.trace import Trace
from zttp.commands.usage import WrongUsageError

RECEIVE = 256 * 1024
LARGEST_DATAGRAM = 65_535
_SAFE = "".join(map(chr, range(0x21, 0x7F)))  # characters that the user has encoded are not encoded twice


class Target(NamedTuple):
    """The parts of a URL."""

    scheme: str
    host: str
    port: int
    target: bytes

    @property
    def authority(self) -> bytes:
        """The value of the Host field: without the default port of the scheme."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme]
        return (host if self.port == usual else f"{host}:{self.port}").encode("ascii")


class Wire(Protocol):
    """The transport between a connection and the peer."""

    def flush(self) -> None:
        """Send what the connection has to send."""

    def receive(self) -> None:
        """Wait for input, and pass it to the connection."""


def run(options: argparse.Namespace) -> int:
    """Fetch; 0 if the final status is below 400."""
    target = parse(options.url)
    fields = [(b"host", target.authority), (b"user-agent", b"zttp"), (b"accept", b"*/*"), *map(_field, options.header)]
    with ExitStack() as stack:
        connection, wire = connect(target, options, stack)
        output = sys.stdout.buffer if options.output is None else stack.enter_context(Path(options.output).open("wb"))
        trace = wire.trace
        try:
            status = fetch(connection, wire, trace, target, fields, output, quiet=options.quiet)
        except zttp.ProtocolError as error:
            trace.error(error)
            with suppress(OSError):
                wire.flush()  # the closing message
            raise ConnectionError(f"{error.args[0]} [{error.reason}]") from error
    if status >= 400:
        print(f"zttp get: {options.url} answered {status}", file=sys.stderr)
    return 1 if status >= 400 else 0


def parse(url: str) -> Target:
    """Split a URL."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError as error:
        raise WrongUsageError(f"{url!r} is not a URL: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise WrongUsageError(f"{url!r} is not an http: or https: URL")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    port = port or {"http": 80, "https": 443}[parts.scheme]
    return Target(parts.scheme, host, port, quote(path, safe=_SAFE).encode("ascii"))


def _field(text: str) -> tuple[bytes, bytes]:
    name, colon, value = text.partition(":")
    if not colon:
        raise WrongUsageError(f"{text!r} is not of the form NAME:VALUE")
    return name.strip().lower().encode("ascii"), value.strip().encode("latin-1")


# --------------------------------------------------------------------------------------------------------- transports
def connect(target: Target, options: argparse.Namespace, stack: ExitStack) -> tuple[zttp.Connection, Any]:
    """Open a connection of the requested protocol, or of the one that the server selects."""
    if options.protocol == zttp.HTTP3:
        return _udp(target, options, stack)
    if options.protocol is not None:
        zttp.Connection(zttp.CLIENT, options.protocol)  # a clear error, before anything is sent
    address = socket.create_connection((target.host, target.port), options.timeout)
    sock: socket.socket = stack.enter_context(address)
    protocol = options.protocol or zttp.HTTP1
    if target.scheme == "https":
        trusted = None if options.cacert is None else options.cacert.read_text("ascii")
        context = ssl.create_default_context(cadata=trusted)
        if options.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if options.key_log is not None:
            context.keylog_filename = options.key_log
        installed = {info.name for info in zttp.protocols()}
        offered = (
            [options.protocol] if options.protocol else [name for name in (zttp.HTTP2, zttp.HTTP1) if name in installed]
        )
        context.set_alpn_protocols(offered)
        secured = stack.enter_context(context.wrap_socket(sock, server_hostname=target.host))
        chosen = secured.selected_alpn_protocol()
        if options.protocol and chosen not in (options.protocol, None):
            raise ConnectionError(f"the server does not support {options.protocol}")
        protocol, sock = chosen or zttp.HTTP1, secured
    connection = zttp.Connection(zttp.CLIENT, protocol)
    return connection, TcpWire(connection, sock, Trace(protocol, on=options.trace))


class TcpWire:
    """A connection over a byte stream."""

    def __init__(self, connection: zttp.ByteStreamConnection, sock: socket.socket, trace: Trace) -> None:
        self.connection, self.sock, self.trace = connection, sock, trace

    def flush(self) -> None:
        """Send what the connection has to send."""
        if data := self.connection.data_to_send():
            self.trace.passed(">", data, self.connection)
            self.sock.sendall(data)

    def receive(self) -> None:
        """Wait for bytes, or EOF."""
        data = self.sock.recv(RECEIVE)
        self.trace.passed("<", data, self.connection)
        self.connection.receive_data(data)


def _udp(target: Target, options: argparse.Namespace, stack: ExitStack) -> tuple[zttp.Connection, Any]:
    if target.scheme != "https":
        raise WrongUsageError("HTTP/3 is for https: URLs")
    family, kind, number, _, address = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)[0]
    sock = stack.enter_context(socket.socket(family, kind, number))
    sock.connect(address)
    verify: Any = not options.insecure
    if options.cacert is not None:
        verify = zttp.TrustStore.from_pem(options.cacert.read_bytes())
    trace = Trace(zttp.HTTP3, on=options.trace)
    keylog = None
    if options.key_log is not None:
        log = stack.enter_context(options.key_log.open("a"))
        keylog = lambda line: print(line, file=log, flush=True)  # noqa: E731
    connection = zttp.Connection(
        zttp.CLIENT, zttp.HTTP3, server_name=target.host, verify=verify, keylog=keylog, qlog=trace.qlog
    )
    wire = UdpWire(connection, sock, trace, options.timeout)
    stack.callback(wire.end)
    return connection, wire


class UdpWire:
    """A connection over datagrams: HTTP/3 has its own timers."""

    def __init__(self, connection: zttp.H3Connection, sock: socket.socket, trace: Trace, patience: float) -> None:
        self.connection, self.sock, self.trace, self.patience = connection, sock, trace, patience

    def flush(self) -> None:
        """Send what the connection has to send."""
        for datagram in self.connection.data_to_send(_now()):
            self.trace.passed(">", datagram, self.connection)
            self.sock.send(datagram)

    def receive(self) -> None:
        """Wait for a datagram, or until the connection's timeout."""
        due = self.connection.next_timeout()
        wait = self.patience if due is None else min(max(due - _now(), 0) / 1e6, self.patience)
        self.sock.settimeout(wait or 1e-6)
        try:
            datagram = self.sock.recv(LARGEST_DATAGRAM)
        except (TimeoutError, BlockingIOError):
            if wait >= self.patience:
                raise TimeoutError("the server does not answer") from None
            self.connection.handle_timeout(_now())
        else:
            self.trace.passed("<", datagram, self.connection)
            self.connection.receive_datagram(datagram, _now())

    def end(self) -> None:
        """Send the closing packets."""
        with suppress(OSError, zttp.ProtocolError):
            self.connection.close()
            self.flush()


def _now() -> int:
    return monotonic_ns() // 1000


# ----------------------------------------------------------------------------------------------------------- exchange
def fetch(
    connection: Any,
    wire: Wire,
    trace: Trace,
    target: Target,
    fields: list[tuple[bytes, bytes]],
    output: BinaryIO,
    *,
    quiet: bool,
) -> int:
    """Send the request and write the content of its answer; return the status."""
    if isinstance(connection, zttp.H1Connection):
        connection.send_request(b"GET", target.target, b"1.1", [*fields, (b"connection", b"close")])
        connection.end_message()
    else:
        scheme = target.scheme.encode()
        connection.send_request(b"GET", target.target, b"2", fields, end_stream=True, scheme=scheme)
    status = 0
    progress = Progress(None, on=False)
    on_terminal = sys.stderr.isatty() and not quiet and not output.isatty()
    wire.flush()
    while True:
        event = connection.next_event()
        if not isinstance(event, zttp.NeedData):
            trace.event(event)
        match event:
            case zttp.NeedData():
                wire.flush()
                wire.receive()
            case zttp.Response() if not event.is_informational:
                status = event.status_code
                progress = Progress(int(event.headers.get(b"content-length", b"0")) or None, on=on_terminal)
            case zttp.Data():
                output.write(event.data)
                progress.add(len(event.data))
            case zttp.EndOfMessage():
                progress.close()
                output.flush()
                wire.flush()
                return status
            case zttp.RstStream():
                raise ConnectionError(f"the server has reset the stream, code {event.error_code}")
            case zttp.ConnectionClosed():
                raise ConnectionError("the server has closed the connection before the end of its answer")
