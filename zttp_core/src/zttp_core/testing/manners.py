"""Manners: connections and events that are pleasant to work with."""

from __future__ import annotations

import copy
import pickle
from typing import Any, Final

from zttp_core.connect import connect
from zttp_core.connection import Connection
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.subject import Subject
from zttp_core.testing.verdict import fail
from zttp_core.testing.wire import receive

_LONGEST_REPR: Final = 1_000
_NO_OPTION: Final = "no_such_option_of_any_protocol"


class Manners(Subject):
    """Readable, copyable, and strict about options."""

    def test_a_connection_says_what_it_is(self) -> None:
        """Its ``repr`` names its class and some of its state, and stays short however much was received."""
        for scenario in self.all_scenarios():
            connection = scenario.start()
            for unit in scenario.received:
                receive(connection, unit)
            check_repr(connection)

    def test_events_can_be_copied_and_pickled(self, exchange: Exchange) -> None:
        """A copy of an event is equal to it, in this process and in another one."""
        for scenario in self.scenarios(exchange):
            for event in scenario.play().events:
                check_value(event)

    def test_an_option_that_does_not_exist_is_refused(self) -> None:
        """A misspelled option is a TypeError that names it."""
        for role in self.descriptor.roles:
            try:
                connect(role, self.protocol, **{_NO_OPTION: True})
            except TypeError as error:
                if _NO_OPTION not in str(error):
                    fail(f"an option that does not exist raises a TypeError that does not name it: {error}")
            else:
                fail(f"'{self.protocol}' takes any option: a slip in a name would go unnoticed")

    def test_a_connection_is_a_zttp_connection(self) -> None:
        """``isinstance(connection, zttp.Connection)`` holds."""
        for role in self.descriptor.roles:
            if not isinstance(self.connect(role), Connection):
                fail(f"{type(self.connect(role)).__name__} is no zttp.Connection: return what zttp.Connection() makes")


def check_repr(connection: Any) -> None:
    """Fail if the ``repr`` is the default one, or too long."""
    __tracebackhide__ = True
    text = repr(connection)
    name = type(connection).__name__
    if name not in text or " object at 0x" in text:
        fail(f"repr() of a connection tells nothing of it: {text:.80}")
    if len(text) > _LONGEST_REPR:
        fail(f"repr() of a {name} has {len(text)} characters: it must not grow with what was received")


def check_value(event: Any) -> None:
    """Fail if an event is not a value."""
    __tracebackhide__ = True
    for how, again in (("copied", copy.copy), ("copied deeply", copy.deepcopy), ("pickled", _pickled)):
        try:
            other = again(event)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            fail(f"{type(event).__name__} cannot be {how}: {type(error).__name__}: {error}")
        if other != event:
            fail(f"{type(event).__name__} is not equal to itself once it is {how}: {other!r:.200}")


def _pickled(event: Any) -> Any:
    return pickle.loads(pickle.dumps(event))  # noqa: S301
