"""The version that a client selects, and the check against downgrades (RFC 9368 4)."""

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.quic.session import Session
from zttp_h3.wire.transport_parameters import VersionInformation


def choose(preferred: tuple[int, ...], offered: list[int]) -> int:
    """Return the version that a client selects of those that a server offers, 0 if it supports none of them."""
    for version in preferred:
        if version in offered:
            return version
    return 0


def check_versions(session: Session, information: VersionInformation | None) -> None:
    """Check the peer's version information against the versions seen. Raises Malformed."""
    if information is None:
        good = not session.negotiated
    else:
        good = information.chosen == session.version
        if session.negotiated:
            # With the server's authentic list we would have selected the same version.
            good = good and choose(session.options.versions, information.available) == session.version
    if not good:
        raise Malformed("version_downgrade", QuicErrorCode.VERSION_NEGOTIATION_ERROR)
