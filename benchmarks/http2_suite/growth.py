"""How cost grows: the same work in sizes that double, one group for each of them. A row's name is its size."""

from harness.suite import Workload
from http2_suite import messages as m


def request_of(fields: int) -> m.Request:
    """Return a request with so many fields, all different."""
    return m.API._replace(fields=[(b"x-field-%d" % number, b"value %d" % number) for number in range(fields)])


GROWTH: tuple[Workload, ...] = (
    *(Workload("fields", str(n), "read_first_request", {"request": request_of(n)}) for n in (2, 4, 8, 16, 32, 64)),
    *(
        Workload("content, KiB", str(kib), "upload", {"request": m.upload(kib * m.KIB), "is_wide": True})
        for kib in (16, 64, 256, 1024)
    ),
    *(
        Workload("streams at once", str(n), "multiplex", {"requests": (m.API,), "response": m.JSON, "at_once": n})
        for n in (1, 4, 16, 64)
    ),
    *(
        Workload("connections", str(n), "serve", {"requests": (m.API,), "response": m.JSON, "connections": n})
        for n in (1, 8, 64, 512)
    ),
    *(
        Workload(
            "connections, memory of each",
            str(number),
            "idle_memory",
            {"request": m.API, "response": m.JSON, "connections": number},
            unit="bytes",
        )
        for number in (64, 256, 1024)
    ),
)
