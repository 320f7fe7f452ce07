"""QPACK (RFC 9204): pylsqpack's codecs, behind limits that they do not have."""
