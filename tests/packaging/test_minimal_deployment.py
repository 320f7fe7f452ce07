"""``pip install zttp`` is five distributions, and they are enough for HTTP/1.1."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.conftest import UV, Built, run

MINIMAL = {"librt", "pluggy", "zttp", "zttp-core", "zttp-h1"}

EXCHANGE = """
import sys
import zttp
assert not {"pluggy", "importlib.metadata", "typing_extensions", "mypy_extensions", "zttp_h1"} & set(sys.modules)

client, server = zttp.Connection(zttp.CLIENT), zttp.Connection(zttp.SERVER)
client.send_request(b"POST", b"/submit", b"1.1", [(b"Host", b"example.com"), (b"Transfer-Encoding", b"chunked")])
client.send_data(b"hello")
client.end_message([(b"Checksum", b"5d41")])
server.receive_data(client.data_to_send())

def events(connection):
    while (event := connection.next_event()) not in (zttp.NEED_DATA, zttp.CONNECTION_CLOSED):
        yield event

request, data, end = events(server)
assert (request.method, request.target, data.data) == (b"POST", b"/submit", b"hello")
assert end.trailers == [(b"Checksum", b"5d41")]

server.send_response(200, [(b"Content-Length", b"2")])
server.send_data(b"ok")
server.end_message()
client.receive_data(server.data_to_send())
response, data, end = events(client)
assert (response.status_code, data.data) == (200, b"ok")
assert isinstance(client, zttp.H1Connection)
print("ok")
"""

EVERY_MODULE = """
import importlib, pkgutil, sys
import zttp, zttp_core, zttp_h1
for package in (zttp, zttp_core, zttp_h1):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        # The modules that read QUIC captures are useful only with HTTP/3, and are imported on use.
        wanted = "testing" not in module.name and not module.name.startswith("zttp.commands.quic.")
        if wanted and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print(zttp_core.COMPILED, zttp_h1.COMPILED)
"""

HINT = """
import zttp
try:
    zttp.H2Connection
except AttributeError as error:
    print(error)
"""


@pytest.fixture(params=["compiled", "pure"])
def python(request: pytest.FixtureRequest, clean_environment: Callable[..., Path]) -> Path:
    """A clean environment with the wheels of zttp, zttp-core and zttp-h1, and their dependencies."""
    built: dict[str, Built] = request.getfixturevalue(request.param)
    return clean_environment(*(built[name].wheel for name in ("zttp", "zttp-core", "zttp-h1")))


def test_the_minimal_deployment_works(python: Path, request: pytest.FixtureRequest) -> None:
    installed = json.loads(run(UV, "pip", "list", "--format=json", "--python", python).splitlines()[-1])
    assert {item["name"] for item in installed} == MINIMAL
    assert run(python, "-I", "-c", EXCHANGE) == "ok\n"
    compiled = "compiled" in request.node.name
    assert run(python, "-I", "-c", EVERY_MODULE) == f"{compiled} {compiled}\n"
    assert 'pip install "zttp[h2]==' in run(python, "-I", "-c", HINT)
