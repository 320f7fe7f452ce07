"""Events are values: constructible, comparable, hashable, copyable, picklable, matchable, unknown to the collector."""

import copy
import gc
import pickle
from typing import Any

import pytest

import zttp
import zttp_core

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
    if not isinstance(event, zttp.Request) or event.priority == (3, False):
        assert eval(repr(event), told) == event


@every_event
def test_the_names_that_match_are_attributes(event: Any) -> None:
    assert type(event).__match_args__
    for name in type(event).__match_args__:
        getattr(event, name)


@every_event
@pytest.mark.skipif(not zttp_core.COMPILED, reason="only a compiled class can promise that")
def test_the_collector_does_not_know_events(event: Any) -> None:
    assert not gc.is_tracked(event)


@every_event
@pytest.mark.skipif(not zttp_core.COMPILED, reason="only a compiled class can promise that")
def test_events_cannot_be_changed(event: Any) -> None:
    for name in type(event).__match_args__:
        with pytest.raises(AttributeError):
            setattr(event, name, None)


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
    # RFC 9218 4: what cannot be read counts as not sent.
    assert zttp.Request(b"GET", b"/", [(b"Priority", value) for value in values]).priority == priority


def test_informational_responses() -> None:
    assert [status for status in (100, 101, 103, 199, 200) if zttp.Response(status).is_informational] == [100, 103, 199]


def test_lists_of_an_event_are_new_each_time() -> None:
    for event, name in ((zttp.EndOfMessage([(b"a", b"b")]), "trailers"), (zttp.Settings([(1, 2)]), "params")):
        getattr(event, name).append("more")
        assert len(getattr(event, name)) == 1


def test_bad_fields_are_a_type_error() -> None:
    for bad in ([1], [(b"a",)], [("a", b"b")], [(b"a", "b")], [(b"a", b"b", b"c")]):
        with pytest.raises(TypeError, match=r"a field must be a \(name, value\) tuple of bytes"):
            zttp.Request(b"GET", b"/", bad)  # type: ignore[arg-type]


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
    error = zttp.RemoteProtocolError("why", reason="bare_lf", status_hint=400, offset=3, section="RFC 9112 2.2")
    other = pickle.loads(pickle.dumps(error))
    assert (type(other), str(other), other.reason, other.status_hint) == (type(error), "why", "bare_lf", 400)
    assert (other.offset, other.section, other.error_code, other.stream_id) == (3, "RFC 9112 2.2", None, None)
