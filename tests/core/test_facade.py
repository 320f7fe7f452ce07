"""``zttp.Connection``: calling it makes the plugin's object, and that object is a ``Connection``."""

import inspect
import sys
from collections.abc import Iterator
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
        with pytest.raises(zttp.LocalProtocolError, match=f"^protocol 'toy' supports the {side} role only$") as caught:
            toy(other, **options)
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
    register(connection=dict)  # written in C, like a class that somebody compiled with another tool
    with pytest.raises(TypeError, match=r"^'int' object is not iterable$"):
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
    package = ModuleType("zttp_h3")
    package.QuicEndpoint = Toy  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "zttp_h3", package)
    assert zttp.QuicEndpoint is Toy
    monkeypatch.delitem(vars(zttp), "QuicEndpoint")


def test_an_absent_plugin_names_the_remedy_and_a_broken_one_its_own_error(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "zttp_h3", None)
    with pytest.raises(
        zttp.PluginAttributeError, match=r'^zttp.CloseInfo needs HTTP/3 support: pip install "zttp\[h3\]"$'
    ):
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
