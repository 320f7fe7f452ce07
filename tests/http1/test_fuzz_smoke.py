"""The mutation fuzzer, briefly and with fixed seeds, on the build under test. More: `python fuzz/http1.py`."""

import random

import pytest

import zttp
import zttp_h1
from fuzz import http1 as fuzzer

ITERATIONS = 1_500 if zttp_h1.COMPILED else 250


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found(seed: int) -> None:
    assert fuzzer.fuzz(seed, iterations=ITERATIONS) == ITERATIONS


def test_every_seed_of_the_corpus_passes_undamaged() -> None:
    for data in [*fuzzer.corpus(zttp.SERVER), *fuzzer.corpus(zttp.CLIENT)]:
        fuzzer.check(data, random.Random(0))


def test_an_input_is_found_again_by_its_number() -> None:
    first = next(fuzzer.inputs(7, 42))
    again = next(fuzzer.inputs(7, 42))
    assert (first[0], first[1]) == (again[0], again[1]) == (42, again[1])


def test_the_fuzzer_sees_an_outcome_that_depends_on_the_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Confused(fuzzer.Run):
        def play(self, pieces: object, *, eof: bool, lazy: object = None) -> list[object]:
            return [pieces]

    monkeypatch.setattr(fuzzer, "Run", Confused)
    with pytest.raises(fuzzer.FindingError, match="differs"):
        fuzzer.check(b"GET / HTTP/1.1\r\n\r\n", random.Random(0))


@pytest.mark.parametrize("seed", range(2))
def test_noise(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(ITERATIONS // 5):
        fuzzer.check(rng.randbytes(rng.randint(0, 200)), rng)
