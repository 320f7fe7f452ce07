"""The authenticated fuzzer, briefly and with fixed seeds, on the build under test."""

import random

import pytest

import zttp_h3
from fuzz import http3 as fuzzer
from fuzz.shared.command_line import FoundError
from zttp_h3.connection import H3Connection

ITERATIONS = 300 if zttp_h3.COMPILED else 30


@pytest.mark.parametrize("check", sorted(set(fuzzer.CHECKS), key=repr), ids=lambda check: check.__name__)
def test_nothing_is_found(check: object) -> None:
    assert callable(check)
    for number in range(ITERATIONS):
        check(random.Random(f"1:{number}"))


def test_inputs_reach_what_they_are_meant_to_reach() -> None:
    lines = [fuzzer.check(3, number) for number in range(200 if zttp_h3.COMPILED else 80)]
    for word in ("qpack_encoder_stream", "h3_frame_unexpected", "truncated_frame", "streams: None", "handshake: done"):
        assert any(word in line for line in lines), word
    assert any(line.startswith("endpoint: ") and not line.startswith("endpoint: 0") for line in lines)


def test_the_fuzzer_sees_an_unknown_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzer, "CODES", set())
    with pytest.raises(FoundError, match="an unknown code"):
        for number in range(30):
            fuzzer.check(3, number)


def test_the_fuzzer_sees_what_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_rng: random.Random) -> str:
        raise KeyError

    monkeypatch.setattr(fuzzer, "CHECKS", [fail])
    with pytest.raises(FoundError, match="KeyError"):
        fuzzer.check(1, 1)


def test_the_judged_side_is_the_one_that_the_peer_writes_to() -> None:
    judged = fuzzer.Judged(random.Random(1))
    assert isinstance(judged.judged, H3Connection)
    judged.give(b"\x1f")
    assert judged.judged.is_closed()
    assert not judged.peer.is_closed()
