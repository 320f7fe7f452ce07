"""QUIC on the wire (RFC 9000 16 to 19): pure functions on bytes and positions, none of which knows a connection."""
