"""Long connections whose fields change all the time, so that QPACK's tables are replaced several times (RFC 9204)."""

import random
from typing import Any

import pytest

from tests.http3.peers.simulation import Fields, Simulation
from tests.http3.peers.test_simulated import PAIRS, all_pairs
from zttp_h3.limits import H3Limits

REQUESTS = 120
MOST_AT_ONCE = 12
INSERTIONS = 300  # a count of them is encoded modulo 256, if the table may have 4,096 bytes (RFC 9204 4.5.1.1)
_SHORTEST = 3  # bytes of an instruction that inserts an entry of these


def varied(chance: random.Random, number: int) -> Fields:
    """Return the fields of one message: values that two messages have, and new, repeated, empty and long ones."""
    fields = [(b"x-%d" % name, b"%d" % ((number + name) // 2)) for name in range(8)]
    fields += [(b"x-new-%d" % number, b""), (b"accept", b"text/%d" % (number % 5)), (b"etag", b"")]
    fields += [(b"x-long", b"a" * chance.choice((62, 63, 127, 128, 3_000)))] * chance.randrange(3)
    chance.shuffle(fields)
    return fields


@all_pairs
@pytest.mark.parametrize("table", [4_096, 65_536])
def test_fields_that_change(pair: str, table: int) -> None:
    limits = {"limits": H3Limits(handshake_timeout=60, idle_timeout=60, header_table_size=table)}
    client, server = PAIRS[pair](*(limits if side == "ours" else {} for side in pair.split("-")))
    simulation = Simulation(client, server, loss=0.02, jitter=20_000)
    chance = random.Random(pair)
    asked = 0
    while asked < REQUESTS:
        for _ in range(chance.randrange(1, MOST_AT_ONCE)):
            client.ask(b"/10", b"content" * chance.randrange(2), varied(chance, asked))
            asked += 1
        simulation.run()
    simulation.finish()
    for side in (client, server):
        if hasattr(side, "http"):
            assert side.http._encoder_bytes_received > INSERTIONS * _SHORTEST
    for session in sessions(client, server):
        assert session.decoder._ledger.inserted() > INSERTIONS


def sessions(client: Any, server: Any) -> list[Any]:
    """Return the sessions of our sides."""
    connections = [client.connection] if hasattr(client, "connection") else []
    connections += server.endpoint.connections() if hasattr(server, "endpoint") else []
    return [connection._session for connection in connections]
