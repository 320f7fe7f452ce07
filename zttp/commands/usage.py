"""Wrong usage that the argument parser does not detect."""


class WrongUsageError(ValueError):
    """An argument is invalid; nothing was tried."""
