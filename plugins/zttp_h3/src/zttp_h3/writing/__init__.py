"""From messages to streams (RFC 9114 4)."""
