"""New connection IDs of an endpoint, which must not be in use (RFC 9000 5.1)."""

from collections.abc import Callable
from typing import Any, Final, final

from zttp_h3.endpoint.members import Members

_MOST_CHANCES: Final = 16  # attempts to make one that is not in use


@final
class NewConnectionIds:
    """Makes connection IDs of one length, at random or with the application's ``factory``, which gets the length."""

    def __init__(self, length: int, factory: Any, entropy: Callable[[int], bytes], members: Members) -> None:
        self._length: Final = length
        self._make: Final[Any] = entropy if factory is None else factory
        self._members: Final = members

    def make(self) -> bytes:
        """Return a connection ID. Raises ValueError if the application made one of another length."""
        # Short ones may be in use.
        connection_id = b""
        for _ in range(_MOST_CHANCES):
            connection_id = self._make(self._length)
            if len(connection_id) != self._length:
                raise ValueError(f"connection_id_factory must return {self._length} bytes, got {len(connection_id)}")
            if self._members.find(connection_id) is None:
                break
        return connection_id
