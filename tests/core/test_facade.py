"""``zttp.Connection``: calling it makes the plugin's object, and that object is a ``Connection``."""

import copy
import inspect
import pickle
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator
from enum import IntEnum, StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import zttp
from tests.core.fake_plugins import Toy, describe


class Derived(zttp.Connection):
    """A plugin's class may derive from the facade."""

    def __init__(self, role: int, *, colour: str = "red") -> None:
        self.role = role
        self.colour = colour

    def next_event(self) -> zttp.Event:
        return zttp.NEED_DATA

    def is_closed(self) -> bool:
        return False


@pytest.fixture
def register() -> Iterator[Any]:
    """Register descriptors for one test."""
    names = []

    def register(**fields: Any) -> None:
        descriptor = describe(**fields)
        zttp.register_protocol(descriptor)
        names.append(descriptor.name)

    yield register
    for name in names:
        zttp.unregister_protocol(name)


def toy(role: int = zttp.SERVER, **options: Any) -> Any:
    return zttp.Connection(role, "toy", **options)


def test_it_makes_the_plugins_object(register: Any) -> None:
    register()
    connection = toy()
    assert type(connection) is Toy
    assert connection.role == zttp.SERVER
    assert isinstance(connection, zttp.Connection)
    assert issubclass(Toy, zttp.Connection)
    assert zttp.Connection not in Toy.__mro__
    assert not isinstance(object(), zttp.Connection)


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_the_connections_over_a_byte_stream_are_known(protocol: str) -> None:
    pytest.importorskip("zttp_h2.plugin" if protocol == "h2" else "zttp_h1.plugin")
    connection = zttp.Connection(zttp.SERVER, protocol)
    assert isinstance(connection, zttp.ByteStreamConnection)
    assert isinstance(connection, zttp.Connection)
    assert connection.receive_event(b"") is not None
    assert isinstance(connection.data_to_send(), bytes)


@pytest.mark.parametrize(
    ("transport", "methods", "known"),
    [
        ("stream", ("receive_data", "receive_event", "data_to_send"), True),
        ("stream", ("receive_data", "data_to_send"), False),
        ("datagram", ("receive_data", "receive_event", "data_to_send"), False),
    ],
    ids=["stream", "no receive_event", "datagrams"],
)
def test_a_plugins_connection_over_a_byte_stream_is_one_if_it_has_its_methods(
    register: Any, transport: str, methods: tuple[str, ...], known: bool
) -> None:
    has = {name: (lambda self, *arguments: None) for name in methods}
    register(transport=transport, connection=type("Other", (Toy,), has))
    assert isinstance(toy(), zttp.Connection)
    assert isinstance(toy(), zttp.ByteStreamConnection) is known


def test_a_class_derived_from_byte_stream_connection_has_receive_event() -> None:
    class Echo(zttp.ByteStreamConnection):
        def __init__(self) -> None:
            self.received = b""

        def receive_data(self, data: Any, /) -> None:
            self.received += data

        def data_to_send(self) -> bytes:
            return self.received

        def next_event(self) -> zttp.Event:
            return zttp.Data(self.received)

        def is_closed(self) -> bool:
            return False

    assert Echo().receive_event(b"abc") == zttp.Data(b"abc")
    with pytest.raises(TypeError, match=r"\S"):
        zttp.ByteStreamConnection(zttp.SERVER)


def test_arguments_may_be_given_by_name(register: Any) -> None:
    register()
    connection = zttp.Connection(role=zttp.CLIENT, protocol="toy")
    assert isinstance(connection, Toy)
    assert connection.role == zttp.CLIENT


def test_options_are_passed_on(register: Any) -> None:
    register()
    assert toy(colour="blue").colour == "blue"


def test_a_factory_is_called_in_place_of_the_class(register: Any) -> None:
    made = []

    def factory(role: int, **options: Any) -> Toy:
        made.append(options)
        return Toy(role, **options)

    register(factory=factory)
    assert isinstance(toy(), zttp.Connection)
    assert toy(colour="blue").colour == "blue"
    assert made == [{}, {"colour": "blue"}]


def test_a_change_of_the_registry_is_seen(register: Any) -> None:
    register()
    toy()
    zttp.register_protocol(describe(connection=Derived), replace=True)
    assert type(toy()) is Derived


@pytest.mark.parametrize("role", [0, 3, "server", None])
def test_the_role_is_checked(register: Any, role: Any) -> None:
    register()
    with pytest.raises(ValueError, match=rf"^role must be zttp.SERVER \(1\) or zttp.CLIENT \(2\), got {role!r}$"):
        toy(role)


