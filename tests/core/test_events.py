"""Events are values: constructible, comparable, hashable, copyable, picklable, matchable, untracked by the GC."""

import copy
import gc
import inspect
import pickle
import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

import zttp
import zttp_core
from zttp_core.http2_codes import H2ErrorCode

FIELDS = [(b"Host", b"a"), (b"Priority", b"u=1, i")]
EVENTS: list[Any] = [
    zttp.Request(b"GET", b"/a?b"),
    zttp.Request(method=b"GET", target=b"/", headers=FIELDS, end_stream=True),
    zttp.Request(
        b"CONNECT",
        b"/chat",
        FIELDS,
        scheme=b"https",
        http_version=b"2",
        stream_id=5,
        expect_continue=True,
        early_data=True,
        protocol=b"websocket",
        priority=(2, True),
    ),
    zttp.Response(200),
    zttp.Response(status_code=404, headers=FIELDS, reason=b"Not Found", stream_id=3, end_stream=True),
    zttp.Data(b"abc"),
    zttp.Data(data=b"abc", stream_id=7),
    zttp.EndOfMessage(),
    zttp.EndOfMessage(trailers=[(b"x", b"y")], stream_id=7),
    zttp.RstStream(stream_id=3, error_code=8),
    zttp.Goaway(last_stream_id=3, error_code=0, debug=b"bye"),
    zttp.Settings(params=[(1, 4096)]),
    zttp.Settings(ack=True),
    zttp.Ping(ack=False, data=b"12345678"),
    zttp.WindowUpdate(stream_id=0, increment=1000),
    zttp.PriorityUpdate(stream_id=1, urgency=0, incremental=True),
    zttp.Datagram(data=b"abc", stream_id=4),
]
every_event = pytest.mark.parametrize("event", EVENTS, ids=repr)


@every_event
def test_a_copy_and_a_pickle_are_equal(event: Any) -> None:
    for other in (copy.copy(event), copy.deepcopy(event), pickle.loads(pickle.dumps(event))):
        assert type(other) is type(event)
        assert other == event
        assert hash(other) == hash(event)
        assert repr(other) == repr(event)


@every_event
def test_an_event_differs_from_every_other(event: Any) -> None:
    assert [other for other in EVENTS if other == event] == [event]
    assert event != "something else"
    assert len({event, *EVENTS}) == len(EVENTS)


@every_event
def test_the_repr_says_what_it_is(event: Any) -> None:
    assert repr(event).startswith(type(event).__name__ + "(")
    told = {
        name: getattr(zttp, name) for name in ("Request", "Response", "Data", "EndOfMessage", "RstStream", "Goaway")
    }
    told |= {name: getattr(zttp, name) for name in ("Settings", "Ping", "WindowUpdate", "PriorityUpdate", "Datagram")}
    assert eval(repr(event), told) == event


@every_event
def test_the_names_that_match_are_attributes(event: Any) -> None:
    assert type(event).__match_args__
    for name in type(event).__match_args__:
        getattr(event, name)


@pytest.mark.parametrize("sentinel", [zttp.NEED_DATA, zttp.CONNECTION_CLOSED])
def test_sentinels_cannot_be_changed(sentinel: Any) -> None:
    # They are shared by all connections, and compared with ``is``.
    for name in ("stream_id", "name", "more"):
        with pytest.raises(
            AttributeError, match=f"attribute '{name}' of '{type(sentinel).__name__}' objects is not writ"
        ):
            setattr(sentinel, name, 7)
        with pytest.raises(AttributeError):
            delattr(sentinel, name)
    assert copy.copy(sentinel) is pickle.loads(pickle.dumps(sentinel)) is type(sentinel)() is sentinel


@every_event
@pytest.mark.skipif(not zttp_core.COMPILED, reason="only a compiled class can promise that")
def test_the_collector_does_not_know_events(event: Any) -> None:
    assert not gc.is_tracked(event)


@every_event
def test_events_cannot_be_changed(event: Any) -> None:
    # One EndOfMessage is shared by all connections, and a repeated request is the same event again.
    before = repr(event)
    for name in (*type(event).__match_args__, "stream_id"):
        with pytest.raises(AttributeError, match=f"attribute '{name}' of '{type(event).__name__}' objects is not writ"):
            setattr(event, name, None)
        with pytest.raises(AttributeError):
            delattr(event, name)
    with pytest.raises(AttributeError, match="object has no attribute 'more'"):
        event.more = 1
    event.__init__(*[b""] * 2)
    assert repr(event) == before


