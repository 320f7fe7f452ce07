"""The cost of encrypting and decrypting one packet of 1200 octets, compared with the cipher alone.

    python scripts/environments.py compiled                         # prints the Python of the compiled build
    PYTHON benchmarks/http3_suite/packets.py                        # nanoseconds, rows interleaved, lower quartiles
    PYTHON benchmarks/http3_suite/packets.py --instructions         # counted by callgrind: the same on a busy machine

The floor is the two calls into `cryptography` that RFC 9001 5.3 and 5.4 require. It is measured next to each row, by
the same loop; the difference is ours: nonce, header, mask, packet number, slices, and the loop's own header.
"""

import argparse
import gc
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import ECB
from librt.strings import BytesWriter

import zttp_h3
from zttp_h3.protection.key_phases import KeyPhases
from zttp_h3.protection.labels import labels_of
from zttp_h3.protection.packet_keys import Forgeries
from zttp_h3.protection.suites import SUITES, Suite
from zttp_h3.wire.frame_reader import AckFrame, read_stream
from zttp_h3.wire.frame_types import IN_ONE_RTT, read_frame_type
from zttp_h3.wire.frame_writer import write_ack, write_stream
from zttp_h3.wire.packet_header import write_short_header
from zttp_h3.wire.versions import VERSION_1

SIZE = 1200
NUMBER = 0x12345678
CONNECTION_ID = b"8 octets"
BURST = 10
ROUNDS = 25
TURNS = 400
Row = Callable[[], object]


def rows_of(suite: Suite) -> dict[str, tuple[Row, int]]:
    """The measured rows of a suite, and the packets of each call."""
    labels, secret = labels_of(VERSION_1), bytes(suite.hash_size)
    # Limits are not measured.
    unlimited = Suite(
        suite.identifier, suite.name, suite.hash_algorithm, suite.key_size, suite.is_aes, 2**60, 2**60
    )  # fmt: skip
    keys = KeyPhases(unlimited, labels, secret, secret, Forgeries(2**60))
    header = BytesWriter()
    write_short_header(header, CONNECTION_ID, 0, NUMBER, 4)
    plain = header.getvalue()
    payload = bytes(SIZE - len(plain) - 16)
    # The floor has none of our objects.
    aead = AESGCM(bytes(suite.key_size)) if suite.is_aes else ChaCha20Poly1305(bytes(32))
    encrypt, decrypt = aead.encrypt, aead.decrypt
    algorithm = AES(bytes(suite.key_size)) if suite.is_aes else ChaCha20(bytes(32), bytes(16))
    context = Cipher(algorithm, ECB() if suite.is_aes else None).encryptor()
    update, reset = context.update, context.reset_nonce
    nonce, sample = bytes(12), bytes(16)
    protected = encrypt(nonce, payload, plain)

    def mask() -> None:
        if not suite.is_aes:
            reset(sample)
        update(sample)

    def write_header() -> None:
        header.truncate(0)
        write_short_header(header, CONNECTION_ID, 0, NUMBER, 4)

    def seal() -> bytes:
        write_header()
        return keys.seal(header, 4, NUMBER, payload)

    def seal_burst() -> list[bytes]:
        burst = keys.burst()
        for _ in range(BURST):
            write_header()
            keys.seal_in(burst, header, 4, NUMBER, payload)
        return burst.take()

    packet = seal()
    assert seal_burst() == [packet] * BURST
    assert keys.open(packet, 0, 9, SIZE, NUMBER - 1) == (plain[0], NUMBER, payload)

    def floor_of_sealing() -> None:
        encrypt(nonce, payload, plain)
        mask()

    def floor_of_opening() -> None:
        decrypt(nonce, protected, plain)
        mask()

    return {
        "cipher and mask, sealing": (floor_of_sealing, 1),
        "seal": (seal, 1),
        f"seal, {BURST} in a burst": (seal_burst, BURST),
        "cipher and mask, opening": (floor_of_opening, 1),
        "open": (lambda: keys.open(packet, 0, 9, SIZE, NUMBER - 1), 1),
    }


def wire_rows() -> dict[str, tuple[Row, int]]:
    """The frames of most packets."""
    writer, ack = BytesWriter(), AckFrame()
    data = bytes(1100)

    def write_frames() -> bytes:
        writer.truncate(0)
        write_ack(writer, 70000, 69000, 25, [], 32)
        write_stream(writer, 4, 1 << 20, data, False, True)
        return writer.getvalue()

    payload = write_frames()

    def read_frames() -> object:
        frame_type, at = read_frame_type(payload, 0, len(payload), IN_ONE_RTT, True)
        at = ack.read(payload, at, len(payload), frame_type)
        frame_type, at = read_frame_type(payload, at, len(payload), IN_ONE_RTT, True)
        return read_stream(payload, at, len(payload), frame_type)

    return {"write ACK and STREAM": (write_frames, 1), "read ACK and STREAM": (read_frames, 1)}


def all_rows() -> dict[tuple[str, str], tuple[Row, int]]:
    """Every row by group and name."""
    groups = {suite.name: rows_of(suite) for suite in SUITES.values()} | {"frames": wire_rows()}
    return {(group, name): row for group, rows in groups.items() for name, row in rows.items()}


def timed() -> dict[tuple[str, str], float]:
    """Nanoseconds for each packet: the lower quartile of interleaved rounds."""
    rows = all_rows()
    times: dict[tuple[str, str], list[float]] = {key: [] for key in rows}
    gc.disable()
    for _ in range(ROUNDS):
        for key, (row, packets) in rows.items():
            start = time.perf_counter_ns()
            for _ in range(TURNS // packets):
                row()
            times[key].append((time.perf_counter_ns() - start) / (TURNS // packets * packets))
    return {key: statistics.quantiles(found, n=4)[0] for key, found in times.items()}


def counted() -> dict[tuple[str, str], float]:
    """Instructions for each packet: those that many more packets add to a whole process under callgrind."""
    few, more = 20, 520
    _process(0, few)  # work that is done once on a machine, like writing the bytecode
    return {
        key: (_process(number, more) - _process(number, few)) / (more - few) for number, key in enumerate(all_rows())
    }


def _process(number: int, packets: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "callgrind.out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={output}", sys.executable, "-P", __file__]
        environment = {"PYTHONHASHSEED": "0", "PYTHONPATH": str(Path(zttp_h3.__file__).parents[1])}
        subprocess.run(
            [*command, "--turn", str(number), str(packets)], check=True, capture_output=True, env=environment
        )
        found = re.search(r"^(?:summary|totals): (\d+)", output.read_text(), re.MULTILINE)
    assert found is not None, "callgrind wrote no total"
    return int(found[1])


def turn(number: int, packets: int) -> None:
    """Do one row so many times, for ``counted``."""
    row, of_each = list(all_rows().values())[number]
    for _ in range(packets // of_each):
        row()


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instructions", action="store_true", help="count instead of timing")
    parser.add_argument("--turn", nargs=2, type=int, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.turn:
        turn(*options.turn)
        return
    if not zttp_h3.COMPILED:
        sys.exit("zttp_h3 is not compiled: there is nothing worth measuring")
    unit, measured = ("instructions", counted()) if options.instructions else ("ns", timed())
    for (group, name), value in measured.items():
        floor = measured.get((group, f"cipher and mask, {'opening' if 'open' in name else 'sealing'}"))
        ratio = f"{value / floor:6.2f} x" if floor and floor != value else ""
        print(f"{group:30} {name:28} {value:9.0f} {unit} {ratio}".rstrip())


if __name__ == "__main__":
    main()
