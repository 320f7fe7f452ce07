"""HTTP/3 for `asyncio_server.py`: one UDP socket, one `zttp.QuicEndpoint`, and the same exchanges as over TCP.

zttp owns neither the socket nor the clock. Datagrams are passed in as they arrive, with the time; the output is taken
after every call that may have changed it, and one timer serves all connections.
"""

import asyncio
import errno
import socket
import struct
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zttp
from exchange import CREDIT_TIMEOUT, Exchange, Fields, fail_stream, in_time

if TYPE_CHECKING:
    from asyncio_server import Server

MOST_AT_A_TIME = 64  # datagrams read before other tasks run, and segments of one system call
# Of Linux, which Python has no names for.
UDP_SEGMENT = 103  # one system call sends many datagrams of one size
MTU_DISCOVER = {socket.AF_INET: (socket.IPPROTO_IP, 10), socket.AF_INET6: (socket.IPPROTO_IPV6, 23)}
PROBE = 3  # no fragmentation: the endpoint finds the size that the path carries


class HTTP3:
    """HTTP/3: like HTTP/2, but reading does not pause: without credit a client does not send."""

    def __init__(self, link: "QuicLink") -> None:
        self.link, self.conn = link, link.conn

    def sender(self, request: zttp.Request) -> zttp.Stream:
        """Return the object that sends a response."""
        return self.conn.stream(request.stream_id)

    def response_fields(self, _exchange: Exchange, _status: int, headers: Fields) -> Fields:
        """Add nothing: the framing is not in the fields."""
        return headers

    def content_read(self, exchange: Exchange, size: int) -> None:
        """Return credit for content that the application has read."""
        self.conn.consume_data(exchange.request.stream_id, size)
        self.link.flush()

    async def credited(self, exchange: Exchange) -> None:
        """Wait until all content was sent, with credit and room on the path."""
        stream = self.sender(exchange.request)
        while stream.pending_bytes:
            exchange.credit.clear()
            await in_time(exchange.credit.wait(), CREDIT_TIMEOUT)

    def open_tunnel(self, exchange: Exchange, headers: Fields) -> zttp.Stream:
        """Answer an extended CONNECT: its stream is the tunnel (RFC 9220 3)."""
        stream = self.sender(exchange.request)
        stream.send_response(200, headers)
        return stream

    def exchange_finished(self, exchange: Exchange) -> None:
        """Forget an exchange; the rest of its request is consumed as it arrives."""
        if self.link.exchanges.pop(exchange.request.stream_id, None) is not None and exchange.waiting:
            self.conn.consume_data(exchange.request.stream_id, exchange.waiting)
        self.link.flush()
        self.link.close_if_done()

    def fail(self, exchange: Exchange, status: int, text: str) -> None:
        """Answer one request with an error."""
        fail_stream(self.sender(exchange.request), exchange, status, text, zttp.H3ErrorCode.H3_INTERNAL_ERROR)
        self.exchange_finished(exchange)


class QuicLink:
    """One connection: its events, and its open exchanges."""

    is_secure = True

    def __init__(self, quic: "QuicSocket", conn: zttp.H3Connection, peer: tuple[str, int]) -> None:
        self.quic, self.server, self.conn, self.peer = quic, quic.server, conn, peer
        self.exchanges: dict[int, Exchange] = {}  # by stream_id
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.session = HTTP3(self)

    def pump(self) -> None:
        """Pass on every available event."""
        try:
            while (event := self.conn.next_event()) is not zttp.NEED_DATA:
                self.server.observe(event)
                self.take(event)
        except zttp.RemoteProtocolError as error:
            self.server.observe(error)
        for exchange in self.exchanges.values():
            exchange.credit.set()  # there may be room now
        if self.conn.is_closed():
            self.end()

    def take(self, event: zttp.Event) -> None:
        match event:
            case zttp.Request():
                self.exchanges[event.stream_id] = exchange = Exchange(self, event)
                exchange.task = self.server.answer(exchange, self.session.fail)
            case zttp.Data():
                if exchange_of := self.exchanges.get(event.stream_id):
                    exchange_of.receive(event.data)
                else:
                    self.conn.consume_data(event.stream_id, len(event.data))  # no exchange will
            case zttp.EndOfMessage():
                if exchange_of := self.exchanges.get(event.stream_id):
                    exchange_of.end(list(event.trailers))
            case zttp.RstStream():
                if exchange_of := self.exchanges.pop(event.stream_id, None):
                    exchange_of.task.cancel()

    def flush(self) -> None:
        self.quic.flush()

    async def flush_and_drain(self) -> None:
        self.quic.flush()

    def shut_down(self) -> None:
        """Take no further request; close once the open ones are answered."""
        self.conn.shutdown()
        self.close_if_done()

    def close_if_done(self) -> None:
        if self.server.stopping and not any(self.is_under_way(number) for number in self.exchanges):
            self.conn.close()
            self.quic.flush()
            self.end()

    def is_under_way(self, stream_id: int) -> bool:
        return not self.exchanges[stream_id].finished

    def end(self) -> None:
        """Discard a finished connection; the endpoint answers for it while its peer may have missed the close."""
        for exchange in self.exchanges.values():
            if not exchange.finished:
                exchange.task.cancel()
        self.quic.flush()
        self.quic.endpoint.discard(self.conn)
        if self.quic.links.pop(self.conn, None) is not None:
            self.closed.set_result(None)


