"""Runs the probes of one peer with its Python, and prints the outcomes: `python -I run.py h11_probes h11`."""

import json
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Last, after the installed packages: `zttp` of the environment is not that of this tree.
sys.path += [str(ROOT), str(ROOT / "benchmarks")]


def main(module: str, distribution: str) -> None:
    """Run all probes of a module, and read the metadata of its distribution."""
    probing = import_module("tests.docs.features.probing")
    import_module(f"tests.docs.features.{module}")
    found = probing.of_distribution(distribution)
    found |= {feature: function() for feature, function in probing.PROBES.items()}
    json.dump({"version": version(distribution), "found": found}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
