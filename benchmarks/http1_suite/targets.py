"""How many times faster than each peer ours has to be. A row that is not named must not be slower: 1.0."""

from harness.suite import Workload
from http1_suite import workloads as w

ANY_ROW = "any"

#   group                 row                      reference  httptools
TARGETS: dict[tuple[str, str], tuple[float, float]] = {
    (w.FRESH, w.TINY): (2.0, 2.8),
    (w.FRESH, w.API): (2.4, 3.5),
    (w.FRESH, w.BROWSER): (2.8, 4.2),
    (w.FRESH, w.UPLOAD_WHOLE): (1.7, 2.0),
    (w.FRESH, w.UPLOAD_SEGMENTS): (1.7, 2.0),
    (w.FRESH, w.UPLOAD_LARGE): (1.7, 2.0),
    # 1.2 for rows with mostly header objects, 2.1 for rows with hardly a header.
    (w.FRESH_LISTED, w.TINY): (1.6, 2.1),
    (w.FRESH_LISTED, ANY_ROW): (1.6, 1.2),
    (w.FRESH_LOWERED, w.TINY): (1.6, 2.1),
    (w.FRESH_LOWERED, ANY_ROW): (1.6, 1.2),
    (w.KEPT_ALIVE, w.TINY): (1.7, 2.5),
    (w.KEPT_ALIVE, w.API): (2.8, 2.5),
    (w.KEPT_ALIVE, w.BROWSER): (3.5, 6.0),
    (w.CHUNKED, "1 MiB in chunks of 64 KiB"): (6.0, 1.4),
    (w.CHUNKED, "1,000 chunks of 16 bytes"): (5.0, 3.5),
    (w.WRITE_RESPONSES, "204"): (1.6, 1.0),
    (w.WRITE_RESPONSES, "200, JSON"): (1.6, 1.0),
    (w.WRITE_RESPONSES, "200, 14 headers"): (1.6, 1.0),
    (w.WRITE_RESPONSES, "200, 64 KiB"): (12.0, 1.0),
    (w.WRITE_RESPONSES, "200, 1 MiB in pieces of 64 KiB"): (10.0, 1.0),
    (w.WRITE_REQUESTS, "GET, tiny"): (1.6, 1.0),
    (w.WRITE_REQUESTS, "GET, API-sized"): (1.6, 1.0),
    (w.WRITE_REQUESTS, "POST, JSON"): (1.6, 1.0),
    (w.WRITE_REQUESTS, "upload 64 KiB"): (12.0, 1.0),
    (w.WRITE_REQUESTS, "upload 1 MiB in pieces of 64 KiB"): (10.0, 1.0),
    (w.CYCLE, ANY_ROW): (1.7, 2.7),
    (w.LOOKUP, "absent"): (1.5, 1.0),
}


def targets(workload: Workload) -> dict[str, float]:
    """Return, by peer, the ratio that a workload has to reach."""
    row = TARGETS.get((workload.group, workload.name)) or TARGETS.get((workload.group, ANY_ROW)) or (1.0, 1.0)
    return {"reference": row[0], "httptools": row[1], "h11": 1.0}
