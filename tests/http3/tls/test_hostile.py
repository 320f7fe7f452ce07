"""Messages of a broken or hostile peer: the exact alert, and never another exception (RFC 8446 6.2, RFC 9001 4.8)."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.http3.tls.pair import Clock, client, handshake, server
from zttp_h3.tls import client as client_module
from zttp_h3.tls import extensions as ext
from zttp_h3.tls import server as server_module
from zttp_h3.tls.alerts import (
    DECODE_ERROR,
    DECRYPT_ERROR,
    ILLEGAL_PARAMETER,
    MISSING_EXTENSION,
    NO_APPLICATION_PROTOCOL,
    PROTOCOL_VERSION,
    UNEXPECTED_MESSAGE,
    UNSUPPORTED_EXTENSION,
    Alert,
    ProtocolViolation,
    TlsError,
)
from zttp_h3.tls.client import ClientHandshake
from zttp_h3.tls.groups import GROUPS, SECP256R1, SECP384R1, X25519, X25519MLKEM768
from zttp_h3.tls.hellos import RETRY_RANDOM, read_client_hello, write_client_hello, write_server_hello
from zttp_h3.tls.messages import (
    APPLICATION,
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CLIENT_HELLO,
    ENCRYPTED_EXTENSIONS,
    END_OF_EARLY_DATA,
    FINISHED,
    HANDSHAKE,
    INITIAL,
    KEY_UPDATE,
    NEW_SESSION_TICKET,
    SERVER_HELLO,
    message,
    vector8,
    vector16,
)
from zttp_h3.tls.tickets import TicketKeys

Extensions = list[tuple[int, bytes]]


def hello_of(**options: Any) -> tuple[bytes, list[int], Extensions]:
    """The random, the suites and the extensions of a valid ClientHello."""
    sender = client(**options)
    sender.start()
    [(_, raw)] = sender.take_messages()
    hello = read_client_hello(raw[4:])
    return hello.random, hello.suites, list(hello.extensions.items())


def answer_to(change: Callable[[Extensions], Extensions], **options: Any) -> int:
    """The alert for a valid ClientHello whose extensions were changed."""
    chance, suites, extensions = hello_of()
    with pytest.raises(Alert) as raised:
        server(**options).receive(INITIAL, write_client_hello(chance, suites, change(extensions)))
    return raised.value.description


def replaced(kind: int, body: bytes) -> Callable[[Extensions], Extensions]:
    return lambda extensions: [(k, body if k == kind else b) for k, b in extensions]


def without(kind: int) -> Callable[[Extensions], Extensions]:
    return lambda extensions: [(k, b) for k, b in extensions if k != kind]


def test_the_hello_that_is_changed_is_good_as_it_is() -> None:
    chance, suites, extensions = hello_of()
    receiver = server()
    receiver.receive(INITIAL, write_client_hello(chance, suites, extensions))
    assert [level for level, _ in receiver.take_messages()] == [INITIAL, *[HANDSHAKE] * 4]


@pytest.mark.parametrize(
    ("kind", "description"),
    [
        (ext.QUIC_TRANSPORT_PARAMETERS, MISSING_EXTENSION),
        (ext.KEY_SHARE, MISSING_EXTENSION),
        (ext.SUPPORTED_GROUPS, MISSING_EXTENSION),
        (ext.SIGNATURE_ALGORITHMS, MISSING_EXTENSION),
        (ext.ALPN, NO_APPLICATION_PROTOCOL),
        (ext.SUPPORTED_VERSIONS, PROTOCOL_VERSION),
    ],
)
def test_an_extension_is_missing(kind: int, description: int) -> None:
    # RFC 8446 4.2.1, 4.2.3, 9.2, D.2, RFC 9001 8.1, 8.2
    assert answer_to(without(kind)) == description


@pytest.mark.parametrize(
    ("name", "change", "description"),
    [
        ("twice", lambda e: [*e, e[0]], ILLEGAL_PARAMETER),
        ("cookie in the wrong message", lambda e: [*e, (ext.OID_FILTERS, b"")], ILLEGAL_PARAMETER),
        ("after pre_shared_key", lambda e: [(ext.PRE_SHARED_KEY, b""), *e], ILLEGAL_PARAMETER),
        ("older versions", replaced(ext.SUPPORTED_VERSIONS, vector8(b"\x03\x03")), PROTOCOL_VERSION),
        ("odd versions", replaced(ext.SUPPORTED_VERSIONS, vector8(b"\x03\x04\x03")), DECODE_ERROR),
        ("a short share", replaced(ext.KEY_SHARE, vector16(ext.write_key_share(X25519, bytes(31)))), ILLEGAL_PARAMETER),
        (
            "a share of zeros",
            replaced(ext.KEY_SHARE, vector16(ext.write_key_share(X25519, bytes(32)))),
            ILLEGAL_PARAMETER,
        ),
        ("a share not listed", replaced(ext.SUPPORTED_GROUPS, vector16(b"\x00\x17")), 40),
        ("two shares of a group", lambda e: replaced(ext.KEY_SHARE, vector16(dict(e)[ext.KEY_SHARE][2:] * 2))(e), 47),
        ("odd groups", replaced(ext.SUPPORTED_GROUPS, vector16(b"\x00")), DECODE_ERROR),
        ("no groups", replaced(ext.SUPPORTED_GROUPS, vector16(b"")), DECODE_ERROR),
        ("two host names", replaced(ext.SERVER_NAME, vector16(ext.write_server_name("a")[2:] * 2)), ILLEGAL_PARAMETER),
        ("a name of NUL", replaced(ext.SERVER_NAME, vector16(b"\x00" + vector16(b"a\x00"))), DECODE_ERROR),
        ("an empty protocol", replaced(ext.ALPN, vector16(vector8(b"") * 2)), DECODE_ERROR),
        ("early data without a ticket", lambda e: [*e, (ext.EARLY_DATA, b"")], ILLEGAL_PARAMETER),
        ("early data with a body", lambda e: [*e, (ext.EARLY_DATA, b"\x00")], DECODE_ERROR),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_client_hello(name: str, change: Callable[[Extensions], Extensions], description: int) -> None:
    # RFC 8446 4.2, 6, 7.4.2
    assert answer_to(change) == description


def test_a_pre_shared_key_without_a_mode_to_use_it_in() -> None:
    # RFC 8446 4.2.9 MUST
    tickets = TicketKeys()
    [session] = handshake(client(), server(tickets=tickets)).client.tickets
    chance, suites, extensions = hello_of(session=session)
    assert extensions[-1][0] == ext.PRE_SHARED_KEY
    with pytest.raises(Alert) as raised:
        without_modes = without(ext.PSK_KEY_EXCHANGE_MODES)(extensions)
        server(tickets=tickets).receive(INITIAL, write_client_hello(chance, suites, without_modes))
    assert raised.value.description == MISSING_EXTENSION


def test_what_nobody_knows_is_ignored() -> None:
    # RFC 8446 4.1.2, 9.3, RFC 9001 5.3, RFC 8701
    chance, suites, extensions = hello_of()
    greased = [(0x0A0A, b""), *extensions[:-1], (0xFAFA, b"\x00" * 300), extensions[-1]]
    receiver = server()
    receiver.receive(INITIAL, write_client_hello(chance, [0x0A0A, *suites, 0x00FF], greased))
    assert len(receiver.take_messages()) == 5


@pytest.mark.parametrize("group", GROUPS)
def test_shares_that_no_honest_client_makes(group: int) -> None:
    # RFC 8446 4.2.8.2, 7.4.2
    sizes = {X25519: 32, SECP256R1: 65, SECP384R1: 97, X25519MLKEM768: 1216}
    shares = [b"\x00", bytes(sizes[group]), bytes(sizes[group] + 1)]
    if group != X25519:  # for it any 32 bytes are a point, and most give a secret
        shares += [b"\x02" + bytes(sizes[group] - 1), b"\xff" * sizes[group]]
    for share in shares:
        body = vector16(ext.write_key_share(group, share))
        chance, suites, extensions = hello_of(groups=(group,))
        with pytest.raises(Alert) as raised:
            server(groups=(group,)).receive(
                INITIAL, write_client_hello(chance, suites, replaced(ext.KEY_SHARE, body)(extensions))
            )
        assert raised.value.description == ILLEGAL_PARAMETER


def test_compression_is_refused() -> None:
    # RFC 8446 4.1.2
    chance, suites, extensions = hello_of()
    raw = write_client_hello(chance, suites, extensions)
    at = raw.index(vector8(b"\x00") + ext.write_extensions(extensions)[:2])
    with pytest.raises(Alert) as raised:
        server().receive(INITIAL, raw[: at + 1] + b"\x01" + raw[at + 2 :])
    assert raised.value.description == ILLEGAL_PARAMETER


# --------------------------------------------------------------------------------------------------------- the second


def test_the_second_hello_has_what_was_asked_for() -> None:
    # RFC 8446 4.1.2, 4.2.8
    for change, description in (
        (lambda e: e, ILLEGAL_PARAMETER),  # the first one again
        (lambda e: replaced(ext.KEY_SHARE, vector16(b""))(e), ILLEGAL_PARAMETER),
    ):
        receiver = server(groups=(SECP256R1,))
        chance, suites, extensions = hello_of(groups=(X25519, SECP256R1))
        receiver.receive(INITIAL, write_client_hello(chance, suites, extensions))
        [(_, retry)] = receiver.take_messages()
        assert retry[6:38] == RETRY_RANDOM
        with pytest.raises(Alert) as raised:
            receiver.receive(INITIAL, write_client_hello(chance, suites, change(extensions)))
        assert raised.value.description == description


def test_the_second_hello_is_of_the_same_client() -> None:
    # RFC 8446 4.1.2
    receiver = server(groups=(SECP256R1,))
    chance, suites, extensions = hello_of(groups=(X25519, SECP256R1))
    receiver.receive(INITIAL, write_client_hello(chance, suites, extensions))
    with pytest.raises(Alert) as raised:
        receiver.receive(INITIAL, write_client_hello(bytes(32), suites, extensions))
    assert raised.value.description == ILLEGAL_PARAMETER


# ----------------------------------------------------------------------------------------------- messages out of turn

KINDS = (0, 1, 2, 3, 4, 5, 8, 11, 13, 15, 20, 22, 24, 254)


def drive_client(state: int) -> ClientHandshake:
    """A client in ``state``."""
    one, other = client(), server(tickets=TicketKeys())
    one.start()
    for level, sent in one.take_messages():
        other.receive(level, sent)
    for level, sent in other.take_messages():
        if one.state == state:
            return one
        one.receive(level, sent)
    assert one.state == state
    return one


@pytest.mark.parametrize("state", client_module.EXPECTED)
@pytest.mark.parametrize("kind", KINDS)
def test_a_client_takes_each_message_in_its_state_alone(state: int, kind: int) -> None:
    # RFC 8446 2, 4
    one = drive_client(state)
    if kind in client_module.EXPECTED[state]:
        return
    level = APPLICATION if state == client_module.CONNECTED else INITIAL if state == 0 else HANDSHAKE
    with pytest.raises(TlsError) as raised:
        one.receive(level, message(kind, b""))
    after = state == client_module.CONNECTED and kind == CERTIFICATE_REQUEST  # RFC 9001 4.4
    assert raised.value.error_code == (0x0A if after else 0x100 + UNEXPECTED_MESSAGE)


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_takes_each_message_in_its_state_alone(kind: int) -> None:
    # RFC 8446 4
    fresh = server()
    if kind != CLIENT_HELLO:
        with pytest.raises(Alert) as raised:
            fresh.receive(INITIAL, message(kind, b""))
        assert raised.value.description == UNEXPECTED_MESSAGE
    wire = handshake(client(), server())
    assert wire.server.state == server_module.CONNECTED
    with pytest.raises(Alert) as raised:
        wire.server.receive(APPLICATION, message(kind, b""))
    assert raised.value.description == UNEXPECTED_MESSAGE
    assert END_OF_EARLY_DATA in KINDS  # RFC 9001 8.3
    assert KEY_UPDATE in KINDS  # RFC 9001 6


def test_every_state_has_its_row() -> None:
    assert sorted(client_module.EXPECTED) == list(range(client_module.CONNECTED + 1))
    assert sorted(server_module.EXPECTED) == list(range(server_module.CONNECTED))


def test_a_level_that_is_over() -> None:
    # RFC 9001 4.1.3
    wire = handshake(client(), server())
    for level in (INITIAL, HANDSHAKE):
        with pytest.raises(ProtocolViolation):
            wire.client.receive(level, b"\x00")
    with pytest.raises(ProtocolViolation):
        server().receive(HANDSHAKE, b"\x00")


def test_a_message_must_not_reach_over_a_change_of_keys() -> None:
    # RFC 9001 4.1.3 MUST; RFC 8446 5.1 has an alert for it, which is not for QUIC
    one, other = client(), server()
    one.start()
    [(level, hello)] = one.take_messages()
    with pytest.raises(ProtocolViolation):
        other.receive(level, hello + b"\x14")


def test_a_message_longer_than_any_needs_to_be() -> None:
    with pytest.raises(Alert) as raised:
        server().receive(INITIAL, b"\x01\x00\x40\x01")
    assert raised.value.description == ILLEGAL_PARAMETER


# ----------------------------------------------------------------------------------------------------- a bad server


def first_flight(**options: Any) -> tuple[ClientHandshake, list[tuple[int, bytes]]]:
    one, other = client(**options), server(tickets=TicketKeys(), clock=options.get("clock") or Clock())
    one.start()
    for level, sent in one.take_messages():
        other.receive(level, sent)
    return one, other.take_messages()


def refused(one: ClientHandshake, level: int, sent: bytes) -> int:
    with pytest.raises(Alert) as raised:
        one.receive(level, sent)
    return raised.value.description


@pytest.mark.parametrize(
    ("suite", "extensions", "description"),
    [
        (0x1301, [], MISSING_EXTENSION),
        (0x1304, [], ILLEGAL_PARAMETER),
        (0x1301, [(ext.KEY_SHARE, ext.write_key_share(SECP256R1, bytes(65)))], ILLEGAL_PARAMETER),
        (0x1301, [(ext.KEY_SHARE, ext.write_key_share(X25519, bytes(32)))], ILLEGAL_PARAMETER),
        (0x1301, [(ext.ALPN, b"")], ILLEGAL_PARAMETER),
        (0x1301, [(0x1234, b"")], UNSUPPORTED_EXTENSION),
        (0x1301, [(ext.PRE_SHARED_KEY, b"\x00\x00")], UNSUPPORTED_EXTENSION),
    ],
)
def test_a_server_hello(suite: int, extensions: Extensions, description: int) -> None:
    # RFC 8446 4.1.3, 4.2
    one, _ = first_flight()
    assert refused(one, INITIAL, write_server_hello(bytes(32), suite, extensions)) == description


def test_a_server_hello_of_an_older_version() -> None:
    # RFC 9001 4.2, RFC 8446 4.2.1, D.1
    one, flight = first_flight()
    hello = flight[0][1]
    older = hello.replace(b"\x00\x2b\x00\x02\x03\x04", b"\x00\x2b\x00\x02\x03\x03")
    assert refused(one, INITIAL, older) == ILLEGAL_PARAMETER
    one, _ = first_flight()
    bare = message(SERVER_HELLO, b"\x03\x03" + bytes(32) + b"\x00\x13\x01\x00")
    assert refused(one, INITIAL, bare) == PROTOCOL_VERSION
    # The hello of an older version is not checked by the rules of TLS 1.3.
    for extension in ((ext.ALPN, ext.write_protocols([b"h3"])), (0xFF01, b"\x00")):
        one, _ = first_flight()
        older = message(SERVER_HELLO, bare[4:] + ext.write_extensions([extension]))
        assert refused(one, INITIAL, older) == PROTOCOL_VERSION


@pytest.mark.parametrize(
    "extensions",
    [
        [],  # requests nothing
        [(ext.KEY_SHARE, b"\x00\x1d")],  # the share is there
        [(ext.KEY_SHARE, b"\x00\x18")],  # the group was not offered
    ],
)
def test_a_retry_that_makes_no_sense(extensions: Extensions) -> None:
    # RFC 8446 4.1.4, 4.2.8
    one, _ = first_flight(groups=(X25519, SECP256R1))
    assert refused(one, INITIAL, write_server_hello(RETRY_RANDOM, 0x1301, extensions)) == ILLEGAL_PARAMETER


def test_a_second_retry() -> None:
    # RFC 8446 4.1.4
    one, _ = first_flight(groups=(X25519, SECP256R1))
    retry = write_server_hello(RETRY_RANDOM, 0x1301, [(ext.KEY_SHARE, b"\x00\x17")])
    one.receive(INITIAL, retry)
    assert refused(one, INITIAL, retry) == UNEXPECTED_MESSAGE


def test_a_retry_with_a_cookie() -> None:
    # RFC 8446 4.2.2
    one, _ = first_flight()
    one.receive(INITIAL, write_server_hello(RETRY_RANDOM, 0x1301, [(ext.COOKIE, vector16(b"biscuit"))]))
    [(_, again)] = one.take_messages()
    assert read_client_hello(again[4:]).extensions[ext.COOKIE] == vector16(b"biscuit")


def test_the_suite_of_a_retry_stays() -> None:
    # RFC 8446 4.1.4
    one, _ = first_flight(groups=(X25519, SECP256R1))
    one.receive(INITIAL, write_server_hello(RETRY_RANDOM, 0x1301, [(ext.KEY_SHARE, b"\x00\x17")]))
    answer = write_server_hello(bytes(32), 0x1303, [(ext.KEY_SHARE, ext.write_key_share(SECP256R1, bytes(65)))])
    assert refused(one, INITIAL, answer) == ILLEGAL_PARAMETER


@pytest.mark.parametrize(
    ("extensions", "description"),
    [
        ([], NO_APPLICATION_PROTOCOL),
        ([(ext.ALPN, ext.write_protocols([b"h3"]))], MISSING_EXTENSION),
        ([(ext.ALPN, ext.write_protocols([b"hq"]))], NO_APPLICATION_PROTOCOL),
        ([(ext.ALPN, ext.write_protocols([b"h3", b"h3"]))], ILLEGAL_PARAMETER),
        ([(ext.EARLY_DATA, b"")], UNSUPPORTED_EXTENSION),
        ([(ext.KEY_SHARE, b"")], ILLEGAL_PARAMETER),
    ],
)
def test_encrypted_extensions(extensions: Extensions, description: int) -> None:
    # RFC 8446 4.2, 4.3.1
    one, flight = first_flight()
    one.receive(*flight[0])
    sent = message(ENCRYPTED_EXTENSIONS, ext.write_extensions(extensions))
    assert refused(one, HANDSHAKE, sent) == description


@pytest.mark.parametrize("chain", [b"", b"\x00\x00\x00\x00\x00", b"\x00\x00\x01\x30\x00\x00"])
def test_a_certificate_message(chain: bytes) -> None:
    # RFC 8446 4.4.2.4
    one, flight = first_flight()
    for level, sent in flight[:2]:
        one.receive(level, sent)
    sent = message(CERTIFICATE, b"\x00" + len(chain).to_bytes(3, "big") + chain)
    assert refused(one, HANDSHAKE, sent) in (DECODE_ERROR, 42)


def test_signatures_and_finished_are_checked() -> None:
    # RFC 8446 4.4.3, 4.4.4
    for place, description in ((3, DECRYPT_ERROR), (4, DECRYPT_ERROR)):
        one, flight = first_flight()
        for level, sent in flight[:place]:
            one.receive(level, sent)
        level, sent = flight[place]
        assert refused(one, level, sent[:-1] + bytes((sent[-1] ^ 1,))) == description
    one, flight = first_flight()
    for level, sent in flight[:4]:
        one.receive(level, sent)
    assert refused(one, HANDSHAKE, message(FINISHED, bytes(31))) == DECODE_ERROR


def test_a_client_finished_is_checked() -> None:
    # RFC 8446 4.4.4
    one, other = client(), server()
    one.start()
    for level, sent in one.take_messages():
        other.receive(level, sent)
    for bad, description in ((bytes(32), DECRYPT_ERROR), (bytes(48), DECODE_ERROR)):
        with pytest.raises(Alert) as raised:
            other.receive(HANDSHAKE, message(FINISHED, bad))
        assert raised.value.description == description
        assert not other.complete


def test_a_client_without_a_certificate_says_so() -> None:
    # RFC 8446 4.3.2, 4.4.2.3
    one, flight = first_flight()
    for level, sent in flight[:2]:
        one.receive(level, sent)
    request = message(
        CERTIFICATE_REQUEST, b"\x00" + ext.write_extensions([(ext.SIGNATURE_ALGORITHMS, vector16(b"\x04\x03"))])
    )
    one.receive(HANDSHAKE, request)
    assert refused(one, HANDSHAKE, request) == UNEXPECTED_MESSAGE


@pytest.mark.parametrize(
    ("lifetime", "extensions", "error_code"),
    [
        (7 * 86400 + 1, [], 0x100 + ILLEGAL_PARAMETER),
        (1, [(ext.EARLY_DATA, b"\x00\x00\x00\x01")], 0x0A),
        (1, [(ext.EARLY_DATA, b"\xff\xff\xff\xff\x00")], 0x100 + DECODE_ERROR),
        (1, [(ext.ALPN, b"")], 0x100 + ILLEGAL_PARAMETER),
    ],
)
def test_a_ticket(lifetime: int, extensions: Extensions, error_code: int) -> None:
    # RFC 9001 4.6.1, RFC 8446 4.6.1
    wire = handshake(client(), server())
    body = lifetime.to_bytes(4, "big") + bytes(4) + vector8(b"") + vector16(b"t") + ext.write_extensions(extensions)
    with pytest.raises(TlsError) as raised:
        wire.client.receive(APPLICATION, message(NEW_SESSION_TICKET, body))
    assert raised.value.error_code == error_code


def test_tickets_are_kept_within_bounds() -> None:
    wire = handshake(client(), server())
    for lifetime in (0, *[10] * 100):
        body = lifetime.to_bytes(4, "big") + bytes(4) + vector8(b"") + vector16(b"t") + ext.write_extensions([])
        wire.client.receive(APPLICATION, message(NEW_SESSION_TICKET, body))
    assert len(wire.client.tickets) == 8


# ------------------------------------------------------------------------------------------------------- mutated bytes


@pytest.mark.parametrize("seed", range(4))
def test_mutated_flights_raise_nothing_but_tls_errors(seed: int) -> None:
    chance = random.Random(seed)
    codes = set()
    keys = TicketKeys()
    session = handshake(client(), server(tickets=keys)).client.tickets[0]
    for number in range(150):
        session.used = False
        one = client(session=session if number % 2 else None, early_data=True)
        other = server(tickets=keys)
        one.start()
        try:
            for level, sent in one.take_messages():
                other.receive(level, mutated(sent, chance, number % 3 == 0))
            for level, sent in other.take_messages():
                one.receive(level, mutated(sent, chance, number % 3 == 1))
            for level, sent in one.take_messages():
                other.receive(level, mutated(sent, chance, number % 3 == 2))
        except TlsError as error:
            codes.add(error.error_code)
    assert len(codes) > 5  # not a single check that catches all
    assert all(code == 0x0A or 0x100 <= code < 0x200 for code in codes)


def mutated(sent: bytes, chance: random.Random, really: bool) -> bytes:
    if not really:
        return sent
    changed = bytearray(sent)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed))
        what = chance.randrange(3)
        if what == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            changed[at] = chance.choice((0, 1, 0x7F, 0xFF))
        else:
            del changed[at : at + chance.randint(1, 8)]
            changed[1:4] = max(0, len(changed) - 4).to_bytes(3, "big")
        if len(changed) < 5:
            break
    return bytes(changed)
