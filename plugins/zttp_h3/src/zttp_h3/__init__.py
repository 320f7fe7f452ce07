"""zttp-h3: QUIC (RFC 9000, RFC 9001) and HTTP/3 (RFC 9114) for zttp. There is no connection yet."""

from typing import TYPE_CHECKING, Any

from zttp_core.lazy_attributes import lazy_attributes

if TYPE_CHECKING:
    from zttp_h3.codes import QuicErrorCode as QuicErrorCode

    COMPILED: bool  # whether this installation runs the compiled modules

    # The stub of ``zttp`` names what the connection will bring.
    def __getattr__(name: str) -> Any: ...

else:
    __getattr__ = lazy_attributes(__name__, {"QuicErrorCode": "zttp_h3.codes"}, "zttp_h3.wire.varint")

__all__ = ["COMPILED", "QuicErrorCode"]
