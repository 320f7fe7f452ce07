"""Recorded connections of twelve encoders, if they are in a folder beside the checkout."""

import json
from pathlib import Path

import pytest

from tests.http2.hpack.helpers import VECTORS, WITHOUT_VECTORS, Fields, decoded, encoded
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.encoder import Encoder

STORIES = sorted(VECTORS.glob("stories/*/*.json"))

pytestmark = pytest.mark.skipif(not STORIES, reason=WITHOUT_VECTORS)


def fields_of(case: dict[str, list[dict[str, str]]]) -> Fields:
    return [(name.encode(), value.encode()) for field in case["headers"] for name, value in field.items()]


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", STORIES, ids=name_of)
def test_a_recorded_connection_decodes(path: Path) -> None:
    decoder = Decoder()
    for case in json.loads(path.read_text())["cases"]:
        announced = case.get("header_table_size")
        if announced is not None:
            decoder.set_max_table_size(announced)
        assert decoded(decoder, bytes.fromhex(case["wire"])) == fields_of(case)


@pytest.mark.parametrize("path", [path for path in STORIES if path.parent.name == "nghttp2"], ids=name_of)
def test_the_same_fields_take_no_more_octets_than_the_hpack_package_writes(path: Path) -> None:
    hpack = pytest.importorskip("hpack")
    ours, theirs, decoder = Encoder(), hpack.Encoder(), Decoder()
    our_octets = their_octets = 0
    for case in json.loads(path.read_text())["cases"]:
        fields = fields_of(case)
        block = encoded(ours, fields)
        assert decoded(decoder, block) == fields
        our_octets += len(block)
        their_octets += len(theirs.encode(fields))
    assert our_octets <= their_octets
