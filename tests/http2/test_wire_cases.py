"""The wire cases of `tests/cases/http2`, each with its bytes cut in every way. Their format: the README there."""

import random

import pytest

import zttp
from tests.http2.player import FrameCase, Player, agrees, play, read_cases

CASES = read_cases()
EVERY_SPLIT_UP_TO = 400
BYTE_BY_BYTE_UP_TO = 5_000
RANDOM_SPLITS = 20


def case_id(case: FrameCase) -> str:
    return f"{case.source}:{case.name}"


def random_pieces(data: bytes, rng: random.Random) -> list[bytes]:
    cuts = sorted(rng.sample(range(len(data) + 1), min(len(data), rng.randint(1, 8))))
    return [data[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True)]


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_whole(case: FrameCase) -> None:
    log, answers = play(case, [case.data])
    assert agrees(log, case.log), "\n".join(["received whole:", *log, "answered:", *answers])
    assert answers == list(case.answers), "\n".join(["answered:", *answers])


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_cut_in_every_way(case: FrameCase) -> None:
    data = case.data
    whole = play(case, [data])
    if len(data) <= BYTE_BY_BYTE_UP_TO:
        assert play(case, [data[at : at + 1] for at in range(len(data))]) == whole, "byte by byte"
    step = 1 + len(data) // EVERY_SPLIT_UP_TO
    for cut in range(1, len(data), step):
        assert play(case, [data[:cut], data[cut:]]) == whole, f"cut at {cut}"
    rng = random.Random(case_id(case))
    for _ in range(RANDOM_SPLITS):
        pieces = random_pieces(data, rng)
        assert play(case, pieces) == whole, f"cut into {pieces}"


@pytest.mark.parametrize("case", [case for case in CASES if case.is_error], ids=case_id)
def test_a_connection_error_is_terminal(case: FrameCase) -> None:
    player = Player(case)
    player.receive(case.data)
    if case.eof:
        player.receive(b"")
    assert player.terminal
    connection = player.connection
    assert connection.is_closed()
    assert connection.open_streams == 0
    for more in (b"\0", b"\0" * 100):
        connection.receive_data(more) if not case.eof else None
        with pytest.raises(zttp.RemoteProtocolError) as caught:
            connection.next_event()
        assert player.log[-1].startswith(f"Error {caught.value.reason} ")
    # RFC 9113 5.4.1: GOAWAY was the last frame.
    assert connection.data_to_send() == b""


@pytest.mark.parametrize("case", [case for case in CASES if not case.is_error and not case.eof], ids=case_id)
def test_what_breaks_no_connection_leaves_it_usable(case: FrameCase) -> None:
    if "incomplete" in case.options:
        pytest.skip("the next octets belong to a frame or block that has begun")
    player = Player(case)
    player.receive(case.data)
    connection = player.connection
    connection.receive_data(b"\x00\x00\x08\x06\x00\x00\x00\x00\x00still up")
    event = connection.next_event()
    assert event == zttp.Ping(False, b"still up")
    assert connection.data_to_send() == b"\x00\x00\x08\x06\x01\x00\x00\x00\x00still up"


def test_the_documents_cover_both_roles_and_errors() -> None:
    kinds = {(case.role, case.is_error) for case in CASES}
    assert kinds == {("server", False), ("server", True), ("client", False), ("client", True)}
    assert len(CASES) > 300
