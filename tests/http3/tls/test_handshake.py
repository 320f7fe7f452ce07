"""Complete handshakes of both roles: negotiated values, and the same secrets on both sides (RFC 8446 2, 4)."""

import pytest

from tests.http3.tls.certificates import KINDS, der, identity, issued, key
from tests.http3.tls.pair import SUITES, Clock, Wire, client, handshake, server
from zttp_h3.tls.alerts import (
    HANDSHAKE_FAILURE,
    NO_APPLICATION_PROTOCOL,
    UNRECOGNIZED_NAME,
    Alert,
)
from zttp_h3.tls.certificates import Identity
from zttp_h3.tls.client import ClientHandshake
from zttp_h3.tls.groups import GROUPS, SECP256R1, SECP384R1, X25519, X25519MLKEM768
from zttp_h3.tls.messages import APPLICATION, HANDSHAKE, INITIAL
from zttp_h3.tls.server import ServerHandshake
from zttp_h3.tls.tickets import TicketKeys


def assert_agreed(wire: Wire) -> None:
    assert wire.client.complete
    assert wire.server.complete
    seen = {(level, sending, secret) for level, sending, secret in wire.client_secrets}
    assert {(level, not sending, secret) for level, sending, secret in wire.server_secrets} <= seen
    levels = [level for level, _, _ in wire.server_secrets if level != 1]
    assert levels == [HANDSHAKE, HANDSHAKE, APPLICATION, APPLICATION]
    assert wire.client.suite == wire.server.suite
    assert wire.client.alpn == wire.server.alpn
    assert wire.client.peer_transport_parameters == b"server parameters"
    assert wire.server.peer_transport_parameters == b"client parameters"


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("group", GROUPS)
def test_every_suite_with_every_group(suite: int, group: int) -> None:
    # RFC 8446 9.1
    wire = handshake(client(suites=(suite,), groups=(group,)), server(groups=(group,)))
    assert_agreed(wire)
    assert wire.server.suite == suite


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_key(kind: str) -> None:
    # RFC 8446 9.1
    wire = handshake(client(), server(kind=kind))
    assert_agreed(wire)
    assert wire.client.chain == list(identity(kind).chain)


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_messages_come_in_pieces(piece: int) -> None:
    assert_agreed(handshake(client(), server(tickets=TicketKeys()), piece))


@pytest.mark.parametrize("group", [SECP256R1, SECP384R1, X25519MLKEM768])
def test_a_retry_asks_for_the_share_that_is_missing(group: int) -> None:
    # RFC 8446 4.1.4
    wire = handshake(client(groups=(X25519, group)), server(groups=(group,)))
    assert_agreed(wire)
    assert [level for level, _ in wire.sent_by_client] == [INITIAL, INITIAL, HANDSHAKE]


def test_a_hybrid_comes_with_a_share_of_x25519_for_those_without() -> None:
    wire = handshake(client(groups=(X25519MLKEM768, X25519)), server(groups=(X25519,)))
    assert_agreed(wire)
    assert len(wire.sent_by_client) == 2  # no retry


def test_the_server_prefers_its_own_order_among_the_shares_that_are_there() -> None:
    wire = handshake(client(groups=(X25519MLKEM768, X25519)), server(groups=(X25519MLKEM768, X25519)))
    assert_agreed(wire)
    assert len(wire.sent_by_server[0][1]) > 1088  # an ML-KEM ciphertext is in it


def test_a_connection_is_a_function_of_its_entropy_and_clock() -> None:
    # Ed25519 signatures have no randomness of their own.
    runs = [handshake(client(), server(kind="ed25519")) for _ in range(2)]
    assert runs[0].sent_by_client == runs[1].sent_by_client
    assert runs[0].sent_by_server == runs[1].sent_by_server
    other = handshake(client(seed=9), server(kind="ed25519"))
    assert other.sent_by_client != runs[0].sent_by_client


def test_the_key_log_has_a_line_for_each_secret_as_other_tools_read_it() -> None:
    lines: list[str] = []
    theirs: list[str] = []
    wire = handshake(client(key_log=lines.append), server(key_log=theirs.append))
    names = [line.split()[0] for line in lines]
    assert names == [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
    ]
    assert lines == theirs
    secrets = {secret.hex() for _, _, secret in wire.client_secrets}
    assert {line.split()[2] for line in lines} == secrets
    assert len({line.split()[1] for line in lines}) == 1


# -------------------------------------------------------------------------------------------------------- negotiation


def refused(client_side: ClientHandshake, server_side: ServerHandshake) -> int:
    with pytest.raises(Alert) as raised:
        handshake(client_side, server_side)
    return raised.value.description


def test_the_server_chooses_the_protocol_by_its_own_order() -> None:
    wire = handshake(client(alpn=(b"h3-29", b"h3")), server(alpn=(b"h3", b"h3-29")))
    assert wire.client.alpn == b"h3"


def test_no_common_application_protocol() -> None:
    # RFC 9001 8.1, RFC 9000 7
    assert refused(client(alpn=(b"hq",)), server()) == NO_APPLICATION_PROTOCOL


def test_no_common_suite() -> None:
    assert refused(client(suites=SUITES[:1]), server(suites=SUITES[1:])) == HANDSHAKE_FAILURE


def test_no_common_group() -> None:
    assert refused(client(groups=(X25519,)), server(groups=(SECP256R1,))) == HANDSHAKE_FAILURE


def test_several_certificates_are_chosen_by_server_name() -> None:
    asked: list[str | None] = []

    def choose(name: str | None) -> Identity:
        asked.append(name)
        return identity("rsa") if name == "rsa.example" else identity()

    for name in ("localhost", "RSA.example"):
        handshake(client(name=name, verify=False), server(choose=choose))
    assert asked == ["localhost", "rsa.example"]


def test_a_name_that_no_certificate_is_for() -> None:
    assert refused(client(), server(choose=lambda _: None)) == UNRECOGNIZED_NAME


def test_an_address_is_no_server_name() -> None:
    # RFC 6066 3, RFC 9114 3.2
    wire = handshake(client(name="192.0.2.1", verify=False), server())
    assert wire.server.server_name is None


def test_wall_time_is_asked_in_the_handshake_and_nowhere_else() -> None:
    class Counting(Clock):
        asked = 0

        def __call__(self) -> float:
            Counting.asked += 1
            return super().__call__()

    handshake(client(clock=Counting()), server(clock=Counting()))
    assert Counting.asked == 1  # the certificate is verified


def test_an_identity_is_made_of_a_chain_and_its_key() -> None:
    leaf = der(issued("p256"))
    with pytest.raises(ValueError, match="does not belong to the certificate"):
        Identity([leaf], key("p384"))
    with pytest.raises(ValueError, match="needs a certificate"):
        Identity([], key("p256"))
    with pytest.raises(ValueError, match="2048"):
        Identity([der(issued("rsa1024"))], key("rsa1024"))
