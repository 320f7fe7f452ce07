"""Reserved values without a meaning are sent, and ignored (RFC 9000 18.1, RFC 9114 6.2.3, 7.2.4.1, 7.2.8, RFC 9287)."""

import random

from tests.http3.h3_pair import Pair
from tests.http3.test_misbehaving import GET, RawPeer, section
from zttp_core import Request
from zttp_h3 import frames, grease
from zttp_h3.quic.options import TransportOptions
from zttp_h3.quic.own_parameters import encoded, own_parameters
from zttp_h3.quic.paths import Path
from zttp_h3.quic.session import Session
from zttp_h3.wire.transport_parameters import decode
from zttp_h3.wire.varint import read_varint


def is_reserved(number: int) -> bool:
    return (number - 0x21) % 0x1F == 0


def parameters(seed: int) -> bytes:
    options = TransportOptions(entropy=random.Random(seed).randbytes)
    own = own_parameters(options, b"12345678")
    return encoded(Session(False, options, own, b"12345678", b"abcdefgh", Path(None, None, True), 0))


def test_a_reserved_transport_parameter_leaves() -> None:
    identifiers = set()
    for seed in range(20):
        data = parameters(seed)
        identifier, at = read_varint(data, 0, len(data))
        assert (identifier - 27) % 31 == 0
        assert at > 0
        identifiers.add(int(identifier))
        assert decode(data, False).initial_max_data == 1024 * 1024
    assert len(identifiers) > 10
    assert parameters(1) == parameters(1)


def test_a_reserved_setting_leaves_and_is_ignored() -> None:
    values = set()
    for seed in range(5):
        pair = Pair(seed=seed)
        pair.request()
        pair.run()
        for settings in (pair.client.peer_settings(), pair.server.peer_settings()):
            assert settings is not None
            [name] = [name for name in settings if is_reserved(name)]
            values.add((name, settings[name]))
        assert not pair.errors
    assert len(values) > 5


def test_reserved_frames_and_streams() -> None:
    entropy = random.Random(1).randbytes
    kinds = []
    for _ in range(50):
        data = grease.reserved_frame(entropy)
        kind, length, at = frames.read_frame_header(data, 0)
        assert is_reserved(int(kind))
        assert at + length == len(data)
        kinds.append(int(kind))
    assert len(set(kinds)) > 20
    assert 2 < sum(grease.opens_reserved_stream(entropy) for _ in range(50)) < 30


def test_a_connection_with_a_reserved_stream() -> None:
    opened = 0
    for seed in range(12):
        pair = Pair(seed=seed)
        for _ in range(4):  # so that QPACK has its streams, which come first
            pair.request(b"GET", b"/", None, [(b"x-name", b"value")])
            pair.run()
            pair.wait(0.1)
        session = pair.client._session
        assert session is not None
        counts = session.transport.session.streams.counts
        opened += counts._next_local[1] == 4
        assert counts._next_local[1] in (3, 4)
        assert not pair.errors
    assert 0 < opened < 12


def test_reserved_frames_anywhere_on_a_request_are_ignored() -> None:
    # RFC 9114 9
    peer = RawPeer()
    unknown = frames.frame(int(grease.reserved(7)), bytes(300))
    peer.open(unknown + section(GET) + unknown + frames.frame(frames.DATA, b"x") + unknown, fin=True)
    peer.settle()
    assert peer.error is None
    assert any(isinstance(event, Request) for event in peer.events)


def test_the_bit_of_quic_means_nothing() -> None:
    # RFC 9287 3
    pair = Pair()
    pair.request()
    pair.run()
    pair.run(until=lambda: pair.client.handshake_confirmed)
    cleared = 0
    number = pair.request(b"POST", b"/", bytes(50_000))
    session = pair.client._session
    assert session is not None
    assert session.transport.session.peer.grease_quic_bit
    for _ in range(40):
        for side, other in ((pair.client, pair.server), (pair.server, pair.client)):
            for datagram in side.data_to_send(pair.now):
                cleared += datagram[0] & 0x40 == 0
                other.receive_datagram(datagram, pair.now, side.role)
        pair.now += 30_000
        pair.pull()
    assert pair.responses[number].content == bytes(50_000)
    assert cleared > 5
