"""Which protocol does a byte stream speak? ALPN decides if there is any, else the first bytes."""

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
        alpn: What TLS negotiated, as ``ssl_object.selected_alpn_protocol()`` gives it. Without any (``None``, empty)
            the first bytes decide: a protocol's preface names it, and what is no preface is HTTP/1.1.

    Returns:
        A name for ``zttp.Connection``, or ``NEED_DATA`` while the bytes may still become a preface.

    Raises:
        ProtocolLookupError: ALPN names a protocol that cannot be served over a byte stream here.
    """
    if alpn:
        return _negotiated(alpn)
    received = data if isinstance(data, bytes) else bytes(memoryview(data))
    may_become_a_preface = False
    for preface, protocol in REGISTRY.prefaces():
        if received.startswith(preface):
            return protocol
        if preface.startswith(received):
            may_become_a_preface = True
    return NEED_DATA if may_become_a_preface else HTTP1


def _negotiated(alpn: bytes | str) -> str:
    # An ALPN identifier is any bytes (RFC 7301 3.1); one that is no ASCII has no spelling, so nobody provides it.
    identifier = alpn.decode("ascii", "backslashreplace") if isinstance(alpn, bytes) else alpn
    descriptor = REGISTRY.resolve(identifier).descriptor
    if descriptor.transport != "stream":
        raise lookup_errors.over_datagrams(descriptor.name)
    return descriptor.name
