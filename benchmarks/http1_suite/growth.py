"""How cost grows: the same work in sizes that double, one group for each of them. A row's name is its size."""

from harness.suite import Workload
from http1_suite import messages as m
from http1_suite.workloads import LISTED, fresh


def request_of(fields: int) -> bytes:
    """Return a request with so many fields, all different."""
    return m.head(
        b"GET /v1/items HTTP/1.1",
        [(b"Host", b"example.com"), *((b"X-Field-%d" % number, b"value %d" % number) for number in range(fields - 1))],
    )


def upload_of(kib: int) -> bytes:
    """Return an upload."""
    return m.head(b"POST /files HTTP/1.1", m.upload_fields(kib * m.KIB)) + m.text(kib * m.KIB)


def chunked_of(chunks: int) -> bytes:
    """Return a request whose content comes in so many chunks."""
    return m.CHUNKED_HEAD + m.chunked(m.text(64 * chunks), 64)


GROWTH: tuple[Workload, ...] = (
    *(fresh("fields", str(number), request_of(number), fields=LISTED) for number in (2, 4, 8, 16, 32, 64)),
    *(fresh("content, KiB", str(kib), *m.pieces(upload_of(kib), m.SOCKET_READ)) for kib in (4, 16, 64, 256, 1024)),
    *(fresh("chunks", str(number), chunked_of(number)) for number in (1, 4, 16, 64, 256)),
    *(
        Workload(
            "connections",
            str(number),
            "serve",
            {"request": m.API_GET, "message": m.JSON_RESPONSE, "connections": number},
        )
        for number in (1, 8, 64, 512, 4096)
    ),
    *(
        Workload(
            "connections, memory of each",
            str(number),
            "idle_memory",
            {"request": m.API_GET, "message": m.JSON_RESPONSE, "connections": number},
            unit="bytes",
        )
        for number in (256, 1024, 4096)
    ),
)
