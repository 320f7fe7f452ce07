"""The generated lists and tables of reasons: those of exceeded limits, and those for the peer or the caller."""

import re
import sys
from pathlib import Path

import pytest

import zttp
from tests.docs.exceeding import ATTACKS, given
from tests.http2.helpers import DATA, END_STREAM, HOST, POST, feed, frame, headers, requesting, server

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "scripts"))  # the scripts that generate the pages

from docs_tables import CHAPTERS, QUIC, chapters_of, homes  # noqa: E402

PAGES = {"zttp_h1": "limits.md", "zttp_h2": "http2.md", "zttp_h3": "http3.md"}
BOTH = "HTTP/2: what breaks a stream, or the connection"
AT_A_STREAM = {f"{version}: what breaks a stream" for version in ("HTTP/2", "HTTP/3")}
AT_A_CALL = {f"{version}: what a caller can get wrong" for version in ("HTTP/1.1", "HTTP/2", "HTTP/3")}


def table(package: str) -> dict[str, list[str]]:
    """Return the reasons of each limit on a page."""
    [block] = re.findall(
        rf"<!-- generated: limits {package} -->\n(.*?)<!-- /generated -->",
        (ROOT / "docs" / PAGES[package]).read_text(),
        re.DOTALL,
    )
    return {row.split("`")[1]: re.findall(r"\[`(\w+)`\]", row) for row in block.splitlines() if row.startswith("| `")}


def listed() -> dict[str, set[str]]:
    """Return the reasons of each list on the page about errors."""
    _, *chapters = re.split(r"^### ", (ROOT / "docs/errors.md").read_text(), flags=re.MULTILINE)
    return {chapter.partition("\n")[0]: set(re.findall(r'(?:<a id="|\(#)(\w+)', chapter)) for chapter in chapters}


@pytest.mark.parametrize(("package", "limit"), ATTACKS)
def test_a_limit_that_is_exceeded_gives_the_reasons_of_its_row(package: str, limit: str) -> None:
    assert sorted(map(str, given(package, limit))) == sorted(table(package)[limit])


@pytest.mark.parametrize("package", PAGES)
def test_every_row_with_a_reason_is_tried(package: str) -> None:
    assert {limit for limit, reasons in table(package).items() if reasons} == {
        limit for name, limit in ATTACKS if name == package
    }


def test_every_reason_stands_where_it_is_raised() -> None:
    lists = listed()
    assert set(lists) == {*CHAPTERS, BOTH}
    for token, home in homes().items():
        raised_in = chapters_of(token)
        assert token in lists[home]
        if home == BOTH:
            assert raised_in >= {"HTTP/2: what breaks a stream", "HTTP/2: what breaks the connection"}, token
        elif token != "role_not_supported":  # of the facade, before there is a protocol
            assert home in raised_in, token
        # The two lists of HTTP/3's connection are one, by layers.
        layered = {QUIC, QUIC.replace("QUIC", "HTTP")}
        assert all(token in lists[chapter] for chapter in raised_in - layered), token
        assert not raised_in & layered or any(token in lists[chapter] for chapter in layered), token


@pytest.mark.parametrize(
    ("token", "chapters"),
    [
        ("content_too_long", AT_A_STREAM | AT_A_CALL),
        ("content_too_short", AT_A_STREAM | AT_A_CALL),
        ("no_content_allowed", {"HTTP/2: what breaks a stream"} | AT_A_CALL),
        ("invalid_pseudo_field", AT_A_STREAM | AT_A_CALL - {"HTTP/1.1: what a caller can get wrong"}),
        ("header_list_too_large", AT_A_STREAM | {"HTTP/3: what a caller can get wrong"}),
        ("buffer_full", {"HTTP/1.1: what a peer can get wrong", "HTTP/2: what breaks the connection"}),
        ("output_full", {"HTTP/2: what breaks the connection"}),
    ],
)
def test_a_reason_of_many_causes_stands_in_each_list(token: str, chapters: set[str]) -> None:
    assert {chapter for chapter, tokens in listed().items() if token in tokens} == chapters


@pytest.mark.parametrize(
    ("token", "fields", "content"),
    [
        ("content_too_long", [*POST, (b"content-length", b"1")], b"xy"),
        ("content_too_short", [*POST, (b"content-length", b"3")], b"xy"),
        ("invalid_pseudo_field", [(b":scheme", b"1"), *(row for row in POST if row[0] != b":scheme")], b""),
    ],
)
def test_what_a_peer_and_a_caller_get_wrong_alike(
    token: str, fields: list[tuple[bytes, bytes]], content: bytes
) -> None:
    judged = server()
    feed(judged, headers(fields) + frame(DATA, END_STREAM, 1, content))
    assert judged.last_stream_error is not None
    assert judged.last_stream_error.reason == token
    connection = requesting(count=0)
    with pytest.raises(zttp.LocalProtocolError, match=r"\S") as caught:
        scheme = dict(fields)[b":scheme"]
        given_fields = [*HOST, *(row for row in fields if not row[0].startswith(b":"))]
        stream = connection.send_request(b"POST", b"/", b"2", given_fields, scheme=scheme)
        stream.send_data(content)
        stream.end_message()
    assert caught.value.reason == token
