"""Authenticated fuzzer for HTTP/3: a peer that has the keys damages its packets before it encrypts them.

    python fuzz/http3.py --seconds 60             # until the time is over
    python fuzz/http3.py --iterations 10000 --seed 7
    python fuzz/http3.py --replay 7:1234          # one input again, with its outcome

An input is one of: packets to a working server or client, with frames that are damaged, or valid one by one but not
together; streams of HTTP/3 (control, QPACK, requests, responses) damaged and cut anywhere; messages of the handshake;
Initial packets with a damaged ClientHello; datagrams of any kind to an endpoint. It checks: nothing is raised but
RemoteProtocolError by `next_event` and LocalProtocolError by the methods that an application calls; the code is a
registered one; after `handle_timeout` the next deadline is later; datagrams are no longer than 1200 bytes and within
the limit for an unvalidated address; no more events than bytes; no hang. Keys differ from run to run, the damage does
not.
"""

import random
import sys
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from librt.strings import BytesWriter

sys.path.append(str(Path(__file__).resolve().parent.parent))

import zttp
import zttp_h3
from fuzz.quic_packets import LEGAL_FRAMES, OCTETS, damaged, expect, parameters_of, varint
from fuzz.shared.command_line import named, run
from tests.http3.h3_pair import Pair, credentials
from tests.http3.tls.pair import client as tls_client
from tests.http3.tls.pair import server as tls_server
from zttp_h3 import frames
from zttp_h3.codes import H3ErrorCode, QuicErrorCode
from zttp_h3.connection import H3Connection
from zttp_h3.endpoint.endpoint import QuicEndpoint
from zttp_h3.limits import H3Limits
from zttp_h3.malformed import Malformed
from zttp_h3.options import CLIENT, SERVER
from zttp_h3.protection.packet_keys import initial_sealer
from zttp_h3.qpack.encoder import SectionEncoder
from zttp_h3.settings import write_settings
from zttp_h3.tls.alerts import TlsError
from zttp_h3.tls.client import ClientHandshake
from zttp_h3.tls.groups import SECP256R1, SECP384R1, X25519
from zttp_h3.wire import frame_writer as write
from zttp_h3.wire.packet_header import write_long_header, write_short_header
from zttp_h3.wire.varint import patch_varint_of_2
from zttp_h3.wire.versions import INITIAL, VERSION_1

LIMITS = H3Limits(
    max_concurrent_streams=8, max_header_list_size=4_096, max_field_block_bytes=4_096, max_stream_resets=6
)
CODES = {*map(int, QuicErrorCode), *map(int, H3ErrorCode), *range(0x100, 0x200)}
GET = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"localhost"), (b":path", b"/")]
FIELDS = [
    GET,
    [*GET, (b"cookie", b"a=b"), (b"priority", b"u=1, i"), (b"x-long", b"~" * 300)],
    [(b":method", b"POST"), *GET[1:], (b"content-length", b"7"), (b"expect", b"100-continue")],
    [(b":method", b"CONNECT"), (b":authority", b"localhost:1")],
    [(b":status", b"200"), (b"content-length", b"3")],
    [(b":status", b"103"), (b"link", b"</a>")],
    [(b"x-trailer", b"1")],
    [(b":path", b"/"), (b"UPPER", b"\r\n")],
]


def section(fields: list[tuple[bytes, bytes]]) -> bytes:
    return frames.frame(frames.HEADERS, SectionEncoder().encode(0, fields))