@every_event
def test_every_event_has_its_stream(event: Any) -> None:
    if isinstance(event, (zttp.Goaway, zttp.Settings, zttp.Ping)):
        assert event.stream_id == 0  # they are of the connection
    else:
        assert type(event.stream_id) is int


@pytest.mark.parametrize(
    ("make", "args", "keywords", "message"),
    [
        (zttp.Data, ["text"], {}, "bytes object expected; got str"),
        (zttp.Data, [bytearray(b"x")], {}, "bytes object expected; got bytearray"),
        (zttp.Data, [b"x", "1"], {}, "int object expected; got str"),
        (zttp.Data, [], {"data": b"x", "stream_id": 1.0}, "int object expected; got float"),
        (zttp.Response, [200], {"end_stream": 1}, "bool object expected; got int"),
        (zttp.Request, [b"GET", b"/"], {"scheme": "https"}, "bytes or None object expected; got str"),
        (
            zttp.Request,
            [b"GET", b"/"],
            {"priority": (1, 1)},
            "tuple[int, bool] or None object expected; got tuple[int, int]",
        ),
        (zttp.Ping, [True, None], {}, "bytes object expected; got None"),
    ],
)
def test_arguments_are_of_their_type(make: type[Any], args: list[Any], keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        make(*args, **keywords)


def test_an_integer_is_a_plain_one() -> None:
    assert repr(zttp.Data(b"x", True)) == "Data(data=b'x', stream_id=1)"
    assert type(zttp.RstStream(H2ErrorCode.CANCEL, H2ErrorCode.CANCEL).error_code) is int


def test_match() -> None:
    match zttp.Request(b"GET", b"/", FIELDS):
        case zttp.Request(method, target, headers):
            assert (method, target, list(headers)) == (b"GET", b"/", FIELDS)
    match zttp.Data(b"x", 3):
        case zttp.Data(data, stream_id):
            assert (data, stream_id) == (b"x", 3)


def test_a_target_is_split_at_its_first_question_mark() -> None:
    for target, path, query in [(b"/", b"/", b""), (b"/?", b"/", b""), (b"/a?b?c", b"/a", b"b?c"), (b"*", b"*", b"")]:
        request = zttp.Request(b"GET", target)
        assert (request.path, request.query, request.path) == (path, query, path)


@pytest.mark.parametrize(
    ("values", "priority"),
    [
        ([], (3, False)),
        ([b"u=1"], (1, False)),
        ([b"u=5, i"], (5, True)),
        ([b"u=2", b"i"], (2, True)),
        ([b"i=?0, u=0"], (0, False)),
        ([b"i=?1;x"], (3, True)),
        ([b"u=8, i=1, x=y"], (3, False)),
        ([b"\xff,,u="], (3, False)),
    ],
)
def test_priority_is_read_from_its_field(values: list[bytes], priority: tuple[int, bool]) -> None:
    # RFC 9218 4: an invalid value counts as not sent.
    assert zttp.Request(b"GET", b"/", [(b"Priority", value) for value in values]).priority == priority


def test_informational_responses() -> None:
    assert [status for status in (100, 101, 103, 199, 200) if zttp.Response(status).is_informational] == [100, 103, 199]


def test_the_settings_of_an_event_are_a_new_list_each_time() -> None:
    event = zttp.Settings([(1, 2), [3, True]])
    event.params.append((5, 6))
    assert event.params == [(1, 2), (3, 1)]


@pytest.mark.parametrize("bad", [[1], [(1,)], [("1", 2)], [(1, 2.0)], [(1, 2, 3)], ["ab"]])
def test_bad_settings_are_a_type_error(bad: Any) -> None:
    with pytest.raises(TypeError, match=r"a setting must be an \(identifier, value\) pair of integers"):
        zttp.Settings(bad)


def test_trailers_are_a_block() -> None:
    trailers = zttp.EndOfMessage([(b"Digest", b"a"), (b"X", b"b")]).trailers
    assert isinstance(trailers, zttp.HeaderBlock)
    assert (trailers.get(b"digest"), trailers.to_list(lowercase_names=True)) == (
        b"a",
        [(b"digest", b"a"), (b"x", b"b")],
    )
    assert zttp.EndOfMessage().trailers == []


class Two(NamedTuple):
    name: bytes
    value: bytes


class SequenceOfTwo(Sequence[bytes]):
    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: Any) -> Any:
        return (b"a", b"b")[index]


