"""The summary of pytest: a table of capabilities and a line for the plugin's README."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import pytest

from zttp_core.constants import SERVER
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.registry import Provider, Registration

if TYPE_CHECKING:
    from zttp_core.testing.conformance import ProtocolConformance

_NAME: Final = "zttp-conformance"


class Tested:
    """The report of one suite: its protocol, the exchanges that show capabilities, the results of its tests."""

    def __init__(self, suite: ProtocolConformance) -> None:
        self.protocol: Final = suite.protocol
        self.results: Final[Counter[str]] = Counter()
        self.registration: Registration | None = None
        self.evidence: dict[str, list[str]] = {}
        # Now, while the protocol is registered. If this fails, tests fail with the reason.
        with suppress(Exception, pytest.fail.Exception):
            self.registration = suite.registration
            self.evidence = suite.evidence()

    def lines(self) -> Iterator[str]:
        """Yield the badge and the table, in Markdown."""
        if self.registration is None:
            yield f"zttp plugin API: {self.protocol} does not resolve"
            return
        descriptor = self.registration.descriptor
        yield badge(descriptor, self.registration.provider, self.results)
        if descriptor.capabilities and not self.results["failed"]:
            yield from ("", "| capability | shown by |", "| --- | --- |")
            for name in sorted(descriptor.capabilities):
                yield f"| {name} | {', '.join(self.evidence.get(name, ['-']))} |"


class Reporter:
    """Counts the results of every suite, and prints them at the end."""

    def __init__(self) -> None:
        self._tested: dict[str, Tested] = {}

    def add(self, nodeid: str, suite: ProtocolConformance) -> None:
        """Count the results of the tests of a class from now on."""
        if nodeid not in self._tested:
            self._tested[nodeid] = Tested(suite)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a result: the one of the call, or of what prevented it."""
        tested = self._tested.get(report.nodeid.partition("[")[0].rpartition("::")[0])
        if tested is not None and (report.when == "call" or report.outcome != "passed"):
            tested.results[report.outcome] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the reports."""
        terminalreporter.section("protocol conformance")
        for tested in self._tested.values():
            for line in tested.lines():
                terminalreporter.line(line)
            terminalreporter.line("")


def register(request: pytest.FixtureRequest, suite: ProtocolConformance) -> None:
    """Make sure that the results of the test's class are reported."""
    manager = request.config.pluginmanager
    reporter = manager.get_plugin(_NAME)
    if not isinstance(reporter, Reporter):
        reporter = Reporter()
        manager.register(reporter, _NAME)
    parent = request.node.getparent(pytest.Class)
    if parent is not None:
        reporter.add(parent.nodeid, suite)


def badge(descriptor: ProtocolDescriptor, provider: Provider, results: Counter[str]) -> str:
    """Return the line with the result."""
    roles = " and ".join("server" if role == SERVER else "client" for role in sorted(descriptor.roles))
    api = ".".join(str(part) for part in descriptor.api_version)
    head = f"zttp plugin API {api}: {descriptor.name} ({roles}) from {provider}"
    if results["failed"]:
        return f"{head} does not conform: {results['failed']} of {results['failed'] + results['passed']} checks failed"
    return f"{head} conforms: {results['passed']} checks passed, {results['skipped']} not applicable"
