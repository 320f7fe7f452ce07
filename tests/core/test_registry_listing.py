"""The listing: ``zttp.protocols()``, ``zttp.load_plugins()`` and ``python -m zttp``."""

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

import zttp
from tests.core.fake_plugins import FakeEntryPoint, describe, registry_of, toy_entry
from zttp.__main__ import main
from zttp_core.module_files import is_compiled


def test_without_loading_only_names_and_providers_are_known() -> None:
    entry_point = toy_entry()
    [info] = registry_of(entry_point).protocols(load=False)
    assert (info.name, info.provider, info.version, info.status) == ("toy", "zttp-toy", "0.3", "available")
    assert (info.origin, info.transport, info.compiled, info.error) == ("zttp_toy.plugin", None, None, None)
    assert entry_point.loads == 0


def test_a_loaded_protocol_shows_what_its_descriptor_says() -> None:
    capabilities = frozenset(("trailers", "x-toys"))
    fields: dict[str, Any] = {"transport": "datagram", "alpn": (b"toy/1",), "capabilities": capabilities}
    [info] = registry_of(toy_entry(**fields)).protocols()
    assert (info.status, info.transport, info.alpn, info.capabilities) == ("loaded", *fields.values())
    assert info.roles == {zttp.SERVER, zttp.CLIENT}
    assert info.compiled is False


def test_a_broken_plugin_is_a_line_with_an_error() -> None:
    registry = registry_of(FakeEntryPoint("broken", RuntimeError("boom"), "zttp-broken"), toy_entry())
    broken, sound = registry.protocols()
    assert (broken.name, broken.status, sound.status) == ("broken", "broken", "loaded")
    assert broken.error is not None
    assert "RuntimeError: boom" in broken.error


def test_two_providers_are_two_lines() -> None:
    one, other = registry_of(toy_entry(), toy_entry(distribution="fast-toy", version="0.9")).protocols()
    assert (one.provider, one.status, other.provider, other.status) == ("zttp-toy", "conflict", "fast-toy", "conflict")
    assert one.error == other.error


def test_a_stolen_name_is_a_conflict() -> None:
    registry = registry_of(toy_entry(aliases=("other",)), toy_entry("other", "zttp-other"))
    statuses = {info.name: info.status for info in registry.protocols()}
    assert statuses == {"other": "loaded", "toy": "conflict"}


def test_load_plugins_finds_connection_classes_that_cannot_be_imported() -> None:
    registry = registry_of(toy_entry(connection="nowhere.at_all:Toy"), toy_entry("sound", "zttp-sound"))
    assert [info.status for info in registry.protocols()] == ["loaded", "loaded"]
    assert [(info.name, info.status) for info in registry.load_plugins()] == [("sound", "loaded"), ("toy", "broken")]


def test_ours_come_first() -> None:
    names = ["zebra", "h3", "apple", "http/1.1", "h2"]
    registry = registry_of(*(toy_entry(name, f"zttp-{name}") for name in names))
    assert [info.name for info in registry.protocols(load=False)] == ["http/1.1", "h2", "h3", "apple", "zebra"]


def test_what_this_process_registered_is_listed() -> None:
    registry = registry_of()
    registry.register(describe())
    registry.register(describe("other", connection="somewhere.else_:Toy"))
    listed = [(info.provider, info.version, info.origin, info.compiled) for info in registry.protocols()]
    assert listed == [
        ("register_protocol()", "", "somewhere.else_:Toy", None),
        ("register_protocol()", "", "tests.core.fake_plugins:Toy", False),
    ]


def test_a_module_is_seen_as_compiled_without_being_imported() -> None:
    code = (
        "import sys; from zttp_core.module_files import is_compiled;"
        "print(is_compiled('xml.dom.minidom'), is_compiled('zttp.nothing'), is_compiled('sys'), 'xml' in sys.modules)"
    )
    assert run("-c", code).stdout.split() == ["False", "None", "None", "False"]
    assert is_compiled("zttp_core.registry") is False


def test_a_module_that_is_not_there_is_neither() -> None:
    assert is_compiled("zttp_core.nothing") is None
    assert is_compiled("xml.sax.xmlreader") is False
    assert is_compiled("sys") is None  # built in, without a file


