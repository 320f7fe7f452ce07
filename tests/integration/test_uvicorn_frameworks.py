"""Starlette and FastAPI on `uvicorn --http zttp`, all of them unmodified, over HTTP/1.1 and HTTP/2, driven by httpx."""

import asyncio
import hashlib
import json
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.integration.uvicorn_server import Server

HERE = Path(__file__).parent
PIECE = bytes(range(256)) * 256  # repeated by /stream
MEBIBYTE = bytes(range(256)) * 4096
PAGE = (HERE / "peers" / "page.html").read_bytes()
PROTOCOLS = {"http1": "HTTP/1.1", "http2": "HTTP/2"}


class Site:
    """A server, the framework of its application, and the options of a client with the right protocol."""

    def __init__(self, framework: str, protocol: str, certificate: tuple[Path, Path] | None) -> None:
        self.framework = framework
        self.http_version = PROTOCOLS[protocol]
        self.verify: ssl.SSLContext | bool = False
        options = ["--app-dir", str(HERE / "frameworks")]
        if certificate is not None:
            options += ["--http2", "--ssl-certfile", str(certificate[0]), "--ssl-keyfile", str(certificate[1])]
            self.verify = ssl.create_default_context(cafile=certificate[0])
        self.server = Server(*options, app=f"{framework}_app:app")

    def client(self) -> httpx.Client:
        http2 = self.http_version == "HTTP/2"
        return httpx.Client(base_url=self.server.url(""), http2=http2, verify=self.verify, trust_env=False, timeout=20)


@pytest.fixture(scope="module", params=["http1", "http2"])
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["starlette", "fastapi"])
def site(request: pytest.FixtureRequest, protocol: str) -> Iterator[Site]:
    site = Site(request.param, protocol, request.getfixturevalue("certificate") if protocol == "http2" else None)
    yield site
    site.server.stop()
    log = "".join(site.server.log)
    assert "Invalid HTTP" not in log, log
    for logged in log.split("Exception in ASGI application")[1:]:
        assert re.search(r"RuntimeError: (failed|broken off) on purpose", logged), logged


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


# --------------------------------------------------------------------------------------------- requests and responses


def test_json_and_what_the_application_sees(site: Site, client: httpx.Client) -> None:
    response = client.get("/about")
    assert response.http_version == site.http_version
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-middleware"] == "passed"
    about = response.json()
    assert (about["framework"], about["http_version"]) == (site.framework, site.http_version.removeprefix("HTTP/"))
    assert client.post("/double", json={"number": 21}).json() == {"number": 42}


def test_many_requests_on_one_connection(client: httpx.Client) -> None:
    ports = {client.get("/about").json()["client_port"] for _ in range(150)}
    numbers = [client.post("/double", json={"number": number}).json()["number"] for number in range(50)]
    assert numbers == [number * 2 for number in range(50)]
    assert {client.get("/about").json()["client_port"]} == ports


def test_concurrent_requests(site: Site) -> None:
    async def main() -> None:
        options = {"base_url": site.server.url(""), "verify": site.verify, "trust_env": False, "timeout": 30}
        async with httpx.AsyncClient(http2=site.http_version == "HTTP/2", **options) as client:  # type: ignore[arg-type]
            abouts, echoes = await asyncio.gather(
                asyncio.gather(*(client.get("/about") for _ in range(40))),
                asyncio.gather(*(client.post("/echo", content=b"%d " % number * 20_000) for number in range(40))),
            )
        assert [echo.content for echo in echoes] == [b"%d " % number * 20_000 for number in range(40)]
        if site.http_version == "HTTP/2":
            assert len({about.json()["client_port"] for about in abouts}) == 1

    asyncio.run(main())


def test_cookies(client: httpx.Client) -> None:
    response = client.get("/cookies", headers=[("Cookie", "a=1; b=2")])
    assert response.json() == {"a": "1", "b": "2"}
    assert [field.split(";")[0] for field in response.headers.get_list("set-cookie")] == ["one=1", "two=2"]


def test_redirects(client: httpx.Client) -> None:
    response = client.post("/moved", json={"ignored": True})
    assert (response.status_code, response.content) == (303, b"")
    assert response.headers["location"] == str(client.base_url.join("/about"))
    followed = client.post("/moved", json={"ignored": True}, follow_redirects=True)
    assert followed.json() == client.get("/about").json()
    assert client.get("/about/", follow_redirects=True).url.path == "/about"


# --------------------------------------------------------------------------------------------------------- streaming


def test_streamed_response(client: httpx.Client) -> None:
    response = client.get("/stream/64")
    assert response.content == PIECE * 64
    assert "content-length" not in response.headers


