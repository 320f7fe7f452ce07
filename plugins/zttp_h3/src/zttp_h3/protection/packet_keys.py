"""Encrypting and decrypting packets (RFC 9001 5.3, 5.4): one object for each direction of an encryption level.

Making a context of ``cryptography`` costs as much as three packets, so all are made once; per packet there is one call
of the AEAD and one of the cipher that masks the header, or one for a burst of packets.
"""

from collections.abc import Callable
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import ECB
from librt.strings import BytesWriter, read_i16_be, read_i32_be, read_i64_be, write_i32_be, write_i64_be

from zttp_h3.codes import QuicErrorCode
from zttp_h3.malformed import Malformed
from zttp_h3.native_ints import i32, i64, mypyc_attr, u8
from zttp_h3.protection.labels import Labels, initial_secret, labels_of
from zttp_h3.protection.suites import AES_128_GCM, SAMPLE_SIZE, Suite
from zttp_h3.wire.packet_number import decode_packet_number

# The sample is taken as if the packet number had four octets (RFC 9001 5.4.2).
_SAMPLE_OFFSET: Final = 4
MIN_PROTECTED: Final = _SAMPLE_OFFSET + SAMPLE_SIZE  # octets from the packet number on
_ZEROS: Final = bytes(SAMPLE_SIZE)
_ECB: Final = ECB()  # RFC 9001 5.4.3 requires one block at a time  # noqa: S305


@final
@mypyc_attr(acyclic=True)
class HeaderProtection:
    """Masks for the headers of one direction (RFC 9001 5.4). Key updates do not change its key."""

    def __init__(self, suite: Suite, labels: Labels, secret: bytes) -> None:
        key = labels.protection_key(suite, secret)
        algorithm = AES(key) if suite.is_aes else ChaCha20(key, _ZEROS)
        context = Cipher(algorithm, _ECB if suite.is_aes else None).encryptor()
        self._update: Callable[[bytes], bytes] = context.update
        self._reset: Callable[[bytes], None] | None = None if suite.is_aes else context.reset_nonce

    def masks(self, samples: bytes) -> bytes:
        """Return the masks for one or more samples of 16 octets: 16 octets each, of which five are used."""
        reset = self._reset
        if reset is None:
            return self._update(samples)
        if len(samples) == SAMPLE_SIZE:
            reset(samples)
            return self._update(_ZEROS)
        masks = BytesWriter()
        at: i64 = 0
        while at < len(samples):
            reset(samples[at : at + SAMPLE_SIZE])
            masks.write(self._update(_ZEROS))
            at += SAMPLE_SIZE
        return masks.getvalue()


@final
@mypyc_attr(acyclic=True)
class Forgeries:
    """The number of forged packets of a connection, with any keys (RFC 9001 6.6)."""

    def __init__(self, integrity_limit: i64) -> None:
        self.limit: i64 = integrity_limit  # of the negotiated suite, once it is known
        self.count: i64 = 0

    def add(self) -> None:
        """Count one more. Raises Malformed above the limit."""
        self.count += 1
        # RFC 9001 6.6 MUST.
        if self.count > self.limit:
            raise Malformed("integrity_limit", QuicErrorCode.AEAD_LIMIT_REACHED)


@final
@mypyc_attr(acyclic=True)
class PacketKey:
    """The AEAD of one direction in one key phase, and the nonces of its packets (RFC 9001 5.3).

    ``seals``: it protects packets that we send; otherwise it opens received ones.
    """

    def __init__(self, suite: Suite, labels: Labels, secret: bytes, seals: bool) -> None:
        key = labels.key(suite, secret)
        iv = labels.iv(suite, secret)
        aead = AESGCM(key) if suite.is_aes else ChaCha20Poly1305(key)
        # Bound once, and only one of them: a lookup for each call costs more, and each has 72 bytes.
        self._apply: Callable[[bytes, bytes, bytes], bytes] = aead.encrypt if seals else aead.decrypt
        # A packet number has 62 bits: the first four octets of the IV are those of every nonce.
        self._iv_head: i32 = read_i32_be(iv, 0)
        self._iv_tail: i64 = read_i64_be(iv, 4)
        self._limit: i64 = suite.confidentiality_limit
        self.sealed: i64 = 0  # packets

    def nonce(self, packet_number: i64) -> bytes:
        """Return the nonce of a packet."""
        writer = BytesWriter()
        write_i32_be(writer, self._iv_head)
        write_i64_be(writer, self._iv_tail ^ packet_number)
        return writer.getvalue()

    def encrypt(self, packet_number: i64, payload: bytes, header: bytes) -> bytes:
        """Return the payload, encrypted and with its tag. Raises Malformed if the key has reached its limit."""
        # RFC 9001 6.6 MUST.
        if self.sealed >= self._limit:
            raise Malformed("confidentiality_limit", QuicErrorCode.AEAD_LIMIT_REACHED)
        self.sealed += 1
        return self._apply(self.nonce(packet_number), payload, header)

    def decrypt(self, packet_number: i64, protected: bytes, header: bytes) -> bytes | None:
        """Return the payload, None if it is not authentic."""
        try:
            return self._apply(self.nonce(packet_number), protected, header)
        except InvalidTag:
            return None


def _masked_bits(first: i64) -> i64:
    """Return the protected bits of a first octet: four of a long header, five of a short one."""
    return 0x0F if first & 0x80 != 0 else 0x1F


def check_reserved_bits(first: i64) -> None:
    """Raise Malformed if an authentic packet has them set (RFC 9000 17.2, 17.3.1 MUST)."""
    if first & (0x0C if first & 0x80 != 0 else 0x18) != 0:
        raise Malformed("reserved_bits", QuicErrorCode.PROTOCOL_VIOLATION)


