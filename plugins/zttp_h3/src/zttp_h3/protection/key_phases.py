"""1-RTT keys and their updates (RFC 9001 6).

Both directions change together. There are up to three sets of receiving keys: those of the current phase; those of the
previous one until ``discard_previous``, for late packets; those of the next, derived once and kept, so that a forged
Key Phase bit costs one decryption attempt and no derivation. An update is not undone: ours begins with ``update``, the
peer's with the first authentic packet of the next phase.
"""

from typing import Final, final

from librt.strings import BytesWriter

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i64, mypyc_attr
from zttp_h3.protection.burst import Burst
from zttp_h3.protection.labels import Labels
from zttp_h3.protection.packet_keys import (
    MIN_PROTECTED,
    Forgeries,
    HeaderProtection,
    PacketKey,
    check_reserved_bits,
    open_header,
    plain_header,
    seal_packet,
)
from zttp_h3.protection.suites import SAMPLE_SIZE, Suite
from zttp_h3.wire.packet_header import KEY_PHASE_BIT

_NONE: Final = 0x3FFFFFFFFFFFFFFF  # larger than every packet number that was received


@final
@mypyc_attr(acyclic=True)
class KeyPhases:
    """The keys of both directions, and when they may and must change."""

    def __init__(
        self, suite: Suite, labels: Labels, send_secret: bytes, receive_secret: bytes, forgeries: Forgeries
    ) -> None:
        self._suite: Suite = suite
        self._labels: Labels = labels
        self._forgeries: Forgeries = forgeries
        self._send_protection: HeaderProtection = HeaderProtection(suite, labels, send_secret)
        self._receive_protection: HeaderProtection = HeaderProtection(suite, labels, receive_secret)
        self._send_secret: bytes = send_secret
        self._send_key: PacketKey = PacketKey(suite, labels, send_secret, True)
        self._receive_secret: bytes = receive_secret  # of the current phase, or of the next one once that is derived
        self._previous: PacketKey | None = None
        self._current: PacketKey = PacketKey(suite, labels, receive_secret, False)
        self._next: PacketKey | None = None
        self._lowest_sent: i64 = -1  # in this phase
        self._lowest_received: i64 = _NONE  # in this phase
        self.phase_bit: i64 = 0  # for the headers of packets that are sent
        self.updates: i64 = 0
        # From this number of packets on a key should be replaced: the other half is for waiting until we may.
        self.update_after: i64 = suite.confidentiality_limit >> 1

    # ------------------------------------------------------------------------------------------------------ sending
    def seal(self, header: BytesWriter, number_length: i64, packet_number: i64, payload: bytes) -> bytes:
        """Return the protected packet of a header, which is consumed, and a payload."""
        if self._lowest_sent < 0:
            self._lowest_sent = packet_number
        return seal_packet(self._send_key, self._send_protection, header, number_length, packet_number, payload)

    def burst(self) -> Burst:
        """Return the object that masks the headers of many packets at once."""
        return Burst(self._send_protection)

    def seal_in(
        self, burst: Burst, header: BytesWriter, number_length: i64, packet_number: i64, payload: bytes
    ) -> None:
        """Protect a packet, which ``burst.take`` returns."""
        if self._lowest_sent < 0:
            self._lowest_sent = packet_number
        burst.add(self._send_key, header.getvalue(), number_length, packet_number, payload)

    def update_due(self) -> bool:
        """Return whether the key has protected so many packets that we should change it as soon as we may."""
        return self._send_key.sealed >= self.update_after

    def may_update(self, largest_acknowledged: i64) -> bool:
        """Return whether the peer has acknowledged a packet of this phase (RFC 9001 6.1 MUST NOT before).

        The caller checks that the handshake is confirmed, and that the last update was three PTO ago (6.5).
        """
        return 0 <= self._lowest_sent <= largest_acknowledged

    def update(self) -> None:
        """Initiate a key update. Packets of the peer are opened with the previous keys until it follows."""
        self._advance()

    # ---------------------------------------------------------------------------------------------------- receiving
    def open(self, datagram: bytes, at: i64, number_at: i64, stop: i64, largest: i64) -> tuple[i64, i64, bytes]:
        """Open a packet: (first octet without its mask, packet number, payload); -1 is the number of one to be dropped.

        As ``Opener.open``; it also follows key updates of the peer, which ``updates`` counts.
        """
        # RFC 9001 5.4.2 MUST: too short for a sample.
        if stop - number_at < MIN_PROTECTED:
            return 0, -1, b""
        sample_at = number_at + 4
        mask = self._receive_protection.masks(datagram[sample_at : sample_at + SAMPLE_SIZE])
        first, number, length = open_header(datagram, at, number_at, mask, largest)
        header = plain_header(datagram, at, number_at, first, number, length)
        protected = datagram[number_at + length : stop]
        payload: bytes | None
        if first & KEY_PHASE_BIT == self.phase_bit:
            payload = self._current.decrypt(number, protected, header)
            if payload is not None and number < self._lowest_received:
                self._lowest_received = number
        else:
            payload = self._open_other_phase(number, protected, header, largest)
        if payload is None:
            self._forgeries.add()
            return 0, -1, b""
        check_reserved_bits(first)
        return first, number, payload

    def receives_current(self) -> bool:
        """Return whether a packet of this phase was opened; three PTO later, ``discard_previous`` (RFC 9001 6.5)."""
        return self._lowest_received != _NONE

    def has_previous(self) -> bool:
        """Return whether the keys of the previous phase are still there."""
        return self._previous is not None

    def discard_previous(self) -> None:
        """Drop the keys of the previous phase, and derive those of the next."""
        self._previous = None
        self.prepare()

    def prepare(self) -> None:
        """Derive the next keys now, so that no packet takes longer because of that (RFC 9001 6.3)."""
        self._next_key()

    def _next_key(self) -> PacketKey:
        key = self._next
        if key is None:
            self._receive_secret = self._labels.next_secret(self._suite, self._receive_secret)
            key = PacketKey(self._suite, self._labels, self._receive_secret, False)
            self._next = key
        return key

    def _open_other_phase(self, number: i64, protected: bytes, header: bytes, largest: i64) -> bytes | None:
        """Open a packet of the previous or the next phase, which look the same: its number decides (RFC 9001 6.5)."""
        previous = self._previous
        if number < self._lowest_received:
            if previous is not None:
                return previous.decrypt(number, protected, header)
            if self._lowest_received != _NONE:
                return None  # its keys are gone
        payload = self._next_key().decrypt(number, protected, header)
        if payload is None:
            # RFC 9001 6.4 MUST: no old keys for a packet after one with newer keys.
            if previous is not None and previous.decrypt(number, protected, header) is not None:
                raise Malformed("old_keys", QuicErrorCode.KEY_UPDATE_ERROR)
            return None
        # RFC 9001 6.4 MUST: this packet was sent before one with older keys. 6.2: we have sent nothing with the current
        # keys, so the peer has no acknowledgment of the previous update.
        if number < largest or (self.updates > 0 and self._lowest_sent < 0):
            raise Malformed("early_key_update", QuicErrorCode.KEY_UPDATE_ERROR)
        self._advance()
        self._lowest_received = number
        return payload

    def _advance(self) -> None:
        """Enter the next phase, in both directions."""
        self._previous = self._current
        self._current = self._next_key()
        self._next = None
        self._send_secret = self._labels.next_secret(self._suite, self._send_secret)
        self._send_key = PacketKey(self._suite, self._labels, self._send_secret, True)
        self._lowest_sent = -1
        self._lowest_received = _NONE
        self.phase_bit ^= KEY_PHASE_BIT
        self.updates += 1