class Bytes(bytes):
    pass


PAIRS = [(b"a", b"b"), [b"a", b"b"], Two(b"a", b"b"), SequenceOfTwo(), deque([b"a", b"b"]), (Bytes(b"a"), Bytes(b"b"))]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: type(pair).__name__)
@pytest.mark.parametrize("collection", [list, tuple, iter, deque, zttp.HeaderBlock, lambda pairs: (p for p in pairs)])
def test_a_pair_is_any_sequence_of_two_in_any_iterable(pair: Any, collection: Callable[[Any], Any]) -> None:
    made = [
        zttp.HeaderBlock(collection([pair, pair])),
        zttp.Request(b"GET", b"/", collection([pair, pair])).headers,
        zttp.Response(200, collection([pair, pair])).headers,
        zttp.EndOfMessage(collection([pair, pair])).trailers,
    ]
    for block in made:
        assert block == [(b"a", b"b"), (b"a", b"b")]
        assert {type(field) for field in block} == {tuple}
        assert {type(part) for field in block for part in field} == {bytes}


@pytest.mark.parametrize(
    ("bad", "got"),
    [
        (1, "int"),
        (None, "NoneType"),
        ((b"a",), "tuple"),
        (("a", b"b"), r"\(str, bytes\)"),
        ([b"a", "b"], r"\(bytes, str\)"),
        ((b"a", b"b", b"c"), "tuple"),
        ("ab", r"\(str, str\)"),
        (b"ab", r"\(int, int\)"),
        ({b"a": b"b"}, "dict"),
        ({b"a", b"b"}, "set"),
    ],
)
def test_anything_else_is_a_type_error_that_says_bytes(bad: Any, got: str) -> None:
    for make in (zttp.HeaderBlock, zttp.EndOfMessage, lambda fields: zttp.Response(200, fields)):
        with pytest.raises(TypeError, match=rf"a field must be a \(name, value\) pair of bytes, got {got}$"):
            make([(b"a", b"b"), bad])


LONG = b"\x00" * 1_000_000


@pytest.mark.parametrize(
    "event",
    [
        zttp.Request(LONG, LONG, [(LONG, LONG)] * 100, scheme=LONG, http_version=LONG, protocol=LONG),
        zttp.Response(200, [(b"\x00" * 1000, b"\x00" * 1000)] * 1000, reason=LONG, http_version=LONG),
        zttp.Data(LONG),
        zttp.EndOfMessage([(b"", b"")] * 100_000),
        zttp.Goaway(1, 2, LONG),
        zttp.Settings([(65535, 2**32 - 1)] * 10_000),
        zttp.Ping(False, LONG),
        zttp.Datagram(LONG, 4),
        zttp.HeaderBlock([(LONG, LONG)] * 10),
    ],
    ids=lambda event: type(event).__name__,
)
def test_no_repr_grows_with_what_a_peer_sent(event: Any) -> None:
    assert len(repr(event)) < 60_000


ENORMOUS = 10**5000  # more digits than Python writes


