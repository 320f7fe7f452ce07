"""Finds connections in a series of datagrams, and decrypts their packets (RFC 9000 5.2, 12.2, 17).

A connection begins with an Initial packet of a client, which anybody can decrypt. From then on each side is identified
by its connection IDs, or by its address if it has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from zttp.commands.captures.layers import Address, Datagram
from zttp.commands.quic.frames import each_frame
from zttp.commands.quic.key_log import APPLICATION, EARLY, HANDSHAKE, Secrets
from zttp.commands.quic.keys import LongHeaderKeys, OneRttKeys, Opened, keys_of_secret, unlimited
from zttp_h3.malformed import Malformed
from zttp_h3.protection.packet_keys import initial_opener
from zttp_h3.protection.retry_integrity import has_valid_tag
from zttp_h3.quic.qlog import frames_of
from zttp_h3.streams.receive_stream import ReceiveStream
from zttp_h3.wire.frame_reader import read_crypto
from zttp_h3.wire.frame_types import CRYPTO, IN_HANDSHAKE, IN_INITIAL, IN_ONE_RTT, IN_ZERO_RTT
from zttp_h3.wire.packet_header import (
    MAX_CONNECTION_ID,
    OTHER_VERSION,
    VERSION_NEGOTIATION,
    LongHeader,
    is_long,
    read_long_header,
    read_versions,
)
from zttp_h3.wire.versions import HANDSHAKE as HANDSHAKE_PACKET
from zttp_h3.wire.versions import INITIAL, RETRY, ZERO_RTT

SIDES: Final = ("client", "server")
CLIENT, SERVER = 0, 1

_NAMES: Final = {INITIAL: "initial", ZERO_RTT: "0RTT", HANDSHAKE_PACKET: "handshake", RETRY: "retry"}
_FLAGS: Final = {INITIAL: IN_INITIAL, ZERO_RTT: IN_ZERO_RTT, HANDSHAKE_PACKET: IN_HANDSHAKE}
# 0-RTT and 1-RTT packets are numbered together (RFC 9000 12.3).
_SPACES: Final = {INITIAL: IN_INITIAL, ZERO_RTT: IN_ONE_RTT, HANDSHAKE_PACKET: IN_HANDSHAKE}
_RANDOM: Final = slice(6, 38)  # of a ClientHello: after type, length and version (RFC 8446 4, 4.1.2)
_CRYPTO_LIMIT: Final = 2**62 - 1


class Packet(NamedTuple):
    """A packet: its position in the datagram, its sender and connection, and its content."""

    datagram: Datagram
    offset: int
    end: int
    connection: QuicConnection
    sender: int
    kind: str
    number: int = -1
    payload: bytes = b""
    flag: int = 0  # its type in the table of frames
    frames: tuple[dict[str, Any], ...] = ()
    note: str = ""  # why it could not be decrypted, or another remark


class QuicConnection:
    """One connection, as seen by an observer."""

    def __init__(self, ordinal: int, client: Address, server: Address, header: LongHeader, secrets: Secrets) -> None:
        self.ordinal = ordinal  # from 1 on
        self.addresses = (client, server)
        self.client_random: bytes | None = None
        self.lacks_secrets = False
        self._secrets = secrets
        self._version = int(header.version)  # the last one of the server
        self._destination = header.destination  # of the client's Initial packets, for their keys
        self._hello = ReceiveStream(-1, _CRYPTO_LIMIT)
        self._hello_bytes = b""
        self._keys: dict[tuple[int, int, int], LongHeaderKeys | OneRttKeys] = {}
        self._largest: dict[tuple[int, int], int] = {}  # packet number, by sender and space
        self._seen: set[tuple[int, int, int]] = set()  # sender, space, number

    def open_long(self, datagram: bytes, header: LongHeader, sender: int) -> Opened | str:
        """Decrypt a packet with a long header, or give the reason why not."""
        keys = self._long_keys(header, sender)
        if isinstance(keys, str):
            return keys
        space = sender, _SPACES[int(header.kind)]
        opened = keys.open(datagram, header.at, header.rest_at, header.stop, self._largest.get(space, -1))
        if opened is None:
            return "not authentic"
        self._note(space, opened.number)
        if sender == SERVER:
            self._version = int(header.version)
        if sender == CLIENT and header.kind == INITIAL and self.client_random is None:
            self._read_hello(opened.payload)
        return opened

    def open_short(self, datagram: bytes, at: int, number_at: int, sender: int) -> Opened | str:
        """Decrypt a packet with a short header, or give the reason why not."""
        kept = self._keys.get((IN_ONE_RTT, sender, 0))
        if kept is None:
            secret = self._secret(APPLICATION[sender])
            if isinstance(secret, str):
                return secret
            kept = self._keys[IN_ONE_RTT, sender, 0] = OneRttKeys(secret, self._version)
        assert isinstance(kept, OneRttKeys)
        space = sender, IN_ONE_RTT
        opened = kept.open(datagram, at, number_at, len(datagram), self._largest.get(space, -1))
        if opened is None:
            return "not authentic"
        self._note(space, opened.number)
        return opened

    def is_repeated(self, sender: int, flag: int, number: int) -> bool:
        """Return whether a packet is a duplicate."""
        place = (sender, IN_ONE_RTT if flag == IN_ZERO_RTT else flag, number)
        if place in self._seen:
            return True
        self._seen.add(place)
        return False

    def on_retry(self, packet: bytes, header: LongHeader) -> bool:
        """Process an authentic Retry packet: the client's Initial packets then have new keys (RFC 9001 5.2)."""
        if not has_valid_tag(header.version, self._destination, packet):
            return False
        self._destination = header.source
        for place in [place for place in self._keys if place[0] == INITIAL]:
            del self._keys[place]
        return True

    def _note(self, space: tuple[int, int], number: int) -> None:
        self._largest[space] = max(self._largest.get(space, -1), number)

    def _long_keys(self, header: LongHeader, sender: int) -> LongHeaderKeys | str:
        place = (int(header.kind), sender, int(header.version))
        kept = self._keys.get(place)
        if isinstance(kept, LongHeaderKeys):
            return kept
        if header.kind == INITIAL:
            opener = initial_opener(header.version, self._destination, sender == SERVER, unlimited())
            keys = LongHeaderKeys(opener)
        else:
            secret = self._secret(EARLY if header.kind == ZERO_RTT else HANDSHAKE[sender])
            if isinstance(secret, str):
                return secret
            keys = keys_of_secret(secret, int(header.version))
        self._keys[place] = keys
        return keys

    def _secret(self, label: str) -> bytes | str:
        if self.client_random is None:
            return "the ClientHello has not come"
        secret = self._secrets.get((self.client_random, label))
        if secret is None:
            self.lacks_secrets = True
            return f"no {label} in the key log"
        return secret

    def _read_hello(self, payload: bytes) -> None:
        """Read the client's random, once the beginning of its first message has arrived."""
        for kind, start, stop, _ in each_frame(payload, IN_INITIAL):
            if kind == CRYPTO:
                offset, data_at, _ = read_crypto(payload, start, stop, kind)
                self._hello.receive(offset, payload[data_at:stop], False)
        while data := self._hello.take():
            self._hello_bytes += data
        if len(self._hello_bytes) >= _RANDOM.stop:
            self.client_random = self._hello_bytes[_RANDOM]


