"""Coverage-guided fuzzing of the interpreted sources: atheris mutates the inputs that reach new code.

    make fuzz                                             all fuzzers, then this for each of them
    python fuzz/shared/guided.py http2 --seconds 600
    python fuzz/shared/guided.py http2 FILE               one input again

It runs in the environment that `scripts/environments.py guided` makes.

The compiled modules cannot be instrumented from Python: the fuzzers themselves test those, with mutations alone.
The corpus stays in `.build/fuzz`, and the next run begins with it.
"""

import argparse
import random
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[2]))

from fuzz.shared.steered import Steered

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".build/fuzz"
PACKAGES = ["zttp_core", "zttp_h1", "zttp_h2", "zttp_h3"]
CHOICES = 16  # bytes before a stream, for the choices of a fuzzer
HANG_SECONDS = 20
TARGETS = ("http1", "http2", "http3", "field_blocks", "quic_packets")


def target_of(name: str, fuzzer: Any) -> Callable[[bytes], object]:
    """Return the function that tests an input."""
    if name == "http1":
        return lambda data: fuzzer.check(data[CHOICES:], Steered(data[:CHOICES]))
    if name == "http2":
        roles = (fuzzer.zttp.SERVER, fuzzer.zttp.CLIENT)
        return lambda data: fuzzer.check(roles[data[0] % 2 if data else 0], data[CHOICES:], Steered(data[1:CHOICES]))
    checks: dict[str, tuple[str, ...]] = {
        "field_blocks": ("check_decoder", "check_encoder"),
        "quic_packets": ("check_datagram", "check_parameters"),
    }
    found = (
        [getattr(fuzzer, check) for check in checks[name]] if name in checks else sorted(set(fuzzer.CHECKS), key=str)
    )
    return lambda data: found[data[0] % len(found) if data else 0](Steered(data[1:]))


def seeds_of(name: str, fuzzer: Any) -> Iterator[bytes]:
    """Yield the first inputs: the wire cases, or random bytes."""
    if name in ("http1", "http2"):
        for number, role in enumerate((fuzzer.zttp.SERVER, fuzzer.zttp.CLIENT)):
            yield from (bytes([number]) * CHOICES + data for data in fuzzer.corpus(role))
    else:
        chance = random.Random(1)
        yield from (bytes([number % 8]) + chance.randbytes(400) for number in range(32))


def main() -> None:
    """Fuzz until the time is over; a finding ends the program with its traceback and the file of the input."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("input", type=Path, nargs="?", help="one input again")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--iterations", type=int, default=-1)
    parser.add_argument("--seed", type=int, default=0, help="0: by chance")
    options = parser.parse_args()

    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=PACKAGES):
        for package in PACKAGES:
            import_module(package)
        fuzzer = import_module(f"fuzz.{options.target}")
    if import_module("zttp_core").COMPILED:
        sys.exit("this is a compiled build: there is nothing to instrument")
    do = target_of(options.target, fuzzer)
    if options.input is not None:
        print(do(options.input.read_bytes()))
        return
    corpus = KEPT / options.target
    if not corpus.exists():
        corpus.mkdir(parents=True)
        for number, data in enumerate(seeds_of(options.target, fuzzer)):
            (corpus / f"seed-{number}").write_bytes(data)
    words = {
        "max_total_time": int(options.seconds),
        "runs": options.iterations,
        "seed": options.seed,
        "timeout": HANG_SECONDS,
        "max_len": 4096,
        "artifact_prefix": f"{KEPT}/{options.target}-",
        "print_final_stats": 1,
        "verbosity": 0,
    }
    atheris.Setup([sys.argv[0], *(f"-{name}={value}" for name, value in words.items()), str(corpus)], do)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