@cache
def stream_seeds() -> list[bytes]:
    """The content of HTTP/3 streams, frame by frame, instruction by instruction."""
    seeds = [section(fields) for fields in FIELDS]
    seeds += [frames.frame(frames.DATA, data) for data in (b"", b"abc", b"content", bytes(600))]
    seeds += [frames.frame(kind, varint(value)) for kind in (3, 7, 0x0D) for value in (0, 4, 2**30)]
    seeds += [frames.frame(kind, b"\x00u=1, i") for kind in (0x0F0700, 0x0F0701)]
    seeds += [frames.frame(0x21, bytes(40)), frames.frame(6, b""), frames.frame(5, b"\x00")]
    seeds += [
        frames.frame(4, write_settings([(1, 4096), (7, 16), (0x33, 1)])),
        frames.frame(4, write_settings([(2, 1)])),
    ]
    # QPACK: capacity, an insertion with and without a name, a duplicate; acknowledgments.
    seeds += [b"\x3f\xe1\x1f", b"\xc0\x03abc", b"\x43xyz\x03abc", b"\x00", b"\x80", b"\x40", b"\x01", b"\x3f" * 12]
    # Sections that refer to the table.
    seeds += [frames.frame(1, block) for block in (b"\x02\x00\x80", b"\x00\x00\xc1\xd7\x51", b"\x02\x80\x10", b"")]
    return seeds


def sealed(sender: Any, payload: bytes) -> bytes:
    """A 1-RTT packet of a transport with these frames."""
    session = sender.session
    number = session.loss.spaces[2].next_number
    session.loss.spaces[2].skip()
    header = BytesWriter()
    write_short_header(header, session.peer_ids.current, session.phases.phase_bit, number, 4)
    packet: bytes = session.phases.seal(header, 4, number, payload)
    return packet


