"""Coverage-guided fuzzing: bytes determine every choice, in every fuzzer."""

import random
from importlib import import_module
from importlib.util import find_spec

import pytest

from fuzz.shared.guided import TARGETS, seeds_of, target_of
from fuzz.shared.steered import Steered

NEEDS = {"http2": "zttp_h2", "field_blocks": "zttp_h2", "http3": "zttp_h3", "quic_packets": "zttp_h3"}


def test_bytes_decide() -> None:
    assert [Steered(bytes([7, 0xFF])).getrandbits(4) for _ in range(2)] == [7, 7]
    chance = Steered(b"\x01\x02\x80\x00abc")
    assert chance.getrandbits(16) == 0x0102
    assert chance.random() == 0.5
    assert chance.randbytes(3) == b"cba"  # in the order of randbytes
    assert Steered(bytes(100)).choice("xyz") == "x"
    assert {Steered(bytes([one])).choice("xyz") for one in range(256)} == set("xyz")


def test_what_is_used_up_goes_on_the_same_way() -> None:
    assert Steered(b"").randbytes(8) == Steered(b"").randbytes(8) == random.Random(0).randbytes(8)


@pytest.mark.parametrize("name", TARGETS)
def test_every_fuzzer_can_be_steered(name: str) -> None:
    if find_spec(NEEDS.get(name, "zttp_h1")) is None:
        pytest.skip("its plugin is missing")
    fuzzer = import_module(f"fuzz.{name}")
    do = target_of(name, fuzzer)
    for number, data in enumerate(seeds_of(name, fuzzer)):
        do(data)
        if number == 5:
            break
    do(b"")
