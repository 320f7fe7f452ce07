"""The traces of RFC 8448, recomputed: every secret, every Finished, the binder, the shared secrets, the messages."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519

from tests.http3.vectors import vectors
from zttp_h3.tls import extensions as ext
from zttp_h3.tls.alerts import DECODE_ERROR, Alert, ProtocolViolation
from zttp_h3.tls.certificates import read_certificate, read_certificate_verify
from zttp_h3.tls.groups import SECP256R1, X25519, KeyShare
from zttp_h3.tls.hellos import read_client_hello, read_server_hello
from zttp_h3.tls.key_schedule import (
    CLIENT_APPLICATION,
    CLIENT_EARLY,
    CLIENT_HANDSHAKE,
    EXPORTER,
    RESUMPTION,
    SERVER_APPLICATION,
    SERVER_HANDSHAKE,
    KeySchedule,
    Transcript,
    expand_label,
    finished_mac,
    resumption_psk,
)
from zttp_h3.tls.messages import MessageBuffer, Reader

DOCUMENT = vectors("rfc8448")
TRACES = {trace["id"]: trace["steps"] for trace in DOCUMENT["traces"]}
LABELS = (
    CLIENT_EARLY,
    CLIENT_HANDSHAKE,
    SERVER_HANDSHAKE,
    CLIENT_APPLICATION,
    SERVER_APPLICATION,
    EXPORTER,
    RESUMPTION,
)


def fields_of(name: str) -> list[tuple[str, str, dict[str, bytes]]]:
    steps = [step for step in TRACES[name] if "fields" in step]
    return [(step["actor"], step["action"], {k: bytes.fromhex(v) for k, v in step["fields"].items()}) for step in steps]


def find(name: str, word: str) -> dict[str, bytes]:
    return next(fields for _, action, fields in fields_of(name) if word in action)


@pytest.mark.parametrize("name", TRACES)
def test_every_expansion(name: str) -> None:
    count = 0
    for _, _, fields in fields_of(name):
        for prefix in ("", "key_", "iv_"):
            info = fields.get(prefix + "info")
            if info is None:
                continue
            reader = Reader(info)
            length = reader.number(2)
            label = reader.vector(1)
            context = reader.vector(1)
            assert label.startswith(b"tls13 ")
            expanded = fields[prefix + "expanded"]
            assert expand_label("sha256", fields["PRK"], label[6:], context, length) == expanded
            count += 1
    assert count > 10


@pytest.mark.parametrize("name", TRACES)
def test_the_schedule(name: str) -> None:
    psk = None
    if name == "resumed_0rtt":
        psk = find("simple_1rtt", "generate resumption secret")["expanded"]
    schedule = KeySchedule("sha256", psk)
    shared = find(name, 'extract secret "handshake"')["IKM"]
    moves = {CLIENT_HANDSHAKE: shared, CLIENT_APPLICATION: None}
    seen = []
    for _, action, fields in fields_of(name):
        for label in LABELS:
            if action != f'derive secret "tls13 {label.decode()}"':
                continue
            if label in moves:
                schedule.add(moves.pop(label))
            assert schedule.derive(label, fields["hash"]) == fields["expanded"]
            seen.append(label)
    assert CLIENT_HANDSHAKE in seen
    assert RESUMPTION in seen


@pytest.mark.parametrize("name", ["simple_1rtt", "resumed_0rtt", "hello_retry_request", "client_auth"])
def test_the_transcript(name: str) -> None:
    """The hash that application secrets are derived with is that of all messages to the server's Finished."""
    transcript = Transcript()
    transcript.choose_hash("sha256")
    wanted = find(name, f'derive secret "tls13 {CLIENT_APPLICATION.decode()}"')["hash"]
    hellos = 0
    for actor, action, fields in fields_of(name):
        for word, message in fields.items():
            if word not in action or not action.startswith("construct a"):
                continue
            if word == "ClientHello":
                hellos += 1
                message = whole_hello(name, hellos)
            if name == "hello_retry_request" and word == "ServerHello" and hellos == 1:
                transcript.restart_for_retry()
            transcript.add(message)
            if word == "Finished" and actor == "server":
                assert transcript.digest() == wanted
                return
    raise AssertionError("the trace has no Finished of the server")


def whole_hello(name: str, number: int) -> bytes:
    """A ClientHello with its binders, which only the record has in full."""
    records = [
        fields["payload"]
        for actor, action, fields in fields_of(name)
        if actor == "client" and action == "send handshake record" and fields["payload"][0] == 1
    ]
    return records[number - 1]


