"""The example plugin is complete: any cut of the bytes gives the same events, and no bytes can do harm."""

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

import zttp
from tests.packaging.conftest import ROOT

EXAMPLE = ROOT / "examples/third_party_plugin"

BODY = b"What is the answer to life?"


def netstring(*pairs: tuple[bytes, bytes]) -> bytes:
    packed = b"".join(name + b"\0" + value + b"\0" for name, value in pairs)
    return b"%d:%b," % (len(packed), packed)


def request(*more: tuple[bytes, bytes], length: bytes = b"%d" % len(BODY)) -> bytes:
    return netstring((b"CONTENT_LENGTH", length), (b"SCGI", b"1"), *more)


MALFORMED = {
    "no length": b":,",
    "length is no number": b"7x:",
    "length is negative": b"-7:",
    "length has a leading zero": b"070:",
    "no headers": b"0:,",
    "too long": b"65537:",
    "far too long": b"9" * 100,
    "no comma": request()[:-1] + b";",
    "odd number of parts": b"3:a\0b,",
    "no trailing NUL": b"16:CONTENT_LENGTH\x000,",
    "empty name": request((b"", b"x")),
    "duplicate header": request((b"SCGI", b"1")),
    "no CONTENT_LENGTH": netstring((b"SCGI", b"1")),
    "CONTENT_LENGTH is not the first": netstring((b"SCGI", b"1"), (b"CONTENT_LENGTH", b"0")),
    "no SCGI": netstring((b"CONTENT_LENGTH", b"0")),
    "SCGI of another version": netstring((b"CONTENT_LENGTH", b"0"), (b"SCGI", b"2")),
    "CONTENT_LENGTH is no number": request(length=b"+5"),
    "CONTENT_LENGTH is huge": request(length=b"9" * 5000),
    "control bytes in a value": request((b"HTTP_X", b"a\r\nb: c")),
    "method is no token": request((b"REQUEST_METHOD", b"GE T")),
    "target has a space": request((b"REQUEST_URI", b"/a b")),
    "more than announced": request() + BODY + b"x",
}


@pytest.fixture(autouse=True)
def scgi(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Register the example from its folder."""
    monkeypatch.syspath_prepend(str(EXAMPLE / "src"))
    from zttp_scgi.plugin import zttp_register_protocols

    [descriptor] = zttp_register_protocols()
    zttp.register_protocol(descriptor, replace=True)
    yield
    zttp.unregister_protocol("scgi")


def connect() -> Any:
    return zttp.Connection(zttp.SERVER, "scgi")


def drain(connection: Any) -> list[Any]:
    events = []
    while (event := connection.next_event()) not in (zttp.NEED_DATA, zttp.CONNECTION_CLOSED):
        events.append(event)
    return events


def merged(pieces: list[bytes]) -> list[Any]:
    """Feed the pieces and join the parts of one body."""
    connection = connect()
    events: list[Any] = []
    for piece in pieces:
        connection.receive_data(piece)
        for event in drain(connection):
            if events and isinstance(event, zttp.Data) and isinstance(events[-1], zttp.Data):
                event = zttp.Data(events.pop().data + event.data)
            events.append(event)
    return events


def test_any_cut_gives_the_same_events() -> None:
    wire = request((b"REQUEST_METHOD", b"POST"), (b"REQUEST_URI", b"/a?b"), (b"HTTP_HOST", b"example.com")) + BODY
    whole = merged([wire])
    head, data, end = whole
    assert (head.method, head.path, head.query, head.end_stream) == (b"POST", b"/a", b"b", False)
    assert head.headers == [(b"content-length", b"27"), (b"host", b"example.com")]
    assert (data.data, end) == (BODY, zttp.EndOfMessage())
    assert merged([wire[at : at + 1] for at in range(len(wire))]) == whole
    for cut in range(1, len(wire)):
        assert merged([wire[:cut], wire[cut:]]) == whole


def test_a_request_without_a_body() -> None:
    head, end = merged([request(length=b"0")])
    assert (head.method, head.target, head.end_stream) == (b"GET", b"/", True)
    assert isinstance(end, zttp.EndOfMessage)


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_input_is_the_peers_error_and_stays_one(name: str) -> None:
    connection = connect()
    connection.receive_data(MALFORMED[name])
    with pytest.raises(zttp.RemoteProtocolError) as first:
        drain(connection)
    with pytest.raises(zttp.RemoteProtocolError) as second:
        connection.next_event()
    assert second.value is first.value
    assert first.value.reason != "protocol_error"
    assert connection.is_closed()


@pytest.mark.parametrize("cut", [1, 10, len(request()), len(request()) + 5])
def test_an_end_in_the_middle_is_an_error(cut: int) -> None:
    connection = connect()
    connection.receive_data((request() + BODY)[:cut])
    connection.receive_data(b"")
    with pytest.raises(zttp.RemoteProtocolError, match="the request is not complete"):
        drain(connection)


def test_an_end_before_anything_is_a_closed_connection() -> None:
    connection = connect()
    connection.receive_data(b"")
    assert connection.next_event() is zttp.CONNECTION_CLOSED


def test_no_mutation_of_a_request_raises_anything_else() -> None:
    random_bytes = random.Random(2026)
    wire = request((b"REQUEST_URI", b"/"), (b"HTTP_HOST", b"example.com")) + BODY
    refused = 0
    for _ in range(2000):
        mutated = bytearray(wire)
        for _ in range(random_bytes.randrange(1, 4)):
            mutated[random_bytes.randrange(len(mutated))] = random_bytes.randrange(256)
        try:
            merged([bytes(mutated)])
        except zttp.RemoteProtocolError:
            refused += 1
    assert refused > 200


def test_a_response_cannot_be_split() -> None:
    connection = connect()
    for field in ((b"X", b"a\r\nY: b"), (b"X Y", b"a"), (b"", b"a")):
        with pytest.raises(zttp.LocalProtocolError):
            connection.send_response(200, [field])
        assert connection.data_to_send() == b""
    connection.send_response(204)
    with pytest.raises(zttp.LocalProtocolError):
        connection.send_response(204)
    connection.end_message()
    with pytest.raises(zttp.LocalProtocolError):
        connection.send_data(b"late")
    assert connection.data_to_send() == b"Status: 204\r\n\r\n"
    assert connection.should_close()
    assert connection.is_closed()


def test_the_readme_does_what_it_says() -> None:
    [code] = re.findall(r"```python\n(.*?)```", (EXAMPLE / "README.md").read_text(), re.DOTALL)
    claims = re.findall(r"^(connection\..*?)  # (.+)$", code, re.MULTILINE)
    assert len(claims) == 4
    for call, said in claims:
        code = code.replace(f"{call}  # {said}", f"claims.append(({said!r}, repr({call})))")
    seen: list[tuple[str, str]] = []
    exec(code, {"claims": seen})
    for said, result in seen:
        assert re.fullmatch(re.escape(said).replace(r"\.\.\.", ".*"), result)
    assert len(seen) == 4
