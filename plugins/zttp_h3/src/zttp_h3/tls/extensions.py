"""Extensions: where each is legal, and their content (RFC 8446 4.2)."""

from typing import Final

from zttp_h3.tls.alerts import DECODE_ERROR, ILLEGAL_PARAMETER, MISSING_EXTENSION, UNSUPPORTED_EXTENSION, Alert
from zttp_h3.tls.messages import (
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CLIENT_HELLO,
    ENCRYPTED_EXTENSIONS,
    NEW_SESSION_TICKET,
    SERVER_HELLO,
    Reader,
    vector8,
    vector16,
)

SERVER_NAME: Final = 0
STATUS_REQUEST: Final = 5
SUPPORTED_GROUPS: Final = 10
SIGNATURE_ALGORITHMS: Final = 13
ALPN: Final = 16
SIGNED_CERTIFICATE_TIMESTAMP: Final = 18
PRE_SHARED_KEY: Final = 41
EARLY_DATA: Final = 42
SUPPORTED_VERSIONS: Final = 43
COOKIE: Final = 44
PSK_KEY_EXCHANGE_MODES: Final = 45
CERTIFICATE_AUTHORITIES: Final = 47
OID_FILTERS: Final = 48
SIGNATURE_ALGORITHMS_CERT: Final = 50
KEY_SHARE: Final = 51
QUIC_TRANSPORT_PARAMETERS: Final = 57  # RFC 9001 8.2

# HelloRetryRequest is a ServerHello on the wire, with its own extensions.
HELLO_RETRY_REQUEST: Final = 0x100 + SERVER_HELLO

TLS_1_3: Final = 0x0304
PSK_DHE_KE: Final = 1

# RFC 8446 4.2: the messages of each extension. A known one in another message is refused.
LEGAL_IN: Final[dict[int, tuple[int, ...]]] = {
    SERVER_NAME: (CLIENT_HELLO, ENCRYPTED_EXTENSIONS),
    STATUS_REQUEST: (CLIENT_HELLO, CERTIFICATE_REQUEST, CERTIFICATE),
    SUPPORTED_GROUPS: (CLIENT_HELLO, ENCRYPTED_EXTENSIONS),
    SIGNATURE_ALGORITHMS: (CLIENT_HELLO, CERTIFICATE_REQUEST),
    ALPN: (CLIENT_HELLO, ENCRYPTED_EXTENSIONS),
    SIGNED_CERTIFICATE_TIMESTAMP: (CLIENT_HELLO, CERTIFICATE_REQUEST, CERTIFICATE),
    PRE_SHARED_KEY: (CLIENT_HELLO, SERVER_HELLO),
    EARLY_DATA: (CLIENT_HELLO, ENCRYPTED_EXTENSIONS, NEW_SESSION_TICKET),
    SUPPORTED_VERSIONS: (CLIENT_HELLO, SERVER_HELLO, HELLO_RETRY_REQUEST),
    COOKIE: (CLIENT_HELLO, HELLO_RETRY_REQUEST),
    PSK_KEY_EXCHANGE_MODES: (CLIENT_HELLO,),
    CERTIFICATE_AUTHORITIES: (CLIENT_HELLO, CERTIFICATE_REQUEST),
    OID_FILTERS: (CERTIFICATE_REQUEST,),
    SIGNATURE_ALGORITHMS_CERT: (CLIENT_HELLO, CERTIFICATE_REQUEST),
    KEY_SHARE: (CLIENT_HELLO, SERVER_HELLO, HELLO_RETRY_REQUEST),
    QUIC_TRANSPORT_PARAMETERS: (CLIENT_HELLO, ENCRYPTED_EXTENSIONS),
}

Extensions = dict[int, bytes]


def read_extensions(reader: Reader, message_kind: int, offered: frozenset[int] | None = None) -> Extensions:
    """Read the extensions of a message; ``offered`` are those that an answer may have. Raises Alert."""
    found = take_extensions(reader)
    check_extensions(found, message_kind, offered)
    return found


def take_extensions(reader: Reader) -> Extensions:
    """Read all extensions of a message. Raises Alert."""
    found: Extensions = {}
    inside = Reader(reader.vector(2, 0, 0xFFFF))
    while not inside.at_end():
        kind = inside.number(2)
        body = inside.vector(2, 0, 0xFFFF)
        if kind in found:
            raise Alert(ILLEGAL_PARAMETER, "an extension stands twice in a message")
        found[kind] = body
    return found


def check_extensions(found: Extensions, message_kind: int, offered: frozenset[int] | None) -> None:
    """Check that extensions are legal in a message. Raises Alert."""
    after_last = False
    for kind in found:
        if after_last:
            raise Alert(ILLEGAL_PARAMETER, "pre_shared_key must be the last extension of ClientHello")  # 4.2.11
        after_last = message_kind == CLIENT_HELLO and kind == PRE_SHARED_KEY
        legal = LEGAL_IN.get(kind)
        if legal is not None and message_kind not in legal:
            raise Alert(ILLEGAL_PARAMETER, "an extension stands in a message that it does not belong into")
        if offered is not None and kind not in offered:
            raise Alert(UNSUPPORTED_EXTENSION, "an answer holds an extension that was not asked for")


