"""The shared parts of the Starlette and FastAPI applications: streamed contents, and a middleware."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PIECE = bytes(range(256)) * 256  # 64 KiB

released = asyncio.Event()


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield PIECE


async def words_apart() -> AsyncIterator[bytes]:
    """Yield a word, and another after a second request has arrived."""
    released.clear()
    yield b"first"
    await released.wait()
    yield b"second"


async def words_that_break_off() -> AsyncIterator[bytes]:
    yield b"the first part"
    raise RuntimeError("broken off on purpose")


async def digest(content: AsyncIterator[bytes]) -> dict[str, int | str]:
    """Read content as it arrives, and describe it."""
    length, seen = 0, hashlib.sha256()
    async for piece in content:
        length += len(piece)
        seen.update(piece)
    return {"length": length, "sha256": seen.hexdigest()}


class AddField:
    """A middleware that changes the head of every response."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Middleware"] = "passed"
            await send(message)

        await self.app(scope, receive, changed)
