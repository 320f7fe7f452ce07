"""The handshake of a connection: CRYPTO bytes to TLS, messages and secrets from TLS (RFC 9001 4, RFC 9000 7)."""

import hmac
from typing import Final

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64
from zttp_h3.protection.key_phases import KeyPhases
from zttp_h3.protection.labels import labels_of
from zttp_h3.protection.packet_keys import Opener, Sealer, initial_opener, initial_sealer
from zttp_h3.protection.suites import SUITES
from zttp_h3.quic.session import Session
from zttp_h3.quic.version_check import check_versions
from zttp_h3.recovery.loss import APPLICATION, HANDSHAKE, INITIAL
from zttp_h3.tls import messages as tls_levels
from zttp_h3.tls.client import ClientHandshake
from zttp_h3.wire.frame_types import CRYPTO
from zttp_h3.wire.remembered_parameters import is_reduced
from zttp_h3.wire.transport_parameters import TransportParameters, decode

# The encryption level of TLS that each space's CRYPTO stream belongs to.
_LEVELS: Final = (tls_levels.INITIAL, tls_levels.HANDSHAKE, tls_levels.APPLICATION)
_SPACES: Final = {
    tls_levels.INITIAL: INITIAL,
    tls_levels.HANDSHAKE: HANDSHAKE,
    tls_levels.APPLICATION: APPLICATION,
}


def install_initial_keys(session: Session, destination: bytes, opener: Opener | None = None) -> None:
    """Derive the keys of Initial packets from the client's choice of connection ID (RFC 9001 5.2).

    ``opener`` is the one that has opened the first packet.
    """
    space = session.spaces[INITIAL]
    space.sealer = initial_sealer(session.version, destination, session.is_server)
    if opener is None:
        opener = initial_opener(session.version, destination, not session.is_server, session.forgeries)
    space.opener = opener


def feed(session: Session, number: i64) -> None:
    """Pass the next bytes of a space's CRYPTO stream to TLS. Raises Malformed and TlsError."""
    handshake = session.handshake
    if handshake is None:
        return
    crypto = session.spaces[number].crypto
    data = crypto.take()
    while data:
        handshake.receive(_LEVELS[number], data)
        progress(session)
        data = crypto.take()
    # RFC 9001 4.1.3 MUST: TLS has changed keys, and there are unread bytes.
    if not handshake.reads(_LEVELS[number]) and crypto.has_more():
        raise Malformed("handshake_bytes_left", QuicErrorCode.PROTOCOL_VIOLATION, CRYPTO)


def progress(session: Session) -> None:
    """Apply the progress of TLS: the peer's parameters, keys, messages, completion. Raises Malformed."""
    handshake = session.handshake
    assert handshake is not None
    if isinstance(handshake, ClientHandshake) and handshake.answered_early_data:
        session.zero_rtt_sealer = None
        if session.remembered is not None and not handshake.early_data_accepted:
            session.refuse_early_data()
    encoded = handshake.peer_transport_parameters
    if encoded is not None and not session.knows_peer:
        _apply_parameters(session, encoded)
    for level, sending, secret in handshake.take_secrets():
        _install(session, level, sending, secret)
    for level, message in handshake.take_messages():
        session.spaces[_SPACES[level]].crypto.outgoing.write(message)
    if handshake.complete and session.is_server:
        session.confirm()


def _install(session: Session, level: int, sending: bool, secret: bytes) -> None:
    handshake = session.handshake
    assert handshake is not None
    suite = SUITES[handshake.suite]
    session.forgeries.limit = suite.integrity_limit
    labels = labels_of(session.version)
    if level == tls_levels.APPLICATION:
        # The sending keys come first, and the pair makes the phases.
        if sending:
            session.application_secret = secret
        else:
            session.phases = KeyPhases(suite, labels, session.application_secret, secret, session.forgeries)
            session.application_secret = b""
            session.streams.on_handshake_keys()
    elif level == tls_levels.EARLY_DATA:
        if sending:
            session.zero_rtt_sealer = Sealer(suite, labels, secret)
        else:
            session.zero_rtt_opener = Opener(suite, labels, secret, session.forgeries)
    elif sending:
        session.spaces[HANDSHAKE].sealer = Sealer(suite, labels, secret)
        session.loss.has_handshake_keys = True
    else:
        session.spaces[HANDSHAKE].opener = Opener(suite, labels, secret, session.forgeries)


def _apply_parameters(session: Session, encoded: bytes) -> None:
    """Check and apply the peer's transport parameters (RFC 9000 7.3, 7.4). Raises Malformed."""
    peer = decode(encoded, not session.is_server)
    _authenticate_ids(session, peer)
    check_versions(session, peer.version_information)
    # RFC 9000 7.4.1 MUST NOT: early data was accepted, and a limit that it relied on is lower now.
    if session.remembered is not None and is_reduced(peer, session.remembered):
        raise Malformed("remembered_limit_reduced", QuicErrorCode.PROTOCOL_VIOLATION)
    session.remembered = None
    session.peer = peer
    session.knows_peer = True
    if peer.stateless_reset_token is not None:
        session.peer_ids.set_token(peer.stateless_reset_token)
    preferred = peer.preferred_address
    if preferred is not None:
        # RFC 9000 18.2 MUST: not from a server without connection IDs. 5.1.1: this one is the second.
        if len(session.initial_source) == 0:
            raise Malformed("preferred_address", QuicErrorCode.TRANSPORT_PARAMETER_ERROR)
        session.peer_ids.add(1, 0, preferred.connection_id, preferred.reset_token)
    session.loss.max_ack_delay = peer.max_ack_delay * 1000
    if peer.grease_quic_bit:
        session.quic_bits = int.from_bytes(session.options.entropy(8), "big") >> 2
    session.streams.apply(peer)


def _authenticate_ids(session: Session, peer: TransportParameters) -> None:
    """Check the connection IDs in the parameters against those of the handshake (RFC 9000 7.3)."""
    good = _same(peer.initial_source_connection_id, session.initial_source)
    if not session.is_server:
        good = good and _same(peer.original_destination_connection_id, session.original_id)
        good = good and _same(peer.retry_source_connection_id, session.retry_source)
    if not good:
        raise Malformed("connection_id_not_authentic", QuicErrorCode.TRANSPORT_PARAMETER_ERROR)


def _same(said: bytes | None, seen: bytes | None) -> bool:
    if said is None or seen is None:
        return said is None and seen is None
    return hmac.compare_digest(said, seen)
