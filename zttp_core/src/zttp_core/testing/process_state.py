"""The global settings of a process."""

from __future__ import annotations

import decimal
import gc
import os
import signal
import socket
import sys
import threading
import warnings
from typing import Any


def process_state() -> dict[str, Any]:
    """Return the settings by name, as comparable values."""
    return {
        "sys.path": list(sys.path),
        "sys.meta_path": [id(finder) for finder in sys.meta_path],
        "sys.path_hooks": [id(hook) for hook in sys.path_hooks],
        "sys.getrecursionlimit()": sys.getrecursionlimit(),
        "sys.getswitchinterval()": sys.getswitchinterval(),
        "sys.excepthook": id(sys.excepthook),
        "sys.unraisablehook": id(sys.unraisablehook),
        "threading.excepthook": id(threading.excepthook),
        "warnings.filters": [repr(one) for one in warnings.filters],
        "decimal.getcontext()": repr(decimal.getcontext()),
        "socket.getdefaulttimeout()": socket.getdefaulttimeout(),
        "gc.isenabled()": gc.isenabled(),
        "gc.get_threshold()": gc.get_threshold(),
        "signal handlers": [id(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
        "os.environ": dict(os.environ),
        "os.getcwd()": os.getcwd(),  # noqa: PTH109
    }


def changed(before: dict[str, Any]) -> list[str]:
    """Return the names of the changed settings."""
    now = process_state()
    return [name for name, value in before.items() if now[name] != value]