def test_a_provider_without_a_version_is_named_without_one() -> None:
    [info] = registry_of(toy_entry(distribution="zttp-toy", version="")).protocols()
    assert (info.provider, info.version, info.status) == ("zttp-toy", "", "loaded")


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)


def test_the_command_lists_protocols() -> None:
    done = run("-m", "zttp", "protocols")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[:3] == ["protocol", "provider", "status"] or "no protocols" in done.stdout


def test_the_command_lists_protocols_as_json() -> None:
    done = run("-m", "zttp", "protocols", "--json", "--load")
    listed = json.loads(done.stdout)
    assert [info["name"] for info in listed] == [info.name for info in zttp.protocols()]
    assert all(isinstance(info["roles"], list) and info["status"] == "loaded" for info in listed)


def test_the_doctor_tells_the_build() -> None:
    done = run("-m", "zttp", "doctor")
    assert f"Python {sys.version.split()[0]}" in done.stdout
    assert "zttp-core" in done.stdout
    for name in ("cryptography", "pylsqpack", "OpenSSL"):  # needed in a report of a fault in HTTP/3
        told = [line for line in done.stdout.splitlines() if line.startswith(name)]
        assert len(told) == (find_spec("zttp_h3") is not None)
        assert all(any(letter.isdigit() for letter in line) for line in told)
    assert done.returncode == (0 if "no faults found" in done.stdout else 1)


@pytest.fixture
def broken() -> Iterator[None]:
    """A protocol of this process whose connection class does not exist."""
    zttp.register_protocol(describe("hollow", connection="nowhere.at_all:Toy", alpn=(b"hollow/1",), summary="Nothing"))
    zttp.register_protocol(describe("sound"))
    yield
    zttp.unregister_protocol("hollow")
    zttp.unregister_protocol("sound")


@pytest.mark.usefixtures("broken")
def test_the_command_answers_1_if_something_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["protocols", "--load"]) == 1
    assert "\nhollow: protocol 'hollow' from register_protocol() could not be loaded: " in capsys.readouterr().out
    assert main(["protocols", "--json"]) == 1
    [info] = [info for info in json.loads(capsys.readouterr().out) if info["name"] == "hollow"]
    assert (info["alpn"], info["roles"], info["summary"]) == (["hollow/1"], ["server", "client"], "Nothing")
    assert main(["doctor"]) == 1
    output = capsys.readouterr().out
    assert "FAULT  hollow: protocol 'hollow'" in output
    assert "FAULT  sound" not in output
    statuses = {info.name: info.status for info in zttp.load_plugins()}
    assert (statuses["hollow"], statuses["sound"]) == ("broken", "loaded")


def test_the_doctor_names_a_conflict_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    registry = registry_of(toy_entry(), toy_entry(distribution="fast-toy", version="0.9"))
    monkeypatch.setattr("zttp.commands.installed.REGISTRY", registry)
    assert main(["doctor"]) == 1
    assert (
        capsys.readouterr().out.count("FAULT  toy: protocol 'toy' is provided by zttp-toy 0.3 and fast-toy 0.9.") == 1
    )


def test_the_doctor_wants_one_minor_version(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    versions = {"zttp": "0.2.0", "zttp-core": "0.1.7", "zttp-h1": "0.1.0"}
    monkeypatch.setattr("zttp.commands.installed.version_of", versions.get)
    assert main(["doctor"]) == 1
    assert "FAULT  the distributions of zttp must all have the same minor version" in capsys.readouterr().out


def test_an_empty_listing_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("zttp.commands.installed.REGISTRY", registry_of())
    assert main(["protocols"]) == 0
    first, *missing = capsys.readouterr().out.splitlines()
    assert first == "no protocols are installed"
    for line, remedy in zip(missing, ("zttp-h1", "zttp[h2]==", "zttp[h3]=="), strict=True):
        assert line.startswith("missing: HTTP/")
        assert f'Install it with: pip install "{remedy}' in line


@pytest.mark.parametrize("arguments", [("protocol",), ("protocols", "--what")])
def test_the_command_explains_itself(arguments: tuple[str, ...]) -> None:
    done = run("-m", "zttp", *arguments)
    assert done.returncode == 2
    assert "usage: zttp" in done.stderr
