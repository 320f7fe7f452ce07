"""The requirements of FastCGI alone: identifiers, aborts, queries of a web server, variables."""

import sys
from pathlib import Path

import pytest

import zttp

sys.path.insert(0, str(Path(__file__).parents[2] / "examples/fastcgi_plugin/src"))
from zttp_fastcgi import records
from zttp_fastcgi.connection import MOST_ANSWERS, FastCgiConnection
from zttp_fastcgi.records import pair, parse_record, record
from zttp_fastcgi.stream import Stream

BEGIN = record(records.BEGIN_REQUEST, 1, b"\0\1\1\0\0\0\0\0")


def pull(conn: FastCgiConnection, data: bytes = b"") -> list[object]:
    events: list[object] = []
    if data:
        conn.receive_data(data)
    while (event := conn.next_event()) is not zttp.NEED_DATA:
        events.append(event)
    return events


def taken(conn: FastCgiConnection) -> list[records.Record]:
    waiting, found = bytearray(conn.data_to_send()), []
    while one := parse_record(waiting):
        found.append(one)
    assert not waiting
    return found


def variables(*pairs: tuple[bytes, bytes]) -> bytes:
    packed = b"".join(pair(name, value) for name, value in pairs)
    return BEGIN + record(records.PARAMS, 1, packed) + record(records.PARAMS, 1)


class Both:
    """A web server and an application."""

    def __init__(self, **options: bool) -> None:
        self.client, self.server = FastCgiConnection(zttp.CLIENT, **options), FastCgiConnection(zttp.SERVER)

    def ask(self) -> Stream:
        return self.client.send_request(b"POST", b"/", b"1.1", [(b"host", b"a")])

    def to_server(self) -> list[object]:
        return pull(self.server, self.client.data_to_send())

    def to_client(self) -> list[object]:
        return pull(self.client, self.server.data_to_send())


def test_an_identifier_is_free_once_both_sides_know_of_the_end() -> None:
    both = Both()
    first = both.ask()
    both.to_server()
    first.reset()
    assert both.ask().stream_id == 2  # 1 is taken until the application has confirmed
    assert zttp.RstStream(1, 0) in both.to_server()
    assert both.to_client() == []
    third = both.ask()
    assert third.stream_id == 1
    with pytest.raises(zttp.LocalProtocolError):
        first.send_data(b"x")
    third.send_data(b"x")
    assert [event for event in both.to_server() if isinstance(event, zttp.Data)] == [zttp.Data(b"x", 1)]


def test_a_response_may_end_a_request_early() -> None:
    both = Both()
    stream = both.ask()
    both.to_server()
    answer = both.server.stream(1)
    answer.send_response(413)
    answer.end_message()
    stream.send_data(b"on its way")
    assert both.to_server() == []  # it has ended there: later bytes are ignored
    assert both.to_client() == [zttp.Response(413, [], stream_id=1), zttp.EndOfMessage(stream_id=1)]
    for ended in (lambda: stream.send_data(b"x"), lambda: both.client.stream(1), lambda: both.server.stream(1)):
        with pytest.raises(zttp.LocalProtocolError):
            ended()


def test_a_request_that_the_application_gives_up() -> None:
    both = Both()
    both.ask()
    both.to_server()
    answer = both.server.stream(1)
    answer.send_response(200)
    answer.reset(7)
    assert both.to_client() == [zttp.Response(200, [], stream_id=1), zttp.RstStream(1, 7)]


def test_more_requests_than_there_may_be_and_roles_that_nobody_has() -> None:
    server = FastCgiConnection(zttp.SERVER, max_requests=1)
    assert pull(server, BEGIN + record(records.BEGIN_REQUEST, 2, b"\0\1\1" + bytes(5))) == []
    assert pull(server, record(records.BEGIN_REQUEST, 3, b"\0\3\1" + bytes(5))) == []
    ends = [(one.kind, one.request_id, one.content[4]) for one in taken(server)]
    assert ends == [(records.END_REQUEST, 2, records.OVERLOADED), (records.END_REQUEST, 3, records.UNKNOWN_ROLE)]