def seal_header(header: BytesWriter, number_length: i64, mask: bytes, at: i64) -> None:
    """Apply the mask at ``at`` to a header that ends with its packet number (RFC 9001 5.4.1)."""
    first = i64(header[0])
    header[0] = u8(first ^ (i64(mask[at]) & _masked_bits(first)))
    number_at: i64 = len(header) - number_length
    index: i64 = 0
    while index < number_length:
        header[number_at + index] = u8(i64(header[number_at + index]) ^ i64(mask[at + 1 + index]))
        index += 1


def open_header(datagram: bytes, at: i64, number_at: i64, mask: bytes, largest: i64) -> tuple[i64, i64, i64]:
    """Read the masked part: (first octet, packet number, octets of the packet number).

    The packet begins at ``at``; ``largest`` is the largest packet number that was processed in its space, or -1.
    """
    first: i64 = datagram[at]
    first ^= i64(mask[0]) & _masked_bits(first)
    length = (first & 0x03) + 1
    truncated: i64
    if length == 1:
        truncated = i64(datagram[number_at]) ^ i64(mask[1])
    elif length == 2:
        truncated = (i64(read_i16_be(datagram, number_at)) ^ i64(read_i16_be(mask, 1))) & 0xFFFF
    else:
        truncated = (i64(read_i32_be(datagram, number_at)) ^ i64(read_i32_be(mask, 1))) & 0xFFFFFFFF
        if length == 3:
            truncated >>= 8
    return first, decode_packet_number(largest, truncated, length), length


def plain_header(datagram: bytes, at: i64, number_at: i64, first: i64, packet_number: i64, length: i64) -> bytes:
    """Return the unprotected header, which the AEAD authenticates."""
    writer = BytesWriter()
    writer.write(datagram[at:number_at])
    writer[0] = u8(first)
    if length > 3:
        writer.append(u8((packet_number >> 24) & 0xFF))
    if length > 2:
        writer.append(u8((packet_number >> 16) & 0xFF))
    if length > 1:
        writer.append(u8((packet_number >> 8) & 0xFF))
    writer.append(u8(packet_number & 0xFF))
    return writer.getvalue()


@final
@mypyc_attr(acyclic=True)
class Sealer:
    """Protects the packets that we send at one encryption level; 1-RTT has its keys in ``key_phases``."""

    def __init__(self, suite: Suite, labels: Labels, secret: bytes) -> None:
        self.protection: HeaderProtection = HeaderProtection(suite, labels, secret)
        self.key: PacketKey = PacketKey(suite, labels, secret, True)

    def seal(self, header: BytesWriter, number_length: i64, packet_number: i64, payload: bytes) -> bytes:
        """Return the protected packet of a header, which is used up, and a payload."""
        return seal_packet(self.key, self.protection, header, number_length, packet_number, payload)


def seal_packet(
    key: PacketKey,
    protection: HeaderProtection,
    header: BytesWriter,
    number_length: i64,
    packet_number: i64,
    payload: bytes,
) -> bytes:
    """Return the protected packet of a header and a payload; the writer then has the masked header.

    Packet number and payload have at least four octets: the sender adds PADDING (RFC 9001 5.4.2).
    """
    assert number_length + len(payload) >= _SAMPLE_OFFSET
    protected = key.encrypt(packet_number, payload, header.getvalue())
    sample_at = _SAMPLE_OFFSET - number_length
    mask = protection.masks(protected[sample_at : sample_at + SAMPLE_SIZE])
    seal_header(header, number_length, mask, 0)
    return header.getvalue() + protected


@final
@mypyc_attr(acyclic=True)
class Opener:
    """Opens the packets that we receive at one encryption level; 1-RTT has its keys in ``key_phases``."""

    def __init__(self, suite: Suite, labels: Labels, secret: bytes, forgeries: Forgeries) -> None:
        self.protection: HeaderProtection = HeaderProtection(suite, labels, secret)
        self.key: PacketKey = PacketKey(suite, labels, secret, False)
        self._forgeries: Forgeries = forgeries

    def open(self, datagram: bytes, at: i64, number_at: i64, stop: i64, largest: i64) -> tuple[i64, i64, bytes]:
        """Open a packet: (first octet without its mask, packet number, payload); -1 is the number of one to be dropped.

        It is ``datagram[at:stop]``, its packet number is at ``number_at``. Raises Malformed for an authentic packet
        that breaks the connection.
        """
        # RFC 9001 5.4.2 MUST: too short for a sample.
        if stop - number_at < MIN_PROTECTED:
            return 0, -1, b""
        sample_at = number_at + _SAMPLE_OFFSET
        mask = self.protection.masks(datagram[sample_at : sample_at + SAMPLE_SIZE])
        first, number, length = open_header(datagram, at, number_at, mask, largest)
        header = plain_header(datagram, at, number_at, first, number, length)
        payload = self.key.decrypt(number, datagram[number_at + length : stop], header)
        if payload is None:
            self._forgeries.add()
            return 0, -1, b""
        check_reserved_bits(first)
        return first, number, payload


def initial_sealer(version: i64, destination: bytes, of_server: bool) -> Sealer:
    """Return the sealer of one side's Initial packets (RFC 9001 5.2)."""
    labels = labels_of(version)
    return Sealer(AES_128_GCM, labels, initial_secret(labels, destination, of_server))


def initial_opener(version: i64, destination: bytes, of_server: bool, forgeries: Forgeries) -> Opener:
    """Return the opener of one side's Initial packets."""
    labels = labels_of(version)
    return Opener(AES_128_GCM, labels, initial_secret(labels, destination, of_server), forgeries)
