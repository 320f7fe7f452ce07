"""HTTP/1.1: zttp against its reference (zttp 0.0.35), httptools and h11. README.md has the method.

python benchmarks/http1.py                  every row, in about a minute
python benchmarks/http1.py --only chunked   the rows whose group or name contains this
python benchmarks/http1.py --check          do all contestants extract the same data? no timing
"""

from pathlib import Path

from harness.command import Benchmark, main
from harness.environments import Peer
from http1_suite.growth import GROWTH
from http1_suite.targets import targets
from http1_suite.workloads import WORKLOADS

PEERS = (
    Peer("reference", "zttp_driver", ("zttp==0.0.35",)),
    Peer("httptools", "httptools_driver", ("httptools==0.9.0",)),
    Peer("h11", "h11_driver", ("h11==0.16.0",)),
)

if __name__ == "__main__":
    benchmark = Benchmark(
        "HTTP/1.1", "http1_suite", WORKLOADS, targets, ours_driver="zttp_driver", peers=PEERS, growth=GROWTH
    )
    raise SystemExit(main(benchmark, repository=Path(__file__).resolve().parents[1]))
