"""The error codes of QUIC (RFC 9000 20.1), and what is raised with them."""

import zttp_h3
from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed

# RFC 9000 22.5, table 7; RFC 9368 10.2.
REGISTERED = """
0x00 NO_ERROR
0x01 INTERNAL_ERROR
0x02 CONNECTION_REFUSED
0x03 FLOW_CONTROL_ERROR
0x04 STREAM_LIMIT_ERROR
0x05 STREAM_STATE_ERROR
0x06 FINAL_SIZE_ERROR
0x07 FRAME_ENCODING_ERROR
0x08 TRANSPORT_PARAMETER_ERROR
0x09 CONNECTION_ID_LIMIT_ERROR
0x0a PROTOCOL_VIOLATION
0x0b INVALID_TOKEN
0x0c APPLICATION_ERROR
0x0d CRYPTO_BUFFER_EXCEEDED
0x0e KEY_UPDATE_ERROR
0x0f AEAD_LIMIT_REACHED
0x10 NO_VIABLE_PATH
0x11 VERSION_NEGOTIATION_ERROR
"""


def test_the_codes_are_those_that_are_registered() -> None:
    rows = [line.split() for line in REGISTERED.split("\n") if line]
    assert {code.name: code.value for code in QuicErrorCode} == {name: int(value, 16) for value, name in rows}
    assert zttp_h3.QuicErrorCode is QuicErrorCode


def test_what_is_raised_says_what_connection_close_will() -> None:
    error = Malformed("truncated_frame", QuicErrorCode.FRAME_ENCODING_ERROR, 0x06)
    assert (error.reason, error.error_code, error.frame_type) == ("truncated_frame", 7, 6)
    assert Malformed("reserved_bits", QuicErrorCode.PROTOCOL_VIOLATION).frame_type == 0
