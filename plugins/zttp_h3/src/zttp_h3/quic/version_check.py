"""Which version a client takes, and the check that nobody made it take a worse one (RFC 9368 4)."""

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.quic.session import Session
from zttp_h3.wire.transport_parameters import VersionInformation


def choose(preferred: tuple[int, ...], offered: list[int]) -> int:
    """Return the version that a client takes of those that a server offers, 0 if it speaks none of them."""
    for version in preferred:
        if version in offered:
            return version
    return 0


def check_versions(session: Session, information: VersionInformation | None) -> None:
    """Check what the peer says of versions against what was seen. Raises Malformed."""
    if information is None:
        good = not session.negotiated
    else:
        good = information.chosen == session.version
        if session.negotiated:
            # With knowledge of what the server speaks we would have come to the same version.
            good = good and choose(session.options.versions, information.available) == session.version
    if not good:
        raise Malformed("version_downgrade", QuicErrorCode.VERSION_NEGOTIATION_ERROR)