@pytest.mark.parametrize(
    "event",
    [
        zttp.Data(b"", ENORMOUS),
        zttp.EndOfMessage(stream_id=ENORMOUS),
        zttp.Request(b"GET", b"/", stream_id=ENORMOUS, priority=(ENORMOUS, False)),
        zttp.Response(200, stream_id=ENORMOUS),
        zttp.RstStream(ENORMOUS, ENORMOUS),
        zttp.Goaway(ENORMOUS, ENORMOUS, b""),
        zttp.Settings([(ENORMOUS, ENORMOUS)]),
        zttp.WindowUpdate(ENORMOUS, ENORMOUS),
        zttp.PriorityUpdate(ENORMOUS, ENORMOUS, False),
        zttp.Datagram(b"", ENORMOUS),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_number_that_python_does_not_write_has_a_repr(event: Any) -> None:
    assert "<a number of 16610 bits>" in repr(event)
    assert len(repr(event)) < 200


@every_event
def test_what_only_the_constructor_sets_is_read_only_however_it_is_called(event: Any) -> None:
    for owner, name in ((event, "_stream_id"), (event, "_params")):
        if hasattr(owner, name):
            with pytest.raises(AttributeError, match="not writable"):
                setattr(owner, name, getattr(owner, name))


def test_what_is_left_out_of_a_repr_is_counted() -> None:
    assert repr(zttp.Data(b"a" * 1024)) == f"Data(data={b'a' * 1024!r})"
    assert repr(zttp.Data(b"a" * 1025, 3)) == f"Data(data={b'a' * 1024!r}...(1025 bytes), stream_id=3)"
    fields = [(b"a" * 1000, b"")] * 100
    assert repr(zttp.HeaderBlock(fields)) == repr(fields[:17])[:-1] + ", ...(83 more)]"


SIGNATURES = {
    zttp.Request: "(method, target, headers=None, *, scheme=None, http_version=b'1.1', stream_id=0, "
    "expect_continue=False, early_data=False, end_stream=False, protocol=None, priority=None)",
    zttp.Response: "(status_code, headers=None, *, reason=b'', http_version=b'1.1', stream_id=0, end_stream=False)",
    zttp.Data: "(data, stream_id=0)",
    zttp.EndOfMessage: "(trailers=None, stream_id=0)",
    zttp.RstStream: "(stream_id, error_code)",
    zttp.Goaway: "(last_stream_id, error_code=0, debug=b'')",
    zttp.Settings: "(params=(), ack=False)",
    zttp.Ping: "(ack, data)",
    zttp.WindowUpdate: "(stream_id, increment)",
    zttp.PriorityUpdate: "(stream_id, urgency=3, incremental=False)",
    zttp.Datagram: "(data, stream_id)",
    zttp.HeaderBlock: "(fields=None, /, *, never_indexed=None)",
    zttp.HeaderBlock.get: "(self, name, default=None, /)",
    zttp.HeaderBlock.getall: "(self, name, /)",
    zttp.HeaderBlock.index: "(self, pair, start=0, stop=9223372036854775807, /)",
    zttp.HeaderBlock.count: "(self, pair, /)",
    zttp.HeaderBlock.to_list: "(self, *, lowercase_names=False)",
}


@pytest.mark.parametrize("callable_", SIGNATURES, ids=lambda item: item.__qualname__)
def test_the_signature_is_how_it_can_be_called(callable_: Callable[..., Any]) -> None:
    signature = inspect.signature(callable_)
    parameters = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    text = str(signature.replace(parameters=parameters, return_annotation=signature.empty))
    assert text.replace("(self, /, *", "(self, *") == SIGNATURES[callable_]  # `self` cannot be passed by its name


def test_the_sentinels_keep_their_identity() -> None:
    for sentinel, name in ((zttp.NEED_DATA, "NEED_DATA"), (zttp.CONNECTION_CLOSED, "CONNECTION_CLOSED")):
        assert repr(sentinel) == name
        assert copy.copy(sentinel) is sentinel
        assert str(sentinel) == name
        assert pickle.loads(pickle.dumps(sentinel)) is sentinel
        assert type(sentinel)() is sentinel
        assert bool(sentinel) is True
        with pytest.raises(TypeError):
            type(sentinel)(name)


def test_errors_survive_a_pickle() -> None:
    error = zttp.RemoteProtocolError(
        "why", reason="bare_lf", status_hint=400, code_space="quic", offset=3, section="RFC 9112 2.2"
    )
    other = pickle.loads(pickle.dumps(error))
    assert (type(other), str(other), other.reason, other.status_hint) == (type(error), "why", "bare_lf", 400)
    assert (other.offset, other.section, other.error_code, other.stream_id) == (3, "RFC 9112 2.2", None, None)
    assert (error.code_space, other.code_space) == ("quic", "quic")


def test_an_event_keeps_its_class() -> None:
    event: Any = zttp.Data(b"x", 1)
    with pytest.raises(TypeError, match="__class__ assignment"):
        event.__class__ = zttp.Datagram
    assert type(event) is zttp.Data
