"""For any order of calls, cuts, pulls and changing windows, all content arrives, in order and completely."""

import random

import pytest

import zttp
from tests.http2.schedules import Ours, Schedule, run

STEPS = 600


def options(chance: random.Random) -> dict[str, int]:
    return {
        "initial_window_size": chance.choice((1, 1000, 65_535, 100_000, 262_144)),
        "connection_window_size": chance.choice((65_535, 100_000, 1 << 20)),
        "max_connection_window": chance.choice((1 << 20, 1 << 24)),
        "max_concurrent_streams": chance.choice((3, 128)),
        "max_buffer": chance.choice((32_768, 8 << 20)),
    }


@pytest.mark.parametrize("seed", range(100))
def test_a_pair_of_ours(seed: int) -> None:
    chance = random.Random(seed)
    client = Ours(zttp.CLIENT, chance.random() < 0.7, **options(chance))
    server = Ours(zttp.SERVER, chance.random() < 0.7, **options(chance))
    run(Schedule(chance, client, server), STEPS)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("role", ["client", "server"])
def test_with_hyper_h2_on_the_other_side(role: str, seed: int) -> None:
    from tests.http2.hyper_side import Hyper

    chance = random.Random(seed)
    ours = Ours(zttp.CLIENT if role == "client" else zttp.SERVER, chance.random() < 0.7, **options(chance))
    other = Hyper(role == "server")
    schedule = Schedule(chance, ours, other) if role == "client" else Schedule(chance, other, ours)
    run(schedule, STEPS)
