"""Transport parameters: their senders and their ranges (RFC 9000 7.4, 18)."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zttp_h3
from tests.http3.wire.frames import written
from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.wire.transport_parameters import (
    PreferredAddress,
    TransportParameters,
    VersionInformation,
    decode,
    encode,
    reserved_identifier,
)
from zttp_h3.wire.varint import MAX_VARINT, write_varint

# RFC 9000 18.2, RFC 9221 3: identifier, default, least and greatest value.
INTEGERS = {
    "max_idle_timeout": (0x01, 0, 0, MAX_VARINT),
    "max_udp_payload_size": (0x03, 65527, 1200, MAX_VARINT),
    "initial_max_data": (0x04, 0, 0, MAX_VARINT),
    "initial_max_stream_data_bidi_local": (0x05, 0, 0, MAX_VARINT),
    "initial_max_stream_data_bidi_remote": (0x06, 0, 0, MAX_VARINT),
    "initial_max_stream_data_uni": (0x07, 0, 0, MAX_VARINT),
    "initial_max_streams_bidi": (0x08, 0, 0, 2**60),
    "initial_max_streams_uni": (0x09, 0, 0, 2**60),
    "ack_delay_exponent": (0x0A, 3, 0, 20),
    "max_ack_delay": (0x0B, 25, 0, 2**14 - 1),
    "active_connection_id_limit": (0x0E, 2, 2, MAX_VARINT),
    "max_datagram_frame_size": (0x20, 0, 0, MAX_VARINT),
}
FLAGS = {"disable_active_migration": 0x0C, "grease_quic_bit": 0x2AB2}
CONNECTION_IDS = {
    "original_destination_connection_id": 0x00,
    "initial_source_connection_id": 0x0F,
    "retry_source_connection_id": 0x10,
}
OF_SERVERS = {
    "original_destination_connection_id": (0x00, b"id"),
    "stateless_reset_token": (0x02, bytes(16)),
    "preferred_address": (0x0D, bytes(24) + b"\x01c" + bytes(16)),
    "retry_source_connection_id": (0x10, b""),
}
NAMES = [*INTEGERS, *FLAGS, *CONNECTION_IDS, "stateless_reset_token"]


def varint(value: int) -> bytes:
    return written(write_varint, value)


def parameter(identifier: int, value: bytes) -> bytes:
    return varint(identifier) + varint(len(value)) + value


def values(parameters: TransportParameters) -> dict[str, Any]:
    found = {name: getattr(parameters, name) for name in NAMES}
    address, versions = parameters.preferred_address, parameters.version_information
    if address is not None:
        found["preferred_address"] = (
            address.ipv4, address.ipv4_port, address.ipv6, address.ipv6_port, address.connection_id, address.reset_token
        )  # fmt: skip
    if versions is not None:
        found["version_information"] = (versions.chosen, versions.available)
    return found


def fault(data: bytes, from_server: bool = True) -> str:
    with pytest.raises(Malformed) as caught:
        decode(data, from_server)
    assert caught.value.error_code == QuicErrorCode.TRANSPORT_PARAMETER_ERROR
    return caught.value.reason


def full() -> TransportParameters:
    parameters = TransportParameters()
    for name, (_, default, _, _) in INTEGERS.items():
        setattr(parameters, name, default + 10)
    for name in FLAGS:
        setattr(parameters, name, True)
    for name in CONNECTION_IDS:
        setattr(parameters, name, name.encode()[:20])
    parameters.stateless_reset_token = b"16 random octets"
    parameters.preferred_address = PreferredAddress(
        b"\x7f\0\0\x01", 443, bytes(15) + b"\x01", 65535, b"c" * 20, b"t" * 16
    )
    parameters.version_information = VersionInformation(1, [1, 0x6B3343CF, 0xFAFAFAFA])
    return parameters


def test_saying_nothing_means_the_defaults() -> None:
    for from_server in (False, True):
        assert encode(TransportParameters(), from_server) == b""
        parameters = decode(b"", from_server)
        assert values(parameters) == values(TransportParameters())
        assert {name: getattr(parameters, name) for name in INTEGERS} == {
            name: row[1] for name, row in INTEGERS.items()
        }
        assert not any(getattr(parameters, name) for name in (*FLAGS, *CONNECTION_IDS, *OF_SERVERS))
        assert parameters.version_information is None


def test_saying_all() -> None:
    assert values(decode(encode(full(), True), True)) == values(full())


@given(
    st.fixed_dictionaries(
        {},
        optional={
            **{name: st.integers(least, greatest) for name, (_, _, least, greatest) in INTEGERS.items()},
            **{name: st.binary(max_size=20) for name in CONNECTION_IDS},
            **{name: st.booleans() for name in FLAGS},
            "stateless_reset_token": st.binary(min_size=16, max_size=16),
        },
    ),
    st.booleans(),
    st.integers(0, 1000),
)
def test_what_is_written_is_read(said: dict[str, Any], from_server: bool, reserved: int) -> None:
    parameters = TransportParameters()
    for name, value in said.items():
        if from_server or name not in OF_SERVERS:
            setattr(parameters, name, value)
    plain = encode(parameters, from_server)
    assert values(decode(plain, from_server)) == values(parameters)
    # RFC 9000 18.1: reserved ones are ignored.
    more = encode(parameters, from_server, reserved_identifier(reserved), b"filler")
    assert len(more) > len(plain)
    assert values(decode(more, from_server)) == values(parameters)


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_have_bounds(name: str) -> None:
    identifier, _, least, greatest = INTEGERS[name]
    for value in (least, greatest):
        assert getattr(decode(parameter(identifier, varint(value)), False), name) == value
    if least:
        assert fault(parameter(identifier, varint(least - 1))) == "parameter_value"
    if greatest < MAX_VARINT:
        assert fault(parameter(identifier, varint(greatest + 1))) == "parameter_value"
    # One integer, and the whole of the value.
    for octets in (b"", b"\x40", varint(least) + b"\0", b"\xc0" + bytes(6)):
        assert fault(parameter(identifier, octets)) == "parameter_value"
    # A longer form than needed is legal.
    assert getattr(decode(parameter(identifier, b"\xc0" + least.to_bytes(7)), False), name) == least


@pytest.mark.parametrize("name", CONNECTION_IDS)
def test_connection_ids_have_20_octets_at_most(name: str) -> None:
    for size in (0, 20):
        assert getattr(decode(parameter(CONNECTION_IDS[name], b"c" * size), True), name) == b"c" * size
    assert fault(parameter(CONNECTION_IDS[name], bytes(21))) == "parameter_length"


@pytest.mark.parametrize("identifier", FLAGS.values())
def test_flags_are_empty(identifier: int) -> None:
    # RFC 9287 3
    assert fault(parameter(identifier, b"\x01")) == "parameter_length"


@pytest.mark.parametrize("size", [0, 15, 17])
def test_a_reset_token_has_16_octets(size: int) -> None:
    assert fault(parameter(0x02, bytes(size))) == "parameter_length"


@pytest.mark.parametrize("name", OF_SERVERS)
def test_what_only_servers_send(name: str) -> None:
    """RFC 9000 18.2 MUST."""
    data = parameter(*OF_SERVERS[name])
    assert getattr(decode(data, True), name) is not None
    assert fault(data, from_server=False) == "parameter_of_servers"


def test_preferred_addresses() -> None:
    whole = bytes(range(24)) + b"\x04" + b"conn" + b"16 random octets"
    address = decode(parameter(0x0D, whole), True).preferred_address
    assert address is not None
    assert (address.ipv4, address.ipv4_port) == (bytes(range(4)), 0x0405)
    assert (address.ipv6, address.ipv6_port) == (bytes(range(6, 22)), 0x1617)
    assert (address.connection_id, address.reset_token) == (b"conn", b"16 random octets")
    for cut in range(len(whole)):
        assert fault(parameter(0x0D, whole[:cut])) == "preferred_address"
    assert fault(parameter(0x0D, whole + b"\0")) == "preferred_address"
    # RFC 9000 18.2 MUST: no empty connection ID; 19.15: nor one of more than 20 octets.
    assert fault(parameter(0x0D, bytes(24) + b"\0" + bytes(16))) == "preferred_address"
    assert fault(parameter(0x0D, bytes(24) + b"\x15" + bytes(21 + 16))) == "preferred_address"


def test_version_information() -> None:
    """RFC 9368 4 MUST, each."""
    one, two = (1).to_bytes(4), (0x6B3343CF).to_bytes(4)
    found = decode(parameter(0x11, two + one + two), False).version_information
    assert found is not None
    assert (found.chosen, found.available) == (0x6B3343CF, [1, 0x6B3343CF])
    for data in (b"", one[:3], one + one[:3], bytes(4) + one, one + bytes(4) + one):
        for from_server in (False, True):
            assert fault(parameter(0x11, data), from_server) == "version_information"
    # A client offers what it has chosen; a server need not (RFC 9368 3).
    for data in (one, one + two):
        assert fault(parameter(0x11, data), from_server=False) == "version_information"
        assert decode(parameter(0x11, data), True).version_information is not None


def test_no_parameter_comes_twice() -> None:
    """RFC 9000 7.4, unknown ones included."""
    for data in (parameter(0x01, b"\x05"), parameter(0x0C, b""), parameter(0x7777, b"x")):
        assert fault(data + data) == "duplicate_parameter"
        assert fault(data + parameter(0x0F, b"id") + data) == "duplicate_parameter"
    assert fault(parameter(0x7777, b"x") + b"\x80\0\x77\x77" + b"\0") == "duplicate_parameter"


def test_what_is_not_known_is_ignored() -> None:
    data = parameter(reserved_identifier(0), b"") + parameter(MAX_VARINT, b"x" * 70) + parameter(0x01, b"\x07")
    assert decode(data, False).max_idle_timeout == 7


@pytest.mark.parametrize("from_server", [False, True])
def test_every_truncation_is_a_transport_parameter_error(from_server: bool) -> None:
    parameters = full()
    if not from_server:
        for name in OF_SERVERS:
            setattr(parameters, name, None)
    data = encode(parameters, from_server)
    whole = set()
    at = 0
    while at < len(data):
        whole.add(at)
        head = 3 if data[at] >= 0x40 else 2
        at += head + data[at + head - 1]
    for cut in range(len(data)):
        if cut in whole:
            decode(data[:cut], from_server)
        else:
            assert fault(data[:cut], from_server) == "truncated_parameter"


@pytest.mark.parametrize("seed", range(2))
def test_noise_is_read_or_malformed(seed: int) -> None:
    rng = random.Random(seed)
    data = encode(full(), True)
    outcomes = {("", 0)}
    for _ in range(10_000 if zttp_h3.COMPILED else 2_000):
        mutated = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            mutated[rng.randrange(len(mutated))] = rng.randrange(256)
        try:
            decode(bytes(mutated), True)
        except Malformed as error:
            outcomes.add((error.reason, error.error_code))
    assert {code for _, code in outcomes} == {0, QuicErrorCode.TRANSPORT_PARAMETER_ERROR}
    assert {reason for reason, _ in outcomes} >= {"truncated_parameter", "duplicate_parameter", "parameter_value"}
