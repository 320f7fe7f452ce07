"""``decode`` of a capture: packets, frames and events in the order of the network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import zttp
from zttp.commands.captures.files import KeyLog, read_capture
from zttp.commands.captures.layers import Datagram, find_udp
from zttp.commands.quic.connections import CLIENT, SERVER, SIDES, Connections, Packet, QuicConnection
from zttp.commands.quic.key_log import Secrets, read_key_log
from zttp.commands.quic.listener import AnnouncedTable, Heard, Listener
from zttp.commands.shown import as_text, as_values, frames_text
from zttp_h3.malformed import Malformed


class Seen(NamedTuple):
    """A packet, or one of its results: an event or an error."""

    packet: Packet
    what: Heard | None = None


class Capture:
    """A file with its datagrams, and the secrets to decrypt them."""

    def __init__(self, data: bytes, key_log: str = "") -> None:
        logs = [key_log]
        self.datagrams: list[Datagram] = []
        for number, record in enumerate(_records(data, logs), start=1):
            if (datagram := find_udp(record.link_type, record.frame, number)) is not None:
                self.datagrams.append(datagram)
        if not self.datagrams:
            raise ValueError("there are no UDP datagrams in the capture")
        self.secrets: Secrets = read_key_log("\n".join(logs).splitlines())


def _records(data: bytes, logs: list[str]) -> Iterator[Any]:
    for found in read_capture(data):
        if isinstance(found, KeyLog):
            logs.append(found.text)
        else:
            yield found


def decode(capture: Capture) -> Iterator[Seen]:
    """Yield the content of a capture. Raises ValueError at the end for missing secrets or a missing connection."""
    connections = Connections(capture.secrets)
    # Decrypted first and read afterwards: the other side announces the compression table of a request's fields.
    packets = [packet for datagram in capture.datagrams for packet in connections.read(datagram)]
    if not connections.all:
        raise ValueError("no QUIC connection begins in the capture")
    ears = {id(connection): _Ears(packets, connection) for connection in connections.all}
    for packet in packets:
        yield Seen(packet)
        if packet.payload:
            yield from (Seen(packet, heard) for heard in ears[id(packet.connection)].hear(packet))
    lacking = [connection for connection in connections.all if connection.lacks_secrets]
    if lacking:
        raise ValueError(f"the key log lacks secrets of {len(lacking)} of {len(connections.all)} connections")


class _Ears:
    """The listeners of a connection: each side receives the output of the other."""

    def __init__(self, packets: Iterable[Packet], connection: QuicConnection) -> None:
        tables = AnnouncedTable(), AnnouncedTable()
        for packet in packets:
            if packet.connection is connection and packet.payload:
                try:
                    tables[packet.sender].hear(packet.payload, packet.flag)
                except Malformed:
                    continue  # the listener reports it
        self._server = Listener(zttp.SERVER, tables[SERVER].capacity)
        self._client = Listener(zttp.CLIENT, tables[CLIENT].capacity)

    def hear(self, packet: Packet) -> Iterator[Heard]:
        if packet.sender == SERVER:
            yield from self._client.hear(packet.payload, packet.flag)
            return
        for heard in self._server.hear(packet.payload, packet.flag):
            yield heard
            if isinstance(heard, zttp.Request):
                self._client.ask(heard.stream_id, heard.method)


# ------------------------------------------------------------------------------------------------------------- printing
def run(captured: bytes, key_log: str, role: str | None, *, as_json: bool) -> int:
    """Print the content of a capture, or the input of one role; return 1 if there is an error in it."""
    status = 0
    for seen in decode(Capture(captured, key_log)):
        if role == SIDES[seen.packet.sender]:
            continue
        print(json.dumps(as_object(seen)) if as_json else line(seen))
        if isinstance(seen.what, zttp.ProtocolError):
            status = 1
    return status


def line(seen: Seen) -> str:
    """Return a line for a reader: number of the record, position in the datagram, connection and direction."""
    packet = seen.packet
    direction = ">" if packet.sender == CLIENT else "<"
    place = f"{packet.datagram.number:>6}+{packet.offset:<5} #{packet.connection.ordinal} {direction}"
    return f"{place} {_packet_text(packet)}" if seen.what is None else f"{place}   {as_text(seen.what)}"


def as_object(seen: Seen) -> dict[str, Any]:
    """Return the same for a program."""
    packet = seen.packet
    value: dict[str, Any] = {
        "datagram": packet.datagram.number,
        "offset": packet.offset,
        "end": packet.end,
        "connection": packet.connection.ordinal,
        "sender": SIDES[packet.sender],
    }
    if seen.what is not None:
        return value | as_values(seen.what)
    number = None if packet.number < 0 else packet.number
    return value | {
        "packet": {"type": packet.kind, "number": number, "note": packet.note, "frames": list(packet.frames)}
    }


def _packet_text(packet: Packet) -> str:
    words = [packet.kind]
    if packet.number >= 0:
        words.append(str(packet.number))
    words.append(f"({packet.end - packet.offset} bytes)")
    if packet.note:
        words.append(f"[{packet.note}]")
    return " ".join(words) + (f": {frames_text(packet.frames)}" if packet.frames else "")
