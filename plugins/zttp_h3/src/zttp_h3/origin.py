"""``Origin``: what an endpoint knows of a connection before that begins."""

from typing import Any, Final, final

from zttp_h3.options import ConnectionOptions
from zttp_h3.protection.packet_keys import Opener
from zttp_h3.session import H3Session


@final
class Origin:
    """The options that all its connections share, and what a client's first packets have proven of its address.

    ``attention`` holds the endpoint's connections that may have something to send; ``session`` is what the
    connection began with.
    """

    def __init__(
        self,
        options: ConnectionOptions,
        original_id: bytes | None,
        retry_id: bytes | None,
        validated: bool,
        attention: dict[Any, None],
        opener: Opener | None,
    ) -> None:
        self.options: Final = options
        self.original_id: Final = original_id  # what the client wrote to first, if a Retry made it write again
        self.retry_id: Final = retry_id
        self.validated: Final = validated
        self.attention: Final = attention
        self.opener: Final = opener  # of the client's Initial packets
        self.session: H3Session | None = None
