"""Describes FastCGI for zttp. Nothing heavy is imported here, and the connection only when one is made."""

from zttp_core.constants import CLIENT, SERVER
from zttp_core.plugin import ProtocolDescriptor, hookimpl


@hookimpl
def zttp_register_protocols() -> list[ProtocolDescriptor]:
    """Describe the one protocol that this distribution provides."""
    return [
        ProtocolDescriptor(
            name="fastcgi",
            api_version=(1, 0),
            connection="zttp_fastcgi.connection:FastCgiConnection",
            roles=frozenset((SERVER, CLIENT)),  # the application, and the web server in front of it
            multiplexed=True,
            capabilities=frozenset(("keep-alive",)),
            summary="FastCGI 1.0, behind nginx, lighttpd or Apache",
            docs_url="https://fastcgi-archives.github.io/FastCGI_Specification.html",
        )
    ]
