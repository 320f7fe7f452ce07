"""Plugins of third parties: built, installed and used, the good one and each of the bad ones."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, UV, run

GOOD = ROOT / "examples/third_party_plugin"
SAMPLES = Path(__file__).with_name("sample_plugins")
DUPLICATE = SAMPLES / "duplicate_name"

try:
    CORE = version("zttp-core")
except PackageNotFoundError:
    CORE = "0.0"

MESSAGES = {
    "broken": (
        "PluginLoadError",
        (
            "protocol 'broken' from zttp-broken 0.3 could not be loaded: ModuleNotFoundError: "
            "No module named 'a_module_that_nobody_has'. Other protocols are not affected"
        ),
    ),
    "hollow": (
        "PluginLoadError",
        (
            "protocol 'hollow' from zttp-hollow 0.5 could not be loaded: AttributeError: "
            "module 'zttp_hollow' has no attribute 'Nothing'. Other protocols are not affected"
        ),
    ),
    "newer": (
        "PluginVersionError",
        (
            f"zttp-newer 1.4 needs plugin API 99.3, zttp-core {CORE} provides 1.0. "
            "It takes a newer zttp, or an older release of the plugin"
        ),
    ),
    "older": (
        "PluginVersionError",
        (
            f"zttp-older 0.1 was written for plugin API 0.x, zttp-core {CORE} supports 1.0 to 1.0. "
            "Ask its author for a release"
        ),
    ),
    "bad": (
        "PluginValidationError",
        "protocol plugin zttp-bad 0.3: descriptor field 'alpn' must be a tuple of bytes, got ['bad']",
    ),
}

ASK = """
import sys, zttp
try:
    zttp.Connection(zttp.SERVER, sys.argv[1])
except zttp.ProtocolLookupError as error:
    print(f"{type(error).__name__}: {error}")
"""

SPEAK = """
import sys, zttp
connection = zttp.Connection(zttp.SERVER, protocol="scgi")
assert isinstance(connection, zttp.Connection)
assert not [name for name in sys.modules if name.startswith(("zttp_broken", "zttp_newer", "zttp_h1", "zttp_h2"))]
connection.receive_data(bytes.fromhex(sys.argv[1]))
while (event := connection.next_event()) is not zttp.NEED_DATA:
    print(event)
connection.send_response(200, [(b"Content-Type", b"text/plain")])
connection.send_data(b"42")
connection.end_message()
print(connection.data_to_send())
try:
    zttp.Connection(zttp.CLIENT, protocol="scgi")
except zttp.LocalProtocolError as error:
    print(error)
"""

# The example of the specification.
REQUEST = (
    b"70:CONTENT_LENGTH\x0027\x00SCGI\x001\x00REQUEST_METHOD\x00POST\x00REQUEST_URI\x00/deepthought\x00,"
    b"What is the answer to life?"
)

SETTLE = """
import zttp
descriptor = zttp.ProtocolDescriptor(name="scgi", api_version=(1, 0), connection="zttp_scgi.connection:ScgiConnection")
zttp.register_protocol(descriptor, replace=True)
print(type(zttp.Connection(zttp.SERVER, "scgi")).__module__)
"""


def install(target: Path, *sources: Path) -> Path:
    """Build the distributions and install them into a folder, from copies: a build leaves files behind."""
    copies = [shutil.copytree(source, target.parent / "sources" / source.name) for source in sources]
    run(
        UV if UV.exists() else "uv", "pip", "install", "--quiet", "--no-config", "--no-deps", "--no-build-isolation",
        "--python", sys.executable, "--target", target, *copies,
    )  # fmt: skip
    return target


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The good plugin with all the bad ones but the duplicate."""
    bad = [folder for folder in sorted(SAMPLES.iterdir()) if folder != DUPLICATE and folder.is_dir()]
    return install(tmp_path_factory.mktemp("plugins") / "installed", GOOD, *bad)


@pytest.fixture(scope="module")
def duplicate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second provider of the good plugin's protocol."""
    return install(tmp_path_factory.mktemp("duplicate") / "installed", DUPLICATE)


def python(*arguments: str, path: list[Path]) -> "subprocess.CompletedProcess[str]":
    """Run Python with these folders of distributions and the installed ones."""
    inherited = os.environ.get("PYTHONPATH", "")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, path), inherited])}
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env=environment, timeout=60, check=False
    )


