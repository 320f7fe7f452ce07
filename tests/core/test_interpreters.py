"""Several interpreters in a process: pure modules work in all, compiled ones in the main one, and raise in others."""

import subprocess
import sys

import pytest

import zttp_core
from zttp_core.interpreters import is_main_interpreter

PROGRAM = """
import pickle, sys
main_first = sys.argv[1] == "main first"
if main_first:
    import zttp
    before = zttp.Connection(zttp.SERVER)
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
ASK = '''
try:
    {}
except ImportError as error:
    print(type(error).__name__, error)
else:
    import zttp
    connection = zttp.Connection(zttp.SERVER)
    connection.receive_data(b"GET / HTTP/1.1\\\\r\\\\n\\\\r\\\\n")
    print(connection.next_event().target, isinstance(connection, zttp.Connection))
'''
for statement in ("import zttp", "import zttp_core", "import zttp_h1", "import zttp_h1.connection"):
    another = interpreters.create(*(["legacy"] if sys.version_info >= (3, 13) else []))
    run = getattr(interpreters, "exec", None) if sys.version_info >= (3, 13) else interpreters.run_string
    failed = run(another, ASK.format(statement))
    if failed:
        print(failed)
    interpreters.destroy(another)
import zttp
connections = [zttp.Connection(zttp.SERVER)] + ([before] if main_first else [])
for connection in connections:
    connection.receive_data(b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n")
    event = connection.next_event()
    assert pickle.loads(pickle.dumps(event)) == event
    assert isinstance(connection, zttp.Connection)
    assert type(connection.next_event()) is zttp.EndOfMessage
print("main works")
"""


def test_this_is_the_main_interpreter() -> None:
    assert is_main_interpreter()


@pytest.mark.parametrize("order", ["main first", "main last"])
def test_an_interpreter_beside_the_main_one(order: str) -> None:
    pytest.importorskip("zttp_h1.plugin")
    pytest.importorskip("_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, order], capture_output=True, text=True, check=False, timeout=60
    )
    *answers, last = done.stdout.splitlines()
    assert (done.returncode, last) == (0, "main works"), done.stdout + done.stderr
    assert len(answers) == 4
    if zttp_core.COMPILED:
        assert all(
            answer.startswith("ImportError zttp_core is compiled, and compiled modules work in the main interpreter")
            for answer in answers
        ), answers
    else:
        assert answers == ["b'/' True"] * 4
