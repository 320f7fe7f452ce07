"""The HTTP2-Settings field of an upgrade from HTTP/1.1 (RFC 7540 3.2.1): base64url of a SETTINGS payload."""

from binascii import Error, a2b_base64, b2a_base64
from typing import Final

from zttp_h2.settings import Params, serialize_params

_TO_URL: Final = bytes.maketrans(b"+/", b"-_")
_FROM_URL: Final = bytes.maketrans(b"-_", b"+/")


def decode_settings_header(value: bytes) -> bytes | None:
    """Return the payload that the field holds, or ``None`` if it is invalid."""
    if len(value.strip(b"-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")) > 0:
        return None
    try:
        payload = a2b_base64(value.translate(_FROM_URL) + b"=" * (-len(value) % 4))
    except Error:
        return None
    return payload if len(payload) % 6 == 0 else None


def encode_settings_header(params: Params) -> bytes:
    """Return the field's value for these settings."""
    return b2a_base64(serialize_params(params), newline=False).translate(_TO_URL).rstrip(b"=")
