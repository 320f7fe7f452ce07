"""The Cookie field, which HTTP/2 and HTTP/3 may split into crumbs (RFC 9113 8.2.3, RFC 9114 4.2.1)."""


def join_cookies(crumbs: list[bytes]) -> bytes:
    """Return the value that several Cookie fields represent, for the application."""
    return b"; ".join(crumbs)
