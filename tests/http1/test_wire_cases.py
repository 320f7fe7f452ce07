"""The wire cases of `tests/cases/http1`, each with its bytes cut in every way. Why: `tests/cases/README.md`."""

import random
from collections.abc import Iterator

import pytest

import zttp
from tests.http1.player import Player, agrees, connection_for, play, send_whole_request
from tests.wire_cases import WireCase, read_cases

CASES = read_cases("http1")
EVERY_SPLIT_UP_TO = 1500
RANDOM_SPLITS = 50
NEXT_REQUEST = b"GET /n HTTP/1.1\r\nHost: n.example\r\n\r\n"
NEXT_RESPONSE = b"HTTP/1.1 204 No Content\r\nNext: yes\r\n\r\n"
NEXT_LOG = {
    "server": ["Request GET /n HTTP/1.1 end_stream", "Header Host: n.example", "EndOfMessage", "NEED_DATA"],
    "client": ['Response 204 "No Content" HTTP/1.1 end_stream', "Header Next: yes", "EndOfMessage", "NEED_DATA"],
}


def case_id(case: WireCase) -> str:
    return f"{case.source}:{case.name}"


def random_pieces(data: bytes, rng: random.Random) -> Iterator[bytes]:
    cuts = sorted(rng.sample(range(len(data) + 1), min(len(data), rng.randint(1, 8))))
    start = 0
    for cut in [*cuts, len(data)]:
        yield data[start:cut]
        start = cut


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_whole(case: WireCase) -> None:
    log = play(case, [case.data])
    assert agrees(log, case.log), "\n".join(["received whole:", *log])


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_byte_by_byte(case: WireCase) -> None:
    assert play(case, [case.data[i : i + 1] for i in range(len(case.data))]) == play(case, [case.data])


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_every_two_way_split(case: WireCase) -> None:
    whole = play(case, [case.data])
    step = 1 + len(case.data) // EVERY_SPLIT_UP_TO
    for cut in range(1, len(case.data), step):
        assert play(case, [case.data[:cut], case.data[cut:]]) == whole, f"cut at {cut}"


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_random_splits(case: WireCase) -> None:
    whole = play(case, [case.data])
    rng = random.Random(case_id(case))
    for _ in range(RANDOM_SPLITS):
        pieces = list(random_pieces(case.data, rng))
        assert play(case, pieces) == whole, f"cut into {pieces}"


def persists(case: WireCase) -> bool:
    """Whether the case has complete messages, after which the connection is ready for another one."""
    if case.eof or "EndOfMessage" not in case.log or any(line[:1] == ">" for line in case.log):
        return False
    player = Player(connection_for(case))
    player.receive(case.data)
    ended = isinstance(player.events[-2], zttp.EndOfMessage) and player.connection.trailing_data == (b"", False)
    switched = "trailing_data" in case.log[-1]
    return ended and not switched and not player.connection.should_close()


def receive(player: Player, data: bytes, size: int | None) -> None:
    """Feeds `data` in pieces of `size`."""
    step = size or len(data)
    for start in range(0, len(data), step):
        player.receive(data[start : start + step])


@pytest.mark.parametrize("case", [case for case in CASES if not case.is_error], ids=case_id)
@pytest.mark.parametrize("size", [None, 7, 1], ids=["whole", "by 7", "by 1"])
def test_glued_to_the_next_message(case: WireCase, size: int | None) -> None:
    if not persists(case):
        pytest.skip("the connection does not persist after this case")
    player = Player(connection_for(case))
    receive(player, case.data + NEXT_REQUEST if case.role == "server" else case.data, size)
    assert [*player.log, "NEED_DATA"] == list(case.log[: len(player.log) + 1])

    player.connection.start_next_cycle()
    player.log.clear()
    if case.role == "client":
        send_whole_request(player.connection, NEXT_REQUEST)
        receive(player, NEXT_RESPONSE, size)
    player.pull()
    assert [*player.log, "NEED_DATA"] == NEXT_LOG[case.role]


@pytest.mark.parametrize("case", [case for case in CASES if case.is_error], ids=case_id)
def test_an_error_is_terminal(case: WireCase) -> None:
    player = Player(connection_for(case), case.log)
    player.receive(case.data)
    if case.eof:
        player.receive(b"")
    assert player.terminal
    for _ in range(2):
        with pytest.raises(zttp.RemoteProtocolError) as caught:
            player.connection.next_event()
        assert player.log[-1].startswith(f"Error {caught.value.reason} ")


def test_the_documents_cover_both_roles_and_errors() -> None:
    kinds = {(case.role, case.is_error) for case in CASES}
    assert kinds == {("server", False), ("server", True), ("client", False), ("client", True)}
    assert len(CASES) > 300
