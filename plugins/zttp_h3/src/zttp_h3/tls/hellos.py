"""ClientHello, ServerHello and HelloRetryRequest, read and written (RFC 8446 4.1)."""

from typing import Final, final

from zttp_h3.tls.alerts import ILLEGAL_PARAMETER, PROTOCOL_VERSION, Alert, ProtocolViolation
from zttp_h3.tls.extensions import (
    HELLO_RETRY_REQUEST,
    SUPPORTED_VERSIONS,
    TLS_1_3,
    Extensions,
    check_extensions,
    read_extensions,
    read_number,
    read_offered_versions,
    take_extensions,
    write_extensions,
)
from zttp_h3.tls.messages import CLIENT_HELLO, SERVER_HELLO, Reader, message, numbers16, vector8, vector16

_LEGACY_VERSION: Final = b"\x03\x03"
# RFC 8446 4.1.3: the random that distinguishes a HelloRetryRequest from a ServerHello.
RETRY_RANDOM: Final = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


@final
class ClientHello:
    """What a client offers."""

    def __init__(self, random: bytes, suites: list[int], extensions: Extensions) -> None:
        self.random: Final = random
        self.suites: Final = suites
        self.extensions: Final = extensions


@final
class ServerHello:
    """What a server chose; ``is_retry`` for a HelloRetryRequest."""

    def __init__(self, random: bytes, suite: int, extensions: Extensions, is_retry: bool) -> None:
        self.random: Final = random
        self.suite: Final = suite
        self.extensions: Final = extensions
        self.is_retry: Final = is_retry


def read_client_hello(body: bytes) -> ClientHello:
    """Read a ClientHello without its header. Raises TlsError."""
    reader = Reader(body)
    reader.take(2)  # legacy_version, without meaning if there is supported_versions
    random = reader.take(32)
    session_id = reader.vector(1, 0, 32)
    suites = reader.numbers16()
    compressions = reader.vector(1, 1, 255)
    if reader.at_end():  # RFC 8446 4.2.1: that is a hello of TLS 1.2
        raise Alert(PROTOCOL_VERSION, "a ClientHello without extensions does not speak TLS 1.3")
    extensions = read_extensions(reader, CLIENT_HELLO)
    reader.finish()
    offered = extensions.get(SUPPORTED_VERSIONS)
    if offered is None or TLS_1_3 not in read_offered_versions(offered):
        raise Alert(PROTOCOL_VERSION, "a ClientHello does not offer TLS 1.3")
    if compressions != b"\x00":  # RFC 8446 4.1.2
        raise Alert(ILLEGAL_PARAMETER, "a ClientHello offers compression")
    if len(session_id) != 0:
        raise ProtocolViolation("legacy_session_id must be empty (RFC 9001 8.4)")
    return ClientHello(random, suites, extensions)


def write_client_hello(random: bytes, suites: list[int], extensions: list[tuple[int, bytes]]) -> bytes:
    """Return a ClientHello."""
    body = _LEGACY_VERSION + random + vector8(b"") + vector16(numbers16(suites)) + vector8(b"\x00")
    return message(CLIENT_HELLO, body + write_extensions(extensions))


def read_server_hello(body: bytes, offered: frozenset[int]) -> ServerHello:
    """Read a ServerHello or HelloRetryRequest, which may answer the ``offered`` extensions. Raises Alert."""
    reader = Reader(body)
    reader.take(2)
    random = reader.take(32)
    session_id = reader.vector(1, 0, 32)
    suite = reader.number(2)
    compression = reader.number(1)
    is_retry = random == RETRY_RANDOM
    if reader.at_end():
        raise Alert(PROTOCOL_VERSION, "a ServerHello without extensions does not speak TLS 1.3")
    extensions = take_extensions(reader)
    reader.finish()
    # RFC 8446 4.2.1 MUST: before everything else, because an older version has other extensions.
    version = extensions.get(SUPPORTED_VERSIONS)
    if version is None:
        raise Alert(PROTOCOL_VERSION, "a ServerHello does not choose TLS 1.3")
    check_extensions(extensions, HELLO_RETRY_REQUEST if is_retry else SERVER_HELLO, offered)
    if read_number(version) != TLS_1_3 or len(session_id) != 0 or compression != 0:
        raise Alert(ILLEGAL_PARAMETER, "a ServerHello chooses what was not offered")
    return ServerHello(random, suite, extensions, is_retry)


def write_server_hello(random: bytes, suite: int, extensions: list[tuple[int, bytes]]) -> bytes:
    """Return a ServerHello, or a HelloRetryRequest if ``random`` is RETRY_RANDOM."""
    body = _LEGACY_VERSION + random + vector8(b"") + suite.to_bytes(2, "big") + b"\x00"
    version = (SUPPORTED_VERSIONS, TLS_1_3.to_bytes(2, "big"))
    return message(SERVER_HELLO, body + write_extensions([version, *extensions]))
