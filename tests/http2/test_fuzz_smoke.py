"""The mutation fuzzer, briefly and with fixed seeds, on the build under test. More: `python fuzz/http2.py`."""

import random
from collections.abc import Callable

import pytest

import zttp
import zttp_h2
from fuzz import http2 as fuzzer
from tests.http2.frame_language import Frame, frame_bytes

ITERATIONS = 1_500 if zttp_h2.COMPILED else 250


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found(seed: int) -> None:
    assert fuzzer.fuzz(seed, iterations=ITERATIONS) == ITERATIONS


def test_every_seed_of_the_corpus_passes_undamaged() -> None:
    for role in (zttp.SERVER, zttp.CLIENT):
        for data in fuzzer.corpus(role):
            fuzzer.check(role, data, random.Random(0))


def test_an_input_is_found_again_by_its_number() -> None:
    inputs = fuzzer.inputs(7)
    numbered = {found[0]: found[1:3] for found in (next(inputs) for _ in range(43))}
    assert next(fuzzer.inputs(7, 42))[:3] == (42, *numbered[42])


@pytest.mark.parametrize("mutation", sorted({*fuzzer.MUTATIONS}, key=repr), ids=lambda mutation: mutation.__name__)
def test_every_mutation_changes_something(mutation: Callable[[list[bytes], random.Random], None]) -> None:
    rng = random.Random(0)
    original = [frame_bytes("HEADERS stream=1 END_HEADERS | GET"), frame_bytes('DATA stream=1 | "x"')]
    results = []
    for _ in range(50):
        frames = list(original)
        mutation(frames, rng)
        results.append(frames)
    assert any(frames != original for frames in results)


def test_the_fuzzer_sees_an_outcome_that_depends_on_the_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    class Confused(fuzzer.Run):
        def play(self, pieces: object, *, eof: bool) -> list[object]:
            return [pieces]

    monkeypatch.setattr(fuzzer, "Run", Confused)
    with pytest.raises(fuzzer.FindingError, match="differs"):
        fuzzer.check(zttp.SERVER, frame_bytes("SETTINGS"), random.Random(0))


@pytest.mark.parametrize(
    "lines",
    [
        ["DATA stream=1 END_STREAM", "DATA stream=1"],
        ["HEADERS stream=1 END_STREAM END_HEADERS | 200", "DATA stream=1 END_STREAM"],
        ["GOAWAY last=0 PROTOCOL_ERROR", 'PING ACK | "8 octets"'],
        ["WINDOW_UPDATE stream=0 increment=0"],
        ["SETTINGS stream=1"],
        ["PUSH_PROMISE stream=1 promised=2"],
    ],
)
def test_the_fuzzer_sees_frames_that_must_not_be_sent(lines: list[str]) -> None:
    output = fuzzer.Output()
    with pytest.raises(fuzzer.FindingError):
        output.take(b"".join(map(frame_bytes, lines)))
    assert isinstance(output.last, Frame) or len(lines) == 1


@pytest.mark.parametrize("seed", range(2))
def test_noise(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(ITERATIONS // 5):
        fuzzer.check(rng.choice((zttp.SERVER, zttp.CLIENT)), rng.randbytes(rng.randint(0, 200)), rng)
