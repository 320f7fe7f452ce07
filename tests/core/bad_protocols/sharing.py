"""Connections with shared state, which one of them can change for another."""

from collections.abc import Iterable
from threading import get_ident
from typing import Any, ClassVar

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import LineConnection
from zttp_core.events import Request


@bad("test_what_one_connection_received_no_other_gives", r"with b'b' in place of b'y' .* another connection's value is")
@bad("test_connections_share_nothing_that_changes", "connections share what changes: CachingFields.cache")
class CachingFields(LineConnection):
    """Remembers the fields of a request line, and assumes that they are always the same."""

    cache: ClassVar[dict[bytes, Any]] = {}

    def _head(self, end: int) -> Any:
        event = super()._head(end)
        if isinstance(event, Request):
            fields = self.cache.setdefault(event.target, event.headers.to_list())
            return Request(event.method, event.target, fields, http_version=b"lines", end_stream=event.end_stream)
        return event


@bad("test_connections_share_nothing_that_changes", "connections share what changes: Counting.count")
class Counting(LineConnection):
    count = 0

    def receive_data(self, data: Any, /) -> None:
        type(self).count += 1
        super().receive_data(data)


@bad("test_connections_share_nothing_that_changes", "connections share what changes: _seen")
class WithADefaultList(LineConnection):
    """The classic mistake: a mutable default argument."""

    def __init__(self, role: int, *, seen: list[int] = []) -> None:  # noqa: B006
        super().__init__(role)
        self._seen = seen

    def receive_data(self, data: Any, /) -> None:
        self._seen[:] = [len(data)]
        super().receive_data(data)


class Tables:
    """The state of a connection, in an object of its own."""

    __module__ = LineConnection.__module__
    names: ClassVar[list[bytes]] = []

    def __init__(self) -> None:
        self.table = self.names


@bad("test_connections_share_nothing_that_changes", "connections share what changes: _tables.table")
class WithTables(LineConnection):
    __module__ = LineConnection.__module__

    def __init__(self, role: int) -> None:
        super().__init__(role)
        self._tables = Tables()

    def _head(self, end: int) -> Any:
        event = super()._head(end)
        self._tables.table[:] = [name for name, _ in event.headers]
        return event


@bad("test_connections_do_not_disturb_each_other", "two connections that are fed in turns disturb each other")
class WithTheLastRequest(LineConnection):
    """Content belongs to the sender of the last head."""

    last: Iterable[Any] = ()

    def _head(self, end: int) -> Any:
        type(self).last = [self]
        return super()._head(end)

    def _next_event(self) -> Any:
        from zttp_core.sentinels import NEED_DATA

        return NEED_DATA if self._reading and self not in self.last else super()._next_event()


@bad("test_a_connection_may_move_to_another_thread", "begun in another thread, raised .*not where I was born")
class OfItsThread(LineConnection):
    def __init__(self, role: int) -> None:
        super().__init__(role)
        self._home = get_ident()

    def receive_data(self, data: Any, /) -> None:
        if get_ident() != self._home:
            raise RuntimeError("not where I was born")
        super().receive_data(data)
