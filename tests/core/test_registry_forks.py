"""A fork while a thread loads a plugin: the child does not wait for a thread that it does not have."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")

# The thread waits here until the child is done; in the child the gate is open.
GATE = """
import os, threading
inside, opened = threading.Event(), threading.Event()
def wait(where):
    if os.environ["FORKED_IN"] == where:
        inside.set()
        opened.wait(30)
"""
PLUGIN = """
import zttp_gate
zttp_gate.wait("plugin")
zttp_gate.wait("import")
from zttp_core.plugin import ProtocolDescriptor, hookimpl
@hookimpl
def zttp_register_protocols():
    zttp_gate.wait("hook")
    return [ProtocolDescriptor(name="slow", api_version=(1, 0), connection="zttp_slow_connection:Slow")]
"""
CONNECTION = """
import zttp_gate
zttp_gate.wait("connection")
class Slow:
    def __init__(self, role):
        self.role = role
"""
PROGRAM = """
import os, signal, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of forking with threads
import zttp, zttp_gate
def load():
    if os.environ["FORKED_IN"] == "import":
        import zttp_slow
    else:
        zttp.Connection(zttp.SERVER, "slow")
thread = threading.Thread(target=load)
thread.start()
assert zttp_gate.inside.wait(30)
child = os.fork()
if child == 0:
    signal.alarm(20)
    zttp_gate.opened = threading.Event()
    zttp_gate.opened.set()
    made = [zttp.Connection(zttp.SERVER, "slow")]
    connection = "zttp_slow_connection:Slow"
    zttp.register_protocol(zttp.ProtocolDescriptor(name="mine", api_version=(1, 0), connection=connection))
    made += [zttp.Connection(zttp.SERVER, "mine"), zttp.sniff(b"GET"), zttp.protocols()]
    os._exit(0 if type(made[0]) is type(made[1]) else 1)
_, status = os.waitpid(child, 0)
zttp_gate.opened.set()
thread.join()
print(status, type(zttp.Connection(zttp.SERVER, "slow")).__name__)
"""


@pytest.mark.parametrize("where", ["plugin", "hook", "connection", "import"])
def test_the_child_of_a_fork_loads_what_a_thread_was_loading(where: str, tmp_path: Path) -> None:
    info = tmp_path / "zttp_slow-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[zttp.protocols]\nslow = zttp_slow\n")
    (tmp_path / "zttp_gate.py").write_text(GATE)
    (tmp_path / "zttp_slow.py").write_text(PLUGIN)
    (tmp_path / "zttp_slow_connection.py").write_text(CONNECTION)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "FORKED_IN": where}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert done.stdout == "0 Slow\n", done.stdout + done.stderr
