"""How many times cheaper than each peer ours has to be; a row of one side must not cost more than theirs: 1.0."""

from harness.suite import Workload
from http3_suite import workloads as w

ANY_ROW = "any"
PEERS = ("aioquic", "reference", "qh3")
NO_TARGET = (1.0, 1.0, 1.0)

#   group, row                         aioquic, reference, qh3
TARGETS: dict[tuple[str, str], tuple[float, float, float]] = {
    (w.HANDSHAKE, ANY_ROW): (3, 2, 1.7),
    # The key exchange alone is most of it, and the same for both.
    (w.HANDSHAKE, w.FULL_HYBRID): (1, 1, 1.1),
    (w.SEQUENTIAL, ANY_ROW): (12, 2.5, 3),
    (w.CONCURRENT, ANY_ROW): (4, 4, 2),
    (w.FIELDS, ANY_ROW): (8, 1, 2),
    (w.TRANSFER, ANY_ROW): (6, 7, 1.4),
    (w.LOSSY, ANY_ROW): (7, 8, 1.2),
    # 1 / 1.05 against qh3: the same time, but for chance in the lost datagrams.
    (w.COMPLETION, ANY_ROW): (1, 2, 0.95),
    (w.MEMORY, ANY_ROW): (2.86, 1, 2),
    (w.DATAGRAMS, ANY_ROW): (1, 2, 1.43),
}


def targets(workload: Workload) -> dict[str, float]:
    """Return, by peer, the ratio that a workload has to reach."""
    if not workload.is_whole:
        return dict.fromkeys(PEERS, 1.0)
    row = TARGETS.get((workload.group, workload.name)) or TARGETS.get((workload.group, ANY_ROW)) or NO_TARGET
    return dict(zip(PEERS, row, strict=True))
