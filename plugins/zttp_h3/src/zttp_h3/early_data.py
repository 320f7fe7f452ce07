"""Early data: the context of tickets, and the requests that a client may send in it (RFC 9114 7.2.4.2, RFC 8470)."""

from typing import Final

from zttp_h3 import settings as setting
from zttp_h3.limits import H3Limits
from zttp_h3.quic.options import TransportOptions
from zttp_h3.quic.own_parameters import own_parameters
from zttp_h3.tls.early_data import write_context
from zttp_h3.wire.remembered_parameters import limits_of

# RFC 8470 4 MUST NOT: early data may be replayed, so methods that are not safe, or are unknown, wait (RFC 9110 9.2.1).
_SAFE: Final = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE"))


def is_safe(method: bytes) -> bool:
    """Return whether a request may be sent in early data."""
    return method in _SAFE


def server_context(options: TransportOptions, limits: H3Limits, connect_protocol: bool, datagrams: bool) -> bytes:
    """Return the context of early data: the limits and settings that a client remembers with its ticket."""
    settings = dict(setting.announced(limits, connect_protocol, datagrams))
    numbers = limits_of(own_parameters(options, b""))
    numbers.append(settings[setting.MAX_FIELD_SECTION_SIZE])
    for name in (setting.QPACK_BLOCKED_STREAMS, setting.ENABLE_CONNECT_PROTOCOL, setting.H3_DATAGRAM):
        numbers.append(settings.get(name, 0))
    return write_context(numbers, [settings.get(setting.QPACK_MAX_TABLE_CAPACITY, 0)])
