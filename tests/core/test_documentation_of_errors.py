"""An error has the address of the page that explains it, and a traceback prints it; making it costs no more."""

import ast
import copy
import pickle
import tomllib
import traceback
from pathlib import Path

import pytest

import zttp
from zttp_core import errors
from zttp_core.reasons import REASONS, local_error, remote_error

ROOT = Path(__file__).parents[2]
GIVEN_TO = ("Malformed", "local_error", "remote_error", "refuse")


def duplicate_host() -> zttp.ProtocolError:
    conn = zttp.Connection(zttp.SERVER)
    conn.receive_data(b"GET / HTTP/1.1\r\nHost: example.com\r\nHost: example.org\r\n\r\n")
    with pytest.raises(zttp.RemoteProtocolError) as raised:
        conn.next_event()
    return raised.value


def test_a_traceback_says_what_where_which_rule_and_links_to_its_page() -> None:
    shown = traceback.format_exception_only(duplicate_host())
    assert "".join(shown).splitlines() == [
        "zttp_core.errors.RemoteProtocolError: a request must not have more than one Host field (RFC 9112 3.2)",
        "at byte 35 of the input",
        "see https://zttp.readthedocs.io/en/latest/errors/#duplicate_host",
    ]


def test_the_message_itself_is_one_line() -> None:
    assert str(duplicate_host()) == "a request must not have more than one Host field (RFC 9112 3.2)"


@pytest.mark.parametrize("reason", sorted(REASONS))
def test_every_reason_has_its_address(reason: str) -> None:
    address = f"{errors.DOCUMENTATION}errors/#{reason}"
    assert remote_error(reason).documentation == address
    assert local_error(reason).documentation == address


def test_every_reason_that_is_given_has_a_row() -> None:
    # Without one no error is made: the application gets a KeyError.
    given = {
        node.args[0].value
        for path in sorted((ROOT / "plugins").glob("*/src/**/*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in GIVEN_TO
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }
    assert len(given) > 100
    assert given <= set(REASONS)


def test_a_reason_of_a_third_party_has_no_page_of_ours() -> None:
    error = zttp.LocalProtocolError("no", reason="theirs", stream_id=3)
    assert error.documentation is None
    assert error.__notes__ == ["at stream 3"]
    assert zttp.LocalProtocolError("no", reason="theirs").__notes__ == []


def test_notes_can_be_added() -> None:
    error = duplicate_host()
    error.add_note("from 192.0.2.1")
    assert error.__notes__[-1] == "from 192.0.2.1"
    assert len(error.__notes__) == 3


def test_notes_are_copied_and_pickled_with_the_error() -> None:
    error = duplicate_host()
    error.add_note("from 192.0.2.1")
    for copied in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert copied.__notes__ == error.__notes__
        assert copied.documentation == error.documentation


def test_nothing_is_made_before_somebody_asks() -> None:
    assert "_notes" not in vars(duplicate_host())


def test_the_address_is_that_of_the_metadata() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    assert urls["Documentation"] == errors.DOCUMENTATION
