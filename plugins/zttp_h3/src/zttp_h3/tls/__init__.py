"""The TLS 1.3 handshake for QUIC (RFC 8446, RFC 9001): messages and secrets, no records, no packets."""