@pytest.mark.parametrize(("supported", "other", "side"), [(1, 2, "server"), (2, 1, "client")])
def test_a_role_that_the_protocol_does_not_have(register: Any, supported: int, other: int, side: str) -> None:
    register(roles=frozenset((supported,)))
    assert toy(supported, colour="blue").colour == "blue"
    for options in ({}, {"colour": "blue"}):
        with pytest.raises(zttp.LocalProtocolError, match=r"^protocol 'toy' supports") as caught:
            toy(other, **options)
        assert str(caught.value) == f"protocol 'toy' supports the {side} role only"
        assert caught.value.reason == "role_not_supported"


def test_an_unknown_option_is_named_with_the_nearest_one(register: Any) -> None:
    register()
    text = r"^Toy has no option 'max_streams'; did you mean 'max_concurrent_streams'\?$"
    with pytest.raises(TypeError, match=text):
        toy(max_streams=3)
    with pytest.raises(TypeError, match=r"^Toy has no option 'xyz'. It has: colour, max_concurrent_streams$"):
        toy(xyz=3)


def test_a_type_error_about_anything_else_is_the_plugins_own(register: Any) -> None:
    def refuse(role: int, **options: Any) -> Toy:
        raise TypeError("colour must be a str")

    register(factory=refuse)
    with pytest.raises(TypeError, match=r"^colour must be a str$"):
        toy(colour=3)


def test_a_class_that_takes_any_option_decides_for_itself(register: Any) -> None:
    class Tolerant:
        def __init__(self, role: int, **options: Any) -> None:
            raise TypeError("not today")

    register(connection=Tolerant)
    with pytest.raises(TypeError, match=r"^not today$"):
        toy(whatever=3)


def test_a_class_without_a_signature_speaks_for_itself(register: Any) -> None:
    register(connection=array)  # written in C, like a class that somebody compiled with another tool
    with pytest.raises(TypeError, match=r"^array\.array\(\) takes no keyword arguments$"):
        toy(whatever=3)


@pytest.mark.parametrize("protocol", [b"h2", ["h2"], 2.5])
def test_what_cannot_name_a_protocol_is_a_type_error(protocol: Any) -> None:
    with pytest.raises(TypeError, match=r"^protocol must be a str or an int, got "):
        zttp.Connection(zttp.SERVER, protocol)


def test_a_plugin_may_derive_its_class(register: Any) -> None:
    register(connection=Derived)
    connection = toy(colour="blue")
    assert type(connection) is Derived
    assert connection.colour == "blue"
    assert isinstance(connection, zttp.Connection)


def test_a_derived_class_is_called_like_any_class() -> None:
    class Further(Derived):
        pass

    assert (Derived(2, colour="blue").colour, Further(1).role) == ("blue", 1)
    assert list(inspect.signature(Derived).parameters) == ["role", "colour"]


def test_a_derived_class_must_define_what_every_connection_has() -> None:
    class Incomplete(zttp.Connection):
        def __init__(self, role: int) -> None:
            self.role = role

    with pytest.raises(TypeError, match=r"abstract class Incomplete .*is_closed.*next_event"):
        Incomplete(1)


def test_the_signature_is_what_may_be_passed() -> None:
    assert list(inspect.signature(zttp.Connection).parameters) == ["role", "protocol", "options"]


def test_without_negotiation_it_is_http_1() -> None:
    if not any(info.name == zttp.HTTP1 for info in zttp.protocols()):
        pytest.skip("zttp-h1 is not installed")
    expected = type(zttp.Connection(zttp.SERVER))
    for protocol in (zttp.HTTP1, 1, None):
        assert type(zttp.Connection(zttp.SERVER, protocol)) is expected is zttp.H1Connection
    assert isinstance(zttp.Connection(zttp.CLIENT), zttp.Connection)


def test_what_a_plugin_brings_is_imported_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(zttp), "QuicEndpoint", raising=False)
    package = ModuleType("zttp_h3")
    package.QuicEndpoint = Toy  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "zttp_h3", package)
    assert vars(zttp)["__getattr__"]("QuicEndpoint") is Toy
    monkeypatch.delitem(vars(zttp), "QuicEndpoint")


def test_an_absent_plugin_names_the_remedy_and_a_broken_one_its_own_error(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delitem(vars(zttp), "CloseInfo", raising=False)
    monkeypatch.setitem(sys.modules, "zttp_h3", None)
    with pytest.raises(zttp.PluginAttributeError, match=r"^zttp.CloseInfo needs HTTP/3 support"):
        zttp.CloseInfo  # noqa: B018
    monkeypatch.delitem(sys.modules, "zttp_h3")
    (tmp_path / "zttp_h3.py").write_text("import a_module_that_nobody_has")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="a_module_that_nobody_has"):
        zttp.CloseInfo  # noqa: B018


