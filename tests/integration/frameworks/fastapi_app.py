"""A FastAPI application: the same paths as starlette_app.py, written in FastAPI's style."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import Cookie, Depends, FastAPI, HTTPException, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse
from parts import AddField, digest, pieces, released, words_apart, words_that_break_off
from pydantic import BaseModel

PAGE = Path(__file__).parents[1] / "peers" / "page.html"


class Number(BaseModel):
    number: int


class About(BaseModel):
    framework: str
    http_version: str
    client_port: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    yield {"framework": "fastapi"}


def client_port(request: Request) -> int:
    assert request.client is not None
    return request.client.port


app = FastAPI(lifespan=lifespan)
app.add_middleware(AddField)


@app.api_route("/about", methods=["GET", "HEAD"])
async def about(request: Request, port: Annotated[int, Depends(client_port)]) -> About:
    version = request.scope["http_version"]
    return About(framework=request.state.framework, http_version=version, client_port=port)


@app.post("/double")
def double(number: Number) -> Number:
    """Run in a thread: it is not async."""
    return Number(number=number.number * 2)


@app.api_route("/stream/{count}", methods=["GET", "HEAD"])
async def stream(count: int) -> StreamingResponse:
    return StreamingResponse(pieces(count))


@app.get("/apart")
async def apart() -> StreamingResponse:
    return StreamingResponse(words_apart())


@app.post("/release", status_code=204)
async def release() -> None:
    released.set()


@app.post("/echo")
async def echo(request: Request) -> Response:
    return Response(await request.body())


@app.post("/upload")
async def upload(request: Request) -> dict[str, int | str]:
    return await digest(request.stream())


@app.api_route("/page", methods=["GET", "HEAD"])
async def page() -> FileResponse:
    return FileResponse(PAGE)


@app.delete("/nothing", status_code=204)
async def nothing() -> None:
    pass


@app.api_route("/moved", methods=["GET", "POST"])
async def moved(request: Request) -> RedirectResponse:
    return RedirectResponse(request.url_for("about"), status_code=303)


@app.get("/cookies")
async def cookies(
    response: Response, a: Annotated[str | None, Cookie()] = None, b: Annotated[str | None, Cookie()] = None
) -> dict[str, str]:
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return {name: value for name, value in {"a": a, "b": b}.items() if value is not None}


@app.get("/teapot")
async def teapot() -> None:
    raise HTTPException(418, "short and stout", {"X-Spout": "here"})


@app.get("/fail")
async def fail() -> None:
    raise RuntimeError("failed on purpose")


@app.get("/broken")
async def broken() -> StreamingResponse:
    return StreamingResponse(words_that_break_off())


@app.websocket("/chat")
async def chat(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol="chat", headers=[(b"x-room", b"7")])
    try:
        while True:
            message = await websocket.receive_json()
            await websocket.send_json({"heard": message, "from": websocket.state.framework})
    except WebSocketDisconnect:
        pass