def write_extensions(extensions: list[tuple[int, bytes]]) -> bytes:
    """Return the vector of extensions."""
    return vector16(b"".join([kind.to_bytes(2, "big") + vector16(body) for kind, body in extensions]))


def required(extensions: Extensions, kind: int, name: str) -> bytes:
    """Return a mandatory extension. Raises Alert(MISSING_EXTENSION)."""
    body = extensions.get(kind)
    if body is None:
        raise Alert(MISSING_EXTENSION, f"the extension {name} is missing")
    return body


# ------------------------------------------------------------------------------------------------- one after the other


def read_server_name(body: bytes) -> str | None:
    """Return the host name of a client's server_name (RFC 6066 3); None if it has none."""
    reader = Reader(body)
    names = Reader(reader.vector(2, 1, 0xFFFF))
    reader.finish()
    found: str | None = None
    while not names.at_end():
        kind = names.number(1)
        name = names.vector(2, 1, 0xFFFF)
        if kind != 0:
            continue
        if found is not None:
            raise Alert(ILLEGAL_PARAMETER, "server_name holds two host names")
        if not name.isascii() or b"\x00" in name:
            raise Alert(DECODE_ERROR, "server_name holds what no host is called")
        found = name.decode("ascii").lower()
    return found


def write_server_name(name: str) -> bytes:
    """Return the body of server_name for an A-label host name."""
    return vector16(b"\x00" + vector16(name.encode("ascii")))


def read_protocols(body: bytes) -> list[bytes]:
    """Return the names of application_layer_protocol_negotiation (RFC 7301 3.1)."""
    reader = Reader(body)
    inside = Reader(reader.vector(2, 2, 0xFFFF))
    reader.finish()
    names = []
    while not inside.at_end():
        names.append(inside.vector(1, 1, 0xFF))
    return names


def write_protocols(names: list[bytes]) -> bytes:
    """Return the body of application_layer_protocol_negotiation."""
    return vector16(b"".join([vector8(name) for name in names]))


def read_numbers(body: bytes) -> list[int]:
    """Return the numbers of supported_groups or signature_algorithms."""
    reader = Reader(body)
    numbers = reader.numbers16()
    reader.finish()
    return numbers


def read_offered_versions(body: bytes) -> list[int]:
    """Return the versions of a ClientHello's supported_versions (RFC 8446 4.2.1)."""
    reader = Reader(body)
    inside = Reader(reader.vector(1, 2, 254))
    reader.finish()
    versions = []
    while not inside.at_end():
        versions.append(inside.number(2))
    return versions


def read_number(body: bytes) -> int:
    """Return the two bytes of a ServerHello's supported_versions, or of a HelloRetryRequest's key_share."""
    reader = Reader(body)
    number = reader.number(2)
    reader.finish()
    return number


def read_key_shares(body: bytes) -> dict[int, bytes]:
    """Return a client's key shares by their groups, in its order (RFC 8446 4.2.8)."""
    reader = Reader(body)
    inside = Reader(reader.vector(2, 0, 0xFFFF))
    reader.finish()
    shares: dict[int, bytes] = {}
    while not inside.at_end():
        group = inside.number(2)
        share = inside.vector(2, 1, 0xFFFF)
        if group in shares:
            raise Alert(ILLEGAL_PARAMETER, "key_share holds two shares of one group")
        shares[group] = share
    return shares


def read_key_share(body: bytes) -> tuple[int, bytes]:
    """Return the group and the share of a ServerHello."""
    reader = Reader(body)
    group = reader.number(2)
    share = reader.vector(2, 1, 0xFFFF)
    reader.finish()
    return group, share


def write_key_share(group: int, share: bytes) -> bytes:
    """Return one KeyShareEntry."""
    return group.to_bytes(2, "big") + vector16(share)


def read_psk_modes(body: bytes) -> bytes:
    """Return the bytes of psk_key_exchange_modes (RFC 8446 4.2.9)."""
    reader = Reader(body)
    modes = reader.vector(1, 1, 255)
    reader.finish()
    return modes


def read_offered_psks(body: bytes) -> tuple[list[tuple[bytes, int]], list[bytes], int]:
    """Return identities with their obfuscated ages, binders, and the size of the binders' vector (RFC 8446 4.2.11)."""
    reader = Reader(body)
    inside = Reader(reader.vector(2, 7, 0xFFFF))
    identities = []
    while not inside.at_end():
        identity = inside.vector(2, 1, 0xFFFF)
        identities.append((identity, inside.number(4)))
    vector = reader.vector(2, 33, 0xFFFF)
    reader.finish()
    inside = Reader(vector)
    binders = []
    while not inside.at_end():
        binders.append(inside.vector(1, 32, 255))
    if len(binders) != len(identities):
        raise Alert(ILLEGAL_PARAMETER, "pre_shared_key has not one binder for each identity")
    return identities, binders, 2 + len(vector)


def read_cookie(body: bytes) -> bytes:
    """Return the cookie of a HelloRetryRequest (RFC 8446 4.2.2)."""
    reader = Reader(body)
    cookie = reader.vector(2, 1, 0xFFFF)
    reader.finish()
    return cookie


def check_empty(body: bytes) -> None:
    """Check an extension without content."""
    if len(body) != 0:
        raise Alert(DECODE_ERROR, "an extension that must be empty is not")
