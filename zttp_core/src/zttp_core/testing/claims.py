"""Capabilities: the claimed ones are shown, and the shown ones are claimed."""

from __future__ import annotations

from typing import Final

from zttp_core.constants import SERVER
from zttp_core.testing.determinism import Determinism
from zttp_core.testing.exchange import units
from zttp_core.testing.verdict import fail, not_applicable
from zttp_core.testing.wire import play

_NEXT_PROTOCOL: Final = b"\x00\xffthe next protocol\r\n"


class Claims(Determinism):
    """A claimed capability is a tested one."""

    def evidence(self) -> dict[str, list[str]]:
        """Return the names of the exchanges that show each capability."""
        shown: dict[str, list[str]] = {}
        for exchange in self.exchanges:
            for name in sorted(exchange.capabilities):
                if name == "upgrade" and self.multiplexed:
                    continue  # a tunnel is on its stream: the connection does not change
                shown.setdefault(name, []).append(exchange.name)
        going_on = [exchange.name for exchange in self.keepers()]
        if going_on:
            # Kept connections are tested by joined messages and by the pair.
            for name in {"keep-alive", "pipelining"} & self.descriptor.capabilities:
                shown[name] = going_on
        if self.multiplexed and len(self.descriptor.roles) > 1 and "flow-control" in self.descriptor.capabilities:
            shown.setdefault("flow-control", []).append("content beyond the window, between a pair")
        return shown

    def test_every_claim_is_shown(self) -> None:
        """Each capability of the descriptor has an exchange that shows it."""
        if not self.exchanges:
            fail(f"the suite of '{self.protocol}' has no exchanges: nothing is tested without")
        missing = sorted(self.descriptor.capabilities - set(self.evidence()))
        if missing:
            it = "it" if len(missing) == 1 else "them"
            fail(f"'{self.protocol}' claims {', '.join(missing)}, no exchange shows {it}")

    def test_everything_shown_is_claimed(self) -> None:
        """A capability that works is in the descriptor, where programs look for it."""
        unclaimed = sorted(set(self.evidence()) - self.descriptor.capabilities)
        if unclaimed:
            fail(f"exchanges of '{self.protocol}' show {', '.join(unclaimed)}, the descriptor does not claim it")

    def test_a_protocol_switch_hands_over_what_follows(self) -> None:
        """After an upgrade or a tunnel the bytes are those of the other protocol, before and after the reply."""
        if "upgrade" not in self.descriptor.capabilities or SERVER not in self.descriptor.roles:
            not_applicable(f"'{self.protocol}' does not claim upgrade")
        for exchange in self.exchanges:
            if exchange.switches and exchange.client:
                for early in (True, False):
                    connection = self.connect(SERVER)
                    play(connection, [b"".join(units(exchange.client)) + (_NEXT_PROTOCOL if early else b"")])
                    self.serve(connection, exchange)
                    later = play(connection, [] if early else [_NEXT_PROTOCOL])
                    if later.events or later.refusal is not None or connection.trailing_data != (_NEXT_PROTOCOL, False):
                        fail(
                            f"exchange '{exchange.name}': what follows the switch is {connection.trailing_data!r} with "
                            f"events {later.events!r}, not {(_NEXT_PROTOCOL, False)!r}"
                        )
