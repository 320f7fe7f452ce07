"""Bytes in, events out: the frames that a peer sends, and what they do to streams and connection."""
