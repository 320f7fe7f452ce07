"""Every message for a protocol that cannot be provided, word for word."""

import re
import subprocess
import sys

import pytest

import zttp
from tests.core.fake_plugins import FakeEntryPoint, registry_of, toy_entry
from zttp_core import lookup_errors
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.discovery import Scan
from zttp_core.lookup_errors import (
    PluginLoadError,
    PluginValidationError,
    ProtocolConflictError,
    ProtocolLookupError,
    ProtocolNotInstalledError,
    UnknownProtocolError,
)
from zttp_core.plugin import hookimpl
from zttp_core.registry import Registry


def exactly(text: str) -> str:
    return f"^{re.escape(text)}$"


ZTTP = {
    "version": ["0.7.1"],
    "requires-dist": [
        "zttp-core<0.8,>=0.7.0", "zttp-h1<0.8,>=0.7.0", 'zttp-h2<0.8,>=0.7.0; extra == "h2"',
        "zttp_h3 >=0.7 ; extra=='h3'",
    ],
}  # fmt: skip


@pytest.fixture
def umbrella(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """The metadata of the installed ``zttp``."""
    fields = {name: list(values) for name, values in ZTTP.items()}
    monkeypatch.setattr("zttp_core.remedies.fields_of", {"zttp": fields}.__getitem__)
    return fields


@pytest.mark.parametrize(
    ("name", "title", "requirement"),
    [
        ("h2", "HTTP/2", '"zttp[h2]==0.7.1"'),
        ("h3", "HTTP/3", '"zttp[h3]==0.7.1"'),
        ("http/1.1", "HTTP/1.1", '"zttp-h1<0.8,>=0.7.0"'),
    ],
)
@pytest.mark.usefixtures("umbrella")
def test_known_but_not_installed(name: str, title: str, requirement: str) -> None:
    fact = f"{title} support is not installed: no provider for protocol '{name}'"
    with pytest.raises(ProtocolNotInstalledError, match=exactly(f"{fact}. Install it with: pip install {requirement}")):
        registry_of().resolve(name)


@pytest.mark.parametrize("known", [{"requires-dist": ZTTP["requires-dist"][:3], "version": ["0.7.1"]}, {}])
def test_what_this_zttp_does_not_offer_has_no_remedy(
    umbrella: dict[str, list[str]], known: dict[str, list[str]]
) -> None:
    umbrella.clear()
    umbrella.update(known)
    text = "HTTP/3 support is not installed: no provider for protocol 'h3'. This zttp comes without zttp-h3"
    with pytest.raises(ProtocolNotInstalledError, match=exactly(text)):
        registry_of().resolve("h3")
    words = str(lookup_errors.missing_attribute("QuicEndpoint", "h3"))
    assert words == "zttp.QuicEndpoint needs HTTP/3 support, and this zttp comes without zttp-h3"


def test_a_remedy_that_cannot_name_the_version_is_none(umbrella: dict[str, list[str]]) -> None:
    del umbrella["version"]
    with pytest.raises(ProtocolNotInstalledError, match=r"This zttp comes without zttp-h2$"):
        registry_of().resolve("h2")


def test_what_could_not_be_read_may_be_what_is_missing() -> None:
    registry = Registry(lambda: Scan([toy_entry()], ["zttp_h2-0.1.0.dist-info: UnicodeDecodeError: what it says"]))
    note = r"\. Could not be read: zttp_h2-0\.1\.0\.dist-info: UnicodeDecodeError: what it says$"
    with pytest.raises(ProtocolNotInstalledError, match=note):
        registry.resolve("h2")
    with pytest.raises(UnknownProtocolError, match=note):
        registry.resolve("gopher")


def test_unknown_with_a_guess() -> None:
    registry = registry_of(toy_entry("h2", "zttp-h2"), toy_entry("http/1.1", "zttp-h1"))
    text = (
        "unknown protocol 'htp/1.1'; did you mean 'http/1.1'? Installed: http/1.1, h2. "
        "Run 'python -m zttp protocols' for details"
    )
    with pytest.raises(UnknownProtocolError, match=exactly(text)):
        registry.resolve("htp/1.1")


def test_unknown_without_a_guess() -> None:
    text = "unknown protocol 'gopher'. Installed: none. Run 'python -m zttp protocols' for details"
    with pytest.raises(UnknownProtocolError, match=exactly(text)):
        registry_of().resolve("gopher")
    with pytest.raises(UnknownProtocolError, match=r"^unknown protocol 7. Installed: toy. Run"):
        registry_of(toy_entry()).resolve(7)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("HTTP/1.1", "http/1.1"), ("http1", "http/1.1"), ("H2", "h2"), ("http/2", "h2"), ("h2c", "h2"), ("HTTP/3", "h3")],
)
def test_the_guess_knows_how_people_spell(written: str, meant: str) -> None:
    with pytest.raises(UnknownProtocolError, match=f"; did you mean '{meant}'\\?"):
        registry_of().resolve(written)


def test_broken_at_import() -> None:
    cause = ModuleNotFoundError("No module named 'foo'")
    registry = registry_of(FakeEntryPoint("scgi", cause, "zttp-scgi"))
    text = (
        "protocol 'scgi' from zttp-scgi 0.3 could not be loaded: ModuleNotFoundError: No module named 'foo'. "
        "Other protocols are not affected"
    )
    with pytest.raises(PluginLoadError, match=exactly(text)) as caught:
        registry.resolve("scgi")
    assert caught.value.__cause__ is cause
    with pytest.raises(PluginLoadError, match=exactly(text)) as caught:
        registry.resolve("scgi")
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)  # only its text is kept
    assert (str(caught.value.__cause__), caught.value.__cause__.__traceback__) == (str(cause), None)


