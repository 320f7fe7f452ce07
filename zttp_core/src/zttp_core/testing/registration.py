"""Registration: the protocol is found, separately and quickly, and matches its descriptor."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from zttp_core.registry import IN_PROCESS, REGISTRY
from zttp_core.testing import probe
from zttp_core.testing.subject import Subject
from zttp_core.testing.verdict import fail, not_applicable

_MOST_MILLISECONDS: Final = 50
_TRIES: Final = 3  # the minimum is the least disturbed time


class Registration(Subject):
    """A plugin is found by its name, and costs nothing before it is used."""

    def test_the_protocol_resolves(self) -> None:
        """The name leads to a valid descriptor of a supported plugin API, and to a connection class."""
        descriptor = self.descriptor
        if descriptor.name != self.protocol:
            fail(f"'{self.protocol}' is another spelling of '{descriptor.name}': name the protocol by its name")
        self.connection_class  # noqa: B018

    def test_the_protocol_is_listed(self) -> None:
        """The listing has one line for it, without an error."""
        self.connection_class  # noqa: B018
        lines = [info for info in REGISTRY.protocols() if info.name == self.protocol]
        if [info.status for info in lines] != ["loaded"]:
            fail(f"'{self.protocol}' is listed as {[(info.status, info.error) for info in lines]}, not as loaded")

    def test_every_spelling_leads_to_it(self) -> None:
        """Aliases and ALPN identifiers belong to this protocol."""
        for key in self.descriptor.keys:
            found = REGISTRY.resolve(key).descriptor.name
            if found != self.protocol:
                fail(f"the spelling {key!r} of '{self.protocol}' leads to '{found}'")

    def test_loading_is_light(self) -> None:
        """The hook's module loads within 50 ms, without the connection, without other plugins, without side effects."""
        if self.registration.provider is IN_PROCESS:
            not_applicable(f"'{self.protocol}' was registered by this process: there is nothing to load")
        check_loading(self.protocol, [loaded_alone(self.protocol) for _ in range(_TRIES)])


def loaded_alone(protocol: str) -> dict[str, Any]:
    """Load the plugin in a new interpreter, and return the results."""
    command = [sys.executable, "-P", str(Path(probe.__file__)), protocol]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    if done.returncode:
        fail(f"'{protocol}' cannot be loaded in a new interpreter: {done.stderr.strip().splitlines()[-1]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def check_loading(protocol: str, answers: list[dict[str, Any]]) -> None:
    """Check the results of loading the plugin."""
    __tracebackhide__ = True
    answer = answers[0]
    if answer["eager"]:
        fail(f"the plugin of '{protocol}' imports its connection: name it 'module:Class', and it is imported on demand")
    if answer["foreign"]:
        fail(f"the plugin of '{protocol}' imports the plugin of another protocol: {', '.join(answer['foreign'])}")
    if answer["acts"]:
        fail(f"importing '{protocol}' has side effects: {', '.join(sorted(set(answer['acts'])))}")
    quickest = min(item["milliseconds"] for item in answers)
    if quickest > _MOST_MILLISECONDS:
        fail(f"the plugin of '{protocol}' takes {quickest:.0f} ms to load, more than {_MOST_MILLISECONDS}: import less")
