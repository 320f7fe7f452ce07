"""The commands, run as a user runs them."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def zttp(
    *words: str | Path, stdin: bytes = b"", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run ``python -m zttp`` to its end."""
    command = [sys.executable, "-P", "-m", "zttp", *map(str, words)]
    variables = None if environment is None else {**os.environ, **environment}
    return subprocess.run(command, input=stdin, capture_output=True, timeout=60, check=False, env=variables)


@pytest.fixture
def without_http2(tmp_path: Path) -> dict[str, str]:
    """The environment of a program without zttp-h2, but with one more plugin: an example of ours."""
    first = tmp_path / "first"
    for name, points in (("zttp_h2", ""), ("zttp_scgi", "[zttp.protocols]\nscgi = zttp_scgi.plugin\n")):
        folder = first / f"{name}-0.dist-info"  # of two distributions with one name the first on the path counts
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n")
        (folder / "entry_points.txt").write_text(points)
    (first / "sitecustomize.py").write_text("import sys\nsys.modules['zttp_h2'] = None\n")
    return {"PYTHONPATH": os.pathsep.join(map(str, (first, ROOT / "examples/third_party_plugin/src")))}


@contextmanager
def serving(directory: Path, *words: str | Path) -> Iterator[str]:
    """Serve a directory; return the address that the program prints."""
    command = [sys.executable, "-P", "-m", "zttp", "serve", directory, "--port", "0", *words]
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            told = process.stdout.readline()
            match = re.search(r"https?://\S+/", told)
            assert match, told + process.stderr.read()
            yield match[0]
        finally:
            process.kill()


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "deep").mkdir(parents=True)
    (folder / "hello.txt").write_text("hello\n")
    (folder / "big.bin").write_bytes(bytes(range(256)) * 8192)  # 2 MiB: several windows
    (folder / "deep/index.html").write_text("<p>deep</p>")
    (folder / ".secret").write_text("no")
    (tmp_path / "outside.txt").write_text("no")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    (folder / "loop").symlink_to("loop")
    return folder


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    with ExitStack() as stack:
        yield lambda directory, *words: stack.enter_context(serving(directory, *words))


@pytest.fixture
def certificate(tmp_path: Path) -> dict[str, Path]:
    """A certificate for localhost, its key, and the authority to trust."""
    trustme = pytest.importorskip("trustme")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    files = {name: tmp_path / f"{name}.pem" for name in ("authority", "certificate", "key")}
    authority.cert_pem.write_to_path(str(files["authority"]))
    issued.private_key_pem.write_to_path(str(files["key"]))
    for number, part in enumerate(issued.cert_chain_pems):
        part.write_to_path(str(files["certificate"]), append=number > 0)
    return files
