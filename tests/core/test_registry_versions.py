"""Which plugin API versions are accepted, and the messages for the others."""

import re
import warnings
from importlib.metadata import PackageNotFoundError, version

import pytest

from tests.core.fake_plugins import registry_of, toy_entry
from zttp_core import lookup_errors
from zttp_core.lookup_errors import PluginVersionError

try:
    CORE = version("zttp-core")
except PackageNotFoundError:
    CORE = "0.0"


@pytest.mark.parametrize("wanted", [(1, 0), (1, 1), (1, 2)])
def test_the_same_major_and_no_newer_minor_is_accepted(wanted: tuple[int, int]) -> None:
    registry = registry_of(toy_entry(api_version=wanted), api=(1, 2), supported=((1, 0), (1, 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert registry.resolve("toy").descriptor.api_version == wanted


@pytest.mark.parametrize("wanted", [(1, 3), (2, 0)])
def test_too_new(wanted: tuple[int, int]) -> None:
    entry_point = toy_entry("h3", "zttp-h3", "1.4", api_version=wanted)
    registry = registry_of(entry_point, api=(1, 2), supported=((1, 0), (1, 2)))
    text = (
        f"zttp-h3 1.4 needs plugin API {wanted[0]}.{wanted[1]}, zttp-core {CORE} provides 1.2. "
        "It takes a newer zttp, or an older release of the plugin"
    )
    with pytest.raises(PluginVersionError, match=f"^{re.escape(text)}$"):
        registry.resolve("h3")


def test_a_field_of_a_newer_api_is_reported_as_too_new_and_not_as_broken() -> None:
    registry = registry_of(toy_entry(api_version=(1, 3), colour="red"), api=(1, 2), supported=((1, 0), (1, 2)))
    with pytest.raises(PluginVersionError, match=r"needs plugin API 1.3"):
        registry.resolve("toy")


def test_too_old() -> None:
    registry = registry_of(toy_entry(api_version=(0, 4)), api=(2, 0), supported=((1, 0), (2, 0)))
    text = f"zttp-toy 0.3 was written for plugin API 0.x, zttp-core {CORE} supports 1.0 to 2.0. Ask its author"
    with pytest.raises(PluginVersionError, match=f"^{re.escape(text)} for a release$"):
        registry.resolve("toy")


def test_the_words_for_too_old() -> None:
    error = lookup_errors.too_old("zttp-scgi 0.3", (0, 1), "2.0", ((1, 0), (2, 0)))
    assert str(error) == (
        "zttp-scgi 0.3 was written for plugin API 0.x, zttp-core 2.0 supports 1.0 to 2.0. Ask its author for a release"
    )


def test_an_older_major_is_accepted_with_one_warning() -> None:
    registry = registry_of(toy_entry(api_version=(1, 1)), api=(2, 0), supported=((1, 0), (2, 0)), removals={1: "3.0"})
    text = (
        f"zttp-toy 0.3 was written for plugin API 1.1; zttp-core {CORE} still supports it, zttp-core 3.0 will not. "
        "Ask its author for a release"
    )
    with pytest.warns(DeprecationWarning, match=f"^{re.escape(text)}$"):
        registry.resolve("toy")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry.resolve("toy")
        registry.protocols()
