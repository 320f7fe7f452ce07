"""``serve``: the files of a directory over every installed protocol, on asyncio; for inspection, not production.

Without a certificate HTTP/1.1 and HTTP/2 in clear text, distinguished by their first bytes; with one, over TLS by ALPN,
and HTTP/3 over UDP on the same port. Only GET and HEAD are answered, and only this machine is served unless ``--bind``
is given.
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
from contextlib import suppress
from pathlib import Path
from time import monotonic_ns
from typing import Any, BinaryIO

import zttp
from zttp.commands.files import Answer, answer
from zttp.commands.trace import Trace
from zttp.commands.usage import WrongUsageError

RECEIVE = 64 * 1024
PIECE = 64 * 1024
AHEAD = 256 * 1024  # content that may wait for credit: how far files are read ahead of a slow client
IDLE = 30.0  # seconds until a silent connection is closed
CONNECTIONS = 256


def run(options: argparse.Namespace) -> int:
    """Serve until an interrupt."""
    root = options.directory.resolve(strict=True)
    if not root.is_dir():
        raise NotADirectoryError(f"{options.directory} is not a directory")
    if (options.certificate is None) is not (options.key is None):
        raise WrongUsageError("--certificate and --key must be given together")
    if not 0 <= options.port <= 65_535:
        raise WrongUsageError(f"{options.port} is not a port: it must be from 0 to 65535")
    asyncio.run(Server(root, options).serve())
    return 0


class Transfer:
    """A response in progress: the rest of its content."""

    def __init__(self, stream: Any, given: Answer, *, is_head: bool) -> None:
        self.stream = stream
        self.file: BinaryIO | None = None
        stream.send_response(given.status, given.fields)
        if is_head or given.length == 0:
            stream.end_message()
        elif isinstance(given.content, Path):
            self.file, self.left = given.content.open("rb"), given.length
        else:
            stream.send_data(given.content)
            stream.end_message()

    def go_on(self, room: int) -> bool:
        """Send at most so many more bytes of a file; return whether anything was sent."""
        before = room
        while self.file is not None and room > 0:
            piece = self.file.read(min(PIECE, self.left))
            if not piece:  # the file has become shorter: the message cannot be complete
                self.close()
                raise OSError("a file became shorter while it was sent")
            self.stream.send_data(piece)
            self.left -= len(piece)
            room -= len(piece)
            if not self.left:
                self.stream.end_message()
                self.close()
        return room < before

    def close(self) -> None:
        """Close the file."""
        if self.file is not None:
            self.file.close()
            self.file = None


class Session:
    """One connection: its requests become transfers."""

    def __init__(self, root: Path, connection: Any, trace: Trace) -> None:
        self.root, self.connection, self.trace = root, connection, trace
        self.requests: dict[int, zttp.Request] = {}
        self.transfers: dict[int, Transfer] = {}
        self.is_over = False

    def pull(self) -> None:
        """Handle every event that is complete."""
        while not isinstance(event := self.connection.next_event(), zttp.NeedData):
            self.trace.event(event)
            match event:
                case zttp.Request():
                    self.requests[event.stream_id] = event
                    if event.expect_continue:
                        self.stream(event.stream_id).send_informational(100)
                case zttp.EndOfMessage():
                    self.begin(self.requests.pop(event.stream_id))
                    if isinstance(self.connection, zttp.H1Connection):
                        return  # the next request waits for this answer
                case zttp.RstStream():
                    self.requests.pop(event.stream_id, None)
                    if transfer := self.transfers.pop(event.stream_id, None):
                        transfer.close()
                case zttp.ConnectionClosed():
                    self.is_over = True
                    return

    def begin(self, request: zttp.Request) -> None:
        """Answer a request that has been read to its end."""
        given = answer(self.root, request.method, request.path)
        stream = self.stream(request.stream_id)
        self.transfers[request.stream_id] = Transfer(stream, given, is_head=request.method == b"HEAD")
        self.send()

    def stream(self, number: int) -> Any:
        """Return the object that sends the messages of a stream: HTTP/1.1 has one at a time."""
        return self.connection if isinstance(self.connection, zttp.H1Connection) else self.connection.stream(number)

    def send(self) -> bool:
        """Continue every transfer for which there is room; return whether anything was sent."""
        went_on = False
        for number, transfer in list(self.transfers.items()):
            try:
                waiting = getattr(transfer.stream, "pending_bytes", 0) or 0
                went_on |= transfer.go_on(AHEAD - waiting)
            except OSError:
                if isinstance(self.connection, zttp.H1Connection):
                    raise
                transfer.stream.reset()
            if transfer.file is None:
                del self.transfers[number]
        return went_on

    def close(self) -> None:
        """Close all files."""
        for transfer in self.transfers.values():
            transfer.close()


class Server:
    """All connections of one directory."""

    def __init__(self, root: Path, options: argparse.Namespace) -> None:
        self.root, self.options = root, options
        self.places = asyncio.Semaphore(CONNECTIONS)
        self.installed = {info.name for info in zttp.protocols()}

    async def serve(self) -> None:
        """Listen, print the address, and serve forever."""
        options = self.options
        server = await asyncio.start_server(self.accept, options.bind, options.port, ssl=self.context(), limit=RECEIVE)
        port = server.sockets[0].getsockname()[1]
        names: list[str] = [name for name in (zttp.HTTP1, zttp.HTTP2) if name in self.installed]
        if options.certificate is not None and zttp.HTTP3 in self.installed:
            await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: Datagrams(self.root, options), (options.bind, port)
            )
            names.append(zttp.HTTP3)
        scheme = "https" if options.certificate else "http"
        host = f"[{options.bind}]" if ":" in options.bind else options.bind
        print(f"serving {self.root} on {scheme}://{host}:{port}/ ({', '.join(names)}); control-C ends it", flush=True)
        async with server:
            await server.serve_forever()

    def context(self) -> ssl.SSLContext | None:
        """TLS, if there is a certificate."""
        if self.options.certificate is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate, key = self.options.certificate, self.options.key
        try:
            context.load_cert_chain(certificate, key)
        except ssl.SSLError as error:
            raise ValueError(f"{certificate} and {key} are not a certificate and its key: {error}") from error
        except FileNotFoundError as error:  # without its name
            missing = key if certificate.exists() else certificate
            raise FileNotFoundError(error.errno, error.strerror, str(missing)) from error
        context.set_alpn_protocols([name for name in (zttp.HTTP2, zttp.HTTP1) if name in self.installed])
        return context

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        try:
            async with self.places:
                with suppress(OSError, TimeoutError, ssl.SSLError):
                    await self.converse(reader, writer)
        finally:
            writer.close()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read, answer, write."""
        tls = writer.get_extra_info("ssl_object")
        received = b""
        protocol: str | zttp.NeedData = zttp.NEED_DATA
        while isinstance(protocol, zttp.NeedData):
            more = await asyncio.wait_for(reader.read(RECEIVE), IDLE)
            if not more:
                return
            received += more
            protocol = zttp.sniff(received, tls.selected_alpn_protocol() if tls else None)
        connection = zttp.Connection(zttp.SERVER, protocol)
        trace = Trace(f"{writer.get_extra_info('peername')[1]}", on=self.options.trace)
        session = Session(self.root, connection, trace)
        try:
            await self.exchange(session, received, reader, writer)
        finally:
            session.close()

    async def exchange(
        self, session: Session, received: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Continue until neither side has anything to send."""
        connection = session.connection
        try:
            while True:
                session.trace.passed("<", received, connection)
                connection.receive_data(received)
                await self.answer(session, writer)
                if session.is_over or connection.is_closed():
                    break
                received = await asyncio.wait_for(reader.read(RECEIVE), IDLE)
        except zttp.RemoteProtocolError as error:
            session.trace.error(error)
            if isinstance(connection, zttp.H1Connection):
                with suppress(zttp.LocalProtocolError):  # in the middle of an answer
                    connection.send_response(error.status_hint or 400, [(b"content-length", b"0")])
                    connection.end_message()
            await self.flush(session, writer)

    async def answer(self, session: Session, writer: asyncio.StreamWriter) -> None:
        """Handle what has arrived; on HTTP/1.1 one request after the other."""
        connection = session.connection
        while True:
            session.pull()
            await self.flush(session, writer)
            while session.send():  # until all is sent or waits for credit
                await self.flush(session, writer)
            if not isinstance(connection, zttp.H1Connection) or session.is_over:
                return
            if connection.should_close():
                session.is_over = True
                return
            try:
                connection.start_next_cycle()
            except zttp.LocalProtocolError:  # this message is not read to its end
                return

    async def flush(self, session: Session, writer: asyncio.StreamWriter) -> None:
        """Write the output, and wait until the peer has read most of it."""
        if data := session.connection.data_to_send():
            session.trace.passed(">", data, session.connection)
            writer.write(data)
            await asyncio.wait_for(writer.drain(), IDLE)


class Datagrams(asyncio.DatagramProtocol):
    """HTTP/3: many connections on one UDP socket."""

    def __init__(self, root: Path, options: argparse.Namespace) -> None:
        self.root, self.options = root, options
        credentials = zttp.TlsCredentials.from_files(str(options.certificate), str(options.key))
        trace = Trace(zttp.HTTP3, on=options.trace)
        self.endpoint = zttp.QuicEndpoint(credentials=credentials, auto_credit=True, qlog=trace.qlog)
        self.sessions: dict[Any, Session] = {}
        self.timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Keep the socket."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Pass it to its connection, and answer."""
        self.endpoint.receive_datagram(data, addr, _now())
        self.go_on()

    def go_on(self) -> None:
        """Handle every connection's events, send, and set the timer."""
        for connection in self.endpoint.connections():
            session = self.sessions.get(connection)
            if session is None:
                trace = Trace(f"h3-{len(self.sessions)}", on=self.options.trace)
                session = self.sessions[connection] = Session(self.root, connection, trace)
            try:
                session.pull()
                session.send()
            except zttp.ProtocolError as error:
                session.trace.error(error)
        for datagram in self.endpoint.data_to_send(now=_now()):
            self.transport.sendto(datagram.data, datagram.peer_address)
        for connection in [one for one in self.sessions if one.is_closed()]:
            self.sessions.pop(connection).close()
            self.endpoint.discard(connection)
        if self.timer is not None:
            self.timer.cancel()
        if (due := self.endpoint.next_timeout()) is not None:
            self.timer = asyncio.get_running_loop().call_later(max(due - _now(), 0) / 1e6, self.time_out)

    def time_out(self) -> None:
        """Handle the timeout."""
        self.endpoint.handle_timeout(_now())
        self.go_on()


def _now() -> int:
    return monotonic_ns() // 1000
