"""QPACK (RFC 9204): pylsqpack's codecs, with additional limits."""
