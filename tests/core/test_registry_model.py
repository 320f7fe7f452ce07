"""Random sequences of installing, breaking, repairing, registering and lookups, compared with a plain model.

The model has only the promised caches: the result of a scan stays until the next scan, a plugin that was added or broke
in the meantime stays as it was until then, and nothing else is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zttp
from tests.core.fake_plugins import FakeEntryPoint, Plugin, Toy, describe
from zttp_core.discovery import Scan
from zttp_core.registry import REGISTRY

NAMES = ("a", "b", "c")
KEYS = (*NAMES, "x", "y")
DISTRIBUTIONS = ("one", "two", "three")
UNKNOWN = "UnknownProtocolError"
CONFLICT = "ProtocolConflictError"
BROKEN = "PluginLoadError"
PASSING = "PluginLoadError for the moment"


@dataclass
class Installed:
    """A distribution: the protocol that it provides, another spelling of it, and its current state."""

    distribution: str
    name: str
    alias: str
    mood: str = "sound"

    @property
    def tag(self) -> str:
        return f"{self.distribution}:{self.name}:{self.alias}"


@dataclass
class Claim:
    """The result of a scan for a distribution, and the outcome since then."""

    installed: Installed
    outcome: str | None = None


class Interrupted(Exception):  # noqa: N818 - what the model raises for KeyboardInterrupt
    """A load was interrupted."""


@dataclass
class Model:
    """The expected state of the registry."""

    installed: dict[str, Installed] = field(default_factory=dict)
    claims: dict[str, list[Claim]] | None = None
    registered: dict[str, str] = field(default_factory=dict)  # the alias by name

    def scan(self) -> dict[str, list[Claim]]:
        if self.claims is not None:
            return self.claims
        claims: dict[str, list[Claim]] = {}
        for one in self.installed.values():
            claims.setdefault(one.name, []).append(Claim(one))
        if claims:
            self.claims = claims
        return claims

    def load(self, claim: Claim, claims: dict[str, list[Claim]]) -> str:
        """The outcome of one plugin: its tag, or the name of an error."""
        if claim.outcome is not None:
            return claim.outcome
        mood, alias = claim.installed.mood, claim.installed.alias
        if mood == "interrupted":
            raise Interrupted
        if mood == "short of memory":
            return PASSING
        if mood == "broken":
            claim.outcome = BROKEN
        elif alias != claim.installed.name and alias in claims:
            claim.outcome = CONFLICT
        else:
            claim.outcome = claim.installed.tag
        return claim.outcome

    def load_all(self, claims: dict[str, list[Claim]]) -> dict[str, str]:
        return {name: self.load(claims[name][0], claims) for name in sorted(claims) if len(claims[name]) == 1}

    def connect(self, key: str) -> str:
        if key in self.registered:
            return f"registered:{key}:{self.registered[key]}"
        claims = self.scan()
        if key in claims:
            return CONFLICT if len(claims[key]) > 1 else self.load(claims[key][0], claims)
        for name, alias in self.registered.items():
            if alias == key:
                return f"registered:{name}:{alias}"
        outcomes = self.load_all(claims)
        found = [tag for name, tag in outcomes.items() if tag.endswith(f":{key}") and name not in self.registered]
        return UNKNOWN if not found else found[0] if len(found) == 1 else CONFLICT

    def register(self, name: str, alias: str, *, replace: bool) -> str:
        claims = self.scan()
        if (name in self.registered or name in claims) and not replace:
            return CONFLICT
        for other, theirs in self.registered.items():
            if other != name and {name, alias} & {other, theirs}:
                return CONFLICT
        if alias != name and alias in claims:
            return CONFLICT
        self.registered[name] = alias
        return "done"

    def unregister(self, key: str) -> str:
        if key in self.registered:
            del self.registered[key]
            return "done"
        for name, alias in self.registered.items():
            if alias == key:
                del self.registered[name]
                return "done"
        return UNKNOWN

    def listing(self) -> dict[str, str]:
        claims = self.scan()
        outcomes = self.load_all(claims)
        statuses = dict.fromkeys(claims, "conflict")
        for name, outcome in outcomes.items():
            statuses[name] = {BROKEN: "broken", PASSING: "broken", CONFLICT: "conflict"}.get(outcome, "loaded")
        return statuses | dict.fromkeys(self.registered, "loaded")


class MoodyEntryPoint(FakeEntryPoint):
    """An entry point of a distribution in the model's current state."""

    def __init__(self, installed: Installed) -> None:
        plugin = Plugin(describe(installed.name, aliases=(installed.alias,), connection=tagged(installed.tag)))
        super().__init__(installed.name, plugin, f"zttp-{installed.distribution}", "1")
        self.installed = installed

    def load(self) -> object:
        if self.installed.mood != "sound":
            raise {"interrupted": KeyboardInterrupt, "short of memory": MemoryError}.get(
                self.installed.mood, RuntimeError
            )
        return super().load()