@pytest.mark.parametrize(
    ("reference", "cause"),
    [("nowhere.connection:Toy", ModuleNotFoundError), ("tests.core.fake_plugins:Nothing", AttributeError)],
)
def test_broken_when_the_first_connection_is_made(reference: str, cause: type[Exception]) -> None:
    registry = registry_of(toy_entry(connection=reference))
    for _ in range(2):
        with pytest.raises(PluginLoadError, match=r"^protocol 'toy' from zttp-toy 0.3 could not be loaded: ") as caught:
            registry.connection_class(registry.resolve("toy"))
        assert isinstance(caught.value.__cause__, cause)


def test_an_error_inside_the_hook_is_a_broken_plugin() -> None:
    class Failing:
        @hookimpl
        def zttp_register_protocols(self) -> list[ProtocolDescriptor]:
            raise OSError("no such file")

    registry = registry_of(FakeEntryPoint("toy", Failing()))
    with pytest.raises(PluginLoadError, match="could not be loaded: OSError: no such file") as caught:
        registry.resolve("toy")
    assert isinstance(caught.value.__cause__, OSError)


def test_a_hook_with_arguments_that_nobody_gives_is_refused() -> None:
    class Greedy:
        @hookimpl
        def zttp_register_protocols(self, wanted: str) -> list[ProtocolDescriptor]:
            return []

    registry = registry_of(FakeEntryPoint("toy", Greedy()))
    with pytest.raises(PluginValidationError, match=r"^protocol plugin zttp-toy 0.3: .*wanted.* "):
        registry.resolve("toy")


def test_duplicate() -> None:
    registry = registry_of(toy_entry("h2", "zttp-h2", "1.2"), toy_entry("h2", "fast-h2", "0.9"))
    text = (
        "protocol 'h2' is provided by zttp-h2 1.2 and fast-h2 0.9. "
        "Uninstall one, or settle it with zttp.register_protocol(..., replace=True)"
    )
    for _ in range(2):
        with pytest.raises(ProtocolConflictError, match=exactly(text)):
            registry.resolve("h2")


def test_bad_descriptor() -> None:
    registry = registry_of(toy_entry("scgi", "zttp-scgi", alpn=["scgi"]))
    text = "protocol plugin zttp-scgi 0.3: descriptor field 'alpn' must be a tuple of bytes, got ['scgi']"
    with pytest.raises(PluginValidationError, match=exactly(text)):
        registry.resolve("scgi")


def test_a_connection_that_is_no_class() -> None:
    registry = registry_of(toy_entry(connection="tests.core.fake_plugins:describe"))
    with pytest.raises(PluginValidationError, match=r"^protocol plugin zttp-toy 0.3: 'tests.*' must be a class, got "):
        registry.connection_class(registry.resolve("toy"))
    registry = registry_of(toy_entry(factory="tests.core.fake_plugins:__doc__"))
    with pytest.raises(PluginValidationError, match="must be callable, got 'Distributions"):
        registry.connection_class(registry.resolve("toy"))


@pytest.mark.parametrize(
    ("attribute", "protocol", "text"),
    [
        ("QuicEndpoint", "h3", 'zttp.QuicEndpoint needs HTTP/3 support: pip install "zttp[h3]==0.7.1"'),
        ("H2Connection", "h2", 'zttp.H2Connection needs HTTP/2 support: pip install "zttp[h2]==0.7.1"'),
        ("H1Limits", "http/1.1", 'zttp.H1Limits needs HTTP/1.1 support: pip install "zttp-h1<0.8,>=0.7.0"'),
    ],
)
@pytest.mark.usefixtures("umbrella")
def test_the_words_for_an_attribute_of_an_absent_plugin(attribute: str, protocol: str, text: str) -> None:
    error = lookup_errors.missing_attribute(attribute, protocol)
    assert isinstance(error, AttributeError)
    assert (str(error), error.name) == (text, attribute)


@pytest.mark.parametrize(("package", "attribute"), [("zttp_h2", "H2Connection"), ("zttp_h3", "parse_datagram_header")])
def test_attribute_of_an_absent_plugin(package: str, attribute: str) -> None:
    # In a process of its own, where the package is hidden if it is installed.
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "import zttp\n"
        f"assert not hasattr(zttp, {attribute!r})\n"
        f"try: zttp.{attribute}\n"
        "except zttp.PluginAttributeError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(f"zttp.{attribute} needs HTTP/")
    assert done.stdout.endswith(('"\n', "without zttp-h3\n"))


def test_every_lookup_error_is_one_and_keeps_what_it_was_before() -> None:
    errors = [
        zttp.PluginLoadError, zttp.PluginValidationError, zttp.PluginVersionError, zttp.ProtocolConflictError,
        zttp.ProtocolNotInstalledError, zttp.UnknownProtocolError,
    ]  # fmt: skip
    assert all(issubclass(error, ProtocolLookupError) and issubclass(error, LookupError) for error in errors)
    assert issubclass(zttp.UnknownProtocolError, ValueError)
    assert issubclass(zttp.PluginVersionError, zttp.PluginLoadError)
