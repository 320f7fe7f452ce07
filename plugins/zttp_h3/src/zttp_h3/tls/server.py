"""The server's handshake (RFC 8446 2, 4; RFC 9001 4).

READ_HELLO ------ ClientHello -----> READ_FINISHED ---- Finished ----> CONNECTED
    |                                    ^
    +-- ClientHello without a share --> READ_SECOND_HELLO
        of a group of ours
"""

import hmac
from collections.abc import Callable
from typing import Final, final

from zttp_h3.native_ints import i64
from zttp_h3.tls import extensions as ext
from zttp_h3.tls.alerts import (
    DECODE_ERROR,
    DECRYPT_ERROR,
    HANDSHAKE_FAILURE,
    ILLEGAL_PARAMETER,
    NO_APPLICATION_PROTOCOL,
    UNRECOGNIZED_NAME,
    Alert,
)
from zttp_h3.tls.certificates import Identity
from zttp_h3.tls.early_data import still_holds
from zttp_h3.tls.groups import answer
from zttp_h3.tls.handshake import Handshake, unexpected
from zttp_h3.tls.hellos import RETRY_RANDOM, ClientHello, read_client_hello, write_server_hello
from zttp_h3.tls.key_schedule import RESUMPTION, SUITE_HASHES, KeySchedule, finished_mac, resumption_psk
from zttp_h3.tls.messages import (
    APPLICATION,
    CLIENT_HELLO,
    ENCRYPTED_EXTENSIONS,
    FINISHED,
    HANDSHAKE,
    INITIAL,
    message,
)
from zttp_h3.tls.new_session_ticket import NewSessionTicket, write_new_session_ticket
from zttp_h3.tls.tickets import LIFETIME_SECONDS, TicketKeys, TicketState, is_fresh
from zttp_h3.wire.versions import VERSION_1

READ_HELLO: Final = 0
READ_SECOND_HELLO: Final = 1
READ_FINISHED: Final = 2
CONNECTED: Final = 3

# The message that is legal in each state; every other one is unexpected_message. No message of TLS follows the client's
# Finished in QUIC: KeyUpdate is not used (RFC 9001 6), nor is client authentication after the handshake.
EXPECTED: Final[dict[int, int]] = {READ_HELLO: CLIENT_HELLO, READ_SECOND_HELLO: CLIENT_HELLO, READ_FINISHED: FINISHED}

_MOST_IDENTITIES_TRIED: Final = 4  # decrypting a ticket has a cost; clients offer one or two


@final
class ServerParameters:
    """The parameters of a server's handshakes.

    ``choose_identity`` gets the server name that the client sent, or None, and returns None for an unknown one.
    ``context`` has the limits and settings of early data: a ticket of a context that is no longer valid resumes, but
    its early data is refused.
    """

    def __init__(
        self,
        choose_identity: Callable[[str | None], Identity | None],
        alpn: list[bytes],
        suites: list[int],
        groups: list[int],
        tickets: TicketKeys | None,
        context: bytes,
        accept_early_data: bool,
    ) -> None:
        self.choose_identity: Final = choose_identity
        self.alpn: Final = alpn
        self.suites: Final = suites
        self.groups: Final = groups
        self.tickets: Final = tickets
        self.context: Final = context
        self.accept_early_data: Final = accept_early_data


