"""``Origin``: an endpoint's data of a connection before it begins."""

from typing import Any, Final, final

from zttp_h3.options import ConnectionOptions
from zttp_h3.protection.packet_keys import Opener
from zttp_h3.session import H3Session


@final
class Origin:
    """The options that all its connections share, and the address validation from a client's first packets.

    ``attention`` holds the endpoint's connections that may have something to send; ``session`` is the transport's
    session.
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
        self.original_id: Final = original_id  # the first destination connection ID of the client, if there was a Retry
        self.retry_id: Final = retry_id
        self.validated: Final = validated
        self.attention: Final = attention
        self.opener: Final = opener  # of the client's Initial packets
        self.session: H3Session | None = None