def tagged(tag: str) -> type[Toy]:
    return type("Tagged", (Toy,), {"tag": tag})


def answer(question: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    try:
        result = question(*arguments, **options)
        return "done" if result is None else result
    except KeyboardInterrupt:
        raise Interrupted from None
    except zttp.ProtocolLookupError as error:
        return type(error).__name__ + (" for the moment" if error.temporary else "")


def tag_of_connection(key: str) -> str:
    connection: Any = zttp.Connection(zttp.SERVER, key)
    return str(connection.tag)


def statuses() -> dict[str, str]:
    return {info.name: info.status for info in zttp.protocols()}


@contextmanager
def nothing_installed(model: Model) -> Iterator[None]:
    """Let the registry of the process find the model's distributions, and afterwards the real ones again."""
    scan = REGISTRY._scan
    REGISTRY._scan = lambda: Scan([MoodyEntryPoint(one) for one in model.installed.values()])
    zttp.refresh_protocols()
    try:
        yield
    finally:
        for name in NAMES:
            answer(zttp.unregister_protocol, name)
        REGISTRY._scan = scan
        zttp.refresh_protocols()


STEPS = st.one_of(
    st.tuples(st.just("install"), st.sampled_from(DISTRIBUTIONS), st.sampled_from(NAMES), st.sampled_from(KEYS)),
    st.tuples(st.just("remove"), st.sampled_from(DISTRIBUTIONS)),
    st.tuples(
        st.just("mood"),
        st.sampled_from(DISTRIBUTIONS),
        st.sampled_from(("sound", "sound", "broken", "interrupted", "short of memory")),
    ),
    st.tuples(st.just("register"), st.sampled_from(NAMES), st.sampled_from(KEYS), st.booleans()),
    st.tuples(st.just("unregister"), st.sampled_from(KEYS)),
    st.tuples(st.just("connect"), st.sampled_from(KEYS)),
    st.tuples(st.just("connect"), st.sampled_from(KEYS)),
    st.tuples(st.just("list")),
    st.tuples(st.just("look again")),
)


def act(model: Model, step: tuple[Any, ...]) -> tuple[Any, Any]:
    """Do a step in the model and in the registry; return the outcome in each."""
    match step:
        case ("install", distribution, name, alias):
            model.installed[distribution] = Installed(distribution, name, alias)
        case ("remove", distribution):
            model.installed.pop(distribution, None)
        case ("mood", distribution, mood) if distribution in model.installed:
            model.installed[distribution].mood = mood
        case ("register", name, alias, replace):
            tag = f"registered:{name}:{alias}"
            descriptor = describe(name, aliases=(alias,), connection=tagged(tag))
            real = answer(zttp.register_protocol, descriptor, replace=replace)
            return model.register(name, alias, replace=replace), real
        case ("unregister", key):
            return model.unregister(key), answer(zttp.unregister_protocol, key)
        case ("connect", key):
            return outcome(model.connect, key), outcome(answer, tag_of_connection, key)
        case ("list",):
            return outcome(model.listing), outcome(answer, statuses)
        case ("look again",):
            model.claims = None
            zttp.refresh_protocols()
    return None, None


def outcome(question: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return question(*arguments)
    except Interrupted:
        return "interrupted"


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, min_size=5, max_size=30))
def test_any_history(steps: list[tuple[Any, ...]]) -> None:
    model = Model()
    with nothing_installed(model):
        for number, step in enumerate(steps):
            wanted, got = act(model, step)
            assert got == wanted, f"step {number}, {step}"


@pytest.mark.parametrize(
    "steps",
    [
        [("install", "one", "a", "x"), ("mood", "one", "interrupted"), ("connect", "a"), ("mood", "one", "sound")],
        [("connect", "a"), ("install", "one", "a", "x")],
        [("install", "one", "a", "x"), ("mood", "one", "broken"), ("connect", "a"), ("mood", "one", "sound"),
         ("look again",)],
        [("install", "one", "a", "x"), ("connect", "a"), ("register", "a", "y", True), ("connect", "a"),
         ("unregister", "a")],
        [("install", "one", "a", "x"), ("install", "two", "a", "x"), ("connect", "a"), ("remove", "two"),
         ("look again",)],
    ],
    ids=["interrupted", "installed later", "mended", "replaced and undone", "a conflict whose cause is gone"],
)  # fmt: skip
def test_histories_that_went_wrong_once(steps: list[tuple[Any, ...]]) -> None:
    model = Model()
    with nothing_installed(model):
        for step in steps:
            wanted, got = act(model, step)
            assert got == wanted, step
        assert act(model, ("connect", "a")) == ("one:a:x", "one:a:x")
