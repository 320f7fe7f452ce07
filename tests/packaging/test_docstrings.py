"""``help()`` of the compiled wheels has every public docstring and signature of the sources."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.packaging.conftest import ROOT, UV, Built, run

COPIES = sorted([*ROOT.glob("zttp_core/docstrings_in_c.py"), *ROOT.glob("plugins/*/docstrings_in_c.py")])

# Prints, for every public name and for the public members of every public class, its docstring and its parameters.
PROGRAM = """
import enum, importlib, inspect, json, pydoc, sys
import zttp

def signature(value):
    try:
        return [[p.name, p.kind.name] for p in inspect.signature(value).parameters.values() if p.name != "self"]
    except (TypeError, ValueError):
        return None

def is_ours(value):
    return str(getattr(value, "__module__", "")).startswith("zttp")

found, helps = {}, {}
public = [(f"zttp.{name}", getattr(zttp, name)) for name in dir(zttp) if not name.startswith("_")]
for name, value in public:
    if not inspect.isclass(value) and not inspect.isroutine(value) or not is_ours(value):
        continue
    found[name] = [value.__doc__, signature(value)]
    helps[name] = pydoc.plain(pydoc.render_doc(value))
    if inspect.isclass(value) and not issubclass(value, (enum.Enum, Exception)):
        for member, object in vars(value).items():
            kind = type(object).__name__
            if kind == "staticmethod":
                object = getattr(value, member)  # what it wraps: in C it does not take over the docstring
            if not member.startswith("_") and kind not in ("member_descriptor", "str"):
                found[f"{name}.{member}"] = [inspect.getdoc(object), signature(object) if callable(object) else None]
for package in ("zttp_core", "zttp_h1", "zttp_h2", "zttp_h3"):
    for module in [name for name in sys.modules if name.startswith(package)]:
        found[f"module {module}"] = [sys.modules[module].__doc__, None]
json.dump([found, helps], sys.stdout)
"""


def said(python: Path) -> tuple[dict[str, Any], dict[str, str]]:
    found, helps = json.loads(run(python, "-I", "-c", PROGRAM))
    return found, helps


@pytest.fixture
def both(
    compiled: dict[str, Built], pure: dict[str, Built], clean_environment: Callable[..., Path]
) -> tuple[Path, dict[str, Any], dict[str, Any], dict[str, str]]:
    """The docstrings of the compiled wheels, and of the sources: in one environment, one after the other."""
    python = clean_environment(*(built.wheel for built in compiled.values()))
    ours, helps = said(python)
    assert "compiled" in run(python, "-I", "-m", "zttp", "protocols", "--load")
    others = [built.wheel for built in pure.values()]
    run(UV, "pip", "install", "--no-config", "--no-deps", "--reinstall", "--python", python, *others, cwd=python.parent)
    theirs, _ = said(python)
    return python, ours, theirs, helps


def test_every_public_docstring_and_signature_is_kept(both: Any) -> None:
    _, compiled, interpreted, _ = both
    assert len(interpreted) > 200
    without = [name for name, (text, _) in interpreted.items() if not text]
    assert without == []
    told = {name: (text, compiled.get(name, [None])[0]) for name, (text, _) in interpreted.items()}
    assert {name: texts for name, texts in told.items() if texts[0].split() != (texts[1] or "").split()} == {}
    parameters = {name: (wanted, compiled[name][1]) for name, (_, wanted) in interpreted.items() if wanted is not None}
    assert {name: pair for name, pair in parameters.items() if pair[0] != pair[1]} == {}


def test_help_shows_them(both: Any) -> None:
    _, compiled, _, helps = both
    text = helps["zttp.H1Connection"]
    for method in ("send_response", "waiting_for_100", "start_next_cycle"):
        assert compiled[f"zttp.H1Connection.{method}"][0].splitlines()[0] in text
    assert "send_response(self, status, headers=None, /, *, reason=None)" in text


def test_every_compiled_distribution_has_the_same_helper() -> None:
    assert len(COPIES) == len([*ROOT.glob("*/setup.py"), *ROOT.glob("plugins/*/setup.py")]) > 2
    assert len({path.read_text() for path in COPIES}) == 1
