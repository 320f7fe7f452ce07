"""From streams to events (RFC 9114 4, 6, 7)."""
