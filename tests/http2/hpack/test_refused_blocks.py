"""A block that was refused is refused again, and leaves nothing behind for the next one."""

import pytest
from librt.strings import BytesWriter

from zttp_h2.hpack.encoder import Encoder
from zttp_h2.hpack.status import INVALID_NAME, INVALID_VALUE, OK

Fields = list[tuple[bytes, bytes]]

REFUSED: list[tuple[Fields, int]] = [
    ([(b"a", b"x\x7fy"), (b"b", b"c")], INVALID_VALUE),
    ([(b"a b", b"c"), (b"d", b"e")], INVALID_NAME),
]


@pytest.mark.parametrize(("fields", "status"), REFUSED)
def test_the_same_list_is_refused_again(fields: Fields, status: int) -> None:
    encoder, writer = Encoder(), BytesWriter()
    for _ in range(3):
        assert encoder.encode(writer, fields) == status
        assert len(writer) == 0
    assert encoder.encode(writer, [(b"a", b"b")]) == OK
