"""The command line itself: without arguments, versions, wrong usage, and its cost for programs that do not use it."""

import json
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from tests.commands.conftest import zttp
from zttp.__main__ import main
from zttp.commands.progress import Progress, size


def test_bare_it_helps_and_says_what_is_installed() -> None:
    done = zttp()
    assert done.returncode == 0
    text = done.stdout.decode()
    assert text.startswith("usage: zttp ")
    assert all(f"\n    {name}" in text for name in ("protocols", "doctor", "decode", "serve", "get"))
    assert "\nhttp/1.1  zttp-h1 " in text


def test_the_version() -> None:
    done = zttp("--version")
    assert done.stdout.decode().split() == ["zttp", main.__globals__["version_of"]("zttp")]


@pytest.mark.parametrize("words", [["nonsense"], ["decode"], ["get"], ["decode", "-", "--role", "proxy"]])
def test_wrong_usage_is_2(words: list[str]) -> None:
    assert zttp(*words).returncode == 2


def test_the_script_is_the_module() -> None:
    [script] = entry_points(group="console_scripts", name="zttp")
    assert script.load() is main


def test_doctor_for_a_program() -> None:
    done = zttp("doctor", "--json")
    report = json.loads(done.stdout)
    assert done.returncode == (1 if report["faults"] else 0)
    assert report["distributions"]["zttp-core"]
    assert report["protocols"][0]["name"] == "http/1.1"
    assert report["python"]["version"] == sys.version.split()[0]


def test_importing_zttp_imports_no_command() -> None:
    code = "import sys, zttp; print(any(name.startswith('zttp.commands') or name == 'asyncio' for name in sys.modules))"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_progress_says_how_far_and_how_fast() -> None:
    progress = Progress(2048, on=False)
    progress.add(1024)
    assert progress.line(2.0) == "[###############               ]  50%    1.0 KiB of 2.0 KiB      512 B/s"
    unknown = Progress(None, on=False)
    unknown.add(3 << 20)
    assert unknown.line(1.0) == "   3.0 MiB    3.0 MiB/s"
    assert size(5 << 30) == "5.0 GiB"


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(10, on=False)
    progress.add(10)
    progress.close()
    assert capsys.readouterr() == ("", "")