class Judged:
    """The connection under test, and its peer, also ours, which has the keys."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pair = Pair(
            seed=rng.randrange(1 << 30),
            client={"limits": LIMITS, "auto_credit": rng.random() < 0.5},
            server={"limits": LIMITS, "auto_credit": rng.random() < 0.5},
        )
        pair = self.pair
        pair.request(b"POST", b"/first", b"content")
        pair.run()
        self.by_client = rng.random() < 0.6
        self.peer, self.judged = (pair.client, pair.server) if self.by_client else (pair.server, pair.client)
        if not self.by_client:
            for _ in range(3):
                pair.request(b"POST", b"/open", None)
        pair.wait(0.1)
        self.now = pair.now
        self.bytes = self.events = 0
        self.over = False

    def give(self, payload: bytes) -> None:
        """Let the connection under test receive a packet, and do its work."""
        session = self.peer._session
        assert session is not None
        self.bytes += len(payload)
        self.now += self.rng.choice((1, 100, 30_000))
        packet = sealed(session.transport, payload)
        self.judged.receive_datagram(packet, self.now, self.rng.choice((1, 1, 1, 2)))
        self.work()

    def work(self) -> None:
        if self.rng.random() < 0.7:
            self.pull()
        if self.rng.random() < 0.7:
            self.flush()
        if self.rng.random() < 0.4:
            self.act()
        timeout = self.judged.next_timeout()
        if timeout is not None and timeout <= self.now:
            self.judged.handle_timeout(self.now)
            later = self.judged.next_timeout()
            expect(later is None or later > self.now, "a deadline that does not pass")

    def pull(self) -> None:
        try:
            while True:
                event = self.judged.next_event()
                if isinstance(event, (zttp.NeedData, zttp.ConnectionClosed)):
                    break
                self.events += 1
                if isinstance(event, zttp.Data):
                    self.judged.consume_data(event.stream_id, len(event.data))
        except zttp.RemoteProtocolError as error:
            expect(error.error_code in CODES, f"an unknown code: {error.error_code}")
            expect(self.judged.is_closed(), "the connection is open after an error")
            self.over = True
        expect(self.events <= self.bytes + 10, "more events than bytes")

    def flush(self) -> None:
        for datagram in self.judged.data_to_send(self.now):
            expect(len(datagram) <= 1200, "a datagram that may not fit")

    def act(self) -> None:
        """Call what an application calls, on arbitrary streams."""
        judged, rng = self.judged, self.rng
        try:
            stream = judged.stream(4 * rng.randrange(6))
            match rng.randrange(6):
                case 0 if judged.role == SERVER:
                    stream.send_response(200, [(b"x-a", b"1")])
                case 1:
                    stream.send_data(rng.randbytes(rng.choice((0, 10, 5_000))))
                case 2:
                    stream.end_message()
                case 3:
                    stream.reset()
                case 4 if judged.role == CLIENT:
                    judged.send_request(b"GET", b"/", b"3", [(b"host", b"localhost")], end_stream=True)
                case 5 if rng.random() < 0.1:
                    judged.request_key_update()
        except zttp.LocalProtocolError:
            pass


# ------------------------------------------------------------------------------------------------------------- inputs
def check_frames(rng: random.Random) -> str:
    """Packets whose frames are damaged before encryption."""
    judged = Judged(rng)
    for _ in range(rng.randint(1, 12)):
        payload = b"".join(rng.choices(LEGAL_FRAMES, k=rng.randint(1, 4)))
        if rng.random() < 0.3:
            payload += varint(0x0A) + varint(4 * rng.randrange(9)) + varint(5) + rng.choice(stream_seeds())[:5]
        if rng.random() < 0.6:
            payload = damaged(payload, rng)
        judged.give(payload[:1100])
        if judged.over:
            break
    judged.pull()
    return f"frames: {judged.judged.close_info()}"


def sensible(rng: random.Random, judged: Judged) -> bytes:
    """A frame that is complete and, nearly always, legal by itself: of existing streams, packets, connection IDs."""
    session = judged.judged._session.transport.session  # type: ignore[union-attr]
    known = session.streams.streams.values()
    new = [
        number + (0 if judged.by_client else 1) for number in ((0, 4, 8, 2, 6, 10, 14) if judged.by_client else (2,))
    ]
    incoming = [int(one.stream_id) for one in known if one.incoming is not None] + new
    # Without the streams that must not end, most of the time.
    least = 0 if rng.random() < 0.1 else 12
    incoming = [number for number in incoming if number & 2 == 0 or number >= least] or new[:1]
    outgoing = [int(one.stream_id) for one in known if one.outgoing is not None]
    outgoing = [number for number in outgoing if number & 2 == 0 or number >= least] or new[:1]
    reads = varint(rng.choice(incoming))
    there = next((int(one.incoming.highest) for one in known if varint(one.stream_id) == reads and one.incoming), 0)
    writes = varint(rng.choice(outgoing))
    size = varint(rng.choice((0, 1, 5, 700, 10_000)))
    code = varint(rng.choice((0, 0x100, 0x10C)))
    latest = int(session.loss.spaces[2].next_number) - 1
    match rng.randrange(16):
        case 0 | 1:
            largest = max(0, latest - rng.choice((0, 0, 0, 1, 5)))
            first = varint(rng.choice((0, largest)))
            return varint(2) + varint(largest) + varint(rng.choice((0, 90_000))) + b"\0" + first
        case 2:
            return varint(0x04) + reads + code + (size if rng.random() < 0.1 else varint(there))
        case 3:
            return varint(0x05) + writes + code
        case 4:
            return varint(0x11) + writes + size
        case 5:
            return varint(rng.choice((0x10, 0x12, 0x13, 0x14, 0x16, 0x17))) + size
        case 6:
            number = 10 + int(session.peer_ids.sequence) + rng.randint(0, 2)
            name = bytes((number,)) * 8
            return varint(0x18) + varint(number) + varint(rng.randint(0, number)) + b"\x08" + name + name * 2
        case 7:
            return varint(0x19) + varint(rng.choice((1, 2, 3, int(session.local_ids._next) - 1)))
        case 8:
            return varint(rng.choice((0x1A, 0x1B))) + rng.randbytes(8)
        case 9 if session.own.max_datagram_frame_size > 0:
            return varint(0x31) + varint(3) + rng.choice((b"\0", b"\1", b"\x40")) + b"ab"
        case 10:
            return varint(0x15) + reads + size
        case 11:
            return b"\1"
        case _:
            data = rng.choice(stream_seeds())[:600]
            at = there if rng.random() < 0.8 else rng.choice((0, 1, 40))
            kind = 0x0E | (rng.random() < 0.2)
            return varint(kind) + reads + varint(at) + varint(len(data)) + data


def check_sense(rng: random.Random) -> str:
    """Many packets of frames that are valid one by one; time, address and application change in between."""
    judged = Judged(rng)
    for _ in range(rng.randint(10, 80)):
        judged.give(b"".join(sensible(rng, judged) for _ in range(rng.randint(1, 3)))[:1100])
        if judged.over:
            break
    judged.pull()
    return f"sense: {judged.judged.close_info()}"


def check_streams(rng: random.Random) -> str:
    """Streams of HTTP/3, damaged and cut anywhere, several at a time."""
    judged = Judged(rng)
    sending: dict[int, tuple[int, bytes, bool]] = {}
    for _ in range(rng.randint(1, 4)):
        one_way = rng.random() < 0.3
        content = b"".join(rng.choices(stream_seeds(), k=rng.randint(0, 5)))
        if not one_way and rng.random() < 0.8:
            content = section(rng.choice(FIELDS)) + content
        if rng.random() < 0.5:
            content = damaged(content, rng)
        if judged.by_client:
            number = 4 * rng.randint(1, 8) + (2 if one_way else 0)
        else:
            number = 4 * rng.randint(1, 3) if not one_way else 4 * rng.randint(3, 7) + 3
        # On streams that are open already: further bytes.
        begin = rng.choice((b"", varint(rng.choice((0, 1, 2, 3, 0x21))))) if one_way else b""
        sending[number] = (0, begin + content, rng.random() < 0.6)
    for number in (2, 6, 10) if judged.by_client else (3, 7, 11):
        if rng.random() < 0.4:  # the control stream and QPACK's continue
            quic = judged.judged._session.transport.session.streams.streams.get(number)  # type: ignore[union-attr]
            if quic is not None and quic.incoming is not None:
                content = b"".join(rng.choices(stream_seeds(), k=rng.randint(1, 4)))
                sending[number] = (int(quic.incoming.highest), content, rng.random() < 0.1)
    starts = {number: offset for number, (offset, _, _) in sending.items()}
    while sending and not judged.over:
        number = rng.choice(list(sending))
        offset, content, fin = sending[number]
        at = offset - starts[number]
        piece = content[at : at + rng.choice((1, 3, 50, 900))]
        last = at + len(piece) >= len(content)
        frame_type = 0x0E | (1 if last and fin else 0)
        judged.give(varint(frame_type) + varint(number) + varint(offset) + varint(len(piece)) + piece)
        sending[number] = (offset + len(piece), content, fin)
        if last:
            del sending[number]
    judged.pull()
    return f"streams: {judged.judged.close_info()}"


def check_handshake(rng: random.Random) -> str:
    """Messages of TLS, damaged before they are protected."""
    groups = rng.choice(((X25519,), (SECP256R1, X25519), (X25519, SECP384R1)))
    sides: tuple[Any, Any] = (
        tls_client(groups=groups, verify=rng.random() < 0.5),
        tls_server(groups=rng.choice(((X25519,), (SECP384R1, X25519))), kind=rng.choice(("p256", "ed25519"))),
    )
    sides[0].start()
    outcome = "done"
    try:
        for _ in range(4):
            for source, target in (sides, sides[::-1]):
                source.take_secrets()
                for level, message in source.take_messages():
                    data = damaged(message, rng) if rng.random() < 0.35 else message
                    size = rng.choice((1, 7, 5_000))
                    for at in range(0, len(data), size):
                        target.receive(level, data[at : at + size])
    except (TlsError, Malformed) as error:
        expect(error.error_code in CODES, f"an unknown code: {error.error_code}")
        outcome = str(error)
    return f"handshake: {outcome}"


def initial_with(hello: bytes, rng: random.Random) -> bytes:
    """A client's first datagram, with these bytes as its ClientHello, in pieces of any order."""
    destination = rng.randbytes(rng.choice((8, 8, 8, 12, 20)))
    sealer = initial_sealer(VERSION_1, destination, False)
    payload = BytesWriter()
    cuts = sorted({0, len(hello), *(rng.randrange(len(hello) + 1) for _ in range(rng.randrange(4)))})
    pieces = list(pairwise(cuts))
    rng.shuffle(pieces)
    for start, stop in pieces:
        write.write_crypto(payload, start, hello[start:stop])
        if rng.random() < 0.3:
            write.write_ping(payload)
    content = payload.getvalue()
    header = BytesWriter()
    at = write_long_header(header, VERSION_1, INITIAL, destination, rng.randbytes(rng.choice((0, 8, 20))), b"", 0, 2)
    content += bytes(max(0, 1200 - len(header.getvalue()) - len(content) - 16))
    patch_varint_of_2(header, at, 2 + len(content) + 16)
    return sealer.seal(header, 2, 0, content)


