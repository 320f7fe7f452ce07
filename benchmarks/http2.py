"""HTTP/2: zttp against its reference (zttp 0.0.35), jh2 and hyper-h2. README.md has the method.

python benchmarks/http2.py               every row, in about two minutes
python benchmarks/http2.py --only warm   the rows whose group or name contains this
python benchmarks/http2.py --check       do all contestants extract the same data? no timing
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.command import UNAVAILABLE, Benchmark, main
from harness.contestants import Worker
from harness.environments import InstallationError, Peer, ensure_environment
from http2_suite import hpack_environment
from http2_suite.growth import GROWTH
from http2_suite.targets import targets
from http2_suite.workloads import WORKLOADS

PEERS = (
    Peer("reference", "zttp_driver", ("zttp==0.0.35",)),
    Peer("jh2", "h2_driver", ("jh2==5.0.15",)),
    Peer("hyper-h2", "h2_driver", ("h2==4.4.1", *hpack_environment.REQUIREMENTS)),
)


def remarks(workers: Sequence[Worker]) -> Iterable[str]:
    """Yield the sizes of the contestants' field blocks."""
    from http2_suite.wire_sizes import wire_sizes  # needs hpack, which is installed when a benchmark runs

    yield from wire_sizes(workers)


if __name__ == "__main__":
    try:
        ensure_environment(hpack_environment.ENVIRONMENT, hpack_environment.REQUIREMENTS)
    except InstallationError as error:
        print(f"cannot make an environment: {error}", file=sys.stderr)
        raise SystemExit(UNAVAILABLE) from None
    benchmark = Benchmark(
        "HTTP/2",
        "http2_suite",
        WORKLOADS,
        targets,
        ours_driver="zttp_driver",
        peers=PEERS,
        growth=GROWTH,
        remarks=remarks,
    )
    raise SystemExit(main(benchmark, repository=Path(__file__).resolve().parents[1]))
