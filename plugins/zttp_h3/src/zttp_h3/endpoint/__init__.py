"""Many server connections on one UDP socket, without owning it (RFC 9000 5.2, 8.1, 10.3)."""
