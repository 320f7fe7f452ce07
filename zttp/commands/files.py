"""The responses of ``serve``: the files of a directory, and nothing outside it."""

from __future__ import annotations

import html
import mimetypes
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

Fields = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """A response: its content is a file or a few bytes."""

    status: int
    fields: Fields
    content: bytes | Path
    length: int


def answer(root: Path, method: bytes, path: bytes) -> Answer:
    """Return the answer to a request. ``root`` is resolved."""
    if method not in (b"GET", b"HEAD"):
        return _short(405, b"only GET and HEAD are answered here\n", [(b"allow", b"GET, HEAD")])
    found = locate(root, path)
    if found is None:
        return _short(404, b"there is no such file\n")
    if found.is_dir():
        if not path.endswith(b"/"):
            there = quote(found.relative_to(root).as_posix())  # never "//host/", whatever the path was
            return _short(308, b"", [(b"location", f"/{there}/".encode("ascii"))])
        if not (found / "index.html").is_file():
            listing = _listing(found, path)
            return Answer(200, _fields("text/html; charset=utf-8", len(listing)), listing, len(listing))
        found = found / "index.html"
    try:
        size = found.stat().st_size
        with found.open("rb"):
            pass
    except OSError:
        return _short(403, b"this file cannot be read\n")
    kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    return Answer(200, _fields(kind, size), found, size)


def locate(root: Path, path: bytes) -> Path | None:
    """Return the file or folder of a request's path; ``None`` if it is missing, hidden, or outside the root.

    The check for outside comes last, for the file itself: after ``..``, escapes and symbolic links.
    """
    try:
        parts = [part for part in unquote_to_bytes(path).decode("utf-8").split("/") if part]
    except UnicodeDecodeError:
        return None
    if not path.startswith(b"/") or any(part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None  # ".." is hidden, too
    try:
        found = root.joinpath(*parts).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a loop of symbolic links, before Python 3.13
        return None
    return found if found.is_relative_to(root) and (found.is_dir() or found.is_file()) else None


def _fields(kind: str, length: int) -> Fields:
    return [
        (b"content-type", kind.encode("ascii")),
        (b"content-length", b"%d" % length),
        (b"x-content-type-options", b"nosniff"),
    ]


def _short(status: int, content: bytes, more: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    return Answer(status, [*_fields("text/plain; charset=utf-8", len(content)), *more], content, len(content))


def _listing(folder: Path, path: bytes) -> bytes:
    title = html.escape(unquote_to_bytes(path).decode("utf-8"))
    names = sorted(f"{item.name}{'/' if item.is_dir() else ''}" for item in folder.iterdir() if item.name[:1] != ".")
    items = "".join(f'<li><a href="{quote(name)}">{html.escape(name)}</a></li>' for name in names)
    return f"<!doctype html><meta charset=utf-8><title>{title}</title><h1>{title}</h1><ul>{items}</ul>".encode()
