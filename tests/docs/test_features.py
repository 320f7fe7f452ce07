"""The feature matrix is true: peers are tried in their own environments, and our cells name their tests."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.docs.peers import python_of
from tests.docs.sentences import functions

ROOT = Path(__file__).parents[2]
FEATURES = ROOT / "tests/docs/features"
MATRIX = tomllib.loads((FEATURES / "matrix.toml").read_text())
PEERS: list[dict[str, str]] = MATRIX["peer"]

pytestmark = pytest.mark.interpreted_only(
    reason="what peers do, and which tests there are, is the same for both builds"
)


def probed(python: Path | str, module: str, distribution: str) -> Any:
    command = [str(python), "-I", str(FEATURES / "run.py"), module, distribution]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("peer", PEERS, ids=[peer["name"] for peer in PEERS])
def test_a_peer_does_what_its_column_says(peer: dict[str, str]) -> None:
    result = probed(python_of(peer["environment"]), peer["probes"], peer["distribution"])
    assert result["version"] == peer["version"]
    cells = {item["id"]: item["peers"][peer["name"]] for item in MATRIX["feature"] if peer["name"] in item["peers"]}
    assert {name: cell.partition(",")[0] for name, cell in cells.items()} == result["found"]


def test_what_we_do_not_do_is_tried() -> None:
    pytest.importorskip("zttp_h3")
    found = probed(sys.executable, "zttp_probes", "zttp")["found"]
    tried = {item["id"]: item["ours"]["says"] for item in MATRIX["feature"] if item["ours"]["shown"] == ["probe"]}
    assert tried
    assert {name: found[name] for name in tried} == tried


@pytest.mark.parametrize("feature", MATRIX["feature"], ids=[item["id"] for item in MATRIX["feature"]])
def test_each_cell_of_ours_names_tests_that_are_there(feature: dict[str, Any]) -> None:
    shown = feature["ours"]["shown"]
    assert shown
    for test in shown:
        file, _, function = test.partition("::")
        assert test == "probe" or function in functions(file), test