def hello_of(rng: random.Random) -> bytes:
    """A ClientHello: damaged, or with damaged transport parameters in it."""
    side = tls_client(verify=False, seed=rng.randrange(1000))
    if rng.random() < 0.5:
        side = ClientHandshake(side._parameters, parameters_of(rng), rng.randbytes, lambda: 0.0, None)
    side.start()
    hello = b"".join(message for _, message in side.take_messages())
    return damaged(hello, rng) if rng.random() < 0.5 else hello


def check_endpoint(rng: random.Random) -> str:
    """Datagrams of any kind to an endpoint, while time advances."""
    retry = rng.choice((None, True, False))
    endpoint = QuicEndpoint(
        credentials=credentials(), retry=retry, max_connections=8, entropy=rng.randbytes, limits=LIMITS
    )
    client = H3Connection(CLIENT, server_name="localhost", verify=False, entropy=rng.randbytes)
    now, came, left = 1_000_000, 0, 0
    real: list[bytes] = client.data_to_send(now)
    for _ in range(rng.randint(2, 20)):
        now += rng.choice((0, 1_000, 200_000, 3_000_000))
        match rng.randrange(5):
            case 0:
                datagram = rng.choice(real)
            case 1:
                datagram = damaged(rng.choice(real), rng)
            case 2:
                datagram = initial_with(hello_of(rng), rng)
            case 3:
                datagram = bytes((rng.choice(OCTETS),)) + rng.randbytes(rng.choice((0, 5, 30, 1300)))
            case _:
                datagram = b"\xc0" + rng.choice((b"\x00\x00\x00\x01", rng.randbytes(4))) + rng.randbytes(1250)
        came += len(datagram)
        connection = endpoint.receive_datagram(datagram, rng.choice((1, 2)), now, ecn=rng.randrange(4))
        for leaving in endpoint.data_to_send(now=now):
            left += len(leaving.data)
            expect(len(leaving.data) <= 1200, "a datagram that may not fit")
            if rng.random() < 0.7:
                client.receive_datagram(leaving.data, now, "server")
                real += client.data_to_send(now)
        if not client.handshake_complete:
            expect(left <= 3 * came, "more than an unvalidated address may get")
        try:
            while connection is not None and connection.next_event() not in (zttp.NEED_DATA, zttp.CONNECTION_CLOSED):
                pass
        except zttp.RemoteProtocolError as error:
            expect(error.error_code in CODES, f"an unknown code: {error.error_code}")
        if connection is not None and connection.is_closed() and rng.random() < 0.5:
            endpoint.discard(connection)
        timeout = endpoint.next_timeout()
        if timeout is not None and timeout <= now:
            endpoint.handle_timeout(now)
            later = endpoint.next_timeout()
            expect(later is None or later > now, "a deadline that does not pass")
        expect(len(endpoint.connections()) <= 8, "more connections than allowed")
    return f"endpoint: {len(endpoint.connections())} connections, {came} in, {left} out"


CHECKS: list[Callable[[random.Random], str]] = [
    check_frames, check_sense, check_streams, check_streams, check_handshake, check_endpoint,
]  # fmt: skip


def check(seed: int, number: int) -> str:
    """One input, and its outcome."""
    return "\n".join(named(seed, number, lambda rng: [rng.choice(CHECKS)(rng)]))


def main() -> None:
    run(__doc__, lambda seed, number: [check(seed, number)], "compiled" if zttp_h3.COMPILED else "interpreted")


if __name__ == "__main__":
    main()
