"""Transport parameters that outlive their connection: the limits of early data (RFC 9000 7.4.1, RFC 9221 3)."""

from typing import Final

from zttp_h3.wire.transport_parameters import TransportParameters, decode

# Limits that a server that accepts early data must not have reduced since.
LIMITS: Final = (
    "active_connection_id_limit",
    "initial_max_data",
    "initial_max_stream_data_bidi_local",
    "initial_max_stream_data_bidi_remote",
    "initial_max_stream_data_uni",
    "initial_max_streams_bidi",
    "initial_max_streams_uni",
    "max_datagram_frame_size",
)


def remembered(encoded: bytes) -> TransportParameters:
    """Return the parameters of a server's earlier connection on which a client may rely. Raises Malformed."""
    parameters = decode(encoded, True)
    kept = TransportParameters()
    for name in (*LIMITS, "max_idle_timeout", "max_udp_payload_size", "disable_active_migration"):
        setattr(kept, name, getattr(parameters, name))
    return kept


def limits_of(parameters: TransportParameters) -> list[int]:
    """Return the values of ``LIMITS``."""
    return [int(getattr(parameters, name)) for name in LIMITS]


def is_reduced(parameters: TransportParameters, before: TransportParameters) -> bool:
    """Return whether a limit is lower than it was."""
    return any(now < then for now, then in zip(limits_of(parameters), limits_of(before), strict=True))
