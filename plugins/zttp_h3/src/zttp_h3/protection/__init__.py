"""How packets are protected and opened (RFC 9001 5 and 6), without knowing a connection."""
