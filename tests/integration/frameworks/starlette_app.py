"""A Starlette application: the same paths as fastapi_app.py, written in Starlette's style."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from json import JSONDecodeError
from pathlib import Path

from parts import AddField, digest, pieces, released, words_apart, words_that_break_off
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

PAGE = Path(__file__).parents[1] / "peers" / "page.html"


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[dict[str, str]]:
    yield {"framework": "starlette"}


async def about(request: Request) -> JSONResponse:
    assert request.client is not None
    version, port = request.scope["http_version"], request.client.port
    return JSONResponse({"framework": request.state.framework, "http_version": version, "client_port": port})


async def double(request: Request) -> JSONResponse:
    try:
        number = (await request.json())["number"]
    except (JSONDecodeError, KeyError) as error:
        raise HTTPException(422, "no number") from error
    return JSONResponse({"number": number * 2})


async def stream(request: Request) -> StreamingResponse:
    return StreamingResponse(pieces(request.path_params["count"]))


async def apart(request: Request) -> StreamingResponse:
    return StreamingResponse(words_apart())


async def release(request: Request) -> Response:
    released.set()
    return Response(status_code=204)


async def echo(request: Request) -> Response:
    return Response(await request.body())


async def upload(request: Request) -> JSONResponse:
    return JSONResponse(await digest(request.stream()))


async def page(request: Request) -> FileResponse:
    return FileResponse(PAGE)


async def nothing(request: Request) -> Response:
    return Response(status_code=204)


async def moved(request: Request) -> RedirectResponse:
    return RedirectResponse(request.url_for("about"), status_code=303)


async def cookies(request: Request) -> JSONResponse:
    response = JSONResponse(request.cookies)
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return response


async def teapot(request: Request) -> Response:
    raise HTTPException(418, "short and stout", {"X-Spout": "here"})


async def fail(request: Request) -> Response:
    raise RuntimeError("failed on purpose")


async def broken(request: Request) -> StreamingResponse:
    return StreamingResponse(words_that_break_off())


async def chat(websocket: WebSocket) -> None:
    await websocket.accept(subprotocol="chat", headers=[(b"x-room", b"7")])
    try:
        while True:
            message = await websocket.receive_json()
            await websocket.send_json({"heard": message, "from": websocket.state.framework})
    except WebSocketDisconnect:
        pass


app = Starlette(
    routes=[
        Route("/about", about),
        Route("/double", double, methods=["POST"]),
        Route("/stream/{count:int}", stream),
        Route("/apart", apart),
        Route("/release", release, methods=["POST"]),
        Route("/echo", echo, methods=["POST"]),
        Route("/upload", upload, methods=["POST"]),
        Route("/page", page),
        Route("/nothing", nothing, methods=["DELETE"]),
        Route("/moved", moved, methods=["GET", "POST"]),
        Route("/cookies", cookies),
        Route("/teapot", teapot),
        Route("/fail", fail),
        Route("/broken", broken),
        WebSocketRoute("/chat", chat),
    ],
    middleware=[Middleware(AddField)],
    lifespan=lifespan,
)
