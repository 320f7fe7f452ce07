"""Ours against aioquic, qh3 and ourselves, both roles, on every kind of path; see `simulation`."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.http3.peers.simulation import AIOQUIC, HOME, PATTERN, QH3, OurClient, OurServer, Simulation, Theirs
from zttp_h3.tls.tickets import TicketKeys

CHACHA20 = 0x1303
LARGE = PATTERN[:400_000]

Sides = Callable[..., tuple[Any, Any]]


def ours_with(theirs: Any) -> Sides:
    def sides(client: dict[str, Any] | None = None, server: dict[str, Any] | None = None) -> tuple[Any, Any]:
        return OurClient(7, **(client or {})), Theirs(theirs, False, **(server or {}))

    return sides


def theirs_with_ours(theirs: Any) -> Sides:
    def sides(client: dict[str, Any] | None = None, server: dict[str, Any] | None = None) -> tuple[Any, Any]:
        return Theirs(theirs, True, **(client or {})), OurServer(7, **(server or {}))

    return sides


def ourselves(client: dict[str, Any] | None = None, server: dict[str, Any] | None = None) -> tuple[Any, Any]:
    return OurClient(7, **(client or {})), OurServer(8, **(server or {}))


PAIRS = {
    "ours-ours": ourselves,
    "ours-aioquic": ours_with(AIOQUIC),
    "ours-qh3": ours_with(QH3),
    "aioquic-ours": theirs_with_ours(AIOQUIC),
    "qh3-ours": theirs_with_ours(QH3),
}
OUR_SERVER = [name for name in PAIRS if name.endswith("-ours")]
all_pairs = pytest.mark.parametrize("pair", PAIRS)


@all_pairs
def test_handshake_and_transfer_both_ways(pair: str) -> None:
    simulation = Simulation(*PAIRS[pair]())
    for _ in range(3):
        simulation.client.ask(b"/400000", LARGE)
    simulation.finish(10)


@all_pairs
def test_a_long_round_trip(pair: str) -> None:
    simulation = Simulation(*PAIRS[pair](), delay=400_000)
    simulation.client.ask(b"/100000", LARGE[:50_000])
    simulation.finish(20)


@all_pairs
def test_a_narrow_line(pair: str) -> None:
    # 1 MB/s with a buffer of 30 ms: packets that are sent too fast are lost.
    simulation = Simulation(*PAIRS[pair](), bandwidth=1_000_000, buffer=30_000)
    simulation.client.ask(b"/400000", LARGE[:100_000])
    simulation.finish(30)


@all_pairs
def test_chacha20(pair: str) -> None:
    client, server = pair.split("-")
    simulation = Simulation(
        *PAIRS[pair](
            {"cipher_suites": (CHACHA20,)} if client == "ours" else {"chacha": True},
            {} if server == "ours" else {"chacha": True},
        )
    )
    simulation.client.ask(b"/200000", LARGE[:100_000])
    simulation.finish(10)
    transports = [*simulation.client.transports(), *simulation.server.transports()]
    assert {int(transport.handshake.suite) for transport in transports} == {CHACHA20}


@all_pairs
def test_many_requests(pair: str) -> None:
    # 2,000, a hundred at a time.
    simulation = Simulation(*PAIRS[pair](), delay=5_000)
    asked = 0
    while asked < 2_000:
        for _ in range(100):
            if asked < 2_000 and simulation.client.can_ask():
                simulation.client.ask(b"/%d" % (asked % 100))
                asked += 1
        simulation.run(seconds=5).wait(0.2)  # and the limit on streams is raised
    simulation.finish(5)
    assert simulation.server.requests == 2_000


@pytest.mark.parametrize("pair", OUR_SERVER)
def test_retry(pair: str) -> None:
    simulation = Simulation(*PAIRS[pair]({}, {"retry": True}))
    simulation.client.ask(b"/1000", b"content")
    simulation.finish(5)
    [transport] = simulation.server.transports()
    assert transport.own.retry_source_connection_id is not None


@all_pairs
@pytest.mark.parametrize("who", ["client", "server"])
def test_key_updates(pair: str, who: str) -> None:
    simulation = Simulation(*PAIRS[pair]())
    simulation.client.ask(b"/1000")
    simulation.run().wait(1)
    for number in range(3):
        simulation.client.ask(b"/200000", LARGE[:100_000])
        # qh3 drops packets with the old keys, so it must have something to send itself.
        simulation.run(lambda seen=number + 2: simulation.server.requests == seen)  # type: ignore[misc]
        getattr(simulation, who).update_keys()
        simulation.run().wait(1)
    simulation.finish()
    ours = simulation.client if pair.startswith("ours") else simulation.server
    assert ours.updates() == 3


@all_pairs
def test_a_line_that_is_cut_for_a_while(pair: str) -> None:
    # RFC 9002 7.5
    simulation = Simulation(*PAIRS[pair]())
    simulation.client.ask(b"/400000", LARGE)
    simulation.run(lambda: bool(simulation.server.requests))
    simulation.cut = True
    simulation.wait(4)
    simulation.cut = False
    simulation.finish(30)


@all_pairs
def test_a_line_that_is_cut_for_good(pair: str) -> None:
    # RFC 9000 10.1: both give up, and send nothing more.
    simulation = Simulation(*PAIRS[pair]())
    simulation.client.ask(b"/400000", LARGE)
    simulation.run(lambda: bool(simulation.server.requests))
    simulation.cut = True
    simulation.wait(200)
    assert simulation.client.closed
    assert simulation.server.closed
    before = dict(simulation.sent)
    simulation.wait(60)
    assert simulation.sent == before


BAD = [
    pytest.param({"loss": 0.1}, id="loss"),
    pytest.param({"jitter": 30_000}, id="reordering"),
    pytest.param({"duplicate": 0.3}, id="duplication"),
    pytest.param({"corrupt": 0.1}, id="corruption"),
    pytest.param({"loss": 0.05, "jitter": 20_000, "duplicate": 0.1, "corrupt": 0.05}, id="all"),
]


@all_pairs
@pytest.mark.parametrize("path", BAD)
@pytest.mark.parametrize("seed", [1, 2])
def test_bad_paths(pair: str, path: dict[str, Any], seed: int) -> None:
    simulation = Simulation(*PAIRS[pair](), seed=seed, **path)
    for _ in range(2):
        simulation.client.ask(b"/100000", LARGE[:60_000])
    simulation.finish(60)


@all_pairs
@pytest.mark.parametrize("seed", range(4))
def test_handshakes_under_loss(pair: str, seed: int) -> None:
    simulation = Simulation(*PAIRS[pair](), seed=seed, loss=0.3)
    simulation.client.ask(b"/1000", b"content")
    simulation.run(seconds=60)
    simulation.loss = 0
    simulation.finish(60)


@pytest.mark.parametrize("theirs", [AIOQUIC, QH3], ids=["aioquic", "qh3"])
def test_any_probe_of_a_client_begins_the_connection(theirs: Any) -> None:
    # RFC 9000 17.2.2: the first packet has a CRYPTO frame, whichever arrives first. Otherwise aioquic closes.
    client = OurClient(7)
    client.ask(b"/1000")
    client.send(1_000_000)
    probes = 0
    for _ in range(3):
        now = client.timer()
        assert now is not None
        client.timeout(now)
        for datagram, _ in client.send(now):
            server = Theirs(theirs, False)
            server.receive(datagram, HOME, now)
            assert len(server.send(now)[0][0]) >= 1_200
            probes += 1
    assert probes > 3


@all_pairs
def test_a_path_of_1200_bytes(pair: str) -> None:
    # RFC 9000 14: a path need not carry more; probes for larger sizes fail.
    simulation = Simulation(*PAIRS[pair](), mtu=1280 if pair == "ours-qh3" else 1200)  # its servers send 1,280
    simulation.client.ask(b"/200000", LARGE[:100_000])
    simulation.finish(20)


@pytest.mark.parametrize("pair", OUR_SERVER)
@pytest.mark.parametrize("address", [(HOME[0], 2000), ("198.51.100.9", 3000)], ids=["port", "host"])
def test_a_client_is_rebound(pair: str, address: Any) -> None:
    simulation = Simulation(*PAIRS[pair]())
    simulation.client.ask(b"/100000")
    simulation.run()
    simulation.client.ask(b"/400000", LARGE[:100_000])
    simulation.run(lambda: simulation.server.requests == 2)
    simulation.client_address = address
    simulation.finish(20)
    [transport] = simulation.server.transports()
    assert transport.path.peer == address
    assert transport.path.validated


@pytest.mark.parametrize("pair", OUR_SERVER)
def test_no_more_than_three_times_what_came(pair: str) -> None:
    # RFC 9000 8.1: of a client that sends nothing after its first flight.
    simulation = Simulation(*PAIRS[pair]())
    simulation.client.ask(b"/1000")
    simulation.flush()
    came = simulation.sent_bytes[True]
    simulation.step(simulation.now + 1_000_000)
    simulation.cut = True
    simulation.client.send = lambda now: []
    simulation.wait(100)
    assert 0 < simulation.sent_to[HOME] <= 3 * came


@pytest.mark.parametrize("pair", ["ours-ours", "aioquic-ours"])
@pytest.mark.parametrize("keys", ["same", "other"])
def test_resumption_and_early_data(pair: str, keys: str) -> None:
    # With the keys of the ticket early data is accepted, with others it is refused and sent again.
    tickets: list[Any] = []
    known = TicketKeys()
    server = {"tickets": known, "early_data": True}
    client: dict[str, Any] = {} if pair == "ours-ours" else {"session_ticket_handler": tickets.append}
    first = Simulation(*PAIRS[pair](client, server))
    first.client.ask(b"/10")
    first.run().wait(0.5)
    if pair == "ours-ours":
        tickets = first.client.connection.session_tickets()
        client = {"session": tickets[-1], "early_data": True}
    else:
        client = {"session_ticket": tickets[-1]}
    again = {"tickets": known if keys == "same" else TicketKeys(), "early_data": True}
    second = Simulation(*PAIRS[pair](client, again))
    second.client.ask(b"/20")
    second.finish(5)
    [head] = second.server.heads
    [transport] = second.server.transports()
    assert transport.handshake.resumed == (keys == "same")
    assert head.early_data == (keys == "same")
