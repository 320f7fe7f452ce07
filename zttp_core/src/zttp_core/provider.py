"""The provider of a protocol: a distribution by its entry point, or this process by ``register_protocol``."""

from __future__ import annotations

from typing import Final, NamedTuple

ENTRY_POINT_GROUP: Final = "zttp.protocols"


class Provider(NamedTuple):
    """The distribution that provides a protocol."""

    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".rstrip()


IN_PROCESS: Final = Provider("register_protocol()", "")
