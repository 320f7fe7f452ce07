"""A field value of any length is never confused with a usual one that only begins and ends in the same way."""

import pytest

import zttp

LIMITS = zttp.H1Limits(max_line=1 << 20, max_header_bytes=1 << 20)


@pytest.mark.parametrize("lowercase_names", [False, True])
@pytest.mark.parametrize("name", [b"Content-Type", b"content-type", b"Accept", b"Vary", b"Cache-Control"])
@pytest.mark.parametrize("usual", [b"text/html", b"application/json", b"no-cache", b"Accept-Encoding"])
def test_a_length_of_more_than_16_bits(name: bytes, usual: bytes, lowercase_names: bool) -> None:
    value = usual[:8] + b"x" * (65536 - 16 + len(usual)) + usual[-8:]
    connection = zttp.H1Connection(zttp.SERVER, limits=LIMITS)
    request = connection.receive_event(b"GET / HTTP/1.1\r\nHost: a\r\n" + name + b": " + value + b"\r\n\r\n")
    assert isinstance(request, zttp.Request)
    listed = request.headers.to_list(lowercase_names=lowercase_names)
    assert listed[1] == (name.lower() if lowercase_names else name, value)