def test_a_connection_that_is_not_kept_ends_with_its_request() -> None:
    both = Both(keep_connection=False)
    both.ask().end_message()
    both.to_server()
    answer = both.server.stream(1)
    answer.send_response(200)
    assert not both.server.is_closed()
    answer.end_message()
    assert both.server.is_closed()
    both.to_client()
    assert both.client.is_closed()


def test_questions_of_a_web_server() -> None:
    server = FastCgiConnection(zttp.SERVER)
    asked = pair(b"FCGI_MPXS_CONNS", b"") + pair(b"FCGI_SOMETHING", b"")
    assert pull(server, record(records.GET_VALUES, 0, asked) + record(77, 0)) == []
    assert taken(server) == [
        records.Record(records.GET_VALUES_RESULT, 0, pair(b"FCGI_MPXS_CONNS", b"1")),
        records.Record(records.UNKNOWN_TYPE, 0, bytes([77]) + bytes(7)),
    ]
    question = record(records.GET_VALUES, 0)
    assert pull(server, question * MOST_ANSWERS) == []
    with pytest.raises(zttp.RemoteProtocolError, match="takes none of the answers"):
        pull(server, question)


def test_what_variables_become_fields() -> None:
    server = FastCgiConnection(zttp.SERVER)
    [request] = pull(
        server,
        variables(
            (b"REQUEST_METHOD", b"GET"),
            (b"REQUEST_URI", b"/a?b"),
            (b"SERVER_PROTOCOL", b"HTTP/2.0"),
            (b"CONTENT_LENGTH", b""),
            (b"CONTENT_TYPE", b"text/plain"),
            (b"HTTP_ACCEPT_LANGUAGE", b"la"),
            (b"HTTP_PROXY", b"http://evil.example"),
            (b"DOCUMENT_ROOT", b"/www"),
        ),
    )
    assert isinstance(request, zttp.Request)
    assert request.headers.to_list() == [(b"content-type", b"text/plain"), (b"accept-language", b"la")]
    assert (request.target, request.http_version, request.end_stream) == (b"/a?b", b"2.0", False)


def test_a_name_that_would_be_another_is_not_sent() -> None:
    client = FastCgiConnection(zttp.CLIENT)
    with pytest.raises(zttp.LocalProtocolError, match="no variable of its own"):
        client.send_request(b"GET", b"/", b"1.1", [(b"x_forwarded_for", b"10.0.0.1")])
    assert client.data_to_send() == b""


@pytest.mark.parametrize(
    ("output", "status", "content"),
    [
        (b"Content-Type: a/b\r\n\r\nhi", 200, b"hi"),
        (b"Status: 404 Not Found\n\nhi", 404, b"hi"),
        (b"Location: /there\r\n\r\n", 302, b""),
        (b"Content-Type: a/b\r\nStatus: 201\r\n\r\n\r\n\r\n", 201, b"\r\n\r\n"),
    ],
    ids=["no status", "bare line ends", "a redirect", "content like line ends"],
)
def test_how_applications_write_their_heads(output: bytes, status: int, content: bytes) -> None:
    for size in (1, 2, 3, 100):
        client = FastCgiConnection(zttp.CLIENT)
        client.send_request(b"GET", b"/", b"1.1", [], end_stream=True)
        pieces = [output[start : start + size] for start in range(0, len(output), size)]
        end = record(records.END_REQUEST, 1, bytes(8))
        events = pull(client, b"".join(record(records.STDOUT, 1, piece) for piece in pieces) + end)
        assert isinstance(events[0], zttp.Response)
        assert events[0].status_code == status
        assert b"".join(event.data for event in events if isinstance(event, zttp.Data)) == content
        assert isinstance(events[-1], zttp.EndOfMessage)


@pytest.mark.parametrize("length", [0, 127, 128, 65535, 65536, 200_000])
def test_names_values_and_content_of_any_length(length: int) -> None:
    assert records.parse_pairs(pair(b"n" * length, b"v" * length)) == [(b"n" * length, b"v" * length)]
    both = Both()
    stream = both.ask()
    stream.send_data(b"x" * length)
    stream.end_message()
    content = [event.data for event in both.to_server() if isinstance(event, zttp.Data)]
    assert b"".join(content) == b"x" * length
