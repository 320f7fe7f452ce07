"""How many times faster than each peer ours has to be. A row that is not named must not be slower: 1.0."""

from harness.suite import Workload
from http2_suite import workloads as w

ANY_ROW = "any"
NO_TARGET = (1.0, 1.0, 1.0)

#   group, row                                   reference, jh2, hyper-h2
TARGETS: dict[tuple[str, str], tuple[float, float, float]] = {
    (w.COLD, "GET, tiny"): (3.5, 17, 45),
    (w.COLD, "GET, API-sized"): (4.5, 17, 45),
    (w.COLD, "GET, browser-sized"): (6, 17, 45),
    (w.COLD, "GET, proxied"): (6, 17, 45),
    (w.WARM, ANY_ROW): (4.5, 40, 80),
    (w.CHURN, ANY_ROW): (8, 19, 19),
    (w.MULTIPLEXED, ANY_ROW): (2.2, 35, 35),
    # 1.5 for a field or two, 3.5 for rows that gain from a filled table.
    (w.COLD_ENCODING, ANY_ROW): (1.5, 10, 10),
    (w.WARM_ENCODING, ANY_ROW): (1.5, 10, 10),
    (w.WARM_ENCODING, "200, 14 fields"): (3.5, 10, 10),
    (w.LONG_LIVED, ANY_ROW): (3, 39, 39),
    (w.TRANSFER, w.UPLOAD_WIDE): (4, 12, 12),
    (w.TRANSFER, w.UPLOAD_NARROW): (4, 12, 12),
    (w.TRANSFER, w.DOWNLOAD_WIDE): (3, 3.4, 3.4),
    (w.TRANSFER, w.DOWNLOAD_NARROW): (25, 5.7, 5.7),
}


def targets(workload: Workload) -> dict[str, float]:
    """Return, by peer, the ratio that a workload has to reach."""
    row = TARGETS.get((workload.group, workload.name)) or TARGETS.get((workload.group, ANY_ROW)) or NO_TARGET
    return dict(zip(("reference", "jh2", "hyper-h2"), row, strict=True))
