"""Every public function with fields accepts pairs of any kind in any iterable, and refuses other values alike."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import pytest

import zttp

Fields = Any


class Two(NamedTuple):
    name: bytes
    value: bytes


class SequenceOfTwo(Sequence[bytes]):
    def __init__(self, *parts: bytes) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: Any) -> Any:
        return self.parts[index]


class Listed(list[Any]):
    """Its iterator does not give its items."""

    def __iter__(self) -> Any:
        return iter([(b"x-a", b"1"), (b"x-b", b"2")])


def http1_server() -> zttp.H1Connection:
    server = zttp.H1Connection(zttp.SERVER)
    server.receive_event(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    server.next_event()
    return server


def http1_chunked() -> zttp.H1Connection:
    server = http1_server()
    server.send_response(200, [(b"Transfer-Encoding", b"chunked")])
    return server


def http1_client() -> zttp.H1Connection:
    return zttp.H1Connection(zttp.CLIENT)


# Each makes the sender, and the function to call with fields; the sender's output shows the outcome.
SENDERS: dict[str, Callable[[], tuple[Any, Callable[[Fields], object]]]] = {}


def sender(make: Callable[[], tuple[Any, Callable[[Fields], object]]]) -> Callable[[], Any]:
    SENDERS[make.__name__] = make
    return make


@sender
def http1_send_request() -> tuple[Any, Callable[[Fields], object]]:
    client = http1_client()
    return client, lambda fields: client.send_request(b"GET", b"/", b"1.1", fields)


@sender
def http1_send_response() -> tuple[Any, Callable[[Fields], object]]:
    server = http1_server()
    return server, lambda fields: server.send_response(200, fields)


@sender
def http1_send_informational() -> tuple[Any, Callable[[Fields], object]]:
    server = http1_server()
    return server, lambda fields: server.send_informational(103, fields)


@sender
def http1_end_message() -> tuple[Any, Callable[[Fields], object]]:
    server = http1_chunked()
    return server, server.end_message


def http2_stream() -> tuple[Any, Any]:
    client, server = zttp.H2Connection(zttp.CLIENT), zttp.H2Connection(zttp.SERVER)
    client.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    server.receive_data(client.data_to_send())
    while server.next_event() is not zttp.NEED_DATA:
        pass
    return server, server.stream(1)


@sender
def http2_send_request() -> tuple[Any, Callable[[Fields], object]]:
    client = zttp.H2Connection(zttp.CLIENT)
    return client, lambda fields: client.send_request(b"GET", b"/", b"2", fields)


@sender
def http2_send_response() -> tuple[Any, Callable[[Fields], object]]:
    server, stream = http2_stream()
    return server, lambda fields: stream.send_response(200, fields)


@sender
def http2_send_informational() -> tuple[Any, Callable[[Fields], object]]:
    server, stream = http2_stream()
    return server, lambda fields: stream.send_informational(103, fields)


@sender
def http2_end_message() -> tuple[Any, Callable[[Fields], object]]:
    server, stream = http2_stream()
    stream.send_response(200)
    return server, stream.end_message


@sender
def http2_initiate_upgrade_connection() -> tuple[Any, Callable[[Fields], object]]:
    server = zttp.H2Connection(zttp.SERVER)
    return server, lambda fields: server.initiate_upgrade_connection(b"GET", b"/", fields)


PAIRS = [(b"x-a", b"1"), (b"x-b", b"2")]
COLLECTIONS: dict[str, Callable[[], Fields]] = {
    "tuple of tuples": lambda: tuple(PAIRS),
    "list of lists": lambda: [list(pair) for pair in PAIRS],
    "lists after a tuple": lambda: [PAIRS[0], list(PAIRS[1])],
    "a tuple after lists": lambda: [list(PAIRS[0]), PAIRS[1]],
    "named tuples": lambda: [Two(*pair) for pair in PAIRS],
    "sequences of their own": lambda: [SequenceOfTwo(*pair) for pair in PAIRS],
    "generator": lambda: (pair for pair in PAIRS),
    "generator of lists": lambda: (list(pair) for pair in PAIRS),
    "deque of deques": lambda: deque(deque(pair) for pair in PAIRS),
    "dict items": lambda: dict(PAIRS).items(),
    "a list that iterates something else": lambda: Listed([(b"no", b"no")]),
    "block": lambda: zttp.HeaderBlock(PAIRS),
    "parsed block": lambda: (
        zttp.H1Connection(zttp.SERVER).receive_event(b"GET / HTTP/1.1\r\nx-a: 1\r\nx-b: 2\r\n\r\n").headers
    ),
}


@pytest.mark.parametrize("make", SENDERS.values(), ids=SENDERS)
@pytest.mark.parametrize("collection", COLLECTIONS.values(), ids=COLLECTIONS)
def test_any_iterable_of_pairs_is_taken(make: Callable[[], Any], collection: Callable[[], Fields]) -> None:
    expected, call = make()
    call(PAIRS)
    connection, call = make()
    call(collection())
    assert outcome(connection) == outcome(expected)


def outcome(connection: Any) -> list[object]:
    """The outcome of a call: the events of the connection itself, and its output, or a peer's events for that.

    HPACK: after a block that was begun and dropped, the next one has a table size update (RFC 7541 4.2): other bytes
    with the same meaning.
    """
    told = events(connection)
    if isinstance(connection, zttp.H1Connection):
        return [*told, connection.data_to_send()]
    peer = zttp.H2Connection(zttp.SERVER if connection.role == zttp.CLIENT else zttp.CLIENT)
    if peer.role == zttp.CLIENT:
        peer.send_request(b"GET", b"/", b"2", [(b"host", b"a")], end_stream=True)
    peer.receive_data(connection.data_to_send())
    return [*told, *events(peer)]


def events(connection: Any) -> list[object]:
    found = []
    while (event := connection.next_event()) is not zttp.NEED_DATA:
        found.append(event)
    return found


class Failing:
    def __iter__(self) -> Any:
        yield (b"x-a", b"1")
        raise LookupError("of the caller")


REFUSED: dict[str, tuple[Callable[[], Fields], str]] = {
    "str": (lambda: "ab", r"a field must be a \(name, value\) pair of bytes, got str"),
    "bytes": (lambda: b"ab", r"a field must be a \(name, value\) pair of bytes, got int"),
    "int": (lambda: 5, "'int' object is not iterable"),
    "pairs of str": (lambda: [("x-a", "1")], r"pair of bytes, got \(str, str\)"),
    "lists of str": (lambda: [["x-a", "1"]], r"pair of bytes, got \(str, str\)"),
    "a str value": (lambda: [(b"x-a", b"1"), (b"x-b", "2")], r"pair of bytes, got \(bytes, str\)"),
    "a str name in a list": (lambda: [[b"x-a", b"1"], ["x-b", b"2"]], r"pair of bytes, got \(str, bytes\)"),
    "bytearrays": (lambda: [(bytearray(b"a"), b"1")], r"pair of bytes, got \(bytearray, bytes\)"),
    "an int value": (lambda: [(b"content-length", 5)], r"pair of bytes, got \(bytes, int\)"),
    "three": (lambda: [(b"a", b"b", b"c")], "pair of bytes, got tuple"),
    "one": (lambda: [[b"a"]], "pair of bytes, got list"),
    "none of two": (lambda: [(b"a", b"b"), None], "pair of bytes, got NoneType"),
    "names of a dict": (lambda: {b"a": b"b"}, r"pair of bytes, got bytes"),
    "sets": (lambda: [{b"a", b"b"}], r"pair of bytes, got set"),
}


@pytest.mark.parametrize("make", SENDERS.values(), ids=SENDERS)
@pytest.mark.parametrize(("collection", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_pair_is_refused_and_changes_nothing(
    make: Callable[[], Any], collection: Callable[[], Fields], message: str
) -> None:
    expected, call = make()
    call(PAIRS)
    connection, call = make()
    for _ in range(2):
        with pytest.raises(TypeError, match=message):
            call(collection())
    assert_nothing_changed(connection, call, expected)


@pytest.mark.parametrize("make", SENDERS.values(), ids=SENDERS)
def test_an_iterable_that_fails_changes_nothing(make: Callable[[], Any]) -> None:
    expected, call = make()
    call(PAIRS)
    connection, call = make()
    with pytest.raises(LookupError, match="of the caller"):
        call(Failing())
    assert_nothing_changed(connection, call, expected)


def assert_nothing_changed(connection: Any, call: Callable[[Iterable[Any]], object], expected: Any) -> None:
    call(PAIRS)
    assert outcome(connection) == outcome(expected)
