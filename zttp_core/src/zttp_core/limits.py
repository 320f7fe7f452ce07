"""A check for all limits classes: an invalid value is refused in the constructor."""


def check_limit(name: str, value: int, lowest: int, highest: int) -> int:
    """Return ``value``, or raise ValueError that names the limit and its range."""
    if value < lowest or value > highest:
        raise ValueError(f"{name} must be from {lowest} to {highest}, got {value}")
    return value
