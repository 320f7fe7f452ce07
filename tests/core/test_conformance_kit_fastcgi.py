"""FastCGI conforms: an example that is multiplexed and has both roles, by its own suite."""

import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import zttp

EXAMPLE = Path(__file__).parents[2] / "examples/fastcgi_plugin"

# The suite imports the plugin, which is not installed; last, so that nothing else is found there.
sys.path.append(str(EXAMPLE / "src"))
specification = spec_from_file_location("fastcgi_conformance", EXAMPLE / "tests/test_conformance.py")
assert specification is not None
assert specification.loader is not None
module = module_from_spec(specification)
specification.loader.exec_module(module)
TestFastCgi = module.TestFastCgi


@pytest.fixture(scope="module", autouse=True)
def fastcgi() -> Iterator[None]:
    """Register the example."""
    from zttp_fastcgi.plugin import zttp_register_protocols

    [descriptor] = zttp_register_protocols()
    zttp.register_protocol(descriptor, replace=True)
    yield
    zttp.unregister_protocol("fastcgi")
