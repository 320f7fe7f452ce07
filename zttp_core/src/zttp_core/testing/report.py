"""What pytest says at its end: a table of capabilities and a line for the plugin's README."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import pytest

from zttp_core.constants import SERVER
from zttp_core.descriptor import ProtocolDescriptor
from zttp_core.registry import REGISTRY, Provider

if TYPE_CHECKING:
    from zttp_core.testing.conformance import ProtocolConformance

_NAME: Final = "zttp-conformance"


class Reporter:
    """Counts the results of every suite, and writes them down in the end."""

    def __init__(self) -> None:
        self._suites: dict[str, ProtocolConformance] = {}
        self._results: dict[str, Counter[str]] = {}

    def add(self, nodeid: str, suite: ProtocolConformance) -> None:
        """Count the results of the tests of a class from now on."""
        self._suites.setdefault(nodeid, suite)
        self._results.setdefault(nodeid, Counter())

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a result: a test that is skipped in its setup or its call was not applicable."""
        nodeid = report.nodeid.partition("[")[0].rpartition("::")[0]
        if nodeid in self._results and (report.when == "call" or report.outcome != "passed"):
            self._results[nodeid][report.outcome] += 1

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write what was tested."""
        terminalreporter.section("protocol conformance")
        for nodeid, suite in self._suites.items():
            for line in summary(suite, self._results[nodeid]):
                terminalreporter.line(line)


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


def summary(suite: ProtocolConformance, results: Counter[str]) -> list[str]:
    """Return the badge and the table of one suite, in Markdown."""
    from zttp_core.lookup_errors import ProtocolLookupError

    try:
        registration = REGISTRY.resolve(suite.protocol)
    except ProtocolLookupError as error:
        return [f"{suite.protocol}: does not resolve: {error}", ""]
    descriptor = registration.descriptor
    lines = [badge(descriptor, registration.provider, results), "", "| capability | shown by |", "| --- | --- |"]
    if not results["failed"]:
        shown = suite.evidence()
        for name in sorted(descriptor.capabilities):
            lines.append(f"| {name} | {', '.join(shown.get(name, ['-']))} |")
        if not descriptor.capabilities:
            lines.append("| none claimed | |")
        return [*lines, ""]
    return [lines[0], ""]


def badge(descriptor: ProtocolDescriptor, provider: Provider, results: Counter[str]) -> str:
    """Return the one line that says what was found."""
    roles = " and ".join("server" if role == SERVER else "client" for role in sorted(descriptor.roles))
    api = ".".join(str(part) for part in descriptor.api_version)
    head = f"zttp plugin API {api}: {descriptor.name} ({roles}) from {provider}"
    if results["failed"]:
        return f"{head} does not conform: {results['failed']} of {results['failed'] + results['passed']} checks failed"
    return f"{head} conforms: {results['passed']} checks passed, {results['skipped']} not applicable"
