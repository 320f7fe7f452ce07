"""Transport parameters, which each side declares in its handshake (RFC 9000 7.4, 18).

One table has the parameters, who may send each, and the range of values; reading and writing use it. A missing
parameter has its default. Parameters that are not in the table are ignored. Those of RFC 9221 3, RFC 9287 3 and RFC
9368 3 are in it.
"""

from typing import Final, final

from librt.strings import BytesWriter, read_i16_be, read_i32_be, write_i16_be, write_i32_be

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i16, i32, i64, mypyc_attr
from zttp_h3.wire.packet_header import MAX_CONNECTION_ID
from zttp_h3.wire.varint import MAX_VARINT, read_varint, varint_size, write_varint

RESET_TOKEN_SIZE: Final = 16

# The kind of a value.
_INTEGER: Final = 0
_FLAG: Final = 1  # present or not, always empty
_CONNECTION_ID: Final = 2
_RESET_TOKEN: Final = 3
_ADDRESS: Final = 4
_VERSIONS: Final = 5

_Row = tuple[int, str, int, bool, int, int, int]
# Identifier, name, kind, whether only servers send it; for integers the default, the minimum and the maximum.
_TABLE: Final[tuple[_Row, ...]] = (
    (0x00, "original_destination_connection_id", _CONNECTION_ID, True, 0, 0, 0),
    (0x01, "max_idle_timeout", _INTEGER, False, 0, 0, MAX_VARINT),
    (0x02, "stateless_reset_token", _RESET_TOKEN, True, 0, 0, 0),
    (0x03, "max_udp_payload_size", _INTEGER, False, 65527, 1200, MAX_VARINT),
    (0x04, "initial_max_data", _INTEGER, False, 0, 0, MAX_VARINT),
    (0x05, "initial_max_stream_data_bidi_local", _INTEGER, False, 0, 0, MAX_VARINT),
    (0x06, "initial_max_stream_data_bidi_remote", _INTEGER, False, 0, 0, MAX_VARINT),
    (0x07, "initial_max_stream_data_uni", _INTEGER, False, 0, 0, MAX_VARINT),
    (0x08, "initial_max_streams_bidi", _INTEGER, False, 0, 0, 2**60),
    (0x09, "initial_max_streams_uni", _INTEGER, False, 0, 0, 2**60),
    (0x0A, "ack_delay_exponent", _INTEGER, False, 3, 0, 20),
    (0x0B, "max_ack_delay", _INTEGER, False, 25, 0, 2**14 - 1),
    (0x0C, "disable_active_migration", _FLAG, False, 0, 0, 0),
    (0x0D, "preferred_address", _ADDRESS, True, 0, 0, 0),
    (0x0E, "active_connection_id_limit", _INTEGER, False, 2, 2, MAX_VARINT),
    (0x0F, "initial_source_connection_id", _CONNECTION_ID, False, 0, 0, 0),
    (0x10, "retry_source_connection_id", _CONNECTION_ID, True, 0, 0, 0),
    (0x11, "version_information", _VERSIONS, False, 0, 0, 0),
    (0x20, "max_datagram_frame_size", _INTEGER, False, 0, 0, MAX_VARINT),
    (0x2AB2, "grease_quic_bit", _FLAG, False, 0, 0, 0),
)
_ROWS: Final[dict[int, _Row]] = {row[0]: row for row in _TABLE}


@final
@mypyc_attr(acyclic=True)
class PreferredAddress:
    """A server's preferred address (RFC 9000 9.6): addresses in octets, all zero if there is none."""

    def __init__(
        self, ipv4: bytes, ipv4_port: i64, ipv6: bytes, ipv6_port: i64, connection_id: bytes, reset_token: bytes
    ) -> None:
        self.ipv4: bytes = ipv4
        self.ipv4_port: i64 = ipv4_port
        self.ipv6: bytes = ipv6
        self.ipv6_port: i64 = ipv6_port
        self.connection_id: bytes = connection_id
        self.reset_token: bytes = reset_token


@final
@mypyc_attr(acyclic=True)
class VersionInformation:
    """The version in use and the available ones (RFC 9368 3)."""

    def __init__(self, chosen: i64, available: list[int]) -> None:
        self.chosen: i64 = chosen
        self.available: list[int] = available


@final
@mypyc_attr(acyclic=True)
class TransportParameters:
    """The parameters of one side; initially the defaults."""

    def __init__(self) -> None:
        self.original_destination_connection_id: bytes | None = None
        self.max_idle_timeout: i64 = 0  # milliseconds, 0 for none
        self.stateless_reset_token: bytes | None = None
        self.max_udp_payload_size: i64 = 65527
        self.initial_max_data: i64 = 0
        self.initial_max_stream_data_bidi_local: i64 = 0
        self.initial_max_stream_data_bidi_remote: i64 = 0
        self.initial_max_stream_data_uni: i64 = 0
        self.initial_max_streams_bidi: i64 = 0
        self.initial_max_streams_uni: i64 = 0
        self.ack_delay_exponent: i64 = 3
        self.max_ack_delay: i64 = 25  # milliseconds
        self.disable_active_migration: bool = False
        self.preferred_address: PreferredAddress | None = None
        self.active_connection_id_limit: i64 = 2
        self.initial_source_connection_id: bytes | None = None
        self.retry_source_connection_id: bytes | None = None
        self.version_information: VersionInformation | None = None
        self.max_datagram_frame_size: i64 = 0  # 0: no DATAGRAM frames
        self.grease_quic_bit: bool = False


def reserved_identifier(number: i64) -> i64:
    """Return a reserved identifier, which exercises that unknown ones are ignored (RFC 9000 18.1)."""
    return 31 * number + 27


