"""``sniff``: find the protocol of a byte stream, by ALPN if there is any, otherwise by the first bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zttp_core import lookup_errors
from zttp_core.constants import HTTP1
from zttp_core.registry import REGISTRY
from zttp_core.sentinels import NEED_DATA, NeedData

if TYPE_CHECKING:
    from typing_extensions import Buffer


def sniff(data: Buffer, alpn: bytes | str | None = None) -> str | NeedData:
    """Return the name of the installed protocol that a client on a byte stream speaks.

    Args:
        data: All bytes received so far; nothing is consumed, so feed them to the connection afterwards.
        alpn: The ALPN identifier that TLS negotiated, from ``ssl_object.selected_alpn_protocol()``. If it is ``None``
            or empty, the first bytes decide: a known preface selects its protocol, anything else is HTTP/1.1.

    Returns:
        A name for ``zttp.Connection``, or ``NEED_DATA`` while the bytes may still become a preface.

    Raises:
        ProtocolLookupError: ALPN names a protocol that is not available over a byte stream, or the bytes match the
            prefaces of two protocols.
        TypeError: ``data`` is not a buffer, or ``alpn`` is neither bytes nor a str.
    """
    try:
        view = memoryview(data)
    except TypeError:
        raise TypeError(f"data must be bytes-like, got {type(data).__name__}") from None
    if alpn is not None and not isinstance(alpn, (bytes, str)):
        raise TypeError(f"alpn must be bytes, a str or None, got {type(alpn).__name__}")
    if alpn:
        return _negotiated(alpn)
    may_become_a_preface = False
    received = b""
    for preface in REGISTRY.prefaces():
        if len(received) < len(preface.start):
            received = _first_bytes(view, len(preface.start))
        if received.startswith(preface.start):
            if preface.rival:
                raise lookup_errors.shared_preface(preface.protocol, preface.rival)
            return preface.protocol
        if preface.start.startswith(received):
            may_become_a_preface = True
    return NEED_DATA if may_become_a_preface else HTTP1


def _first_bytes(view: memoryview, length: int) -> bytes:
    """Return the first bytes of a buffer, which may be much longer."""
    if view.ndim == 1 and view.itemsize == 1:
        return bytes(view[:length])
    return bytes(view)[:length]


def _negotiated(alpn: bytes | str) -> str:
    # An ALPN identifier is any bytes (RFC 7301 3.1); one that is not ASCII has no spelling, so it is unknown.
    identifier = alpn.decode("ascii", "backslashreplace") if isinstance(alpn, bytes) else alpn
    descriptor = REGISTRY.resolve(identifier).descriptor
    if descriptor.transport != "stream":
        raise lookup_errors.over_datagrams(descriptor.name)
    return descriptor.name
