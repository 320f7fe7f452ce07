"""HTTP/3: zttp against its reference (zttp 0.0.35), aioquic and qh3. README.md has the method.

python benchmarks/http3.py               every row, in about three minutes
python benchmarks/http3.py --only small  the rows whose group or name contains this
python benchmarks/http3.py --check       do all contestants exchange the same data? no timing
"""

from pathlib import Path

from harness.command import Benchmark, main
from harness.environments import Peer
from http3_suite.growth import GROWTH
from http3_suite.targets import targets
from http3_suite.workloads import WORKLOADS

PEERS = (
    Peer("aioquic", "aioquic_driver", ("aioquic==1.7.2",)),
    Peer("reference", "zttp_driver", ("zttp==0.0.35",)),
    Peer("qh3", "aioquic_driver", ("qh3==2.1.0",)),
)

if __name__ == "__main__":
    benchmark = Benchmark(
        "HTTP/3", "http3_suite", WORKLOADS, targets, ours_driver="zttp_driver", peers=PEERS, growth=GROWTH
    )
    raise SystemExit(main(benchmark, repository=Path(__file__).resolve().parents[1]))
