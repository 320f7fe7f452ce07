"""uvicorn, unmodified, with zttp behind it, in a process of its own."""

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent


class Server:
    """A uvicorn process, its log, and its address."""

    def __init__(self, *options: str, app: str = "asgi_app:app") -> None:
        command = [sys.executable, "-P", "-m", "uvicorn", "--http", "zttp", "--host", "127.0.0.1", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--no-use-colors", "--app-dir", str(HERE), *options, app],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self.log: list[str] = []
        self.port = 0
        self.scheme = ""
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        if not self._listening.wait(20) or not self.port:
            self.stop()
            raise RuntimeError("uvicorn did not start:\n" + "".join(self.log))

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if match := re.search(r"running on (https?)://127\.0\.0\.1:(\d+)", line):
                self.scheme, self.port = match[1], int(match[2])
                self._listening.set()
        self._listening.set()

    def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        finally:
            self.process.kill()
            self._reader.join(5)
            assert self.process.stderr is not None
            self.process.stderr.close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=15)

    def url(self, path: str, scheme: str | None = None) -> str:
        return f"{scheme or self.scheme}://127.0.0.1:{self.port}{path}"

    def curl(self, *arguments: str, content: bytes = b"") -> bytes:
        """Run curl and return what it prints."""
        return run("curl", "-sS", "--noproxy", "*", "--max-time", "20", *arguments, content=content)


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Run a server that must not fail meanwhile."""
    server = Server(*options)
    try:
        yield server
    finally:
        server.stop()
    log = "".join(server.log)
    assert "Traceback" not in log, log
    assert "Invalid HTTP" not in log, log


def run(*command: str, content: bytes = b"") -> bytes:
    """Run a program that must succeed, and return what it prints."""
    result = subprocess.run(command, input=content, capture_output=True, check=False, timeout=60)
    assert result.returncode == 0, (result.returncode, result.stderr, result.stdout[-2000:])
    return result.stdout
