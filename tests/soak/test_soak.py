"""The soak tests, run briefly: memory stays flat; and a leak is detected."""

import random
import subprocess
import sys
from array import array
from importlib.util import find_spec
from pathlib import Path

import pytest

from soak.shared.flat import Soak

FOLDER = Path(__file__).parents[2] / "soak"
NEEDS = {"http1": "zttp_h1", "http2": "zttp_h2", "http3": "zttp_h3"}
REQUESTS = {"http1": 300, "http2": 500, "http3": 150}


def test_every_protocol_has_a_soak() -> None:
    assert {path.stem for path in FOLDER.glob("*.py")} == set(NEEDS)


@pytest.mark.parametrize("name", NEEDS)
def test_memory_is_flat(name: str) -> None:
    if find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is missing")
    command = [sys.executable, "-P", str(FOLDER / f"{name}.py"), "--requests", str(REQUESTS[name])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.endswith(": flat\n")


def soaked(*, blocks: list[int], requests: int, most_blocks: int = 100) -> Soak:
    soak = Soak("a protocol", lambda _: 0, most_blocks=most_blocks)
    soak.rounds = len(blocks)
    soak.requests = array("q", [requests * number for number in range(len(blocks))])
    soak.blocks, soak.resident = array("q", blocks), array("q", bytes(8 * len(blocks)))
    return soak


def test_what_grows_with_the_requests_is_not_flat() -> None:
    leaks = [1000 + 60 * number for number in range(20)]
    assert not soaked(blocks=leaks, requests=60).is_flat()
    assert not soaked(blocks=[1000 + 30 * number for number in range(100)], requests=60).is_flat()
    assert not soaked(blocks=leaks, requests=60, most_blocks=300).is_flat()


def test_caches_that_fill_and_peaks_are_flat() -> None:
    filling = [1000 + min(200 * number, 1000) for number in range(20)]
    assert soaked(blocks=filling, requests=60).is_flat()
    peaks = [1000 + 5000 * (number % 3 == 0) for number in range(20)]
    assert soaked(blocks=peaks, requests=60).is_flat()


def test_resident_memory_counts_too() -> None:
    soak = soaked(blocks=[1000] * 20, requests=60)
    soak.resident = array("q", [(50 + 3 * number) << 20 for number in range(20)])
    assert not soak.is_flat()


def test_a_round_is_measured_after_a_collection_and_keeps_nothing_of_its_own() -> None:
    kept: list[object] = []
    rounds = iter(range(100))

    def leak(_: random.Random) -> int:
        if next(rounds) > 12:
            kept.extend(bytes(1000) for _ in range(300))
        loop: list[object] = []
        loop.append(loop)  # the collection frees a cycle
        return 60

    soak = Soak("a protocol", leak)
    for _ in range(20):
        soak.go_on(random.Random(1))
    assert soak.requests[-1] == 20 * 60
    assert soak.growth()[1] >= 300
    assert len(kept) == 7 * 300