@final
class ServerHandshake(Handshake):
    """A server's handshake. ``server_name`` is the one that the client sent; ``version`` is the version of QUIC."""

    def __init__(
        self,
        parameters: ServerParameters,
        transport_parameters: bytes,
        entropy: Callable[[int], bytes],
        wall_clock: Callable[[], float],
        key_log: Callable[[str], object] | None = None,
        version: int = VERSION_1,
    ) -> None:
        super().__init__(entropy, wall_clock, key_log)
        self._version: Final = version
        self.server_name: str | None = None
        self._parameters: Final = parameters
        self._transport_parameters = transport_parameters
        self._retry_group = -1
        self._finished_key = b""  # the secret of the client's Finished
        self._offers_resumption = False

    def _process(self, raw: bytes) -> None:
        kind: i64 = raw[0]
        if EXPECTED.get(int(self.state), -1) != kind:
            raise unexpected(kind)
        if kind == FINISHED:
            self._receive_finished(raw)
        else:
            self._receive_hello(raw)

    # ------------------------------------------------------------------------------------------------------ ClientHello

    def _receive_hello(self, raw: bytes) -> None:
        hello = read_client_hello(raw[4:])
        extensions = hello.extensions
        again = self.state == READ_SECOND_HELLO
        if again and hello.random != self._client_random:
            raise Alert(ILLEGAL_PARAMETER, "the second ClientHello is not that of the first")
        self._client_random = hello.random
        suite = self._suite(hello)
        if again and suite != self.suite:
            raise Alert(ILLEGAL_PARAMETER, "the second ClientHello leads to another cipher suite")
        self.peer_transport_parameters = ext.required(
            extensions, ext.QUIC_TRANSPORT_PARAMETERS, "quic_transport_parameters"
        )
        name = extensions.get(ext.SERVER_NAME)
        self.server_name = None if name is None else ext.read_server_name(name)
        self.alpn = self._protocol(extensions)
        groups = ext.read_numbers(ext.required(extensions, ext.SUPPORTED_GROUPS, "supported_groups"))
        shares = ext.read_key_shares(ext.required(extensions, ext.KEY_SHARE, "key_share"))
        group = self._group(groups, shares)
        if group not in shares:
            if again:
                raise Alert(ILLEGAL_PARAMETER, "the second ClientHello has not the key share that was asked for")
            self._choose_suite(suite)
            self._retry(raw, group)
            return
        self._check_shares(again, groups, shares)
        psk, chosen = self._choose_psk(raw, hello, suite)
        identity = None
        scheme = 0
        if psk is None:
            # RFC 8446 9.2: without a used PSK the client must send signature_algorithms.
            schemes = ext.read_numbers(ext.required(extensions, ext.SIGNATURE_ALGORITHMS, "signature_algorithms"))
            identity = self._parameters.choose_identity(self.server_name)
            if identity is None:
                raise Alert(UNRECOGNIZED_NAME, "the server has no certificate for this name")
            scheme = identity.choose_scheme(schemes)
        self._choose_suite(suite)
        self._transcript.add(raw)
        self._schedule = KeySchedule(self.hash_name, None if psk is None else psk.psk)
        self._decide_early_data(extensions, psk, chosen, again)
        self._respond(group, shares[group], identity, scheme, chosen)

    def _suite(self, hello: ClientHello) -> int:
        for suite in self._parameters.suites:
            if suite in hello.suites:
                return suite
        raise Alert(HANDSHAKE_FAILURE, "the client offers no cipher suite of ours")

    def _protocol(self, extensions: ext.Extensions) -> bytes:
        # RFC 9001 8.1: an application protocol is required.
        body = extensions.get(ext.ALPN)
        if body is not None:
            offered = ext.read_protocols(body)
            for protocol in self._parameters.alpn:
                if protocol in offered:
                    return protocol
        raise Alert(NO_APPLICATION_PROTOCOL, "the client offers no application protocol of ours")

    def _group(self, groups: list[int], shares: dict[int, bytes]) -> int:
        """Return the group to use, in our order of preference, but one with a client's share if there is one."""
        common = [group for group in self._parameters.groups if group in groups]
        if len(common) == 0:
            raise Alert(HANDSHAKE_FAILURE, "the client offers no group of ours")
        if self.state == READ_SECOND_HELLO:
            return self._retry_group
        for group in common:
            if group in shares:
                return group
        return common[0]

    def _check_shares(self, again: bool, groups: list[int], shares: dict[int, bytes]) -> None:
        # RFC 8446 4.2.8: every share has an offered group; after a retry there is only the requested one.
        if again and len(shares) != 1:
            raise Alert(ILLEGAL_PARAMETER, "the second ClientHello must have one key share")
        for group in shares:
            if group not in groups:
                raise Alert(ILLEGAL_PARAMETER, "a key share is of a group that supported_groups does not list")

    def _retry(self, raw: bytes, group: int) -> None:
        """Request another key share (RFC 8446 4.1.4)."""
        self._transcript.add(raw)
        self._transcript.restart_for_retry()
        self._retry_group = group
        wanted = (ext.KEY_SHARE, group.to_bytes(2, "big"))
        self._send(INITIAL, write_server_hello(RETRY_RANDOM, self.suite, [wanted]))
        self.state = READ_SECOND_HELLO

    # ------------------------------------------------------------------------------------------------------- resumption

    def _choose_psk(self, raw: bytes, hello: ClientHello, suite: int) -> tuple[TicketState | None, int]:
        """Return the content of the accepted ticket, and its index among those offered (RFC 8446 4.2.11)."""
        body = hello.extensions.get(ext.PRE_SHARED_KEY)
        modes = hello.extensions.get(ext.PSK_KEY_EXCHANGE_MODES)
        self._offers_resumption = modes is not None and ext.PSK_DHE_KE in ext.read_psk_modes(modes)
        if body is None:
            return None, -1
        ext.required(hello.extensions, ext.PSK_KEY_EXCHANGE_MODES, "psk_key_exchange_modes")
        identities, binders, binders_size = ext.read_offered_psks(body)
        tickets = self._parameters.tickets
        if tickets is None or not self._offers_resumption:
            return None, -1
        now = self.milliseconds()
        for place, (identity, _) in enumerate(identities[:_MOST_IDENTITIES_TRIED]):
            state = tickets.open(identity, self._version)
            if state is None or not self._resumes(state, suite, now):
                continue
            truncated = raw[: len(raw) - binders_size]
            digest = self._transcript.digest_with(truncated, SUITE_HASHES[suite])
            binder = KeySchedule(SUITE_HASHES[suite], state.psk).binder(digest)
            if not hmac.compare_digest(binder, binders[place]):
                raise Alert(DECRYPT_ERROR, "a binder does not prove its pre-shared key")
            return state, place
        return None, -1

    def _resumes(self, state: TicketState, suite: int, now: int) -> bool:
        same_hash = SUITE_HASHES.get(state.suite) == SUITE_HASHES[suite]
        same_name = state.server_name == (self.server_name or "").encode()
        return same_hash and same_name and 0 <= now - state.issued < LIFETIME_SECONDS * 1000

    def _decide_early_data(self, extensions: ext.Extensions, psk: TicketState | None, place: int, again: bool) -> None:
        """Accept early data or not (RFC 8446 4.2.10, 8)."""
        body = extensions.get(ext.EARLY_DATA)
        if body is None:
            return
        ext.check_empty(body)
        if again:
            raise Alert(ILLEGAL_PARAMETER, "the second ClientHello must not offer early data")
        offered = extensions.get(ext.PRE_SHARED_KEY)
        if offered is None:
            raise Alert(ILLEGAL_PARAMETER, "early data is offered without a pre-shared key")
        parameters = self._parameters
        if psk is None or place != 0 or not parameters.accept_early_data or parameters.tickets is None:
            return
        if psk.suite != self.suite or psk.alpn != self.alpn or not still_holds(psk.context, parameters.context):
            return
        identity, age = ext.read_offered_psks(offered)[0][0]
        now = self.milliseconds()
        if is_fresh(psk, age, now) and parameters.tickets.use_once(identity, now):
            self.early_data_accepted = True
            self._open_early_data(True, self._transcript.digest())

    # ---------------------------------------------------------------------------------------------------------- answers

    def _respond(self, group: int, share: bytes, identity: Identity | None, scheme: int, chosen: int) -> None:
        """Send everything from ServerHello to Finished."""
        public, secret = answer(group, share, self._entropy)
        answers = [(ext.KEY_SHARE, ext.write_key_share(group, public))]
        if identity is None:
            self.resumed = True
            answers.append((ext.PRE_SHARED_KEY, chosen.to_bytes(2, "big")))
        self._send(INITIAL, write_server_hello(self._entropy(32), self.suite, answers))
        client_secret, server_secret = self._open_handshake(True, secret)
        self._finished_key = client_secret
        encrypted = [
            (ext.ALPN, ext.write_protocols([self.alpn])),
            (ext.QUIC_TRANSPORT_PARAMETERS, self._transport_parameters),
        ]
        if self.server_name is not None and not self.resumed:
            encrypted.append((ext.SERVER_NAME, b""))  # RFC 6066 3: the name was used
        if self.early_data_accepted:
            encrypted.append((ext.EARLY_DATA, b""))
        self._send(HANDSHAKE, message(ENCRYPTED_EXTENSIONS, ext.write_extensions(encrypted)))
        if identity is not None:
            self._send(HANDSHAKE, identity.certificate_message)
            self._send(HANDSHAKE, identity.verify_message(scheme, self._transcript.digest()))
        mac = finished_mac(self.hash_name, server_secret, self._transcript.digest())
        self._send(HANDSHAKE, message(FINISHED, mac))
        self._open_application(True)
        self._read_from(HANDSHAKE)
        self.state = READ_FINISHED

    def _receive_finished(self, raw: bytes) -> None:
        mac = finished_mac(self.hash_name, self._finished_key, self._transcript.digest())
        if len(raw) - 4 != len(mac):
            raise Alert(DECODE_ERROR, "a Finished message has not the length of its hash")
        if not hmac.compare_digest(mac, raw[4:]):
            raise Alert(DECRYPT_ERROR, "the client's Finished does not match the handshake")
        self._transcript.add(raw)
        self._read_from(APPLICATION)
        self.state = CONNECTED
        self.complete = True
        if self._parameters.tickets is not None and self._offers_resumption:
            self._send_ticket(self._parameters.tickets)
        self._forget()

    def _forget(self) -> None:
        """Drop the state that only the handshake needs: the connection may be idle for long."""
        self._transcript.forget()
        self._schedule = None
        self._finished_key = b""
        self._transport_parameters = b""

    def _send_ticket(self, tickets: TicketKeys) -> None:
        """Send a NewSessionTicket (RFC 8446 4.6.1)."""
        nonce = b"\x00"
        psk = resumption_psk(self.hash_name, self._derive(RESUMPTION, self._transcript.digest()), nonce)
        parameters = self._parameters
        age_add = int.from_bytes(self._entropy(4), "big")
        name = (self.server_name or "").encode()
        state = TicketState(psk, self.suite, self.alpn, name, parameters.context, age_add, self.milliseconds())
        ticket = tickets.seal(state, self._version)
        new = NewSessionTicket(LIFETIME_SECONDS, age_add, nonce, ticket, parameters.accept_early_data)
        self._messages.append((APPLICATION, write_new_session_ticket(new)))
