"""The cost of a QUIC packet: the rows do what their names say, and only a compiled build is measured."""

import pytest

pytest.importorskip("zttp_h3")

from http3_suite import packets
from zttp_h3.protection.suites import SUITES


def test_every_row_can_be_done() -> None:
    rows = packets.all_rows()
    for row, of_each in rows.values():
        assert of_each in (1, packets.BURST)
        row()
    assert {group for group, _ in rows} == {*(suite.name for suite in SUITES.values()), "frames"}


@pytest.mark.interpreted_only(reason="there is nothing to refuse in a compiled build")
def test_an_uncompiled_build_is_not_timed() -> None:
    with pytest.raises(SystemExit, match="not compiled"):
        packets.main([])