class Connections:
    """All connections of a capture."""

    def __init__(self, secrets: Secrets) -> None:
        self.all: list[QuicConnection] = []
        self._secrets = secrets
        self._by_id: dict[bytes, tuple[QuicConnection, int]] = {}  # and the sender to it
        self._by_address: dict[tuple[Address, Address], tuple[QuicConnection, int]] = {}

    def read(self, datagram: Datagram) -> Iterator[Packet]:
        """Yield the packets of a datagram; nothing if it is not QUIC."""
        payload = datagram.payload
        at = 0
        while at < len(payload):
            if not is_long(payload, at):
                if not payload[at:].strip(b"\0"):
                    return  # padding of a datagram
                found = self._short(datagram, at)
                if found is not None:
                    yield found
                return
            header = read_long_header(payload, at, True)
            if header is None or header.stop <= at:
                return
            found = self._long(datagram, header)
            if found is None:
                return
            yield found
            at = int(header.stop)

    # ---------------------------------------------------------------------------------------------------- long headers

    def _long(self, datagram: Datagram, header: LongHeader) -> Packet | None:
        at, stop = int(header.at), int(header.stop)
        owner = self._owner(header.destination, datagram)
        opened: Opened | str | None = None
        if owner is None and header.kind == INITIAL:
            owner, opened = self._begin(datagram, header)
        if owner is None:
            return None
        connection, sender = owner
        if header.kind in (VERSION_NEGOTIATION, OTHER_VERSION):
            return self._unprotected(datagram, header, connection, sender)
        kind = _NAMES[int(header.kind)]
        if header.kind == RETRY:
            is_valid = connection.on_retry(datagram.payload[at:stop], header)
            if is_valid:
                self._by_id[header.source] = connection, CLIENT
            return Packet(datagram, at, stop, connection, sender, kind, note="" if is_valid else "not authentic")
        try:
            opened = opened or connection.open_long(datagram.payload, header, sender)
        except Malformed as malformed:
            opened = malformed.reason
        if isinstance(opened, str):
            return Packet(datagram, at, stop, connection, sender, kind, note=opened)
        self._by_id.setdefault(header.source, (connection, 1 - sender))
        return self._packet(datagram, at, stop, connection, sender, kind, opened, _FLAGS[int(header.kind)])

    def _begin(self, datagram: Datagram, header: LongHeader) -> tuple[tuple[QuicConnection, int] | None, Opened | None]:
        """Begin a connection with a client's Initial packet; nothing if it is not authentic."""
        connection = QuicConnection(len(self.all) + 1, datagram.source, datagram.destination, header, self._secrets)
        opened = connection.open_long(datagram.payload, header, CLIENT)
        if isinstance(opened, str):
            return None, None
        self.all.append(connection)
        self._by_id[header.destination] = connection, CLIENT
        self._by_address[datagram.source, datagram.destination] = connection, CLIENT
        self._by_address[datagram.destination, datagram.source] = connection, SERVER
        return (connection, CLIENT), opened

    def _unprotected(self, datagram: Datagram, header: LongHeader, connection: QuicConnection, sender: int) -> Packet:
        at, stop = int(header.at), int(header.stop)
        if header.kind == VERSION_NEGOTIATION:
            versions = ", ".join(f"0x{version:08x}" for version in read_versions(datagram.payload, header))
            return Packet(datagram, at, stop, connection, sender, "version_negotiation", note=f"offers {versions}")
        return Packet(datagram, at, stop, connection, sender, "unknown", note=f"version 0x{header.version:08x}")

    # ---------------------------------------------------------------------------------------------------- short headers

    def _short(self, datagram: Datagram, at: int) -> Packet | None:
        payload = datagram.payload
        owner = None
        size = 0
        for size in range(min(MAX_CONNECTION_ID, len(payload) - at - 1), 0, -1):
            owner = self._by_id.get(payload[at + 1 : at + 1 + size])
            if owner is not None:
                break
        if owner is None:
            owner, size = self._by_address.get((datagram.source, datagram.destination)), 0
        if owner is None:
            return None
        connection, sender = owner
        try:
            opened = connection.open_short(payload, at, at + 1 + size, sender)
        except Malformed as malformed:
            opened = malformed.reason
        if isinstance(opened, str):
            return Packet(datagram, at, len(payload), connection, sender, "1RTT", note=opened)
        return self._packet(datagram, at, len(payload), connection, sender, "1RTT", opened, IN_ONE_RTT)

    # ---------------------------------------------------------------------------------------------------- both

    def _packet(
        self,
        datagram: Datagram,
        at: int,
        stop: int,
        connection: QuicConnection,
        sender: int,
        kind: str,
        opened: Opened,
        flag: int,
    ) -> Packet:
        frames = tuple(frames_of(opened.payload, flag))
        for frame in frames:
            if frame["frame_type"] == "new_connection_id":
                self._by_id[bytes.fromhex(frame["connection_id"])] = connection, 1 - sender
        note = f"key phase {opened.key_phase}" if opened.key_phase else ""
        if connection.is_repeated(sender, flag, opened.number):
            return Packet(datagram, at, stop, connection, sender, kind, opened.number, note="has come before")
        return Packet(datagram, at, stop, connection, sender, kind, opened.number, opened.payload, flag, frames, note)

    def _owner(self, destination: bytes, datagram: Datagram) -> tuple[QuicConnection, int] | None:
        if destination:
            return self._by_id.get(destination)
        return self._by_address.get((datagram.source, datagram.destination))
