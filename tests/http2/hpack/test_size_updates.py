"""Dynamic table size updates, RFC 7541 4.2 and 6.3."""

import pytest

from tests.http2.hpack.helpers import INCREMENTAL, decoded, encoded, indexed, literal, size_update, table_of
from zttp_h2.hpack import status
from zttp_h2.hpack.decoder import Decoder
from zttp_h2.hpack.encoder import Encoder

FIELD = literal(b"a", b"b", INCREMENTAL)  # an entry of 34 octets


def test_an_update_evicts() -> None:
    decoder = Decoder()
    decoded(decoder, FIELD * 3)
    decoded(decoder, size_update(68) + indexed(2))
    assert decoder.table.length == 2
    decoded(decoder, size_update(67))
    assert decoder.table.length == 1
    decoded(decoder, size_update(0) + size_update(4096))
    assert table_of(decoder) == []


def test_updates_up_to_the_setting_are_accepted_and_no_further() -> None:
    assert Decoder().decode(size_update(4096)) == 0
    assert Decoder().decode(size_update(4097)) == status.SIZE_UPDATE_TOO_LARGE


def test_a_raised_setting_may_be_used_and_need_not() -> None:
    decoder = Decoder()
    decoder.set_max_table_size(8192)
    assert decoder.decode(indexed(2)) == 0
    assert decoder.decode(size_update(8192)) == 0
    assert decoder.decode(size_update(8193)) == status.SIZE_UPDATE_TOO_LARGE


@pytest.mark.parametrize("block", [indexed(2) + size_update(10), FIELD + size_update(0) + FIELD])
def test_an_update_after_a_field_is_refused(block: bytes) -> None:
    assert Decoder().decode(block) == status.SIZE_UPDATE_MISPLACED


def test_two_updates_are_accepted_and_a_third_is_not() -> None:
    assert Decoder().decode(size_update(0) + size_update(100) + indexed(2)) == 0
    assert Decoder().decode(size_update(0) * 3) == status.SIZE_UPDATE_MISPLACED


def test_a_lowered_setting_must_be_signalled_at_once() -> None:
    decoder = Decoder()
    decoder.set_max_table_size(100)
    assert decoder.decode(indexed(2)) == status.SIZE_UPDATE_MISSING


@pytest.mark.parametrize("size", [0, 99, 100])
def test_a_lowered_setting_is_signalled_by_any_size_up_to_it(size: int) -> None:
    decoder = Decoder()
    decoder.set_max_table_size(100)
    assert decoder.decode(size_update(size) + indexed(2)) == 0
    assert decoder.decode(indexed(2)) == 0


def test_a_lowered_setting_is_not_signalled_by_a_larger_size() -> None:
    decoder = Decoder()
    decoder.set_max_table_size(100)
    assert decoder.decode(size_update(101)) == status.SIZE_UPDATE_TOO_LARGE


def test_an_encoder_that_uses_less_need_not_signal_a_lowered_setting() -> None:
    decoder = Decoder()
    decoded(decoder, size_update(50))
    decoder.set_max_table_size(100)
    assert decoder.decode(indexed(2)) == 0


def test_the_lowest_of_several_settings_must_be_signalled() -> None:
    decoder = Decoder()
    decoder.set_max_table_size(0)
    decoder.set_max_table_size(4096)
    assert decoder.decode(size_update(4096)) == status.SIZE_UPDATE_MISSING
    decoder = Decoder()
    decoder.set_max_table_size(0)
    decoder.set_max_table_size(4096)
    assert decoder.decode(size_update(0) + size_update(4096)) == 0
    assert decoder.decode(indexed(2)) == 0


def test_the_encoder_signals_a_lowered_setting() -> None:
    encoder, decoder = Encoder(), Decoder()
    fields = [(b"name-%d" % number, b"value") for number in range(10)]
    assert decoded(decoder, encoded(encoder, fields)) == fields
    encoder.set_peer_table_size(100)
    decoder.set_max_table_size(100)
    block = encoded(encoder, fields)
    assert block.startswith(size_update(100))
    assert decoded(decoder, block) == fields
    assert decoder.table.length == 2
    assert not encoded(encoder, fields).startswith(size_update(100))


def test_the_encoder_signals_the_lowest_and_the_final_size() -> None:
    encoder = Encoder(65536)
    for size in (2000, 0, 500, 3000):
        encoder.set_peer_table_size(size)
    assert encoded(encoder, []) == size_update(0) + size_update(3000)


def test_the_encoder_signals_a_dip_back_to_the_same_size() -> None:
    encoder, decoder = Encoder(), Decoder()
    decoded(decoder, encoded(encoder, [(b"a", b"b")]))
    for size in (10, 4096):
        encoder.set_peer_table_size(size)
        decoder.set_max_table_size(size)
    assert encoded(encoder, []) == size_update(10) + size_update(4096)


def test_the_encoder_says_nothing_if_nothing_changed() -> None:
    encoder = Encoder()
    encoder.set_peer_table_size(4096)
    encoder.set_peer_table_size(65536)  # above its own maximum
    assert encoded(encoder, []) == b""


def test_a_larger_setting_is_used_up_to_the_encoders_maximum() -> None:
    encoder = Encoder(10000)
    encoder.set_peer_table_size(65536)
    assert encoded(encoder, []) == size_update(10000)
    assert encoder.table.max_size == 10000


@pytest.mark.parametrize("maximum", [0, 100])
def test_an_encoder_of_less_memory_says_so_first(maximum: int) -> None:
    encoder, decoder = Encoder(maximum), Decoder()
    fields = [(b"name-%d" % number, b"value") for number in range(10)]
    block = encoded(encoder, fields)
    assert block.startswith(size_update(maximum))
    assert decoded(decoder, block) == fields
    assert decoder.table.max_size == maximum
    assert decoded(decoder, encoded(encoder, fields)) == fields
