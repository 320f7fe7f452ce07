"""Bytes in, events out: the frames of a peer, and their effect on streams and connection."""
