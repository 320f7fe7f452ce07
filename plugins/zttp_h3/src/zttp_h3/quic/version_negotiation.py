"""Which version of QUIC a connection speaks (RFC 9000 6, RFC 9368): begun again with another one, and no downgrade.

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
    """Forget the first flight; what the application has queued leaves with the next (RFC 9000 6.2).

    The handshake, whose transport parameters name the version, is for the caller to make anew. Early data is refused
    by this: a ticket is of its version (RFC 9369 5).
    """
    session.version = version
    session.original_id = destination
    session.peer_ids.replace_first(destination)
    session.loss.take_back(INITIAL)
    session.spaces[INITIAL].crypto = CryptoStream()
    session.zero_rtt_sealer = None
    if session.remembered is not None:
        session.refuse_early_data()
    install_initial_keys(session, destination)
