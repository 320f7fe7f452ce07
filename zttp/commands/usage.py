"""What a command cannot be asked for, though the parser of arguments lets it through."""


class WrongUsageError(ValueError):
    """An argument makes no sense; nothing was tried."""
