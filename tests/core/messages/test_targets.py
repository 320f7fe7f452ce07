"""Request targets in all forms, both ways (RFC 9112 3.2, RFC 9113 8.3.1, 8.5, RFC 8441 4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zttp_core.messages.targets import Parts, is_http, join_target, split_target, target_fault

SPLIT: list[tuple[bytes, bytes, Parts | None]] = [
    # origin-form
    (b"GET", b"/", (None, None, b"/")),
    (b"GET", b"//evil.example/x?y", (None, None, b"//evil.example/x?y")),
    (b"OPTIONS", b"/a", (None, None, b"/a")),
    # absolute-form
    (b"GET", b"http://a", (b"http", b"a", b"/")),
    (b"GET", b"http://a?q=1", (b"http", b"a", b"/?q=1")),
    (b"GET", b"http://a/?q=http://b/", (b"http", b"a", b"/?q=http://b/")),
    (b"GET", b"HTTPS://[::1]:8443/x", (b"HTTPS", b"[::1]:8443", b"/x")),
    (b"GET", b"http://a:80", (b"http", b"a:80", b"/")),
    (b"GET", b"ftp://a/b", (b"ftp", b"a", b"/b")),
    (b"GET", b"file:///etc", (b"file", None, b"/etc")),
    (b"GET", b"urn:example:a123", (b"urn", None, b"example:a123")),
    (b"GET", b"http:", None),
    (b"GET", b"http:a", None),
    (b"GET", b"http:/a", None),
    (b"GET", b"http://", None),
    (b"GET", b"http:///a", None),
    (b"GET", b"http://?q", None),
    (b"GET", b"http://:80/", None),
    (b"GET", b"http://user@a/", None),
    (b"GET", b"https://user:secret@a/", None),
    (b"GET", b"http://a:x/", None),
    (b"GET", b"http://[::1/", None),
    (b"GET", b"1http://a/", None),
    (b"GET", b"urn:", None),
    # asterisk-form
    (b"OPTIONS", b"*", (None, None, b"*")),
    (b"OPTIONS", b"http://a", (b"http", b"a", b"*")),
    (b"OPTIONS", b"http://a/", (b"http", b"a", b"/")),
    (b"OPTIONS", b"http://a?q", (b"http", b"a", b"/?q")),
    (b"OPTIONS", b"ftp://a", (b"ftp", b"a", b"/")),
    (b"GET", b"*", None),
    (b"options", b"*", None),
    # authority-form
    (b"CONNECT", b"a:443", (None, b"a:443", None)),
    (b"CONNECT", b"[::1]:443", (None, b"[::1]:443", None)),
    (b"CONNECT", b"[::1]", None),
    (b"CONNECT", b"a", None),
    (b"CONNECT", b"/", None),
    (b"CONNECT", b"*", None),
    (b"CONNECT", b"http://a:80", None),
    # none of them
    (b"GET", b"", None),
    (b"GET", b"foo", None),
    (b"GET", b"a:443/x@", (b"a", None, b"443/x@")),
    (b"GET", b"?q", None),
    (b"GET", b"**", None),
]


@pytest.mark.parametrize(("method", "target", "parts"), SPLIT, ids=repr)
def test_a_target_has_one_form_or_none(method: bytes, target: bytes, parts: Parts | None) -> None:
    assert split_target(method, target) == parts


schemes = st.from_regex(rb"[a-zA-Z][a-z0-9+\-.]{0,5}", fullmatch=True)
hosts = st.one_of(st.from_regex(rb"[a-z0-9\-.]{1,12}(:[0-9]{0,5})?", fullmatch=True), st.just(b"[::1]:80"))
paths = st.from_regex(rb"/[!-\"$-~]{0,20}", fullmatch=True)


@given(schemes, hosts, paths)
def test_what_is_joined_splits_again(scheme: bytes, authority: bytes, path: bytes) -> None:
    assert split_target(b"GET", join_target(scheme, authority, path)) == (scheme, authority, path)


other_schemes = schemes.filter(lambda scheme: not is_http(scheme))
other_paths = st.from_regex(rb"[!-\"$-~]{1,20}", fullmatch=True).filter(lambda path: path != b"*")


@given(other_schemes, other_paths)
def test_so_does_what_has_no_authority(scheme: bytes, path: bytes) -> None:
    assert split_target(b"GET", join_target(scheme, None, path)) == (scheme, None, path)


@given(hosts)
def test_so_does_the_asterisk(authority: bytes) -> None:
    assert join_target(b"http", authority, b"*") == b"http://" + authority
    assert split_target(b"OPTIONS", join_target(b"http", authority, b"*")) == (b"http", authority, b"*")


FAULTS: list[tuple[tuple[bytes | None, ...], str | None]] = [
    ((b"GET", b"https", b"a", b"/", None), None),
    ((b"GET", b"https", None, b"/", None), None),
    ((b"GET", b"HTTP", None, b"a", None), "invalid_target_form"),
    ((b"GET", b"http", None, b"*", None), "invalid_target_form"),
    ((b"OPTIONS", b"http", None, b"*", None), None),
    ((b"GET", b"urn", None, b"example:a", None), None),
    ((None, b"https", b"a", b"/", None), "missing_pseudo_field"),
    ((b"GET", None, b"a", b"/", None), "missing_pseudo_field"),
    ((b"GET", b"https", b"a", None, None), "missing_pseudo_field"),
    ((b"CONNECT", None, b"a:1", None, None), None),
    ((b"CONNECT", None, b"a", None, None), "invalid_target_form"),
    ((b"CONNECT", None, b"[::1]", None, None), "invalid_target_form"),
    ((b"CONNECT", None, None, None, None), "missing_pseudo_field"),
    ((b"CONNECT", b"https", b"a:1", None, None), "unexpected_pseudo_field"),
    ((b"CONNECT", None, b"a:1", b"/", None), "unexpected_pseudo_field"),
    ((b"CONNECT", b"https", b"a", b"/", b"websocket"), None),
    ((b"CONNECT", b"https", b"a", b"*", b"websocket"), "invalid_target_form"),
    ((b"CONNECT", b"https", None, b"/", b"websocket"), "missing_pseudo_field"),
    ((b"CONNECT", b"https", b"a", None, b"websocket"), "missing_pseudo_field"),
    ((b"CONNECT", None, b"a", b"/", b"websocket"), "missing_pseudo_field"),
    ((b"GET", b"https", b"a", b"/", b"websocket"), "unexpected_pseudo_field"),
]


@pytest.mark.parametrize(("fields", "fault"), FAULTS, ids=repr)
def test_which_pseudo_header_fields_go_together(fields: tuple[bytes | None, ...], fault: str | None) -> None:
    method, scheme, authority, path, protocol = fields
    assert target_fault(method, scheme, authority, path, protocol, True) == fault
    if protocol is not None:
        refused = target_fault(method, scheme, authority, path, protocol, False)
        assert refused == "unexpected_pseudo_field"  # it was not announced
