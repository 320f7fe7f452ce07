"""The client's handshake (RFC 8446 2, 4; RFC 9001 4).

READ_SERVER_HELLO --> READ_ENCRYPTED_EXTENSIONS --> READ_CERTIFICATE --> READ_CERTIFICATE_VERIFY --> READ_FINISHED
  HelloRetryRequest:           |   resumed: no certificate                                               ^   |
  once, back to the start      +-------------------------------------------------------------------------+   |
                                                                                          CONNECTED <--------+
"""

import hmac
from collections.abc import Callable
from typing import Any, Final, final

from zttp_h3.native_ints import i64
from zttp_h3.tls import extensions as ext
from zttp_h3.tls.alerts import (
    DECODE_ERROR,
    DECRYPT_ERROR,
    ILLEGAL_PARAMETER,
    NO_APPLICATION_PROTOCOL,
    Alert,
    ProtocolViolation,
)
from zttp_h3.tls.certificates import (
    parse,
    public_key_of,
    read_certificate,
    read_certificate_verify,
    write_certificate,
)
from zttp_h3.tls.client_offer import ClientParameters, extensions_of_hello
from zttp_h3.tls.groups import X25519, X25519MLKEM768, KeyShare
from zttp_h3.tls.handshake import Handshake, unexpected
from zttp_h3.tls.hellos import ServerHello, read_server_hello, write_client_hello
from zttp_h3.tls.key_schedule import RESUMPTION, SUITE_HASHES, KeySchedule, finished_mac, hash_size, resumption_psk
from zttp_h3.tls.messages import (
    APPLICATION,
    CERTIFICATE,
    CERTIFICATE_REQUEST,
    CERTIFICATE_VERIFY,
    ENCRYPTED_EXTENSIONS,
    FINISHED,
    HANDSHAKE,
    INITIAL,
    NEW_SESSION_TICKET,
    SERVER_HELLO,
    Reader,
    message,
    vector8,
    vector16,
)
from zttp_h3.tls.new_session_ticket import read_new_session_ticket
from zttp_h3.tls.signatures import OFFERED, verify
from zttp_h3.tls.tickets import MAX_EARLY_DATA, SessionTicket

READ_SERVER_HELLO: Final = 0
READ_ENCRYPTED_EXTENSIONS: Final = 1
READ_CERTIFICATE: Final = 2  # or a CertificateRequest, once, before it
READ_CERTIFICATE_VERIFY: Final = 3
READ_FINISHED: Final = 4
CONNECTED: Final = 5

# The messages that are legal in each state; every other one is unexpected_message.
EXPECTED: Final[dict[int, tuple[int, ...]]] = {
    READ_SERVER_HELLO: (SERVER_HELLO,),
    READ_ENCRYPTED_EXTENSIONS: (ENCRYPTED_EXTENSIONS,),
    READ_CERTIFICATE: (CERTIFICATE, CERTIFICATE_REQUEST),
    READ_CERTIFICATE_VERIFY: (CERTIFICATE_VERIFY,),
    READ_FINISHED: (FINISHED,),
    CONNECTED: (NEW_SESSION_TICKET,),
}

_MOST_TICKETS: Final = 8  # of one connection are kept


