"""The version that a client selects, and the check against downgrades (RFC 9368 4)."""

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.quic.session import Session
from zttp_h3.wire.transport_parameters import VersionInformation
from zttp_h3.wire.versions import VERSION_1


def choose(preferred: tuple[int, ...], offered: list[int]) -> int:
    """Return the version that a client selects of those that a server offers, 0 if it supports none of them."""
    for version in preferred:
        if version in offered:
            return version
    return 0


def check_versions(session: Session, information: VersionInformation | None) -> None:
    """Check the peer's version information against the versions seen. Raises Malformed."""
    if information is None:
        # RFC 9368 8: a server of version 1 alone need not know of this; servers of other versions must.
        good = not session.negotiated or session.version == VERSION_1
    else:
        good = information.chosen == session.version
        if session.negotiated:
            # With the server's authentic list, and the version in use, we would have selected the same version.
            known = [*information.available, int(session.version)]
            good = good and len(known) > 1 and choose(session.options.versions, known) == session.version
    if not good:
        raise Malformed("version_downgrade", QuicErrorCode.VERSION_NEGOTIATION_ERROR)
