"""The option ``transport_params``: parameters by the names of RFC 9000 18.2, which override the limits."""

from collections.abc import Mapping
from typing import Any, Final

# Name, minimum and maximum. The connection itself sets connection IDs, tokens and addresses.
_CHOOSABLE: Final[dict[str, tuple[int, int]]] = {
    "max_idle_timeout": (0, 1 << 40),  # milliseconds
    "max_udp_payload_size": (1_200, 65_527),
    "initial_max_data": (0, 1 << 60),
    "initial_max_stream_data_bidi_local": (0, 1 << 60),
    "initial_max_stream_data_bidi_remote": (0, 1 << 60),
    "initial_max_stream_data_uni": (0, 1 << 60),
    "initial_max_streams_bidi": (0, 1 << 60),
    "initial_max_streams_uni": (3, 1 << 60),  # RFC 9114 6.2: the critical streams
    "ack_delay_exponent": (0, 20),
    "max_ack_delay": (0, 2**14 - 1),  # milliseconds
    "disable_active_migration": (0, 1),
}


def check_transport_params(given: Any) -> dict[str, int]:
    """Return the parameters as our own dict. Raises TypeError and ValueError for invalid ones."""
    if not isinstance(given, Mapping):
        raise TypeError(f"transport_params must be a mapping, got {type(given).__name__}")
    checked: dict[str, int] = {}
    for name, value in given.items():
        bounds = _CHOOSABLE.get(name) if isinstance(name, str) else None
        if bounds is None:
            raise ValueError(f"transport_params cannot set {str(name)[:80]!r}. It can set: {', '.join(_CHOOSABLE)}")
        if not isinstance(value, int):
            raise TypeError(f"{name} must be an integer, got {type(value).__name__}")
        if not bounds[0] <= value <= bounds[1]:
            raise ValueError(f"{name} must be from {bounds[0]} to {bounds[1]}, got {value}")
        checked[name] = int(value)
    return checked
