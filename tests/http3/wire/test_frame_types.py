"""Which frames may come in which packets (RFC 9000 12.4, 12.5), and their effect on a packet."""

import re

import pytest

from tests.http3.wire.frames import ALL_PACKETS
from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.wire import frame_types as types
from zttp_h3.wire.frame_types import RULES, read_frame_type

# RFC 9000 12.4, table 3, and RFC 9221 4: types, packets, special rules. Of CONNECTION_CLOSE "ih" is the first type.
# RETIRE_CONNECTION_ID is not sent in 0-RTT (12.5).
TABLE_3 = """
0x00-0x00 IH01 NP
0x01-0x01 IH01 -
0x02-0x03 IH_1 NC
0x04-0x04 __01 -
0x05-0x05 __01 -
0x06-0x06 IH_1 -
0x07-0x07 ___1 -
0x08-0x0f __01 F
0x10-0x10 __01 -
0x11-0x11 __01 -
0x12-0x13 __01 -
0x14-0x14 __01 -
0x15-0x15 __01 -
0x16-0x17 __01 -
0x18-0x18 __01 P
0x19-0x19 ___1 -
0x1a-0x1a __01 P
0x1b-0x1b ___1 P
0x1c-0x1c IH01 N
0x1d-0x1d __01 N
0x1e-0x1e ___1 -
0x30-0x31 __01 -
"""
ROWS = {
    number: (packets, special)
    for first, last, packets, special in re.findall(r"0x(..)-0x(..) (\S+) (\S+)", TABLE_3)
    for number in range(int(first, 16), int(last, 16) + 1)
}
LETTERS = dict(zip(ALL_PACKETS, "I0H1", strict=True))
ONLY_FROM_SERVERS = {types.NEW_TOKEN, types.HANDSHAKE_DONE}


@pytest.mark.parametrize("frame_type", range(64))
def test_every_type_is_read_where_the_table_has_it_and_nowhere_else(frame_type: int) -> None:
    payload = b"before" + bytes((frame_type,)) + b"after"
    for packet, letter in LETTERS.items():
        for from_server in (False, True):
            legal = frame_type in ROWS and letter in ROWS[frame_type][0]
            if legal and (from_server or frame_type not in ONLY_FROM_SERVERS):
                assert read_frame_type(payload, 6, len(payload), packet, from_server) == (frame_type, 7)
                continue
            with pytest.raises(Malformed) as caught:
                read_frame_type(payload, 6, len(payload), packet, from_server)
            known = frame_type in ROWS
            assert caught.value.error_code == (
                QuicErrorCode.PROTOCOL_VIOLATION if known else QuicErrorCode.FRAME_ENCODING_ERROR
            )
            assert caught.value.reason == ("frame_not_allowed" if known else "unknown_frame_type")
            assert caught.value.frame_type == frame_type


@pytest.mark.parametrize("frame_type", sorted(ROWS))
def test_what_a_packet_with_it_is(frame_type: int) -> None:
    _, special = ROWS[frame_type]
    rules = RULES[frame_type]
    assert bool(rules & types.ACK_ELICITING) is ("N" not in special)
    assert bool(rules & types.NOT_PROBING) is ("P" not in special)
    # RFC 9002 2: ack-eliciting packets and those with PADDING count as in flight.
    assert bool(rules & types.IN_FLIGHT) is (frame_type == types.PADDING or "N" not in special)


@pytest.mark.parametrize("octets", ["4001", "403f", "80000001", "80003fff", "c00000003fffffff"])
def test_a_type_in_more_octets_than_it_needs(octets: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_frame_type(bytes.fromhex(octets), 0, len(octets) // 2, types.IN_ONE_RTT, True)
    assert (caught.value.reason, caught.value.error_code) == ("long_frame_type", QuicErrorCode.PROTOCOL_VIOLATION)


@pytest.mark.parametrize("octets", [b"\x40\x40", b"\x7f\xff", b"\x80\0\x40\0", b"\xbf\xff\xff\xff", b"\xff" * 8])
def test_types_of_extensions_that_nobody_negotiated(octets: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        read_frame_type(octets, 0, len(octets), types.IN_ONE_RTT, True)
    assert (caught.value.reason, caught.value.error_code) == ("unknown_frame_type", QuicErrorCode.FRAME_ENCODING_ERROR)
    assert caught.value.frame_type == int.from_bytes(octets) % 4 ** (4 * len(octets) - 1)
    for cut in range(1, len(octets)):
        with pytest.raises(Malformed) as caught:
            read_frame_type(octets, 0, cut, types.IN_ONE_RTT, True)
        assert (caught.value.reason, caught.value.error_code) == ("truncated_frame", QuicErrorCode.FRAME_ENCODING_ERROR)
