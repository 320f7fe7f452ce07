"""The sentence of an error matches the fault: it names the rule that was broken, and no other."""

from functools import partial
from typing import Any

import pytest

import zttp

Fields = list[tuple[bytes, bytes]]
REQUEST: Fields = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", b"a"), (b":path", b"/")]
TE = "TE with a value other than trailers"
TARGET_FORM = "must have one of the forms that its method takes"
TARGET = "must be visible ASCII without a fragment"
VALUE = "must not hold control bytes"
LENGTHS = "is given several times with different digits"
NO_LENGTH = "must be one decimal number"
FIELDS: list[tuple[Fields, str]] = [
    ([(b"content-length", b"5"), (b"content-length", b"05")], LENGTHS),
    ([(b"content-length", b"5"), (b"content-length", b"6")], LENGTHS),
    ([(b"content-length", b"five")], NO_LENGTH),
    ([(b"x", b"a\x01b")], VALUE),
]
ALL = {TE, TARGET_FORM, TARGET, VALUE, LENGTHS, NO_LENGTH}


def says(error: zttp.ProtocolError | None, sentence: str) -> None:
    assert error is not None
    assert [known for known in ALL if known in str(error)] == [sentence], str(error)


def replaced(path: bytes) -> Fields:
    return [*REQUEST[:3], (b":path", path)]


@pytest.mark.parametrize(("fields", "sentence"), FIELDS)
def test_of_a_field_that_was_received(fields: Fields, sentence: str) -> None:
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    for role, head in ((zttp.SERVER, b"POST / HTTP/1.1\r\n"), (zttp.CLIENT, b"HTTP/1.1 200 OK\r\n")):
        conn = zttp.Connection(role)
        if role == zttp.CLIENT:
            conn.send_request(b"GET", b"/", b"1.1", [(b"host", b"a")])
        conn.receive_data(head + lines + b"\r\n")
        with pytest.raises(zttp.RemoteProtocolError, match=r"\S") as caught:
            conn.next_event()
        says(caught.value, sentence)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ([*REQUEST, (b"te", b"gzip")], TE),
        ([*REQUEST, (b"te", b"")], TE),
        (replaced(b"a"), TARGET_FORM),
        (replaced(b"*"), TARGET_FORM),
        (replaced(b""), TARGET),
        (replaced(b"/a b"), TARGET),
        (replaced(b"/a#b"), TARGET),
        *(([*REQUEST, *fields], sentence) for fields, sentence in FIELDS),
    ],
)
def test_of_a_field_that_was_received_on_a_stream(fields: Fields, sentence: str) -> None:
    # As literals without names in a table (RFC 7541 6.2.2): no encoder of ours judges them first.
    block = b"".join(b"\0%c%b%c%b" % (len(name), name, len(value), value) for name, value in fields)
    conn = zttp.Connection(zttp.SERVER, zttp.HTTP2)
    conn.receive_data(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0")
    conn.receive_data(len(block).to_bytes(3, "big") + b"\x01\x04\0\0\0\x01" + block)
    assert isinstance(conn.next_event(), zttp.Settings)
    assert conn.next_event() == zttp.RstStream(1, 1)
    says(conn.last_stream_error, sentence)


def connections() -> list[Any]:
    options: dict[str, Any] = {zttp.HTTP3: {"server_name": "a"}}
    return [
        zttp.Connection(zttp.CLIENT, name, **options.get(name, {})) for name in (zttp.HTTP1, zttp.HTTP2, zttp.HTTP3)
    ]


@pytest.mark.parametrize(
    ("target", "fields", "sentence"),
    [
        (b"a", [], TARGET_FORM),
        (b"/a b", [], TARGET),
        *((b"/", fields, sentence) for fields, sentence in FIELDS),
        (b"/", [(b"te", b"gzip")], TE),
    ],
)
def test_of_what_is_sent(target: bytes, fields: Fields, sentence: str) -> None:
    for conn in connections():
        send = partial(conn.send_request, b"POST", target, b"1.1", [(b"host", b"a"), *fields])
        if sentence is TE and isinstance(conn, zttp.H1Connection):
            send()  # RFC 9110 10.1.4: in HTTP/1.1 it is a field like others
            continue
        with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
            send()
        says(caught.value, sentence)
