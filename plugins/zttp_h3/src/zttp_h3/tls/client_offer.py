"""A client's parameters, and the extensions of its ClientHello (RFC 8446 4.1.2, 4.2)."""

from typing import Final, final

from zttp_h3.tls import extensions as ext
from zttp_h3.tls.groups import KeyShare
from zttp_h3.tls.messages import numbers16, vector8, vector16
from zttp_h3.tls.signatures import OFFERED
from zttp_h3.tls.tickets import SessionTicket
from zttp_h3.tls.verification import Trust, as_address


@final
class ClientParameters:
    """The parameters of a client's handshake; ``trust`` None verifies only the signature."""

    def __init__(
        self,
        server_name: str,
        alpn: list[bytes],
        suites: list[int],
        groups: list[int],
        trust: Trust | None,
        session: SessionTicket | None,
        early_data: bool,
    ) -> None:
        self.server_name: Final = server_name
        self.alpn: Final = alpn
        self.suites: Final = suites
        self.groups: Final = groups
        self.trust: Final = trust
        self.session: Final = session
        self.early_data: Final = early_data

    def without_session(self) -> "ClientParameters":
        """Return the same parameters without a session."""
        return ClientParameters(self.server_name, self.alpn, self.suites, self.groups, self.trust, None, False)

    def can_resume(self, session: SessionTicket) -> bool:
        """Return whether a ticket matches this server and this offer (RFC 8446 4.2.11, 4.6.1)."""
        if self.trust is not None and not session.verified:
            return False
        return session.server_name == self.server_name and session.suite in self.suites and session.alpn in self.alpn


def extensions_of_hello(
    parameters: ClientParameters, transport_parameters: bytes, shares: list[KeyShare], cookie: bytes
) -> list[tuple[int, bytes]]:
    """Return the extensions of a ClientHello without those of a resumed session, which come last."""
    offered: list[tuple[int, bytes]] = []
    if as_address(parameters.server_name) is None and parameters.server_name:
        offered.append((ext.SERVER_NAME, ext.write_server_name(parameters.server_name)))
    written = [ext.write_key_share(share.group, share.public) for share in shares]
    offered += [
        (ext.SUPPORTED_VERSIONS, vector8(ext.TLS_1_3.to_bytes(2, "big"))),
        (ext.SUPPORTED_GROUPS, vector16(numbers16(parameters.groups))),
        (ext.SIGNATURE_ALGORITHMS, vector16(numbers16(list(OFFERED)))),
        (ext.KEY_SHARE, vector16(b"".join(written))),
        (ext.ALPN, ext.write_protocols(parameters.alpn)),
        (ext.QUIC_TRANSPORT_PARAMETERS, transport_parameters),
        (ext.PSK_KEY_EXCHANGE_MODES, vector8(bytes((ext.PSK_DHE_KE,)))),
    ]
    if cookie:
        offered.append((ext.COOKIE, vector16(cookie)))
    return offered
