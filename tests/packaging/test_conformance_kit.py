"""The conformance kit as its users have it: in the wheel, behind an extra, run on an installed plugin."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, Built, run

EXAMPLE = ROOT / "examples/third_party_plugin"
KIT = ROOT / "zttp_core/src/zttp_core/testing"

WITHOUT = """
import sys
import zttp, zttp_core
zttp.Connection(zttp.SERVER)
assert not [name for name in sys.modules if name.startswith(("zttp_core.testing", "pytest", "hypothesis"))]
try:
    import zttp_core.testing
except ModuleNotFoundError as error:
    print(error, error.name)
"""


def test_the_kit_is_in_the_wheel_and_its_needs_are_an_extra(compiled: dict[str, Built]) -> None:
    with zipfile.ZipFile(compiled["zttp-core"].wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("zttp_core/testing/")}
        [metadata] = [archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA")]
    assert held == {f"zttp_core/testing/{file.name}" for file in KIT.glob("*.py")}
    needs = [line for line in metadata.splitlines() if line.startswith(("Provides-Extra", "Requires-Dist"))]
    assert "Provides-Extra: testing" in needs
    of_the_extra = [line for line in needs if line.endswith('; extra == "testing"')]
    assert [re.split(r"[ <>=]+", line)[1] for line in of_the_extra] == ["hypothesis", "pytest"]


def test_without_the_extra_nothing_needs_it_and_the_kit_says_what_does(
    compiled: dict[str, Built], clean_environment: Callable[..., Path]
) -> None:
    python = clean_environment(*(compiled[name].wheel for name in ("zttp", "zttp-core", "zttp-h1")))
    said = run(python, "-I", "-c", WITHOUT)
    assert said == 'zttp_core.testing needs pytest. Install it with: pip install "zttp-core[testing]" pytest\n'


@pytest.mark.parametrize("build", ["compiled", "pure"])
def test_an_installed_plugin_is_tested_by_its_own_suite(
    build: str, request: pytest.FixtureRequest, clean_environment: Callable[..., Path], tmp_path: Path
) -> None:
    built: dict[str, Built] = request.getfixturevalue(build)
    core = f"zttp-core[testing] @ {built['zttp-core'].wheel.as_uri()}"
    python = clean_environment(core, built["zttp"].wheel, built["zttp-h1"].wheel, EXAMPLE)
    suite = tmp_path / "test_conformance.py"
    suite.write_text((EXAMPLE / "tests/test_conformance.py").read_text())
    said = run(python, "-P", "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", suite, cwd=tmp_path)
    assert "PASSED test_conformance.py::TestScgi::test_loading_is_light" in said
    assert "zttp plugin API 1.0: scgi (server) from zttp-scgi 0.3 conforms: " in said
