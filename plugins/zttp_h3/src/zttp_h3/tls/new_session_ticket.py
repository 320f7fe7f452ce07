"""NewSessionTicket, read and written (RFC 8446 4.6.1)."""

from typing import Final, final

from zttp_h3.tls import extensions as ext
from zttp_h3.tls.alerts import ILLEGAL_PARAMETER, Alert, ProtocolViolation
from zttp_h3.tls.messages import NEW_SESSION_TICKET, Reader, message, vector8, vector16
from zttp_h3.tls.tickets import MAX_EARLY_DATA

_LONGEST_LIFETIME: Final = 7 * 24 * 3600


@final
class NewSessionTicket:
    """The content of the message: ``lifetime`` in seconds; ``early_data`` whether 0-RTT may be sent with the ticket."""

    def __init__(self, lifetime: int, age_add: int, nonce: bytes, identity: bytes, early_data: bool) -> None:
        self.lifetime: Final = lifetime
        self.age_add: Final = age_add
        self.nonce: Final = nonce
        self.identity: Final = identity
        self.early_data: Final = early_data


def read_new_session_ticket(body: bytes) -> NewSessionTicket:
    """Read a NewSessionTicket without its header. Raises TlsError."""
    reader = Reader(body)
    lifetime = reader.number(4)
    age_add = reader.number(4)
    nonce = reader.vector(1, 0, 255)
    identity = reader.vector(2, 1, 0xFFFF)
    extensions = ext.read_extensions(reader, NEW_SESSION_TICKET)
    reader.finish()
    if lifetime > _LONGEST_LIFETIME:
        raise Alert(ILLEGAL_PARAMETER, "a ticket lives longer than a week")
    early = extensions.get(ext.EARLY_DATA)
    if early is not None:
        early_reader = Reader(early)
        most = early_reader.number(4)
        early_reader.finish()
        if most != MAX_EARLY_DATA:
            raise ProtocolViolation("max_early_data_size of a ticket must be 0xffffffff (RFC 9001 4.6.1)")
    return NewSessionTicket(lifetime, age_add, nonce, identity, early is not None)


def write_new_session_ticket(ticket: NewSessionTicket) -> bytes:
    """Return the message."""
    extras: list[tuple[int, bytes]] = []
    if ticket.early_data:
        extras.append((ext.EARLY_DATA, MAX_EARLY_DATA.to_bytes(4, "big")))
    body = ticket.lifetime.to_bytes(4, "big") + ticket.age_add.to_bytes(4, "big") + vector8(ticket.nonce)
    return message(NEW_SESSION_TICKET, body + vector16(ticket.identity) + ext.write_extensions(extras))
