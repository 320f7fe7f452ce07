"""The mutation fuzzer of packets, briefly and with fixed seeds, on the build under test."""

import random

import pytest

import zttp_h3
from fuzz import quic_packets as fuzzer
from fuzz.shared.command_line import FoundError

ITERATIONS = 1_500 if zttp_h3.COMPILED else 300


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found(seed: int) -> None:
    for number in range(ITERATIONS):
        fuzzer.check(seed, number)


def test_inputs_reach_what_they_are_meant_to_reach() -> None:
    lines = [line for number in range(ITERATIONS) for line in fuzzer.check(9, number)]
    for word in ("touched", "whole", "truncated_frame", "unknown_frame_type", "negative_packet_number"):
        assert any(word in line for line in lines), word
    for word in ("truncated_parameter", "parameter_value", "parameter_length", "duplicate_parameter"):
        assert any(line.endswith(word) for line in lines), word


def test_an_input_is_found_again() -> None:
    assert fuzzer.check(7, 42) == fuzzer.check(7, 42)


def test_the_fuzzer_sees_a_payload_that_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzer, "packets_in", lambda *_: [b"another"])
    with pytest.raises(FoundError, match="was not sent"):
        fuzzer.check_datagram(random.Random(0))


def test_the_fuzzer_sees_a_reader_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzzer, "read_frame", lambda payload, at, stop: (1, (), at))
    with pytest.raises(FoundError, match="move forward"):
        fuzzer.check_frames(b"\x01")