def test_the_version_is_that_of_the_distribution() -> None:
    try:
        installed = version("zttp")
    except PackageNotFoundError:
        pytest.skip("zttp is run from its sources")
    assert zttp.__version__ == installed


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"^module 'zttp' has no attribute 'nothing'$"):
        zttp.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_the_numbers_of_http_2_are_there_without_http_2() -> None:
    assert int(zttp.H2ErrorCode.ENHANCE_YOUR_CALM) == 0xB  # RFC 9113 7
    assert int(zttp.H2Settings.MAX_FRAME_SIZE) == 0x5  # RFC 9113 6.5.2


def test_all_and_dir_agree_with_what_can_be_had() -> None:
    exported = vars(zttp)["__all__"]
    assert all(hasattr(zttp, name) for name in exported)
    assert set(exported) <= set(dir(zttp))
    assert all(hasattr(zttp, name) for name in dir(zttp))


# ------------------------------------------------------------------------- the same answer after any earlier calls


class Spelled(StrEnum):
    """Protocols by a name of one's own."""

    TOY = "toy"


class Numbered(IntEnum):
    """The same by number."""

    TOY = 7


class Roles(IntEnum):
    """Roles by a name of one's own."""

    SERVER = 1
    CLIENT = 2
    NEITHER = 3


@pytest.mark.parametrize("before", [[], ["toy", 7, 1, None]], ids=["first", "afterwards"])
def test_a_spelling_is_told_from_what_is_equal_to_it(register: Any, before: list[Any]) -> None:
    register(aliases=(7, 0))
    for spelling in before:
        zttp.Connection(zttp.SERVER, spelling)
    for spelling in (Spelled.TOY, Numbered.TOY, "toy", 7, 0):
        connection: object = zttp.Connection(zttp.SERVER, spelling)
        assert type(connection) is Toy
    wrong: Any
    for wrong in (True, False, 7.0, 1.0):
        with pytest.raises(TypeError, match=r"^protocol must be a str or an int, got "):
            zttp.Connection(zttp.SERVER, wrong)


def test_a_role_may_be_the_member_of_an_enumeration_and_no_bool(register: Any) -> None:
    register()
    for role in (Roles.SERVER, Roles.CLIENT):
        connection = toy(role)
        assert (connection.role, type(connection.role)) == (int(role), int)
    for wrong in (True, 1.0, Roles.NEITHER, "1"):
        with pytest.raises(ValueError, match=r"^role must be zttp.SERVER \(1\) or zttp.CLIENT \(2\), got "):
            toy(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["H1Connection", "H2Connection"])
@pytest.mark.parametrize("role", [0, 3, -1, 2**70, "server", None])
def test_the_classes_check_the_role_themselves(name: str, role: Any) -> None:
    connection_class = getattr(zttp, name)
    with pytest.raises((ValueError, TypeError), match=r"role must be zttp.SERVER \(1\)|int object expected"):
        connection_class(role)
    if isinstance(role, int):
        with pytest.raises(ValueError, match=rf"^role must be zttp.SERVER \(1\) or zttp.CLIENT \(2\), got {role}$"):
            connection_class(role)


DIRECT = """
import importlib, sys
module, name = sys.argv[1].split(":")
connection = getattr(importlib.import_module(module), name)(1)
import zttp
order = (zttp.Connection, zttp.ByteStreamConnection)[:: 1 if sys.argv[2] == "wide" else -1]
print([isinstance(connection, one) for one in order], [issubclass(type(connection), one) for one in order])
print(isinstance(5, zttp.Connection), isinstance(zttp, zttp.Connection), "zttp_h2.connection" in sys.modules)
"""


@pytest.mark.parametrize(
    "made", ["zttp_h1:H1Connection", "zttp_h2:H2Connection", "zttp_scgi.connection:ScgiConnection"]
)
@pytest.mark.parametrize("first", ["wide", "narrow"])
def test_what_a_plugins_class_makes_is_a_connection_though_the_facade_never_made_one(
    made: str, first: str, tmp_path: Path
) -> None:
    pytest.importorskip("zttp_h2.plugin")
    info = tmp_path / "zttp_scgi-0.3.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[zttp.protocols]\nscgi = zttp_scgi.plugin\n")
    source = Path(__file__).parents[2] / "examples/third_party_plugin/src"
    code = f"import sys; sys.path += [{str(tmp_path)!r}, {str(source)!r}]\n{DIRECT}"
    done = subprocess.run([sys.executable, "-c", code, made, first], capture_output=True, text=True, check=False)
    assert done.stdout == f"[True, True] [True, True]\nFalse False {'h2' in made}\n", done.stdout + done.stderr


