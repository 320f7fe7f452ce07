"""Packet protection (RFC 9001 5 and 6), independent of a connection."""
