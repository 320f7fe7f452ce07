"""The template of a plugin: copied, built, installed, found by its entry point, and passed by its own suite."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, UV, run

TEMPLATE = ROOT / "examples/plugin_template"
FOUND = """
import zttp
from zttp_line import is_compiled
[info] = [info for info in zttp.load_plugins() if info.name == "line"]
print(info.provider, info.version, info.compiled, is_compiled(), info.error)
connection = zttp.Connection(zttp.SERVER, protocol="line")
connection.receive_data(b"PUT / 5\\r\\nhello")
print([connection.next_event() for _ in range(3)])
"""


@pytest.mark.timeout(600)
@pytest.mark.skipif(find_spec("setuptools") is None, reason="there is no setuptools here to build with")
@pytest.mark.parametrize(
    "build",
    [
        pytest.param("pure", marks=pytest.mark.interpreted_only(reason="built once is enough")),
        pytest.param("compiled", marks=pytest.mark.compiled_only(reason="building takes long")),
    ],
)
def test_a_copy_builds_is_found_and_conforms(build: str, tmp_path: Path) -> None:
    copy, installed = tmp_path / "template", tmp_path / "installed"
    shutil.copytree(TEMPLATE, copy, ignore=shutil.ignore_patterns("build", "*.egg-info", "__pycache__"))
    without_fetching = ["--quiet", "--no-deps", "--no-build-isolation", "--python", sys.executable]
    pure = "1" if build == "pure" else "0"
    run(UV, "pip", "install", *without_fetching, "--target", installed, copy, ZTTP_LINE_PURE=pure, CFLAGS="-O1")
    said = run(sys.executable, "-P", "-c", FOUND, PYTHONPATH=str(installed)).splitlines()
    compiled = build == "compiled"
    assert said[0] == f"zttp-line 0.1 {compiled} {compiled} None"
    assert said[1].startswith("[Request(method=b'PUT', target=b'/', ")
    # In one build nearly all of it, which takes long; in the other its events, and the refused inputs. Tests that
    # measure time or need a type checker are left out: here other tests run at the same time.
    some = "not cost and not light and not type_checker" if compiled else "exchange or malformed or cut or claims"
    suite = ["-k", some, "-qx", "-p", "no:cacheprovider", "-c", "/dev/null", str(copy / "tests/test_conformance.py")]
    said = run(sys.executable, "-P", "-m", "pytest", *suite, PYTHONPATH=str(installed)).splitlines()
    assert [line for line in said if "zttp-line 0.1 conforms: " in line], "\n".join(said)