@final
class ClientHandshake(Handshake):
    """A client's handshake; ``start`` begins it.

    ``chain`` is the server's chain, leaf first in DER. ``early_data_offered``: early data may be sent;
    ``early_data_accepted`` is known when the server's extensions have arrived.
    """

    def __init__(
        self,
        parameters: ClientParameters,
        transport_parameters: bytes,
        entropy: Callable[[int], bytes],
        wall_clock: Callable[[], float],
        key_log: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__(entropy, wall_clock, key_log)
        self.chain: list[bytes] = []
        self.early_data_offered = False
        self.answered_early_data = False  # whether the server has accepted or refused early data
        self.tickets: list[SessionTicket] = []
        self._parameters: Final = parameters
        self._transport_parameters: Final = transport_parameters
        self._session: SessionTicket | None = None
        self._shares: dict[int, KeyShare] = {}
        self._offered: frozenset[int] = frozenset()
        self._retried = False
        self._leaf_key: Any = None
        self._client_secret = b""
        self._server_secret = b""
        self._requested: bytes | None = None  # the context of a CertificateRequest
        self._resumption_secret = b""

    def start(self) -> None:
        """Send the first ClientHello."""
        self._client_random = self._entropy(32)
        session = self._parameters.session
        if session is not None and session.is_valid(self.milliseconds()) and self._parameters.can_resume(session):
            session.used = True
            self._session = session
        groups = self._parameters.groups
        self._add_share(groups[0])
        if groups[0] == X25519MLKEM768 and X25519 in groups:
            self._add_share(X25519)  # for the many servers without hybrid groups
        self._send_hello(b"")

    def _add_share(self, group: int) -> None:
        self._shares[group] = KeyShare(group, self._entropy)

    def _send_hello(self, cookie: bytes) -> None:
        parameters = self._parameters
        offered = extensions_of_hello(parameters, self._transport_parameters, list(self._shares.values()), cookie)
        session = self._session
        if session is None:
            self._offered = frozenset([kind for kind, _ in offered])
            self._send(INITIAL, write_client_hello(self._client_random, parameters.suites, offered))
            return
        early = parameters.early_data and session.max_early_data > 0 and not self._retried
        if early:
            offered.append((ext.EARLY_DATA, b""))
        age = session.obfuscated_age(self.milliseconds()).to_bytes(4, "big")
        hash_name = SUITE_HASHES[session.suite]
        identities = vector16(vector16(session.identity) + age)
        binders = vector16(vector8(bytes(hash_size(hash_name))))
        offered.append((ext.PRE_SHARED_KEY, identities + binders))
        self._offered = frozenset([kind for kind, _ in offered])
        hello = write_client_hello(self._client_random, parameters.suites, offered)
        truncated = hello[: len(hello) - len(binders)]
        schedule = KeySchedule(hash_name, session.psk)
        binder = schedule.binder(self._transcript.digest_with(truncated, hash_name))
        self._send(INITIAL, truncated + vector16(vector8(binder)))
        if early:
            self.early_data_offered = True
            self.suite = session.suite
            self._schedule = schedule
            self._open_early_data(False, self._transcript.digest_with(b"", hash_name))

    def _process(self, raw: bytes) -> None:
        kind: i64 = raw[0]
        if int(kind) not in EXPECTED[int(self.state)]:
            if self.state == CONNECTED and kind == CERTIFICATE_REQUEST:
                raise ProtocolViolation("client authentication after the handshake is not used in QUIC (RFC 9001 4.4)")
            raise unexpected(kind)
        if kind == SERVER_HELLO:
            self._receive_server_hello(raw)
        elif kind == ENCRYPTED_EXTENSIONS:
            self._receive_encrypted_extensions(raw)
        elif kind == CERTIFICATE_REQUEST:
            self._receive_certificate_request(raw)
        elif kind == CERTIFICATE:
            self._receive_certificate(raw)
        elif kind == CERTIFICATE_VERIFY:
            self._receive_certificate_verify(raw)
        elif kind == FINISHED:
            self._receive_finished(raw)
        else:
            self._receive_ticket(raw)

    # ------------------------------------------------------------------------------------------------------ ServerHello

    def _receive_server_hello(self, raw: bytes) -> None:
        # A HelloRetryRequest may have a cookie, which a client does not offer (RFC 8446 4.2.2).
        hello = read_server_hello(raw[4:], self._offered | {ext.COOKIE})
        if hello.suite not in self._parameters.suites or (self._retried and hello.suite != self.suite):
            raise Alert(ILLEGAL_PARAMETER, "the server chose a cipher suite that was not offered")
        self._choose_suite(hello.suite)
        if hello.is_retry:
            self._receive_retry(raw, hello)
            return
        self._transcript.add(raw)
        group, share = ext.read_key_share(ext.required(hello.extensions, ext.KEY_SHARE, "key_share"))
        own = self._shares.get(group)
        if own is None:
            raise Alert(ILLEGAL_PARAMETER, "the server chose a group without a share of ours")
        self._schedule = KeySchedule(self.hash_name, self._accepted_psk(hello))
        self._shares = {}
        self._client_secret, self._server_secret = self._open_handshake(False, own.exchange(share))
        self._read_from(HANDSHAKE)
        self.state = READ_ENCRYPTED_EXTENSIONS

    def _accepted_psk(self, hello: ServerHello) -> bytes | None:
        body = hello.extensions.get(ext.PRE_SHARED_KEY)
        session = self._session
        if body is None or session is None:
            return None
        if ext.read_number(body) != 0 or SUITE_HASHES[session.suite] != self.hash_name:
            raise Alert(ILLEGAL_PARAMETER, "the server chose a pre-shared key that was not offered")
        self.resumed = True
        return session.psk

    def _receive_retry(self, raw: bytes, hello: ServerHello) -> None:
        if self._retried:
            raise unexpected(SERVER_HELLO)
        self._retried = True
        self._transcript.restart_for_retry()
        self._transcript.add(raw)
        body = hello.extensions.get(ext.KEY_SHARE)
        cookie = hello.extensions.get(ext.COOKIE)
        if body is None and cookie is None:
            raise Alert(ILLEGAL_PARAMETER, "a HelloRetryRequest asks for nothing")
        if body is not None:
            group = ext.read_number(body)
            if group not in self._parameters.groups or group in self._shares:
                raise Alert(
                    ILLEGAL_PARAMETER, "a HelloRetryRequest asks for a group that was not offered, or was shared"
                )
            self._shares = {}
            self._add_share(group)
        session = self._session
        if session is not None and SUITE_HASHES[session.suite] != self.hash_name:
            self._session = None  # RFC 8446 4.1.4: its hash does not match the transcript's
        if self.early_data_offered:
            self.answered_early_data = True  # RFC 8446 4.2.10: a retry refuses early data
        self._send_hello(b"" if cookie is None else ext.read_cookie(cookie))

    # ------------------------------------------------------------------------------------------ the rest of the flight

    def _receive_encrypted_extensions(self, raw: bytes) -> None:
        reader = Reader(raw[4:])
        extensions = ext.read_extensions(reader, ENCRYPTED_EXTENSIONS, self._offered)
        reader.finish()
        body = extensions.get(ext.ALPN)
        if body is None:  # RFC 9001 8.1
            raise Alert(NO_APPLICATION_PROTOCOL, "the server chose no application protocol")
        chosen = ext.read_protocols(body)
        if len(chosen) != 1:
            raise Alert(ILLEGAL_PARAMETER, "the server chose several application protocols")  # RFC 7301 3.1
        if chosen[0] not in self._parameters.alpn:  # RFC 9001 8.1
            raise Alert(NO_APPLICATION_PROTOCOL, "the server chose an application protocol that was not offered")
        self.alpn = chosen[0]
        self.peer_transport_parameters = ext.required(
            extensions, ext.QUIC_TRANSPORT_PARAMETERS, "quic_transport_parameters"
        )
        early = extensions.get(ext.EARLY_DATA)
        if early is not None:
            ext.check_empty(early)
            session = self._session
            if session is None or not self.resumed or session.suite != self.suite or session.alpn != self.alpn:
                raise Alert(ILLEGAL_PARAMETER, "the server accepts early data that it cannot have read")
            self.early_data_accepted = True
        self.answered_early_data = True
        self._transcript.add(raw)
        self.state = READ_FINISHED if self.resumed else READ_CERTIFICATE

    def _receive_certificate_request(self, raw: bytes) -> None:
        if self._requested is not None:
            raise unexpected(CERTIFICATE_REQUEST)
        reader = Reader(raw[4:])
        context = reader.vector(1, 0, 255)
        extensions = ext.read_extensions(reader, CERTIFICATE_REQUEST)
        reader.finish()
        ext.required(extensions, ext.SIGNATURE_ALGORITHMS, "signature_algorithms")
        if context != b"":  # RFC 8446 4.3.2
            raise Alert(ILLEGAL_PARAMETER, "a CertificateRequest of the handshake has a context")
        self._requested = context
        self._transcript.add(raw)

    def _receive_certificate(self, raw: bytes) -> None:
        self.chain = read_certificate(raw[4:])
        self._leaf_key = public_key_of(parse(self.chain[0]))
        self._transcript.add(raw)
        self.state = READ_CERTIFICATE_VERIFY

    def _receive_certificate_verify(self, raw: bytes) -> None:
        scheme, signature = read_certificate_verify(raw[4:])
        if scheme not in OFFERED:
            raise Alert(ILLEGAL_PARAMETER, "the server signed with a scheme that was not offered")
        verify(self._leaf_key, scheme, signature, self._transcript.digest())
        trust = self._parameters.trust
        if trust is not None:
            trust.check(self.chain, self._parameters.server_name, self._wall_clock())
        self._transcript.add(raw)
        self.state = READ_FINISHED

    def _receive_finished(self, raw: bytes) -> None:
        mac = finished_mac(self.hash_name, self._server_secret, self._transcript.digest())
        if len(raw) - 4 != len(mac):
            raise Alert(DECODE_ERROR, "a Finished message has not the length of its hash")
        if not hmac.compare_digest(mac, raw[4:]):
            raise Alert(DECRYPT_ERROR, "the server's Finished does not match the handshake")
        self._transcript.add(raw)
        self._open_application(False)
        if self._requested is not None:
            self._send(HANDSHAKE, write_certificate([], self._requested))  # RFC 8446 4.4.2.3: we have none
        own = finished_mac(self.hash_name, self._client_secret, self._transcript.digest())
        self._send(HANDSHAKE, message(FINISHED, own))
        self._resumption_secret = self._derive(RESUMPTION, self._transcript.digest())
        self._read_from(APPLICATION)
        self.state = CONNECTED
        self.complete = True

    def _receive_ticket(self, raw: bytes) -> None:
        new = read_new_session_ticket(raw[4:])
        if new.lifetime == 0 or len(self.tickets) >= _MOST_TICKETS:
            return
        ticket = SessionTicket(
            self._parameters.server_name,
            new.identity,
            resumption_psk(self.hash_name, self._resumption_secret, new.nonce),
            self.suite,
            self.alpn,
            new.age_add,
            new.lifetime,
            self.milliseconds(),
            MAX_EARLY_DATA if new.early_data else 0,
            self.peer_transport_parameters or b"",
            verified=self._parameters.trust is not None,
        )
        self.tickets.append(ticket)
