"""Headless Chromium over HTTP/3 from our server: a page with many resources, an upload, and a server that restarts."""

import base64
import hashlib
import json
import os
import queue
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.integration.http3_udp import Answer, Server, ServerProtocol, answer, inserted
from zttp_h3.credentials import TlsCredentials
from zttp_h3.endpoint.endpoint import QuicEndpoint

PAGE = Path(__file__).parent / "peers" / "page_http3.html"
SECRET = bytes(range(32))
QUIET = (
    "--headless --no-sandbox --disable-dev-shm-usage --disable-gpu --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --remote-debugging-port=0"
)

browser = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)


@contextmanager
def browsing(server: Server, folder: Path) -> Iterator[None]:
    """A browser that opens the server's page, over QUIC from its first request."""
    assert browser is not None
    certificate = x509.load_der_x509_certificate(server.credentials.certificate)
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pin = base64.b64encode(hashlib.sha256(key).digest()).decode()
    command = [
        browser,
        *QUIET.split(),
        "--enable-quic",
        "--host-resolver-rules=MAP localhost 127.0.0.1",
        f"--origin-to-force-quic-on=localhost:{server.port}",
        f"--ignore-certificate-errors-spki-list={pin}",
        f"--user-data-dir={folder}",
        f"https://localhost:{server.port}/page",
    ]
    nowhere = subprocess.DEVNULL
    with subprocess.Popen(command, start_new_session=True, stdout=nowhere, stderr=nowhere) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGKILL)  # the program is a script, and a browser has many processes


class Site:
    """The page, and its results."""

    def __init__(self) -> None:
        self.told: queue.Queue[Any] = queue.Queue()
        self.restarted = False

    def answer(self, method: bytes, target: bytes, content: bytes) -> Answer:
        if target == b"/page":
            return 200, [(b"content-type", b"text/html")], PAGE.read_bytes()
        if target == b"/told":
            self.told.put(json.loads(content))
        if target == b"/restarted":
            return 200 if self.restarted else 404, [], b""
        return answer(method, target, content)


@pytest.mark.skipif(browser is None, reason="there is no Chromium here")
def test_chromium(tmp_path: Path) -> None:
    site = Site()
    credentials = TlsCredentials.self_signed("localhost")
    with Server(credentials, site.answer, secret=SECRET) as server, browsing(server, tmp_path):
        first = site.told.get(timeout=60)
        assert first == {
            "texts": True,
            "downloaded": 3_000_000,
            "uploaded": "POST /up 3000000",
            "repeated": True,
            "protocols": ["h3"],
        }
        assert max(map(inserted, server.protocol.endpoint.connections())) > 300
        before = set(server.protocol.addresses)
        assert not server.protocol.errors
        # Restarted with its secret: a stateless reset answers the browser's packets (RFC 9000 10.3), and it connects
        # again at once.
        endpoint = QuicEndpoint(credentials=credentials, secret=SECRET)

        def restart(protocol: ServerProtocol) -> None:
            protocol.restart(endpoint)
            site.restarted = True

        server.call(restart)
        told = first
        while told == first:  # an unanswered request is repeated
            told = site.told.get(timeout=60)
        assert told.get("after"), told
        assert before & server.protocol.answered
