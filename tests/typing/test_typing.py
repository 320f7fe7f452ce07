"""mypy and pyright see the types that the documentation promises, and refuse wrong programs."""

from pathlib import Path

import pytest

from tests.typing.checkers import Faults, mypy, need_pyright, pyright

USAGE = Path(__file__).with_name("usage.py")

# Each line is wrong, and each checker must say so.
MISUSE = """\
import zttp
zttp.Connection(zttp.SERVER, require_hosts=True)
zttp.Connection("server")
zttp.Connection(zttp.SERVER, protocol=b"h2")
zttp.Connection(zttp.SERVER).receive_datagram(b"")
zttp.Connection(zttp.SERVER).send_response("200")
zttp.Connection(zttp.SERVER).next_event().headers
zttp.Data(data=b"")._nothing
zttp.protocol()
class Derived(zttp.H1Connection): ...
zttp.NeedData(1)
zttp.Connection(zttp.SERVER, "h2").start_next_cycle()
zttp.ByteStreamConnection.next_event()
zttp.H3Connection(zttp.SERVER).data_to_send("now")
zttp.QuicEndpoint(server_name="localhost")
zttp.QuicEndpoint().receive_datagram(b"", None)
"""


@pytest.fixture
def misuse(tmp_path: Path) -> Path:
    path = tmp_path / "misuse.py"
    path.write_text(MISUSE)
    return path


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def lines(faults: Faults) -> list[int]:
    return sorted({line for _, line, _ in faults})


EVERY_LINE = list(range(2, len(MISUSE.splitlines()) + 1))


def test_mypy_accepts_documented_usage(cache: Path) -> None:
    pytest.importorskip("mypy")
    assert mypy([USAGE], cache) == []


def test_mypy_refuses_misuse(misuse: Path, cache: Path) -> None:
    pytest.importorskip("mypy")
    assert lines(mypy([misuse], cache)) == EVERY_LINE


def test_pyright_accepts_documented_usage(tmp_path: Path) -> None:
    need_pyright()
    usage = tmp_path / "usage.py"  # pyright reads nothing outside its project
    usage.write_text(USAGE.read_text())
    assert pyright([usage], tmp_path) == []


def test_pyright_refuses_misuse(misuse: Path, tmp_path: Path) -> None:
    need_pyright()
    assert lines(pyright([misuse], tmp_path)) == EVERY_LINE
