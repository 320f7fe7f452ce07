"""Evidence: a suite without samples proves nothing, so it lists the missing ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from zttp_core.constants import CLIENT, SERVER
from zttp_core.events import Data
from zttp_core.testing.exchange import Exchange
from zttp_core.testing.subject import Subject
from zttp_core.testing.verdict import fail

_SHORT: Final = 100  # the length for which a growing exchange is tried


class Evidence(Subject):
    """No group of tests has nothing to run."""

    def test_the_suite_has_a_sample_of_everything(self) -> None:
        """There are exchanges for both sides, content both ways, malformed input, floods, and content of any length."""
        missing = list(self._missing())
        if missing:
            fail(f"the suite of '{self.protocol}' has no sample of {'; '.join(missing)}")

    def _missing(self) -> Iterator[str]:
        if not self.exchanges:
            yield "any exchange (exchanges)"
            return
        names = [exchange.name for exchange in self.exchanges]
        if len(names) != len(set(names)):
            fail(f"exchanges of '{self.protocol}' have the same name: {names}")
        roles = self.descriptor.roles
        played = {scenario.role for exchange in self.exchanges for scenario in self.scenarios(exchange)}
        if SERVER in roles and SERVER not in played:
            yield "what a server receives (Exchange.client, or events of a pair)"
        if CLIENT in roles and CLIENT not in played:
            yield "what a client receives (Exchange.server, or events of a pair)"
        if not any(has_content(exchange.asked) for exchange in self.exchanges):
            yield "content that goes to the server (a Data event in the events of an exchange)"
        if not any(has_content(exchange.reply) for exchange in self.exchanges):
            yield "content that goes to the client (a Data event in the reply of an exchange)"
        if not self.malformed and not self.abuses:
            yield f"what a {'server' if SERVER in roles else 'client'} must refuse (malformed)"
        if len(roles) > 1 and not self.malformed_replies and not self.abuses_of_servers:
            yield "what a client must refuse (malformed_replies)"
        if (self.multiplexed or self.datagrams) and not self.floods:
            yield "what costs and never ends, such as streams that are opened and reset (floods)"
        if not any(_carries(make(_SHORT)) for make in self.growing.values()):
            yield "content of any length, in both directions (growing)"


def has_content(events: object) -> bool:
    """Return whether there is content among events."""
    return any(isinstance(event, Data) and event.data for event in events)  # type: ignore[attr-defined]


def _carries(exchange: Exchange) -> bool:
    return all(
        sum(len(event.data) for event in events if isinstance(event, Data)) >= _SHORT
        for events in (exchange.asked, exchange.reply)
    )
