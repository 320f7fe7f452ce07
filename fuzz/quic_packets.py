"""Mutation fuzzer for QUIC packets: headers, protection, frames and transport parameters, without a connection.

    python fuzz/quic_packets.py --seconds 60             # until the time is over
    python fuzz/quic_packets.py --iterations 10000 --seed 7
    python fuzz/quic_packets.py --replay 7:1234          # one input again, with its outcome

An input is a datagram of coalesced packets. Its frames are damaged before encryption, because the AEAD detects later
damage; sometimes the datagram is damaged afterwards. A list of transport parameters is damaged, too. It checks: a
changed packet is dropped, an unchanged one gives the payload that was encrypted; readers move forward, stay within
their input and raise only Malformed, with a code of RFC 9000; values that were read are written as they were. Seed and
number identify an input.
"""

import random
import sys
from pathlib import Path

from librt.strings import BytesWriter

sys.path.append(str(Path(__file__).resolve().parent.parent))

import zttp_h3
from fuzz.shared.command_line import FoundError, named, run
from tests.http3.wire.frames import FRAMES, read_frame
from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.protection.key_phases import KeyPhases
from zttp_h3.protection.labels import labels_of
from zttp_h3.protection.packet_keys import Forgeries, Opener, Sealer
from zttp_h3.protection.suites import SUITES
from zttp_h3.wire.packet_header import is_long, read_long_header, read_versions, write_long_header, write_short_header
from zttp_h3.wire.transport_parameters import decode, encode
from zttp_h3.wire.varint import patch_varint_of_2, write_varint
from zttp_h3.wire.versions import HANDSHAKE, INITIAL, VERSION_1, VERSION_2, ZERO_RTT

CONNECTION_ID = b"8 octets"
OCTETS = (0x00, 0x01, 0x3F, 0x40, 0x7F, 0x80, 0xBF, 0xC0, 0xFF)
NUMBERS = (0, 1, 63, 64, 2**14, 2**30, 2**31, 2**32, 2**60, 2**61, 2**62 - 1)
LEGAL_FRAMES = [octets for octets, _, _ in FRAMES.values()]


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise FoundError(what)


# ------------------------------------------------------------------------------------------------------------- inputs
def varint(value: int) -> bytes:
    writer = BytesWriter()
    write_varint(writer, value)
    return writer.getvalue()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """One to three mutations."""
    octets = bytearray(data)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(octets) + 1)
        match rng.randrange(5):
            case 0 if at < len(octets):
                octets[at] = rng.choice((*OCTETS, rng.randrange(256)))
            case 1:
                del octets[at : at + rng.randint(1, 20)]
            case 2:
                octets[at:at] = varint(rng.choice(NUMBERS))
            case 3:
                octets[at:at] = octets[: rng.randint(0, 30)]
            case _:
                octets = octets[: at + 1]
    return bytes(octets)


def payload_of(rng: random.Random) -> bytes:
    payload = b"".join(rng.choices(LEGAL_FRAMES, k=rng.randint(1, 5)))
    if rng.random() < 0.7:
        payload = damaged(payload, rng)
    return payload + bytes(max(0, 4 - len(payload)))


def parameters_of(rng: random.Random) -> bytes:
    found = b""
    for identifier in rng.sample(range(0x13), rng.randint(0, 12)) + rng.sample([0x20, 0x2AB2, 27], 1):
        value = rng.choice((b"", varint(rng.choice(NUMBERS)), rng.randbytes(16), rng.randbytes(rng.randrange(60))))
        found += varint(identifier) + varint(len(value)) + value
    return found if rng.random() < 0.5 else damaged(found, rng)


# ------------------------------------------------------------------------------------------------------------- checks
def check_frames(payload: bytes) -> str:
    """Read a payload to its end or its first fault."""
    at, count = 0, 0
    try:
        while at < len(payload):
            _, fields, after = read_frame(payload, at, len(payload))
            expect(at < after <= len(payload), "a frame does not move forward, or goes beyond its packet")
            expect(all(field >= 0 for field in fields if isinstance(field, int)), "a negative field")
            at, count = after, count + 1
    except Malformed as error:
        codes = (QuicErrorCode.FRAME_ENCODING_ERROR, QuicErrorCode.PROTOCOL_VIOLATION)
        expect(error.error_code in codes, f"an error that frames do not have: {error}")
        return f"{count} frames, {error.reason}"
    return f"{count} frames"


