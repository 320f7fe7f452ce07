"""Connections that use time, entropy or other state of the process that was not passed in, by every name."""

import gc
import logging
import os
import random
import secrets
import sys
import time
import uuid
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from tests.core.bad_protocols import bad
from tests.core.bad_protocols.lines import LineConnection

TEST = "test_no_clock_and_no_environment_is_read"
bound_long_ago = datetime.now
error_stream = sys.stderr


def warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.warn("sending", stacklevel=1)


class Asking(LineConnection):
    """Asks when it sends."""

    def data_to_send(self) -> bytes:
        self.ask()
        return super().data_to_send()

    def ask(self) -> Any:
        raise NotImplementedError


def asking(name: str, message: str, ask: Callable[[Any], Any]) -> None:
    bad(TEST, f"uses what was not handed in: .*{message}")(type(name, (Asking,), {"ask": ask}))


asking("ReadingTheClock", "time.monotonic", lambda _: time.monotonic())
asking("ReadingAnotherClock", "time.clock_gettime", lambda _: time.clock_gettime(time.CLOCK_MONOTONIC))
asking("ReadingTheCalendar", "datetime.now", lambda _: datetime.now(UTC))
asking("ReadingTheDay", "datetime.today", lambda _: date.today())
asking("ReadingABoundCalendar", "datetime.now", lambda _: bound_long_ago(UTC))
asking("FormattingTheTime", "time.strftime", lambda _: time.strftime("%a"))
asking("ReadingTheEnvironment", "os.environ", lambda _: "LINES_DEBUG" in os.environ)
asking("ReadingItsBytes", "os.environ", lambda _: os.environb.get(b"LINES_DEBUG"))
asking("AskingForAVariable", "os.getenv", lambda _: os.getenv("LINES_DEBUG"))
asking("AskingForItsBytes", "os.getenvb", lambda _: os.getenvb(b"LINES_DEBUG"))
asking("SettingAVariable", "os.putenv", lambda _: os.putenv("LINES", "1"))
asking("AskingWhoItIs", "os.getpid", lambda _: os.getpid())
asking("AskingWhereItIs", "os.getcwd", lambda _: os.getcwd())  # noqa: PTH109
asking("Printing", "print", lambda _: print(end=""))  # noqa: T201
asking("WritingErrors", "a standard stream", lambda _: sys.stderr.write(""))
asking(
    "WritingOriginalErrors",
    "a standard stream",
    lambda _: sys.__stderr__.fileno(),
)
asking("WritingToAKeptStream", "a standard stream", lambda _: error_stream.write(""))
asking("WritingBeneathTheStream", "a standard stream", lambda _: sys.stdout.buffer.write(b""))
asking("WritingToADescriptor", "os.write", lambda _: os.write(1, b""))
asking("Logging", "logging", lambda _: logging.getLogger("lines").debug("sending"))
asking("Warning", "warnings.warn", lambda _: warn())
asking("ThrowingDice", "random.random", lambda _: random.random())
asking("ThrowingDiceOfTheSystem", "os.urandom", lambda _: os.urandom(4))
asking("KeepingSecrets", "os.urandom|secrets", lambda _: secrets.token_bytes(4))
asking("NumberingItself", "uuid.uuid4|os.urandom", lambda _: uuid.uuid4())
asking("Collecting", "gc.collect", lambda _: gc.collect(0))
asking("Recursing", "sys.setrecursionlimit", lambda _: sys.setrecursionlimit(sys.getrecursionlimit()))


class WithADefault(LineConnection):
    """Its clock is a default argument: no name is looked up when it is read."""

    def data_to_send(self, clock: Callable[[], float] = time.perf_counter) -> bytes:
        self._sent_at = clock()
        return super().data_to_send()


class WithAClock(LineConnection):
    """Its clock is an attribute of its class."""

    clock: ClassVar[Any] = time.monotonic_ns

    def data_to_send(self) -> bytes:
        self._sent_at = self.clock()
        return super().data_to_send()


bad(TEST, "uses what was not handed in: time.perf_counter")(WithADefault)
bad(TEST, "uses what was not handed in: time.monotonic_ns")(WithAClock)


@bad("test_nothing_is_read_at_import", r"importing tests.core.bad_protocols.at_import uses .*: os.environ, time.time")
class AskingAtImport(LineConnection):
    __module__ = "tests.core.bad_protocols.at_import"
