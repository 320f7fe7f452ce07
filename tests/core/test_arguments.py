"""Every public function takes every kind of argument, or refuses it alike in both builds."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import zttp
import zttp_core
from tests.core import argument_outcomes
from zttp_core.events import factories

ROOT = Path(__file__).parents[2]
SOURCES = (".", "zttp_core/src", "plugins/zttp_h1/src", "plugins/zttp_h2/src", "plugins/zttp_h3/src")


@pytest.fixture(scope="module")
def table() -> dict[str, str]:
    return argument_outcomes.table()


def test_nothing_but_what_is_documented_is_raised(table: dict[str, str]) -> None:
    # BoomError comes from the caller's own objects; the others describe the fault of the argument.
    expected = ("TypeError", "ValueError", "LocalProtocolError", "RemoteProtocolError", "BoomError")
    lookups = ("UnknownProtocolError", "ProtocolNotInstalledError")  # of sniff
    lists = ("IndexError", "OverflowError")  # a list's errors for the same
    for call, outcome in table.items():
        kind = outcome.partition(":")[0]
        if kind.endswith(("Error", "Exception")) and kind.isidentifier():
            assert (
                kind in expected
                or (call.startswith("sniff(") and kind in lookups)
                or (call.startswith("HeaderBlock.") and kind in lists)
            ), (call, outcome)
        assert "| afterwards" not in outcome, (call, outcome)


def test_every_public_function_is_tried() -> None:
    tried = {name.partition(" ")[0] for name in argument_outcomes.SUBJECTS}
    of_classes = {"H1Connection": zttp.H1Connection, "H2Connection": zttp.H2Connection, "HeaderBlock": zttp.HeaderBlock}
    of_classes["Stream"] = type(argument_outcomes.h2_server().stream(1))
    of_classes |= {"H3Connection": zttp.H3Connection, "QuicEndpoint": zttp.QuicEndpoint}
    of_classes["H3Stream"] = type(argument_outcomes.h3_server().stream(0))
    for name, cls in of_classes.items():
        for method in dir(cls):
            function: Any = getattr(cls, method)
            if not method.startswith("_") and callable(function) and len(inspect.signature(function).parameters) > 1:
                assert f"{name}.{method}" in tried
    made = [name for name, value in vars(factories).items() if callable(value) and name[0] != "_" and name.islower()]
    internal = {"as_compiled", "final", "i64", "listed_block", "packed_block", "rare_values_of"}
    internal |= {"listed_parts", "packed_parts"}
    assert set(made) - internal <= tried
    assert {event.__name__ for event in argument_outcomes.EVENTS} <= tried


@pytest.mark.skipif(zttp_core.COMPILED, reason="mypyc does not tell positional parameters from others")
def test_what_is_positional_is_refused_by_name() -> None:
    connection = zttp.Connection(zttp.SERVER)
    call: Any = connection.receive_data
    assert inspect.signature(call).parameters["data"].kind is inspect.Parameter.POSITIONAL_ONLY
    with pytest.raises(TypeError, match="positional-only"):
        call(data=b"GET / HTTP/1.1\r\n\r\n")
    assert connection.next_event() is zttp.NEED_DATA


@pytest.mark.compiled_only(reason="the sources refuse it")
def test_what_is_positional_is_taken_by_name_all_the_same() -> None:
    connection = zttp.Connection(zttp.SERVER)
    call: Any = connection.receive_data
    assert inspect.signature(call).parameters["data"].kind is inspect.Parameter.POSITIONAL_ONLY
    call(data=b"GET / HTTP/1.1\r\n\r\n")
    assert isinstance(connection.next_event(), zttp.Request)


@pytest.mark.compiled_only(reason="there is nothing to compare the interpreted build with")
def test_both_builds_answer_alike(table: dict[str, str]) -> None:
    paths = os.pathsep.join(str(ROOT / folder) for folder in SOURCES)
    script = ROOT / "tests" / "core" / "argument_outcomes.py"
    command = [sys.executable, "-P", str(script)]
    output = subprocess.run(command, env={**os.environ, "PYTHONPATH": paths}, check=True, capture_output=True).stdout
    interpreted = json.loads(output)
    assert zttp_core.COMPILED
    assert not interpreted["compiled"]
    different = {
        call: (outcome, interpreted["table"][call])
        for call, outcome in table.items()
        if outcome != interpreted["table"][call]
    }
    assert different == {}
