"""The scans that examine eight bytes at a time find the same byte as a table."""

import random
from collections.abc import Callable
from itertools import product

import pytest

from zttp_core.messages.grammar import HOST_TABLE, TARGET_TABLE, TOKEN_TABLE, VALUE_TABLE
from zttp_h1.scan import scan_host, scan_target, scan_token, scan_value

SCANS = {
    "host": (scan_host, HOST_TABLE),
    "target": (scan_target, TARGET_TABLE),
    "token": (scan_token, TOKEN_TABLE),
    "value": (scan_value, VALUE_TABLE),
}


def first_refused(table: bytes, data: bytes) -> int:
    return next((at for at, byte in enumerate(data) if not table[byte]), len(data))


@pytest.mark.parametrize(("scan", "table"), SCANS.values(), ids=SCANS.keys())
def test_every_pair_of_bytes(scan: Callable[[bytes, int, int], int], table: bytes) -> None:
    # A borrow or a carry out of one byte must not hide or invent a hit in the next.
    for pair in product(range(256), repeat=2):
        data = b"abc" + bytes(pair) + b"defgh"
        assert scan(data, 0, len(data)) == first_refused(table, data), data


@pytest.mark.parametrize(("scan", "table"), SCANS.values(), ids=SCANS.keys())
def test_random_bytes_from_anywhere_to_anywhere(scan: Callable[[bytes, int, int], int], table: bytes) -> None:
    chance = random.Random(9112)
    allowed = [byte for byte in range(256) if table[byte]]
    for _ in range(20_000):
        data = bytes(
            chance.choice(allowed) if chance.random() < 0.95 else chance.randrange(256)
            for _ in range(chance.randrange(40))
        )
        start = chance.randrange(len(data) + 1)
        end = chance.randrange(start, len(data) + 1)
        assert scan(data, start, end) == start + first_refused(table, data[start:end]), data
