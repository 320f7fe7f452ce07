"""The kit refuses every deliberately bad protocol: it fails the intended test, with a helpful message."""

import decimal
import sys
from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import pytest

import zttp
from tests.core import bad_protocols, toy_datagrams, toy_frames, toy_sealed
from tests.core.bad_protocols import (
    Sample,
    asking,
    callers,
    changing,
    determinism,
    growing,
    lines,
    pairing,
    refusals,
    resources,
    sealed,
    sharing,
    slips,
    streams,
    structure,
    timers,
)
from tests.core.test_conformance_kit_datagrams import TestToyDatagrams as ToyDatagrams
from tests.core.test_conformance_kit_frames import TestToyFrames as ToyFrames
from tests.core.test_conformance_kit_sealed import TestToySealed as ToySealed
from zttp_core.testing import ProtocolConformance

SAMPLES = [*bad_protocols.SAMPLES, *timers.SAMPLES]
MODULES = (
    structure, determinism, pairing, refusals, resources, callers, asking, sharing, slips, growing, streams, sealed,
    timers, changing,
)  # fmt: skip


class TestLines(ProtocolConformance):
    """The protocol that most of the bad ones are derived from is good."""

    protocol = "lines"
    exchanges = lines.EXCHANGES
    malformed = lines.MALFORMED
    malformed_replies = {"a status of two digits": b"20\n\n"}
    growing = {"content": lines.content}
    max_memory = 1024 * 1024


def describe_toy(connection: Any, **fields: Any) -> Any:
    return toy_datagrams.describe("toy-datagrams", connection, **fields)


# The bases of bad protocols, most specific first: the descriptor, and the suite of the good one.
KINDS: list[tuple[type[Any], Callable[..., Any], type[ProtocolConformance]]] = [
    (toy_sealed.SealedConnection, toy_sealed.describe_sealed, ToySealed),
    (toy_datagrams.ToyConnection, describe_toy, ToyDatagrams),
    (toy_frames.FrameConnection, toy_frames.describe_frames, ToyFrames),
    (lines.LineConnection, lines.describe, TestLines),
]


def kind_of(connection: Any) -> tuple[Callable[..., Any], type[ProtocolConformance]]:
    """Return the descriptor of a bad protocol, and the suite that it fails."""
    return next((describe, suite) for base, describe, suite in KINDS if issubclass(connection, base))


@pytest.fixture(autouse=True)
def registered(request: pytest.FixtureRequest) -> Iterator[None]:
    """Register the good protocol, unless the test has a bad one."""
    descriptor = lines.describe()
    if "sample" in request.fixturenames:
        sample = request.getfixturevalue("sample")
        descriptor = kind_of(sample.connection)[0](sample.connection, **sample.descriptor)
    zttp.register_protocol(descriptor)
    yield
    zttp.unregister_protocol(descriptor.name)


def run_test(suite: ProtocolConformance, name: str) -> None:
    """Run one test of a suite as pytest would."""
    test = getattr(suite, name)
    abuses = [*suite.abuses, *suite.abuses_of_servers]
    values = {"exchange": suite.exchanges, "malformation": list(suite.malformed), "abuse": abuses}
    [argument, *_] = [*signature(test).parameters, ""]
    for value in values.get(argument, [None]):
        test(value) if argument else test()


def test_the_samples_are_found() -> None:
    found = {sample.connection.__module__ for sample in SAMPLES} - {
        "tests.core.bad_protocols.at_import",
        lines.__name__,
    }
    assert found == {module.__name__ for module in MODULES}


@pytest.mark.parametrize("sample", SAMPLES, ids=[f"{one.connection.__name__}-{one.test}" for one in SAMPLES])
def test_a_bad_protocol_fails_with_the_intended_message(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "elsewhere", structure.elsewhere)
    suite = type("Suite", (kind_of(sample.connection)[1],), sample.suite)()
    with decimal.localcontext(), pytest.raises(pytest.fail.Exception, match=f"(?s){sample.message}"):
        run_test(suite, sample.test)