def test_finished() -> None:
    count = 0
    for name in TRACES:
        for _, action, fields in fields_of(name):
            if action.startswith("calculate finished"):
                # The key is expanded from the secret, and the message has the transcript: recompute the key.
                assert expand_label("sha256", fields["PRK"], b"finished", b"", 32) == fields["expanded"]
                count += 1
    assert count >= 5
    steps = find("simple_1rtt", 'calculate finished "tls13 finished"')
    transcript = Transcript()
    transcript.choose_hash("sha256")
    for word in ("ClientHello", "ServerHello", "EncryptedExtensions", "Certificate", "CertificateVerify"):
        transcript.add(next(f[word] for _, _, f in fields_of("simple_1rtt") if word in f))
    assert finished_mac("sha256", steps["PRK"], transcript.digest()) == steps["finished"]


def test_the_binder() -> None:
    steps = find("resumed_0rtt", "calculate PSK binder")
    psk = find("simple_1rtt", "generate resumption secret")["expanded"]
    transcript = Transcript()
    assert transcript.digest_with(steps["ClientHello_prefix"], "sha256") == steps["binder_hash"]
    assert KeySchedule("sha256", psk).binder(steps["binder_hash"]) == steps["finished"]


def test_the_psk_of_a_ticket() -> None:
    steps = find("simple_1rtt", "generate resumption secret")
    assert resumption_psk("sha256", steps["PRK"], steps["hash"]) == steps["expanded"]


@pytest.mark.parametrize("name", TRACES)
def test_shared_secrets(name: str) -> None:
    shared = find(name, 'extract secret "handshake"')["IKM"]
    made = [(actor, fields) for actor, action, fields in fields_of(name) if action.startswith("create an ephemeral")]
    pairs = dict(made)  # after a retry: the second
    group = SECP256R1 if name == "hello_retry_request" else X25519
    for own, other in (("client", "server"), ("server", "client")):
        share = KeyShare(group, lambda size: bytes(size - 1) + b"\x01")
        share._private = private_key(group, pairs[own]["private_key"])
        assert share.exchange(pairs[other]["public_key"]) == shared


def private_key(group: int, raw: bytes) -> Any:
    if group == X25519:
        return x25519.X25519PrivateKey.from_private_bytes(raw)
    return ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())


def test_messages_are_read() -> None:
    hello = read_client_hello(whole_hello("resumed_0rtt", 1)[4:])
    assert hello.suites == [0x1301, 0x1303, 0x1302]
    assert ext.read_server_name(hello.extensions[ext.SERVER_NAME]) == "server"
    identities, binders, size = ext.read_offered_psks(hello.extensions[ext.PRE_SHARED_KEY])
    assert len(identities) == len(binders) == 1
    assert size == 35
    answer = find("simple_1rtt", "construct a ServerHello")["ServerHello"]
    chosen = read_server_hello(answer[4:], frozenset(hello.extensions))
    assert (chosen.suite, chosen.is_retry) == (0x1301, False)
    retry = find("hello_retry_request", "construct a ServerHello")["ServerHello"]
    asked = read_server_hello(retry[4:], frozenset(hello.extensions) | {ext.COOKIE})
    assert asked.is_retry
    assert ext.read_number(asked.extensions[ext.KEY_SHARE]) == SECP256R1
    assert len(ext.read_cookie(asked.extensions[ext.COOKIE])) == 0x72
    [leaf] = read_certificate(find("simple_1rtt", "construct a Certificate")["Certificate"][4:])
    assert leaf.startswith(b"\x30\x82")
    scheme, signature = read_certificate_verify(find("simple_1rtt", "CertificateVerify")["CertificateVerify"][4:])
    assert (scheme, len(signature)) == (0x0804, 128)


def test_the_compatibility_mode_is_not_for_quic() -> None:
    # RFC 9001 8.4
    hello = find("compatibility_mode", "construct a ClientHello")["ClientHello"]
    with pytest.raises(ProtocolViolation, match="legacy_session_id"):
        read_client_hello(hello[4:])


def test_a_buffer_gives_whole_messages() -> None:
    first = whole_hello("simple_1rtt", 1)
    buffer = MessageBuffer()
    for at in range(len(first) - 1):
        buffer.receive(first[at : at + 1])
        assert buffer.next_message() is None
    buffer.receive(first[-1:] + first)
    assert buffer.next_message() == first
    assert buffer.next_message() == first
    assert buffer.is_empty()


def test_every_truncation_is_a_decode_error() -> None:
    # RFC 8446 6
    hello = whole_hello("resumed_0rtt", 1)[4:]
    for at in range(len(hello)):
        with pytest.raises(Alert) as raised:
            read_client_hello(hello[:at])
        assert raised.value.description in (DECODE_ERROR, 70)  # before the extensions: a hello of TLS 1.2
