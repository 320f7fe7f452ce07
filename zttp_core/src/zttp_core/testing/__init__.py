"""The conformance kit: the promises of a protocol plugin, as tests that its author inherits.

    from zttp_core.testing import Exchange, ProtocolConformance

    class TestScgi(ProtocolConformance):
        protocol = "scgi"
        exchanges = [Exchange("get", client=b"...", events=[...], reply=[...], server=b"...")]
        malformed = {"bad length": b"x:,"}

Needs pytest, and uses Hypothesis and mypy if they are installed: ``pip install "zttp-core[testing]"``. Nothing else
in zttp imports this package.
"""

try:
    import pytest  # noqa: F401  (imported first, for a clear error if it is missing)
except ModuleNotFoundError as missing:  # pragma: no cover - a test installs it without
    raise ModuleNotFoundError(
        'zttp_core.testing needs pytest. Install it with: pip install "zttp-core[testing]"', name=missing.name
    ) from missing

from zttp_core.testing.conformance import ProtocolConformance
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.surroundings import Surroundings

__all__ = ["Exchange", "ProtocolConformance", "Surroundings"]
