"""Compiled code takes positions from the end as Python does: code that computes one must check its sign."""

import sys
from pathlib import Path

from tests.packaging.conftest import run
from tests.packaging.mypyc_builds import compile_module

INDICES = """
from librt.strings import read_i32_be
from mypy_extensions import i64

def octet(data: bytes, at: i64) -> int:
    value: i64 = data[at]
    return value

def octets(data: bytes, at: i64, stop: i64) -> bytes:
    return data[at:stop]

def number(data: bytes, at: i64) -> int:
    value = i64(read_i32_be(data, at))
    return value
"""
PROGRAM = """
from indices import octet, octets, number
data = b"\\x01\\x02\\x03\\x04\\x05"
print(octet(data, -1), octets(data, -2, 5), octets(data, 3, 99))
for function, at in ((octet, 5), (octet, -6), (number, 2), (number, -4)):
    try:
        print(function(data, at))
    except (IndexError, ValueError) as error:
        print(type(error).__name__)
try:
    octets(data, 4, 2)
except SystemError as error:
    print(error)
"""


def test_an_octet_at_a_negative_index_is_one_from_the_end_and_slices_are_clamped(tmp_path: Path) -> None:
    compile_module(tmp_path, "indices", INDICES)
    first, *errors, reversed_slice = run(sys.executable, "-c", PROGRAM, cwd=tmp_path).splitlines()
    assert first == r"5 b'\x04\x05' b'\x04\x05'"
    assert errors == ["IndexError", "IndexError", "IndexError", "ValueError"]
    # Not an empty slice as in Python: an unchecked length crashes the connection.
    assert "Negative size" in reversed_slice