def encode(parameters: TransportParameters, from_server: bool, reserved: i64 = -1, filler: bytes = b"") -> bytes:
    """Return the extension's content: values that differ from the defaults, and a reserved parameter if requested."""
    writer = BytesWriter()
    if reserved >= 0:
        _write_octets(writer, reserved, filler)
    for identifier, name, kind, only_servers, default, _, _ in _TABLE:
        value: object = getattr(parameters, name)
        if kind == _INTEGER:
            assert isinstance(value, int)
            if value != default:
                write_varint(writer, identifier)
                write_varint(writer, varint_size(value))
                write_varint(writer, value)
            continue
        if value is None or value is False:
            continue
        assert from_server or not only_servers
        if isinstance(value, bytes):
            _write_octets(writer, identifier, value)
        elif isinstance(value, PreferredAddress):
            _write_octets(writer, identifier, _encode_address(value))
        elif isinstance(value, VersionInformation):
            _write_octets(writer, identifier, _encode_versions(value))
        else:
            _write_octets(writer, identifier, b"")
    return writer.getvalue()


def decode(data: bytes, from_server: bool) -> TransportParameters:
    """Read the peer's parameters. Raises Malformed, always with TRANSPORT_PARAMETER_ERROR (RFC 9000 7.4 MUST)."""
    parameters = TransportParameters()
    seen: set[int] = set()
    at: i64 = 0
    size: i64 = len(data)
    while at < size:
        identifier, at = read_varint(data, at, size)
        length, at = read_varint(data, at, size)
        if length < 0 or length > size - at:
            raise _invalid("truncated_parameter")
        if identifier in seen:
            raise _invalid("duplicate_parameter")
        seen.add(identifier)
        row = _ROWS.get(identifier)
        if row is not None:
            _decode_value(parameters, row, data, at, at + length, from_server)
        at += length
    return parameters


def _decode_value(
    parameters: TransportParameters, row: _Row, data: bytes, at: i64, stop: i64, from_server: bool
) -> None:
    _, name, kind, only_servers, _, least, greatest = row
    # RFC 9000 18.2 MUST.
    if only_servers and not from_server:
        raise _invalid("parameter_of_servers")
    size = stop - at
    if kind == _INTEGER:
        value, after = read_varint(data, at, stop)
        if value < 0 or after != stop or value < least or value > greatest:
            raise _invalid("parameter_value")
        setattr(parameters, name, value)
    elif kind == _FLAG:
        if size != 0:
            raise _invalid("parameter_length")
        setattr(parameters, name, True)
    elif kind == _CONNECTION_ID:
        if size > MAX_CONNECTION_ID:
            raise _invalid("parameter_length")
        setattr(parameters, name, data[at:stop])
    elif kind == _RESET_TOKEN:
        if size != RESET_TOKEN_SIZE:
            raise _invalid("parameter_length")
        setattr(parameters, name, data[at:stop])
    elif kind == _ADDRESS:
        parameters.preferred_address = _decode_address(data, at, stop)
    else:
        parameters.version_information = _decode_versions(data, at, stop, from_server)


def _invalid(reason: str) -> Malformed:
    return Malformed(reason, QuicErrorCode.TRANSPORT_PARAMETER_ERROR)


def _write_octets(writer: BytesWriter, identifier: i64, value: bytes) -> None:
    write_varint(writer, identifier)
    write_varint(writer, len(value))
    writer.write(value)


def _encode_address(address: PreferredAddress) -> bytes:
    writer = BytesWriter()
    writer.write(address.ipv4)
    write_i16_be(writer, _port(address.ipv4_port))
    writer.write(address.ipv6)
    write_i16_be(writer, _port(address.ipv6_port))
    writer.append(len(address.connection_id))
    writer.write(address.connection_id)
    writer.write(address.reset_token)
    return writer.getvalue()


def _port(number: i64) -> i16:
    return i16(number - 0x10000 if number > 0x7FFF else number)


def _decode_address(data: bytes, at: i64, stop: i64) -> PreferredAddress:
    """Read addresses and ports of 24 octets, then the fields of NEW_CONNECTION_ID (RFC 9000 18.2)."""
    size = stop - at
    if size < 25:
        raise _invalid("preferred_address")
    length: i64 = data[at + 24]
    # RFC 9000 18.2 MUST: no empty connection ID.
    if length == 0 or length > MAX_CONNECTION_ID or size != 25 + length + RESET_TOKEN_SIZE:
        raise _invalid("preferred_address")
    token_at = at + 25 + length
    return PreferredAddress(
        data[at : at + 4],
        i64(read_i16_be(data, at + 4)) & 0xFFFF,
        data[at + 6 : at + 22],
        i64(read_i16_be(data, at + 22)) & 0xFFFF,
        data[at + 25 : token_at],
        data[token_at:stop],
    )


def _encode_versions(information: VersionInformation) -> bytes:
    writer = BytesWriter()
    _write_version(writer, information.chosen)
    for version in information.available:
        _write_version(writer, version)
    return writer.getvalue()


def _write_version(writer: BytesWriter, version: i64) -> None:
    write_i32_be(writer, i32(version - 0x100000000 if version > 0x7FFFFFFF else version))


def _decode_versions(data: bytes, at: i64, stop: i64, from_server: bool) -> VersionInformation:
    """Read complete numbers, none of them 0; a client must offer the chosen version (RFC 9368 4 MUST)."""
    if stop == at or (stop - at) & 3 != 0:
        raise _invalid("version_information")
    versions: list[int] = []
    while at < stop:
        version = i64(read_i32_be(data, at)) & 0xFFFFFFFF
        if version == 0:
            raise _invalid("version_information")
        versions.append(version)
        at += 4
    chosen = versions.pop(0)
    if not from_server and chosen not in versions:
        raise _invalid("version_information")
    return VersionInformation(chosen, versions)
