"""Makes foreign text safe to print: one line, limited length, no terminal control characters."""

from __future__ import annotations

from typing import Any, Final

_LONGEST_VALUE: Final = 80
_LONGEST_LINE: Final = 300


def one_line(text: str, limit: int = _LONGEST_LINE) -> str:
    """Return a text on one line, with unprintable characters escaped, shortened to the limit."""
    plain = str.__str__(text)
    cut = plain[: limit + 1]
    if not cut.isprintable():
        cut = "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in cut)
    return cut if len(plain) <= limit and len(cut) <= limit else cut[: limit - 3] + "..."


def shown(value: object, limit: int = _LONGEST_VALUE) -> str:
    """Return the ``repr`` of a foreign value: it may fail, and it may be endless."""
    try:
        if isinstance(value, (str, bytes)) and len(value) > limit:
            value = value[:limit]  # the part that is cut below need not be escaped
        text = repr(value)
    except BaseException as error:  # noqa: BLE001 - the value's own method
        _pass_on(error, value)
        text = f"<{class_name(type(value))} that cannot be shown>"
    return one_line(text, limit)


def words_of(error: BaseException) -> str:
    """Return the text of an error."""
    try:
        return one_line(str(error))
    except BaseException as another:  # noqa: BLE001 - the error's own method
        _pass_on(another, error)
        return "<an error that cannot be shown>"


def said_by(error: BaseException) -> str:
    """Return the class and the text of an error, like the last line of a traceback."""
    words = words_of(error)
    return f"{class_name(type(error))}: {words}" if words else class_name(type(error))


def place_of(error: BaseException) -> str:
    """Return where an error was raised: file, line, and the source line."""
    traceback = own_of(error, "__traceback__")
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    file, line = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
    try:
        from linecache import getline

        source = getline(file, line).strip()
    except Exception:  # noqa: BLE001 - whatever is loaded by something of its own may bring its source in its own way
        source = ""
    return one_line(f"at {file}:{line}: {source}".removesuffix(": "))


def own_of(error: BaseException, attribute: str) -> Any:
    """Return an attribute of every error, as set by Python: the class may have a property of that name."""
    return vars(BaseException)[attribute].__get__(error)


def class_path(value: type) -> str:
    """Return ``module:Class``."""
    return one_line(f"{_of_type(value, '__module__')}:{_of_type(value, '__qualname__')}")


def _pass_on(error: BaseException, value: object) -> None:
    """Raise an interruption that is not an error of ``value``, whose text could not be made."""
    from zttp_core.moments import interrupts

    if interrupts(error, [_of_type(type(value), "__module__")]):
        raise error


def class_name(value: type) -> str:
    """Return only the name of a class."""
    return one_line(_of_type(value, "__name__"), _LONGEST_VALUE)


def _of_type(value: type, attribute: str) -> str:
    """Return a name of a class, without calling its metaclass, which may return anything."""
    found = type.__getattribute__(value, attribute)
    return found if isinstance(found, str) else "?"
