"""The shared part of the programs in this folder: a probe tries one feature of a peer and returns the outcome.

The modules with probes run in the environment of their peer, where nothing of ours is installed: see ``run.py``. A
probe has the name of its row in ``matrix.toml``, and returns its cell: ``yes``, ``no``, ``partly``, a number.
"""

import re
import struct
from collections.abc import Callable
from importlib.metadata import distribution, requires
from pathlib import Path

Probe = Callable[[], str]
PROBES: dict[str, Probe] = {}

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS, PING = 1, 3, 4, 6
END_STREAM_AND_HEADERS = 0x5
GET = b"\x82\x84\x86\x41\x01a"  # RFC 7541: GET, /, http, :authority a

REFUSALS = {
    "head_limit_by_default": b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000_000,
    "bare_lf": b"GET / HTTP/1.1\nHost: a\n\n",
    "two_framings": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


def probe(function: Probe) -> Probe:
    """Register a probe under its name."""
    PROBES[function.__name__] = function
    return function


def said(answer: bool) -> str:
    """``yes`` or ``no``."""
    return "yes" if answer else "no"


def probe_refusals(refused: Callable[[bytes], bool]) -> None:
    """Register requests that an HTTP/1.1 server should refuse, for a peer with a function ``refused``."""
    for name, data in REFUSALS.items():
        PROBES[name] = lambda data=data: said(refused(data))  # type: ignore[misc]


def frame(kind: int, flags: int, stream_id: int, payload: bytes) -> bytes:
    """A frame of HTTP/2 (RFC 9113 4.1)."""
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream_id) + payload


def resets(count: int) -> bytes:
    """Requests, each reset at once: CVE-2023-44487."""
    return b"".join(
        frame(HEADERS, END_STREAM_AND_HEADERS, number, GET) + frame(RST_STREAM, 0, number, bytes((0, 0, 0, 8)))
        for number in range(1, 2 * count, 2)
    )


def pings(count: int) -> bytes:
    """PINGs that all require an answer: CVE-2019-9512."""
    return frame(PING, 0, 0, bytes(8)) * count


def of_distribution(name: str) -> dict[str, str]:
    """The facts in the metadata and files of an installed distribution."""
    files = [str(file) for file in distribution(name).files or ()]
    [wheel] = [distribution(name).locate_file(file) for file in files if file.endswith(".dist-info/WHEEL")]
    tags = re.findall(r"^Tag: (.+)$", Path(str(wheel)).read_text(), re.MULTILINE)
    needed = [text for text in requires(name) or () if "extra ==" not in text]
    return {
        "compiled": said(any(file.endswith((".so", ".pyd")) for file in files)),
        "typed": said(any(file.endswith("py.typed") for file in files)),
        "pure_wheel": said(all(tag.endswith("-none-any") for tag in tags)),
        "dependencies": str(len(needed)),
        "plugins": said(any("entry_points(" in text for text in _sources(name, files))),
    }


def _sources(name: str, files: list[str]) -> list[str]:
    return [Path(str(distribution(name).locate_file(file))).read_text() for file in files if file.endswith(".py")]
