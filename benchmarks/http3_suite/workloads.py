"""The measured work, row by row. `kind` names the task builder in each driver."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from harness.suite import Workload
from http3_suite import messages as m

HANDSHAKE = "handshake to first response"
SEQUENTIAL = "small requests, one after the other"
CONCURRENT = "small requests at once"
FIELDS = "30 header fields, varying"
TRANSFER = "transfer of 1 MiB"
NARROW = "transfer of 1 MiB, path of 1,280 bytes"
LOSSY = "1 % loss, transfer of 1 MiB"
COMPLETION = "completion time at 1 % loss"
MEMORY = "memory of an idle connection"
DATAGRAMS = "datagrams, both ways"

FULL = "full"
FULL_HYBRID = "full, X25519MLKEM768"
RESUMED = "resumed"
ONE = "1 at a time"
FIFTY = "50"
HUNDRED = "100"
DOWNLOAD = "download"
UPLOAD = "upload"
SERVER_CONNECTION = "server, after one request"
OF_HANDSHAKE = "handshake and first response"
OF_REQUEST = "request and response"

SIDES = {"both": "", "server": ", server", "client": ", client"}
LOSS = 0.01
NARROW_PATH = 1_280
"""Bytes of a datagram: nearly what all send that do not look for more, so that datagrams are as many for everybody."""

FAILS = {"reference": "the second batch of 100 breaks the connection"}
BREAKS = {"reference": "some patterns of loss break the connection"}
ABORTS = {"reference": "the process aborts when a value differs from one in the table"}


def of_each_side(
    group: str, name: str, kind: str, unable: Mapping[str, str] = MappingProxyType({}), **parameters: Any
) -> list[Workload]:
    """Return three rows: the cost of both sides, and of each of them."""
    return [
        Workload(group, name + suffix, kind, {**parameters, "side": side}, is_whole=side == "both", unable=unable)
        for side, suffix in SIDES.items()
    ]


def handshakes(name: str, kind: str = "handshake", **parameters: Any) -> list[Workload]:
    """Return the rows of one kind of handshake."""
    return of_each_side(HANDSHAKE, name, kind, request=m.GET, response=m.JSON, **parameters)


WORKLOADS: tuple[Workload, ...] = (
    *handshakes(FULL, resumed=False),
    *handshakes(RESUMED, resumed=True),
    Workload(
        HANDSHAKE,
        FULL_HYBRID,
        "hybrid_handshake",
        {"request": m.GET, "response": m.JSON, "side": "both"},
    ),
    *of_each_side(SEQUENTIAL, ONE, "requests", requests=[m.GET], response=m.JSON),
    *of_each_side(CONCURRENT, FIFTY, "requests", requests=[m.GET], response=m.JSON, at_once=50),
    *of_each_side(CONCURRENT, HUNDRED, "requests", FAILS, requests=[m.GET], response=m.JSON, at_once=100),
    *of_each_side(FIELDS, ONE, "requests", ABORTS, requests=m.VARYING, response=m.JSON),
    *of_each_side(TRANSFER, DOWNLOAD, "requests", requests=[m.GET], response=m.DOWNLOAD),
    *of_each_side(TRANSFER, UPLOAD, "requests", requests=[m.UPLOAD], response=m.STORED),
    Workload(
        NARROW,
        DOWNLOAD,
        "requests",
        {"requests": [m.GET], "response": m.DOWNLOAD, "side": "both", "carried": NARROW_PATH},
    ),
    Workload(
        NARROW,
        UPLOAD,
        "requests",
        {"requests": [m.UPLOAD], "response": m.STORED, "side": "both", "carried": NARROW_PATH},
    ),
    *of_each_side(LOSSY, DOWNLOAD, "requests", requests=[m.GET], response=m.DOWNLOAD, loss=LOSS),
    *of_each_side(LOSSY, UPLOAD, "requests", requests=[m.UPLOAD], response=m.STORED, loss=LOSS),
    Workload(
        COMPLETION,
        DOWNLOAD,
        "completion_time",
        {"request": m.GET, "response": m.DOWNLOAD, "loss": LOSS},
        unit="virtual us",
        unable=BREAKS,
    ),
    Workload(
        COMPLETION,
        UPLOAD,
        "completion_time",
        {"request": m.UPLOAD, "response": m.STORED, "loss": LOSS},
        unit="virtual us",
        unable=BREAKS,
    ),
    Workload(MEMORY, SERVER_CONNECTION, "idle_memory", {"request": m.GET, "response": m.JSON}, unit="bytes"),
    Workload(DATAGRAMS, OF_HANDSHAKE, "handshake_datagrams", {"request": m.GET, "response": m.JSON}, unit="datagrams"),
    Workload(
        DATAGRAMS,
        OF_REQUEST,
        "request_datagrams",
        {"requests": [m.GET], "response": m.JSON, "at_once": 1},
        unit="datagrams",
    ),
)