class QuicSocket:
    """The UDP socket, the endpoint on it, and its timer."""

    def __init__(self, server: "Server", host: str, port: int, files: tuple[Path, Path]) -> None:
        self.server, self.loop = server, asyncio.get_running_loop()
        credentials = zttp.TlsCredentials.from_files(str(files[0]), str(files[1]))
        self.endpoint = zttp.QuicEndpoint(credentials=credentials, enable_connect_protocol=True)
        self.links: dict[zttp.H3Connection, QuicLink] = {}
        self.timer: asyncio.TimerHandle | None = None
        self.is_closed = False
        self.segments = sys.platform == "linux"  # until the system refuses it
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        if sys.platform == "linux":
            self.socket.setsockopt(*MTU_DISCOVER[self.socket.family], PROBE)
        self.socket.setblocking(False)
        self.socket.bind((host, port))
        self.loop.add_reader(self.socket, self.read)

    def now(self) -> int:
        return int(self.loop.time() * 1_000_000)

    def read(self) -> None:
        """Pass in a burst of datagrams, then handle the results."""
        touched: dict[zttp.H3Connection, tuple[str, int]] = {}
        for datagram, address in self.burst():
            conn = self.endpoint.receive_datagram(datagram, address, self.now())
            if conn is not None:
                touched[conn] = (address[0], address[1])
        for conn, peer in touched.items():
            if conn not in self.links:
                self.links[conn] = QuicLink(self, conn, peer)
            self.links[conn].pump()
        self.flush()

    def burst(self) -> Iterator[tuple[bytes, Any]]:
        for _ in range(MOST_AT_A_TIME):
            try:
                yield self.socket.recvfrom(65_536)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error for an earlier datagram

    def flush(self) -> None:
        """Send the pending datagrams, and set the timer."""
        if self.is_closed:
            return
        leaving = self.endpoint.data_to_send(now=self.now())
        # Datagrams of one size to one address follow each other; only the last of a run may be shorter.
        for address, run in groupby(leaving, key=lambda one: one.peer_address):
            self.send([one.data for one in run], address)
        timeout = self.endpoint.next_timeout()
        if self.timer is not None:
            self.timer.cancel()
        self.timer = None if timeout is None else self.loop.call_at(timeout / 1_000_000, self.on_timeout)

    def send(self, datagrams: list[bytes], address: Any) -> None:
        """Send datagrams to one address; those without room are lost, as on any path."""
        while datagrams:
            size = len(datagrams[0])
            most = min(MOST_AT_A_TIME, 65_000 // size) if self.segments else 1
            count = 1
            while count < min(most, len(datagrams)) and len(datagrams[count - 1]) == size >= len(datagrams[count]):
                count += 1
            piece, datagrams = datagrams[:count], datagrams[count:]
            segment = [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("H", size))] if count > 1 else []
            try:
                self.socket.sendmsg([b"".join(piece)], segment, 0, address)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.EMSGSIZE and count > 1:  # not supported by the system: one by one from now on
                    self.segments = False
                    datagrams = piece + datagrams

    def on_timeout(self) -> None:
        self.endpoint.handle_timeout(self.now())
        for link in list(self.links.values()):
            link.pump()
        self.flush()

    def shut_down(self) -> None:
        for link in list(self.links.values()):
            link.shut_down()
        self.flush()

    def close(self) -> None:
        """Close all connections, and the socket."""
        for link in list(self.links.values()):
            link.conn.close()
            link.end()
        self.is_closed = True
        self.loop.remove_reader(self.socket)
        if self.timer is not None:
            self.timer.cancel()
        self.socket.close()
