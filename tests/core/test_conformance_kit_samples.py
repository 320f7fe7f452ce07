"""The kit says no: every deliberately bad protocol fails the test that is meant for it, with the message that helps."""

import sys
from collections.abc import Iterator
from inspect import signature
from typing import Any

import pytest

import zttp
from tests.core import bad_protocols, toy_datagrams
from tests.core.bad_protocols import Sample, determinism, lines, pairing, refusals, resources, structure, timers
from tests.core.test_conformance_kit_datagrams import TestToyDatagrams as ToyDatagrams
from zttp_core.testing import ProtocolConformance

BAD_STREAMS = bad_protocols.SAMPLES
MODULES = (structure, determinism, pairing, refusals, resources)


class TestLines(ProtocolConformance):
    """The protocol that the bad ones are made from is good."""

    protocol = "lines"
    exchanges = lines.EXCHANGES
    malformed = lines.MALFORMED
    malformed_replies = {"a status of two digits": b"20\n\n"}
    max_memory = 1024 * 1024


@pytest.fixture(autouse=True)
def good(request: pytest.FixtureRequest) -> Iterator[None]:
    """Register the good protocol, unless the test brings a bad one."""
    descriptor = lines.describe()
    if "sample" in request.fixturenames:
        sample = request.getfixturevalue("sample")
        described = lines.describe if sample in BAD_STREAMS else describe_toy
        descriptor = described(sample.connection, **sample.descriptor)
    zttp.register_protocol(descriptor)
    yield
    zttp.unregister_protocol(descriptor.name)


def describe_toy(connection: Any, **fields: Any) -> Any:
    return toy_datagrams.describe("toy-datagrams", connection, **fields)


def ids(samples: list[Sample]) -> list[str]:
    return [f"{sample.connection.__name__}-{sample.test}" for sample in samples]


def run_test(suite: ProtocolConformance, name: str) -> None:
    """Run one test of a suite as pytest would."""
    test = getattr(suite, name)
    values = {"exchange": suite.exchanges, "malformation": list(suite.malformed)}
    [argument, *_] = [*signature(test).parameters, ""]
    for value in values.get(argument, [None]):
        test(value) if argument else test()


def test_the_samples_are_found() -> None:
    assert {sample.connection.__module__ for sample in BAD_STREAMS} == {module.__name__ for module in MODULES}


@pytest.mark.parametrize("sample", BAD_STREAMS, ids=ids(BAD_STREAMS))
def test_a_bad_protocol_fails_with_the_intended_message(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "elsewhere", structure.elsewhere)
    suite = type("Suite", (TestLines,), sample.suite)()
    with pytest.raises(pytest.fail.Exception, match=f"(?s){sample.message}"):
        run_test(suite, sample.test)


@pytest.mark.parametrize("sample", timers.SAMPLES, ids=ids(timers.SAMPLES))
def test_a_bad_protocol_over_datagrams_fails_with_the_intended_message(sample: Sample) -> None:
    suite = type("Suite", (ToyDatagrams,), sample.suite)()
    with pytest.raises(pytest.fail.Exception, match=f"(?s){sample.message}"):
        run_test(suite, sample.test)
