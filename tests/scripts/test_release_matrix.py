"""The workflow that a release runs: it parses, and names every distribution and every supported Python."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import zttp_h1

yaml = pytest.importorskip("yaml")
ROOT = Path(__file__).parents[2]
RELEASE = ROOT / ".github/workflows/release.yml"
PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.14t"]


@pytest.fixture(scope="module", name="jobs")
def _jobs() -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(RELEASE.read_text())["jobs"]
    return jobs


def step(job: dict[str, Any], action: str) -> dict[str, Any]:
    [found] = [step for step in job["steps"] if step.get("uses", "").startswith(action)]
    return dict(found)


def test_every_compiled_distribution_is_built(jobs: dict[str, Any]) -> None:
    compiled = {
        str(path.parent.relative_to(ROOT)) for path in [*ROOT.glob("zttp_*/setup.py"), *ROOT.glob("plugins/*/setup.py")]
    }
    assert set(jobs["wheels"]["strategy"]["matrix"]["distribution"]) == compiled


def test_every_python_is_built_for_and_tested_on(jobs: dict[str, Any]) -> None:
    built = step(jobs["wheels"], "pypa/cibuildwheel")["env"]["CIBW_BUILD"].split()
    assert built == [f"cp{version.replace('.', '')}-*" for version in PYTHONS]
    assert jobs["tests"]["strategy"]["matrix"]["python"] == PYTHONS
    least = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert least == f">={PYTHONS[0]}"


def test_the_usual_platforms_are_built_for(jobs: dict[str, Any]) -> None:
    platforms = jobs["wheels"]["strategy"]["matrix"]["platform"]
    assert {name.split("-")[0] for name in platforms} == {"ubuntu", "macos", "windows"}
    assert sum(name.endswith("-arm") or name == "macos-14" for name in platforms) == 2  # both kinds of processor


def test_nothing_is_published_before_all_is_built_and_tested(jobs: dict[str, Any]) -> None:
    assert set(jobs["publish"]["needs"]) == {"sources", "wheels", "tests"}
    assert jobs["publish"]["if"] == "github.ref_type == 'tag'"
    assert "password" not in RELEASE.read_text().replace("no password", "")


def test_what_the_jobs_run_is_there(jobs: dict[str, Any]) -> None:
    text = RELEASE.read_text()
    for target in re.findall(r"\bmake (\w+)", text):
        assert f"\n{target}:" in (ROOT / "Makefile").read_text()
    for file in (*re.findall(r"\{project\}/(\S+)", text), ".ci/run"):
        assert (ROOT / file).exists(), file
    assert re.search(r'^version = "\d+\.\d+\.\d+"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert {job for name in jobs for job in [jobs[name].get("needs", [])] if isinstance(job, str)} <= set(jobs)


def test_a_wheel_that_is_not_compiled_does_not_leave() -> None:
    command = [sys.executable, "-P", "scripts/compiled.py", "plugins/zttp_h1"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == (0 if zttp_h1.COMPILED else 1)
    assert re.match(r"zttp_h1: \d+ compiled modules on Python ", done.stdout)
