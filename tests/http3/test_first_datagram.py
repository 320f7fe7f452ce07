"""The first datagram of a client: a server ignores it unless it is authentic (RFC 9000 5.2, RFC 9001 5.2)."""

import random

import pytest

from tests.http3.h3_pair import Pair


def first_of(pair: Pair) -> bytes:
    """The first datagram of a client."""
    pair.client.initiate_connection()
    datagrams = pair.client.data_to_send(pair.now)
    assert len(datagrams[0]) >= 1_200
    return datagrams[0]


@pytest.mark.parametrize("seed", range(5))
def test_one_that_was_changed_on_its_way_binds_a_server_to_nobody(seed: int) -> None:
    chance = random.Random(seed)
    pair = Pair(seed=seed)
    first = first_of(pair)
    # Its header and connection IDs, from which the keys are derived, the token's length, and some of the payload.
    for at in [*range(30), *chance.sample(range(30, len(first)), 10)]:
        changed = bytearray(first)
        changed[at] ^= 1 << chance.randrange(8)
        pair.server.receive_datagram(bytes(changed), pair.now, b"somebody in between")
        assert pair.server.data_to_send(pair.now) == []
        assert pair.server.next_timeout() is None  # nothing was made for it
    pair.server.receive_datagram(first, pair.now, b"client")
    pair.request()
    pair.run()
    assert pair.errors == {}
