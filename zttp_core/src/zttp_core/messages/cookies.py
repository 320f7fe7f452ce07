"""The Cookie field, which HTTP/2 and HTTP/3 may split into crumbs (RFC 9113 8.2.3, RFC 9114 4.2.1)."""


def join_cookies(crumbs: list[bytes]) -> bytes:
    """Return the one value that several Cookie fields stand for, as an application must see it."""
    return b"; ".join(crumbs)
