"""What every limits class needs: a value that cannot mean what it says is refused where it is given."""


def check_limit(name: str, value: int, lowest: int, highest: int) -> int:
    """Return ``value``, or raise ValueError that names the limit and its range."""
    if value < lowest or value > highest:
        raise ValueError(f"{name} must be from {lowest} to {highest}, got {value}")
    return value
