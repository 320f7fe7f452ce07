"""``ProtocolConformance``: all groups of tests, and their parameters."""

from __future__ import annotations

from typing import Any

import pytest

from zttp_core.testing import report
from zttp_core.testing.bounds import Bounds
from zttp_core.testing.callers import Callers
from zttp_core.testing.claims import Claims
from zttp_core.testing.endings import Endings
from zttp_core.testing.evidence import Evidence
from zttp_core.testing.growth import Growth
from zttp_core.testing.isolation import Isolation
from zttp_core.testing.manners import Manners
from zttp_core.testing.misuse import Misuse
from zttp_core.testing.pairing import Pairing
from zttp_core.testing.purity import Purity
from zttp_core.testing.refusals import Refusals
from zttp_core.testing.registration import Registration
from zttp_core.testing.secrecy import Secrecy
from zttp_core.testing.streams import Streams
from zttp_core.testing.structure import Structure
from zttp_core.testing.threads import Threads
from zttp_core.testing.timers import Timers
from zttp_core.testing.transparency import Transparency


class ProtocolConformance(
    Registration, Structure, Evidence, Claims, Endings, Pairing, Transparency, Streams, Refusals, Misuse, Callers,
    Isolation, Bounds, Growth, Purity, Timers, Secrecy, Threads, Manners,
):  # fmt: skip
    """The tests that a protocol plugin has to pass.

    Derive a class whose name pytest collects, name the ``protocol``, list in ``exchanges`` what must work and in
    ``malformed`` what must be refused; ``Subject`` documents the other attributes. Every test is an ordinary method:
    override one to change it, or mark it with a reason.
    """

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a test once for each exchange or malformed input that it uses."""
        if "exchange" in metafunc.fixturenames:
            metafunc.parametrize("exchange", self.exchanges, ids=[exchange.name for exchange in self.exchanges])
        if "malformation" in metafunc.fixturenames:
            reason = "nothing malformed can be written down (malformed): a peer with keys misbehaves (abuses)"
            metafunc.parametrize("malformation", list(self.malformed) or [_skipped(reason)])
        if "abuse" in metafunc.fixturenames:
            abuses = [*self.abuses, *self.abuses_of_servers]
            reason = "what is malformed is written down (malformed): nobody needs keys for it (abuses)"
            metafunc.parametrize("abuse", abuses or [_skipped(reason)])

    @pytest.fixture(autouse=True)
    def _reported(self, request: pytest.FixtureRequest) -> None:
        report.register(request, self)


def _skipped(reason: str) -> Any:
    """Return a parameter for tests without samples: they are skipped, with the reason."""
    return pytest.param(None, id="none", marks=pytest.mark.skip(reason=reason))
