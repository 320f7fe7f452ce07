"""The integrity tag of Retry packets (RFC 9001 5.8, RFC 9369 3.3.3): the sender saw the client's Initial."""

from hmac import compare_digest
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from librt.strings import BytesWriter

from zttp_h3.native_ints import i64, u8
from zttp_h3.protection.suites import TAG_SIZE
from zttp_h3.wire.versions import VERSION_2

_AEAD_1: Final = AESGCM(bytes.fromhex("be0c690b9f66575a1d766b54e368c84e"))
_NONCE_1: Final = bytes.fromhex("461599d35d632bf2239825bb")
_AEAD_2: Final = AESGCM(bytes.fromhex("8fb4b01b56ac48e260fbcbcead7ccc92"))
_NONCE_2: Final = bytes.fromhex("d86969bc2d7c6d9990efb04a")


def retry_tag(version: i64, original_destination: bytes, retry: bytes) -> bytes:
    """Return the tag at the end of a Retry packet.

    ``original_destination`` is the Destination Connection ID of the answered Initial.
    """
    pseudo = BytesWriter()
    pseudo.append(u8(len(original_destination)))
    pseudo.write(original_destination)
    pseudo.write(retry)
    if version == VERSION_2:
        return _AEAD_2.encrypt(_NONCE_2, b"", pseudo.getvalue())
    return _AEAD_1.encrypt(_NONCE_1, b"", pseudo.getvalue())


def has_valid_tag(version: i64, original_destination: bytes, packet: bytes) -> bool:
    """Return whether a complete Retry packet answers the Initial to that connection ID."""
    if len(packet) < TAG_SIZE:
        return False
    tag_at = len(packet) - TAG_SIZE
    return compare_digest(retry_tag(version, original_destination, packet[:tag_at]), packet[tag_at:])
