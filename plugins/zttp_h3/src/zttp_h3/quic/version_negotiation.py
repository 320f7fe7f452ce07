"""The version of QUIC of a connection (RFC 9000 6, RFC 9368): a restart with another version, without downgrades.

A version is a row: its number and its packet types in ``wire.versions``, its salt and labels in ``protection.labels``,
its keys for Retry in ``protection.retry_integrity``. There are 1 and 2 (RFC 9369). A server answers in the version that
the client began with; compatible negotiation (RFC 9368 2.3) would be another choice here.
"""

from zttp_h3.native_ints import i64
from zttp_h3.quic.handshake_progress import install_initial_keys
from zttp_h3.quic.session import Session
from zttp_h3.recovery.loss import INITIAL
from zttp_h3.streams.crypto_stream import CryptoStream


def begin_again(session: Session, version: i64, destination: bytes) -> None:
    """Drop the first flight; the application's queued data is sent with the next (RFC 9000 6.2).

    The caller makes a new handshake, because the transport parameters name the version. Early data is refused by this:
    a ticket belongs to its version (RFC 9369 5).
    """
    session.version = version
    session.token = b""  # it belongs to the first version (RFC 9369 5)
    session.original_id = destination
    session.peer_ids.replace_first(destination)
    session.loss.take_back(INITIAL)
    session.spaces[INITIAL].crypto = CryptoStream()
    session.zero_rtt_sealer = None
    if session.remembered is not None:
        session.refuse_early_data()
    install_initial_keys(session, destination)
