"""The Python of another library's environment: one of the benchmarks' environments, which list their packages."""

import os
import sys
from importlib import import_module
from pathlib import Path
from runpy import run_path

import pytest

ROOT = Path(__file__).parents[2]
sys.path += [str(ROOT / "scripts"), str(ROOT / "benchmarks")]

BENCHMARKS = [run_path(str(ROOT / f"benchmarks/{protocol}.py")) for protocol in ("http1", "http2", "http3")]
INSTALLED = {peer.name: peer.requirements for benchmark in BENCHMARKS for peer in benchmark["PEERS"]}


def python_of(name: str) -> Path:
    """Make the environment of that name unless it exists; skip the test if it cannot be made."""
    workspace, environments = import_module("workspace"), import_module("harness.environments")
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{path}{os.pathsep}{workspace.BUILD / 'tools/bin'}"  # the folder of uv
    try:
        made: Path = environments.ensure_environment(workspace.BUILD / "bench" / name, INSTALLED[name])
    except environments.InstallationError as error:
        pytest.skip(f"{name} cannot be installed here: {str(error)[-200:]}")
    finally:
        os.environ["PATH"] = path
    return made
