"""The example plugin conforms, by its own suite."""

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import zttp

EXAMPLE = Path(__file__).parents[2] / "examples/third_party_plugin"

specification = spec_from_file_location("scgi_conformance", EXAMPLE / "tests/test_conformance.py")
assert specification is not None
assert specification.loader is not None
module = module_from_spec(specification)
specification.loader.exec_module(module)
TestScgi = module.TestScgi


@pytest.fixture(scope="module", autouse=True)
def scgi() -> Iterator[None]:
    """Register the example from its folder."""
    sys.path.insert(0, str(EXAMPLE / "src"))
    from zttp_scgi.plugin import zttp_register_protocols

    [descriptor] = zttp_register_protocols()
    zttp.register_protocol(descriptor, replace=True)
    yield
    zttp.unregister_protocol("scgi")
    sys.path.remove(str(EXAMPLE / "src"))
