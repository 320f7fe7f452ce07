"""QUIC on the wire (RFC 9000 16 to 19): pure functions on bytes and positions, independent of a connection."""