def test_the_good_plugin_parses_and_answers(installed: Path) -> None:
    done = python("-c", SPEAK, REQUEST.hex(), path=[installed])
    assert done.returncode == 0, done.stderr
    request, data, end, answer, refusal = done.stdout.splitlines()
    assert request.startswith("Request(method=b'POST', target=b'/deepthought', headers=[(b'content-length', b'27')]")
    assert (data, end) == ("Data(data=b'What is the answer to life?')", "EndOfMessage(trailers=[])")
    assert answer == r"b'Status: 200\r\nContent-Type: text/plain\r\n\r\n42'"
    assert refusal == "protocol 'scgi' supports the server role only"


@pytest.mark.parametrize("name", MESSAGES)
def test_a_bad_plugin_is_reported_word_for_word(name: str, installed: Path) -> None:
    kind, text = MESSAGES[name]
    done = python("-c", ASK, name, path=[installed])
    assert (done.stdout, done.returncode) == (f"{kind}: {text}\n", 0), done.stderr


def test_every_sample_is_asked_for() -> None:
    entry_points = [
        re.search(r'zttp\.protocols"\]\n(\w+) =', (folder / "pyproject.toml").read_text())
        for folder in SAMPLES.iterdir()
        if folder.is_dir()
    ]
    assert {match[1] for match in entry_points if match} == {*MESSAGES, "scgi"}


def test_two_providers_of_one_name_are_both_named(installed: Path, duplicate: Path) -> None:
    for path in ([installed, duplicate], [duplicate, installed]):
        done = python("-c", ASK, "scgi", path=path)
        assert re.fullmatch(
            r"ProtocolConflictError: protocol 'scgi' is provided by "
            r"(zttp-scgi 0\.3 and fast-scgi 0\.9|fast-scgi 0\.9 and zttp-scgi 0\.3)\. "
            r"Uninstall one, or settle it with zttp\.register_protocol\(\.\.\., replace=True\)\n",
            done.stdout,
        ), done.stdout + done.stderr


def test_a_conflict_is_settled_in_process(installed: Path, duplicate: Path) -> None:
    done = python("-c", SETTLE, path=[installed, duplicate])
    assert done.stdout == "zttp_scgi.connection\n", done.stderr


def test_the_listing_shows_them_all(installed: Path) -> None:
    done = python("-m", "zttp", "protocols", "--json", path=[installed])
    assert (done.returncode, done.stderr) == (0, "")
    statuses = {info["name"]: info["status"] for info in json.loads(done.stdout)}
    assert {name: statuses[name] for name in (*MESSAGES, "scgi")} == dict.fromkeys((*MESSAGES, "scgi"), "available")

    done = python("-m", "zttp", "protocols", "--json", "--load", path=[installed])
    assert (done.returncode, done.stderr) == (1, "")
    infos = {info["name"]: info for info in json.loads(done.stdout)}
    assert infos["scgi"] == {
        "name": "scgi",
        "provider": "zttp-scgi",
        "version": "0.3",
        "status": "loaded",
        "transport": "stream",
        "alpn": [],
        "roles": ["server"],
        "capabilities": [],
        "compiled": False,
        "origin": "zttp_scgi.plugin",
        "error": None,
        "summary": "Simple Common Gateway Interface, behind nginx or lighttpd",
        "docs_url": "https://python.ca/scgi/protocol.txt",
    }
    for name, (_, text) in MESSAGES.items():
        assert (infos[name]["status"], infos[name]["error"]) == ("broken", text)


def test_the_doctor_names_each_fault_and_where_it_is(installed: Path) -> None:
    done = python("-m", "zttp", "doctor", path=[installed])
    assert (done.returncode, done.stderr) == (1, "")
    for _, text in MESSAGES.values():
        assert text in done.stdout
    assert re.search(r"FAULT  broken: .*\(at .*zttp_broken\.py:3: import a_module_that_nobody_has", done.stdout)
    assert "FAULT  scgi" not in done.stdout


def test_a_listed_conflict_is_two_lines(installed: Path, duplicate: Path) -> None:
    done = python("-m", "zttp", "protocols", path=[installed, duplicate])
    assert done.returncode == 1
    assert len(re.findall(r"^scgi +(?:zttp-scgi 0\.3|fast-scgi 0\.9) +conflict", done.stdout, re.MULTILINE)) == 2
