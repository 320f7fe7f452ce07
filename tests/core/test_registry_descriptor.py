"""The rules that a descriptor must keep, one by one."""

from typing import Any

import pytest

import zttp
from tests.core.fake_plugins import Toy, describe, registry_of
from zttp_core.descriptor import CAPABILITIES, ProtocolDescriptor, find_fault

H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

GOOD: dict[str, list[Any]] = {
    "name": ["h2", "http/1.1", "0", "a.b_c-d/e"],
    "connection": [Toy, "package.module:Class", "module:Class"],
    "factory": [None, Toy, describe, "package.module:function"],
    "transport": ["stream", "datagram"],
    "aliases": [(), ("toys", 4), ("h2c",)],
    "alpn": [(), (b"\x0a\x0a",), (b"a" * 255,)],
    "preface": [None, b"\x00", b"\x16\x03", H2_PREFACE, b"GET / HTTP/2", b"G\xc3 "],
    "roles": [frozenset((1,)), frozenset((2,)), frozenset((1, 2))],
    "capabilities": [frozenset(), CAPABILITIES, frozenset(("x-own",))],
}

BAD: dict[str, list[Any]] = {
    "name": ["", "H2", "-a", "a b", "\u00e4", b"h2", None],
    "api_version": [1, "1.0", (1,), (1, 0, 0), (1, -1), (1, "0"), (True, 0), [1, 0]],
    "connection": ["", "module", "module:", ":Class", "mod ule:Class", "module:Class.inner", None, 1],
    "factory": ["", "function", 1],
    "transport": ["tcp", None, b"stream"],
    "aliases": [["toys"], "toys", (b"toys",), (True,), (1.0,), None],
    "alpn": [["toy"], ("toy",), b"toy", (b"",), (b"a" * 256,), None],
    "preface": [b"", "PRI", 1],
    "roles": [frozenset(), frozenset((3,)), {1}, (1, 2), None],
    "multiplexed": [1, None],
    "capabilities": [frozenset(("trailer",)), ("trailers",), frozenset((1,)), None],
    "summary": [None, b""],
    "docs_url": [None],
}


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in GOOD.items() for value in values])
def test_good_values(field: str, value: Any) -> None:
    assert find_fault(describe(**{field: value})) is None


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, values in BAD.items() for value in values])
def test_bad_values_are_named_with_the_rule(field: str, value: Any) -> None:
    fault = find_fault(describe(**{field: value}))
    assert fault is not None
    assert fault.startswith(f"descriptor field '{field}' must be ")
    assert fault.endswith((f", got {value!r}", "..."))


def test_a_long_value_is_shown_in_part() -> None:
    fault = find_fault(describe(alpn="x" * 1000))
    assert fault is not None
    assert len(fault) < 150


@pytest.mark.parametrize("preface", [b"GET", b"GET ", b"GET /x", b"GET / ", b"GET / HTT", b"GET / HTTP/1.1\r\n", b"P"])
def test_a_preface_must_not_look_like_an_http_1_request(preface: bytes) -> None:
    fault = find_fault(describe(preface=preface))
    assert fault == f"descriptor field 'preface' must not be how an HTTP/1.1 request can begin, got {preface!r}"


def test_a_datagram_protocol_has_no_preface() -> None:
    fault = find_fault(describe(transport="datagram", preface=b"\x00"))
    assert fault == "descriptor field 'preface' must be None for a datagram protocol"


@pytest.mark.parametrize(("claim", "shown"), [({"aliases": (2,)}, "2"), ({"alpn": (b"h2",)}, "'h2'")])
def test_the_spellings_of_http_are_reserved(claim: dict[str, Any], shown: str) -> None:
    assert find_fault(describe(**claim)) == (
        f"descriptor of 'toy' must not claim {shown}, which is reserved to protocol 'h2'"
    )
    assert find_fault(describe("h2", aliases=(2,), alpn=(b"h2",))) is None


@pytest.mark.parametrize(("number", "owner"), [(1, "http/1.1"), (2, "h2"), (3, "h3")])
def test_the_numbers_of_http_are_reserved(number: int, owner: str) -> None:
    assert find_fault(describe(aliases=(number,))) == (
        f"descriptor of 'toy' must not claim {number}, which is reserved to protocol '{owner}'"
    )
    assert find_fault(describe(owner, aliases=(number,))) is None


def test_an_unknown_field_of_a_known_api_is_a_fault() -> None:
    assert find_fault(describe(colour="red")) == "a descriptor has no field 'colour'"


def test_prefaces_must_not_begin_alike() -> None:
    registry = registry_of()
    registry.register(describe(preface=b"\x00toy"))
    for clash in (b"\x00toy", b"\x00", b"\x00toys"):
        with pytest.raises(zttp.PluginValidationError, match=r"must differ from that of protocol 'toy' \(register_"):
            registry.register(describe("other", preface=clash))
    registry.register(describe("other", preface=b"\x00tov"))


def test_a_bad_version_is_reported_like_any_other_field() -> None:
    with pytest.raises(zttp.PluginValidationError, match=r"'api_version' must be a tuple of two integers, .*, got 1$"):
        registry_of().register(describe(api_version=1))


def test_a_descriptor_is_frozen() -> None:
    descriptor = describe()
    with pytest.raises(AttributeError, match="a ProtocolDescriptor is frozen, 'name' cannot be set"):
        descriptor.name = "other"
    with pytest.raises(AttributeError, match="a ProtocolDescriptor is frozen, 'name' cannot be deleted"):
        del descriptor.name


def test_a_descriptor_is_keyword_only_and_three_fields_are_enough() -> None:
    with pytest.raises(TypeError):
        ProtocolDescriptor("toy", (1, 0), Toy)  # type: ignore[call-arg]
    assert find_fault(ProtocolDescriptor(name="toy", api_version=(1, 0), connection=Toy)) is None


def test_descriptors_are_values() -> None:
    assert describe() == describe()
    assert hash(describe()) == hash(describe())
    assert describe() != describe(summary="other")
    assert describe() != "toy"
    assert repr(describe(connection="a:B")) == "ProtocolDescriptor(name='toy', connection='a:B', transport='stream')"
