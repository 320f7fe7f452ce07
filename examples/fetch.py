"""One client for all three: `python examples/fetch.py https://127.0.0.1:8000/ [certificate.pem]`.

Sends a request over TCP: in clear text HTTP/1.1, over TLS HTTP/2. If the response announces HTTP/3 (Alt-Svc, RFC 7838
3), it sends another over HTTP/3, as a browser does for the next page.
"""

import asyncio
import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import asyncio_client
import asyncio_http2_client
import asyncio_http3_client
import self_signed


def http3_port(alternatives: list[bytes]) -> int | None:
    """Return the UDP port that an Alt-Svc field has for HTTP/3 on the same host."""
    match = re.search(rb'\bh3=":(\d{1,5})"', b", ".join(alternatives))
    return int(match[1]) if match else None


async def ask(
    client: asyncio_client.Client | asyncio_http2_client.Client | asyncio_http3_client.Client, path: bytes
) -> int | None:
    """Send a request, and print the response; return the port of HTTP/3."""
    response = await client.request(b"GET", path)
    content = await response.read()
    print(f"HTTP/{response.http_version.decode()} {response.status_code}, {len(content)} bytes")
    return http3_port(response.headers.getall(b"alt-svc"))


async def main(url: str, certificate: Path | None) -> None:
    parts = urlsplit(url)
    host, path = parts.hostname or "127.0.0.1", (parts.path or "/").encode()
    if parts.scheme == "http":
        async with asyncio_client.Client(host, parts.port or 80) as client:
            await ask(client, path)
        return
    tls = self_signed.client_context(certificate)
    async with asyncio_http2_client.Client(host, parts.port or 443, tls) as client2:
        alternative = await ask(client2, path)
    if alternative is not None:
        async with asyncio_http3_client.Client(host, alternative, certificate) as client3:
            await ask(client3, path)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else None))
