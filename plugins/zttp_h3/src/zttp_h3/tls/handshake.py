"""The common part of both sides of a handshake: messages in and out by encryption level, secrets as they are derived.

The handshake does not depend on packets. Its input is the CRYPTO stream of each level in order (RFC 9001 4.1.3); its
output is taken from it: first ``take_secrets``, then ``take_messages``, whose level may need those secrets.
"""

from collections.abc import Callable
from typing import Final

from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.tls.alerts import UNEXPECTED_MESSAGE, Alert, ProtocolViolation
from zttp_h3.tls.key_schedule import (
    CLIENT_APPLICATION,
    CLIENT_EARLY,
    CLIENT_HANDSHAKE,
    SERVER_APPLICATION,
    SERVER_HANDSHAKE,
    SUITE_HASHES,
    KeySchedule,
    Transcript,
)
from zttp_h3.tls.messages import APPLICATION, EARLY_DATA, HANDSHAKE, INITIAL, MessageBuffer

# A secret for packet protection: its encryption level, whether it is for sending, and itself.
Secret = tuple[int, bool, bytes]

# The names in the key log (SSLKEYLOGFILE, draft-ietf-tls-keylogfile).
_KEY_LOG_NAMES: Final = {
    CLIENT_EARLY: "CLIENT_EARLY_TRAFFIC_SECRET",
    CLIENT_HANDSHAKE: "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    SERVER_HANDSHAKE: "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    CLIENT_APPLICATION: "CLIENT_TRAFFIC_SECRET_0",
    SERVER_APPLICATION: "SERVER_TRAFFIC_SECRET_0",
}


@mypyc_attr(allow_interpreted_subclasses=False)
class Handshake:
    """The state of one handshake, in either role."""

    def __init__(
        self,
        entropy: Callable[[int], bytes],
        wall_clock: Callable[[], float],
        key_log: Callable[[str], object] | None,
    ) -> None:
        self.suite = 0
        self.hash_name = ""
        self.alpn = b""
        self.peer_transport_parameters: bytes | None = None
        self.resumed = False
        self.early_data_accepted = False
        self.complete = False  # RFC 9001 4.1.1: the peer's Finished is verified and ours is sent
        self.state: i64 = 0
        self._entropy: Final = entropy
        self._wall_clock: Final = wall_clock
        self._key_log: Final = key_log
        self._client_random = b""
        self._transcript: Final = Transcript()
        self._schedule: KeySchedule | None = None
        self._buffer = MessageBuffer()
        self._level: i64 = INITIAL  # of received messages
        self._messages: list[tuple[int, bytes]] = []
        self._secrets: list[Secret] = []

    def receive(self, level: i64, data: bytes) -> None:
        """Take bytes of the CRYPTO stream of a level, in order. Raises TlsError, which is final."""
        if level != self._level:
            # RFC 9001 4.1.3: late bytes of a finished level, or early bytes of a later level.
            raise ProtocolViolation("handshake messages come in an encryption level that is not read now")
        self._buffer.receive(data)
        while True:
            message = self._buffer.next_message()
            if message is None:
                return
            self._process(message)

    def reads(self, level: i64) -> bool:
        """Return whether messages are expected in a level."""
        return level == self._level

    def take_messages(self) -> list[tuple[int, bytes]]:
        """Return the messages to send, as (level, bytes), and remove them."""
        taken = self._messages
        self._messages = []
        return taken

    def take_secrets(self) -> list[Secret]:
        """Return the new secrets, in order, and remove them."""
        taken = self._secrets
        self._secrets = []
        return taken

    def milliseconds(self) -> int:
        """Return the wall clock's time in milliseconds since the epoch."""
        return int(self._wall_clock() * 1000)

    def _process(self, raw: bytes) -> None:
        """Take one message; each role has its own."""
        raise AssertionError(raw)

    def _send(self, level: int, message: bytes) -> None:
        """Queue a message and put it into the transcript."""
        self._transcript.add(message)
        self._messages.append((level, message))

    def _read_from(self, level: i64) -> None:
        """Continue reading in another level; messages must not span levels (RFC 8446 5.1)."""
        if not self._buffer.is_empty():  # RFC 9001 4.1.3 MUST, without an alert for it
            raise ProtocolViolation("a handshake message reaches over a change of keys")
        self._level = level

    def _choose_suite(self, suite: int) -> None:
        self.suite = suite
        self.hash_name = SUITE_HASHES[suite]
        self._transcript.choose_hash(self.hash_name)

    def _derive(self, label: bytes, transcript_hash: bytes) -> bytes:
        assert self._schedule is not None
        secret = self._schedule.derive(label, transcript_hash)
        if self._key_log is not None and label in _KEY_LOG_NAMES:
            self._key_log(f"{_KEY_LOG_NAMES[label]} {self._client_random.hex()} {secret.hex()}")
        return secret

    def _open_early_data(self, is_server: bool, hello_hash: bytes) -> None:
        secret = self._derive(CLIENT_EARLY, hello_hash)
        self._secrets.append((EARLY_DATA, not is_server, secret))

    def _open_handshake(self, is_server: bool, shared_secret: bytes) -> tuple[bytes, bytes]:
        """Derive the handshake secrets and return the client's and the server's."""
        assert self._schedule is not None
        self._schedule.add(shared_secret)
        digest = self._transcript.digest()
        client = self._derive(CLIENT_HANDSHAKE, digest)
        server = self._derive(SERVER_HANDSHAKE, digest)
        self._secrets.append((HANDSHAKE, True, server if is_server else client))
        self._secrets.append((HANDSHAKE, False, client if is_server else server))
        return client, server

    def _open_application(self, is_server: bool) -> None:
        """Derive the application secrets; the transcript ends with the server's Finished."""
        assert self._schedule is not None
        self._schedule.add(None)
        digest = self._transcript.digest()
        client = self._derive(CLIENT_APPLICATION, digest)
        server = self._derive(SERVER_APPLICATION, digest)
        self._secrets.append((APPLICATION, True, server if is_server else client))
        self._secrets.append((APPLICATION, False, client if is_server else server))


def unexpected(kind: i64) -> Alert:
    """Return the alert for a message that is not legal now."""
    return Alert(UNEXPECTED_MESSAGE, f"a handshake message of type {kind} must not come now")