PACKAGES = {"http/1.1": "h1", "h2": "h2", "h3": "h3"}


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickle.dumps])
@pytest.mark.parametrize("protocol", PACKAGES)
def test_a_connection_is_not_copied(protocol: str, again: Callable[[object], object]) -> None:
    """Two objects with one state would each receive the other's bytes."""
    pytest.importorskip(f"zttp_{PACKAGES[protocol]}.plugin")
    options = {"server_name": "localhost"} if protocol == "h3" else {}
    with pytest.raises(TypeError, match=r"^a connection cannot be copied or pickled"):
        again(zttp.Connection(zttp.CLIENT, protocol, **options))


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, pickle.dumps])
def test_what_belongs_to_connections_is_not_copied(again: Callable[[object], object]) -> None:
    """A copy would send in place of the other, or accept a ticket twice."""
    pytest.importorskip("zttp_h2.plugin")
    h3 = pytest.importorskip("zttp_h3")
    fields = [(b"host", b"localhost")]
    for protocol, options in (("h2", {}), ("h3", {"server_name": "localhost"})):
        client: Any = zttp.Connection(zttp.CLIENT, protocol, **options)
        with pytest.raises(TypeError, match=r"^a stream cannot be copied or pickled"):
            again(client.send_request(b"GET", b"/", b"2", fields))
    with pytest.raises(TypeError, match=r"^an endpoint cannot be copied or pickled"):
        again(h3.QuicEndpoint())
    with pytest.raises(TypeError, match=r"^ticket keys cannot be copied or pickled"):
        again(h3.TicketKeys())


def test_what_has_been_a_connection_remains_one(register: Any) -> None:
    class Whole:
        def __init__(self, role: int) -> None:
            self.role = role

        def next_event(self) -> None: ...
        def is_closed(self) -> None: ...

    connection = Whole(1)
    assert not isinstance(connection, zttp.Connection)
    zttp.register_protocol(describe("passing", connection=Whole))
    assert isinstance(connection, zttp.Connection)
    zttp.unregister_protocol("passing")
    assert isinstance(connection, zttp.Connection)
    assert not isinstance(connection, Derived)


# ----------------------------------------------------------------------------------------- options and signatures


def test_the_signature_of_what_is_called_decides_which_options_there_are(register: Any) -> None:
    def factory(role: int, *, paint: str = "red", limit: int = 1) -> Toy:
        if not isinstance(paint, str):
            raise TypeError(f"paint must be a str, got {paint!r}")
        return Toy(role, colour=paint)

    register(factory=factory)
    assert toy(paint="blue").colour == "blue"
    with pytest.raises(TypeError, match=r"^paint must be a str, got 3$"):
        toy(paint=3)
    with pytest.raises(TypeError, match=r"^Toy has no option 'colour'. It has: paint, limit$"):
        toy(colour="blue")


def test_what_cannot_be_passed_by_name_is_no_option(register: Any) -> None:
    def factory(side: int, hidden: int = 0, /, shown: int = 0, *more: int, last: int = 0) -> Toy:
        return Toy(side)

    register(factory=factory)
    for name in ("hidden", "side", "more"):
        with pytest.raises(TypeError, match=rf"^Toy has no option '{name}'"):
            toy(**{name: 1})
    assert isinstance(toy(shown=1, last=2), Toy)


@pytest.mark.compiled_only(reason="interpreted classes look at their limits when they need one")
@pytest.mark.parametrize("limits", [5, "none"])
@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_a_bad_value_for_an_option_that_there_is(protocol: str, limits: Any) -> None:
    pytest.importorskip("zttp_h2.plugin")
    with pytest.raises(TypeError) as caught:
        zttp.Connection(zttp.SERVER, protocol, limits=limits)
    assert "no option" not in str(caught.value)


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_the_options_of_compiled_classes_are_known_too(protocol: str) -> None:
    pytest.importorskip("zttp_h2.plugin")
    with pytest.raises(TypeError, match=r"^H[12]Connection has no option 'limit'; did you mean 'limits'\?$"):
        zttp.Connection(zttp.SERVER, protocol, limit=1)


def test_what_is_asked_for_is_shown_in_part(register: Any) -> None:
    register()
    with pytest.raises(TypeError) as caught:
        toy(**{"\x1b" + "x" * 100_000: 1})
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()
