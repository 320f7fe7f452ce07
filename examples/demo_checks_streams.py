"""The checks of `demo.py` that are the same in HTTP/2 and HTTP/3: requests and expected responses."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from client_exchange import StreamClient
from demo_checks import CONTENT, PIECES, Check, Demo, digest, expect

LARGE = CONTENT * 50


def checks_with(client_of: Callable[[Demo], StreamClient[Any]]) -> list[Check]:
    """Return the checks, made with clients of one protocol."""

    async def side_by_side(demo: Demo) -> str:
        async with client_of(demo) as client:
            slow = asyncio.create_task(client.request(b"GET", b"/slow"))
            targets = [b"/%d" % number for number in range(20)]
            responses = await asyncio.gather(*(client.request(b"GET", target) for target in targets))
            contents = [await response.read() for response in responses]
            expect("contents", contents, [b"you asked for %s\n" % target for target in targets])
            response = await slow
            expect("slow content", await response.read(), b"worth waiting for\n")
        return f"{len(targets)} requests on 1 connection, none of them waits for a slow one"

    async def upload(demo: Demo) -> str:
        async def pieces() -> AsyncIterator[bytes]:
            for piece in PIECES * 50:
                yield piece

        async with client_of(demo) as client:
            response = await client.request(b"POST", b"/echo", content=pieces(), trailers=[(b"checked", b"yes")])
            expect("echo", digest(await response.read()), digest(LARGE))
            expect("trailers", response.trailers, [(b"digest", digest(LARGE)), (b"checked", b"yes")])
        return f"{len(LARGE)} bytes there and back, with trailers"

    async def expect_continue(demo: Demo) -> str:
        expectation = [(b"expect", b"100-continue")]
        async with client_of(demo) as client:
            response = await client.request(b"POST", b"/echo", expectation, CONTENT)
            expect("informational", [head.status_code for head in response.informational], [100])
            expect("echo", digest(await response.read()), digest(CONTENT))
            refused = await client.request(b"POST", b"/refuse", expectation, CONTENT)
            expect(
                "refusal", (refused.status_code, await refused.read(), refused.informational), (413, b"too much\n", [])
            )
        return "one upload invited, one refused before it was sent"

    async def cancel(demo: Demo) -> str:
        async with client_of(demo) as client:
            response = await client.request(b"GET", b"/slow")
            await response.cancel()
            response = await client.request(b"GET", b"/next")
            expect("content", await response.read(), b"you asked for /next\n")
        return "one response was not wanted any more, the connection goes on"

    return [side_by_side, upload, expect_continue, cancel]
