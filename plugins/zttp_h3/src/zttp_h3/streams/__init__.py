"""Streams and their flow control (RFC 9000 2, 3, 4): bytes in and out, in order, within limits."""
