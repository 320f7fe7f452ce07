"""An ASGI application that shows the zttp in use: `uvicorn --http zttp --app-dir docs/examples asgi_app:app`."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import zttp
import zttp_h1

Message = MutableMapping[str, Any]

BUILD = "compiled" if zttp_h1.COMPILED else "interpreted"


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    if scope["type"] == "lifespan":
        while (message := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{message['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    content = f"zttp {zttp.__version__}, {BUILD}\n".encode()
    fields = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
    await send({"type": "http.response.body", "body": content})