def test_streamed_content_arrives_before_it_is_complete(client: httpx.Client) -> None:
    with client.stream("GET", "/apart") as response:
        content = response.iter_raw()
        assert next(content) == b"first"
        assert client.post("/release").status_code == 204  # the rest waits for it
        assert b"".join(content) == b"second"


@pytest.mark.parametrize("streamed", [False, True], ids=["content-length", "streamed"])
def test_uploads(client: httpx.Client, streamed: bool) -> None:
    seen = client.post("/upload", content=(MEBIBYTE for _ in range(4)) if streamed else MEBIBYTE * 4).json()
    assert seen == {"length": 4 * len(MEBIBYTE), "sha256": hashlib.sha256(MEBIBYTE * 4).hexdigest()}


def test_a_client_that_leaves_in_the_middle_disturbs_nobody(site: Site, client: httpx.Client) -> None:
    for _ in range(3):
        with site.client() as leaving, leaving.stream("GET", "/stream/200") as response:
            assert next(response.iter_raw())
        assert client.get("/stream/1").content == PIECE


# ------------------------------------------------------------------------------------- responses without their content


def test_head(client: httpx.Client) -> None:
    for path in ("/about", "/page", "/stream/3"):
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers.get("content-length") == get.headers.get("content-length")
        assert get.content


def test_no_content(client: httpx.Client) -> None:
    response = client.delete("/nothing")
    assert (response.status_code, response.content) == (204, b"")
    assert not {"content-length", "transfer-encoding"} & set(response.headers)  # RFC 9110 8.6, RFC 9112 6.1
    assert client.get("/about").status_code == 200


def test_files_whole_and_in_part_and_unchanged(client: httpx.Client) -> None:
    whole = client.get("/page")
    assert (whole.status_code, whole.content, whole.headers["content-length"]) == (200, PAGE, str(len(PAGE)))
    part = client.get("/page", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, PAGE[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{len(PAGE)}"
    assert client.get("/page", headers={"Range": f"bytes={len(PAGE)}-"}).status_code == 416


# ------------------------------------------------------------------------------------------------------------- errors


def test_errors_of_the_client(client: httpx.Client) -> None:
    assert client.get("/nowhere").status_code == 404
    not_allowed = client.put("/double", json={"number": 1})
    assert (not_allowed.status_code, not_allowed.headers["allow"]) == (405, "POST")
    assert client.post("/double", content=b"{").status_code == 422
    assert client.post("/double", json={}).status_code == 422
    teapot = client.get("/teapot")
    assert (teapot.status_code, teapot.headers["x-spout"]) == (418, "here")
    assert "short and stout" in teapot.text
    assert client.post("/double", json={"number": 1}).json() == {"number": 2}


def test_an_error_of_the_application(site: Site) -> None:
    for _ in range(3):
        with site.client() as client:  # uvicorn closes the connection of HTTP/1.1 after such a response
            response = client.get("/fail")
            assert (response.status_code, response.text) == (500, "Internal Server Error")
            if site.http_version == "HTTP/2":
                assert client.get("/about").status_code == 200


def test_a_response_that_breaks_off_is_not_taken_for_a_whole_one(site: Site, client: httpx.Client) -> None:
    with pytest.raises(httpx.RemoteProtocolError), client.stream("GET", "/broken") as response:
        assert response.status_code == 200
        response.read()
    if site.http_version == "HTTP/2":  # the stream alone is reset, RFC 9113 5.4.2
        port = client.get("/about").json()["client_port"]
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/broken")
        assert client.get("/about").json()["client_port"] == port
    assert client.get("/about").status_code == 200


# ---------------------------------------------------------------------------------------------------------- WebSocket


@pytest.mark.parametrize("protocol", ["http1"], indirect=True)
def test_websocket(site: Site) -> None:
    with connect(site.server.url("/chat", "ws"), subprotocols=["chat"], proxy=None) as websocket:  # type: ignore[list-item]
        assert websocket.subprotocol == "chat"
        assert websocket.response is not None
        assert websocket.response.headers["x-room"] == "7"
        for message in ("hello", {"long": "żółw " * 20_000}, [1, 2, 3]):
            websocket.send(json.dumps(message))
            assert json.loads(websocket.recv(timeout=15)) == {"heard": message, "from": site.framework}


@pytest.mark.parametrize("protocol", ["http1"], indirect=True)
def test_websocket_to_nowhere_is_refused(site: Site, client: httpx.Client) -> None:
    with pytest.raises(Exception, match="403"), connect(site.server.url("/nowhere", "ws"), proxy=None):
        pass
    assert client.get("/about").status_code == 200
