"""How cost grows: the same work in sizes that double, one group for each of them. A row's name is its size."""

from typing import Any

from harness.suite import Workload
from http3_suite import messages as m
from http3_suite.workloads import BREAKS


def both(group: str, size: object, **parameters: Any) -> Workload:
    """Return the cost of requests for both sides."""
    unable = BREAKS if parameters.get("loss") else {}
    return Workload(group, str(size), "requests", {**parameters, "side": "both"}, unable=unable)


def request_of(fields: int) -> m.Request:
    """Return a request with so many fields, all different."""
    return m.GET._replace(fields=[(b"x-field-%d" % number, b"value %d" % number) for number in range(fields)])


def download_of(kib: int) -> m.Response:
    """Return the answer to a download."""
    content = m.pattern(kib * m.KIB)
    return m.DOWNLOAD._replace(content=content, fields=[(b"content-length", b"%d" % len(content))])


GROWTH: tuple[Workload, ...] = (
    *(both("fields", number, requests=[request_of(number)], response=m.JSON) for number in (2, 8, 32)),
    *(both("content, KiB", kib, requests=[m.GET], response=download_of(kib)) for kib in (16, 64, 256, 1024)),
    *(both("streams at once", n, requests=[m.GET], response=m.JSON, at_once=n) for n in (1, 4, 16, 64)),
    *(
        both("loss, % of datagrams", percent, requests=[m.GET], response=download_of(256), loss=percent / 100)
        for percent in (0.5, 1, 2, 4)
    ),
    *(both("connections", n, requests=[m.GET], response=m.JSON, connections=n) for n in (1, 8, 64, 256)),
    *(
        Workload(
            "connections, memory of each",
            str(number),
            "idle_memory",
            {"request": m.GET, "response": m.JSON, "connections": number},
            unit="bytes",
        )
        for number in (256, 512, 1024)
    ),
)