def check_datagram(rng: random.Random) -> list[str]:
    """Send coalesced packets, perhaps changed, and read them."""
    suite = rng.choice(list(SUITES.values()))
    version = rng.choice((VERSION_1, VERSION_2))
    labels, secret, forgeries = labels_of(version), rng.randbytes(suite.hash_size), Forgeries(2**60)
    sealer, opener = Sealer(suite, labels, secret), Opener(suite, labels, secret, forgeries)
    sending, receiving = (KeyPhases(suite, labels, secret, secret, forgeries) for _ in range(2))
    number = rng.choice((0, 1, 255, 256, 2**16, 2**31, 2**32, 2**61))
    datagram, sent = b"", []
    for _ in range(rng.randint(0, 3)):
        payload, length, writer = payload_of(rng), rng.randint(1, 4), BytesWriter()
        kind = rng.choice((INITIAL, ZERO_RTT, HANDSHAKE))
        at = write_long_header(writer, version, kind, CONNECTION_ID, b"", rng.randbytes(9), number, length)
        patch_varint_of_2(writer, at, length + len(payload) + 16)
        datagram += sealer.seal(writer, length, number, payload)
        sent.append(payload)
    if rng.random() < 0.3:
        sending.update()
    writer = BytesWriter()
    write_short_header(writer, CONNECTION_ID, sending.phase_bit, number, 2)
    sent.append(payload_of(rng))
    datagram += sending.seal(writer, 2, number, sent[-1])
    touched = rng.random() < 0.5
    if touched:
        datagram = damaged(datagram, rng)
    log = [f"{suite.name}, version {version:x}, {'touched' if touched else 'whole'}: {datagram.hex()}"]
    received = []
    for payload in packets_in(datagram, opener, receiving, number - 1):
        received.append(payload)
        expect(payload in sent, "a payload that was not sent")
        log.append(check_frames(payload))
    expect(touched or received == sent, "a whole datagram was not read as it was sent")
    expect(touched or forgeries.count == 0, "an authentic packet counts as a forgery")
    return log


def packets_in(datagram: bytes, opener: Opener, keys: KeyPhases, largest: int) -> list[bytes]:
    """The payloads that are authentic."""
    found: list[bytes] = []
    at = 0
    while at < len(datagram):
        if not is_long(datagram, at):
            _, number, payload = keys.open(datagram, at, at + 1 + len(CONNECTION_ID), len(datagram), largest)
            return [*found, payload] if number >= 0 else found
        header = read_long_header(datagram, at)
        if header is None:
            break
        expect(at < header.rest_at <= header.stop <= len(datagram), "a header goes beyond its datagram")
        expect(len(read_versions(datagram, header)) <= len(datagram) // 4, "more versions than octets")
        _, number, payload = opener.open(datagram, at, header.rest_at, header.stop, largest)
        if number >= 0:
            found.append(payload)
        at = header.stop
    return found


def check_parameters(rng: random.Random) -> list[str]:
    """Read transport parameters, and write them again."""
    data, from_server = parameters_of(rng), rng.random() < 0.7
    try:
        parameters = decode(data, from_server)
    except Malformed as error:
        expect(error.error_code == QuicErrorCode.TRANSPORT_PARAMETER_ERROR, f"not an error of parameters: {error}")
        return [f"{data.hex()}: {error.reason}"]
    written = encode(parameters, from_server)
    expect(encode(decode(written, from_server), from_server) == written, "written parameters are read as others")
    return [f"{data.hex()}: {written.hex()}"]


def check(seed: int, number: int) -> list[str]:
    return named(seed, number, lambda rng: check_datagram(rng) + check_parameters(rng))


def main() -> None:
    run(__doc__, check, "compiled" if zttp_h3.COMPILED else "interpreted")


if __name__ == "__main__":
    main()
