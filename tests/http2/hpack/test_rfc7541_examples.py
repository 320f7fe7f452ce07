"""Every example of RFC 7541 Appendix C."""

import json
from typing import Any

import pytest
from librt.strings import BytesWriter

from tests.http2.hpack.helpers import HERE, Fields, decoded, encoded, integer, table_of
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.encoder import Encoder
from zttp_h2.hpack.integers import decode_integer, encode_integer

EXAMPLES = json.loads((HERE / "rfc7541_appendix_c.json").read_text())
GROUPS = {group["id"]: group for group in EXAMPLES["groups"]}


def fields_of(case: dict[str, Any]) -> Fields:
    return [(name.encode(), value.encode()) for name, value in case["headers"]]


@pytest.mark.parametrize("example", EXAMPLES["integer_examples"], ids=lambda example: example["id"])
def test_integers(example: dict[str, Any]) -> None:
    wire = bytes.fromhex(example["encoded_hex"])
    prefix_max = (1 << example["prefix_bits"]) - 1
    writer = BytesWriter()
    encode_integer(writer, example["value"], 0, prefix_max)
    assert writer.getvalue() == wire == integer(example["value"], example["prefix_bits"])
    if len(wire) > 1:
        assert decode_integer(wire, 1, len(wire), prefix_max) == (example["value"], len(wire))


@pytest.mark.parametrize("group", GROUPS)
def test_field_blocks_decode_to_the_fields_and_the_table_of_the_rfc(group: str) -> None:
    max_size = GROUPS[group]["max_table_size"]
    decoder = Decoder(65536, max_size)
    for case in GROUPS[group]["cases"]:
        if not GROUPS[group]["shared_context"]:
            decoder = Decoder(65536, max_size)
        assert decoded(decoder, bytes.fromhex(case["wire"])) == fields_of(case)
        expected = [(entry["name"].encode(), entry["value"].encode()) for entry in case["dynamic_table_after"]]
        assert table_of(decoder) == expected
        assert decoder.table.size == case["dynamic_table_size_after"]


def test_requests_are_encoded_as_in_the_rfc() -> None:
    encoder = Encoder()
    for case in GROUPS["C.4"]["cases"]:
        assert encoded(encoder, fields_of(case)) == bytes.fromhex(case["wire"])
