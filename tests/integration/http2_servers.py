"""Real HTTP/2 servers, each in its own process, on inherited sockets that listen from the start."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

Certificate = tuple[Path, Path]

HERE = Path(__file__).parent

NGINX = """
{user} daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ }}
http {{
    access_log off; client_max_body_size 64m; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    http2_max_concurrent_streams 8;
    server {{
        listen 127.0.0.1:{plain}{clear_text};
        listen 127.0.0.1:{secure} ssl http2;
        ssl_certificate {certificate}; ssl_certificate_key {key};
        root {folder}/www;
        location / {{ dav_methods PUT DELETE; }}
        {locations}
        location /trailers/ {{ alias {folder}/www/; add_trailer x-checksum abc; }}
    }}
}}
"""

H2O = """
hosts:
  default:
    listen: {{ host: 127.0.0.1, port: {plain} }}
    paths: {{ "/": {{ file.dir: {folder}/www }} }}
  secure:
    listen: {{ host: 127.0.0.1, port: {secure}, ssl: {{ {tls} }} }}
    paths: {{ "/": {{ file.dir: {folder}/www }} }}
num-threads: 1
error-log: {folder}/error.log
{user}
"""


class Peer:
    """A running server: its name, its ports by scheme, and the folder that it serves."""

    def __init__(self, name: str, ports: dict[str, int], www: Path) -> None:
        self.name, self.ports, self.www = name, ports, www


def is_missing(name: str) -> bool:
    if name == "hypercorn":
        return find_spec("hypercorn") is None
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None


@contextmanager
def running(
    name: str, certificate: Certificate, folder: Path, *, http2: bool = True, locations: str = ""
) -> Iterator[Peer]:
    """Run a server until it is no longer needed.

    Without `http2`, nginx speaks HTTP/1.1 in clear text; `locations` are more of its configuration.
    """
    if is_missing(name):
        pytest.skip(f"there is no {name} here")
    (folder / "www").mkdir()
    with ExitStack() as stack:
        sockets = {scheme: stack.enter_context(socket.create_server(("127.0.0.1", 0))) for scheme in ("http", "https")}
        ports = {scheme: sock.getsockname()[1] for scheme, sock in sockets.items()}
        plain, secure = (sock.fileno() for sock in sockets.values())
        nginx = {"clear_text": " http2" if http2 else "", "locations": locations}
        command, variables = _command(name, certificate, folder, ports, plain, secure, nginx)
        environment = {**os.environ, **variables, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        with (folder / "output").open("wb") as output:
            process = subprocess.Popen(
                command, pass_fds=[plain, secure], env=environment, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            yield Peer(name, ports, folder / "www")
            assert process.poll() is None, (folder / "output").read_text()
        finally:
            process.terminate()
            try:
                process.wait(5)
            finally:
                process.kill()


def _command(
    name: str,
    certificate: Certificate,
    folder: Path,
    ports: dict[str, int],
    plain: int,
    secure: int,
    nginx: dict[str, str],
) -> tuple[list[str], dict[str, str]]:
    """Return the command and the environment of a server, so that it uses our sockets."""
    files = {"certificate": certificate[0], "key": certificate[1], "folder": folder}
    numbers = {"plain": ports["http"], "secure": ports["https"]}
    configuration = folder / "configuration"
    root = os.getuid() == 0  # servers drop that, and could not read the files here
    if name == "nginx":
        configuration.write_text(NGINX.format(user="user root;" if root else "", **nginx, **files, **numbers))
        return ["nginx", "-c", str(configuration), "-p", str(folder)], {"NGINX": f"{plain};{secure};"}
    if name == "h2o":
        tls = f"certificate-file: {certificate[0]}, key-file: {certificate[1]}, ocsp-update-interval: 0"
        configuration.write_text(H2O.format(tls=tls, user="user: root" if root else "", **files, **numbers))
        inherited = f"127.0.0.1:{numbers['plain']}={plain};127.0.0.1:{numbers['secure']}={secure}"
        return ["h2o", "-m", "worker", "-c", str(configuration)], {"SERVER_STARTER_PORT": inherited}
    identity = ["--certfile", str(certificate[0]), "--keyfile", str(certificate[1])]
    binds = ["--insecure-bind", f"fd://{plain}", "--bind", f"fd://{secure}"]
    return [sys.executable, "-P", "-m", "hypercorn", "--keep-alive", "1", *identity, *binds, "asgi_app:app"], {
        "PYTHONPATH": _path()
    }


def _path() -> str:
    return os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
