"""The cost of single operations on this machine, in nanoseconds: `python docs/examples/costs.py [seconds for each]`."""

import gc
import sys
import timeit
from collections.abc import Callable

import zttp
import zttp_h1

FIELDS = b"".join(b"X-Field-%d: some value of this field\r\n" % number for number in range(12))
REQUEST = b"GET /api/items?page=1 HTTP/1.1\r\nHost: example.com\r\n" + FIELDS + b"\r\n"
OTHER_TARGETS = [REQUEST.replace(b"page=1", b"page=%d" % number) for number in range(10, 26)]
DIFFERENT = [REQUEST.replace(b"some value", b"value %04d" % number) for number in range(16)]


def parse() -> zttp.Request:
    conn = zttp.Connection(zttp.SERVER)
    event = conn.receive_event(REQUEST)
    assert isinstance(event, zttp.Request)
    return event


def listed() -> list[tuple[bytes, bytes]]:
    return parse().headers.to_list()


def kept_alive(requests: list[bytes]) -> Callable[[], None]:
    """Read some requests in turn on one connection."""
    conn, turn = zttp.Connection(zttp.SERVER), 0

    def read() -> None:
        nonlocal turn
        conn.receive_event(requests[turn])
        turn = (turn + 1) % len(requests)
        conn.next_event()
        conn.start_next_cycle()

    return read


COSTS: dict[str, Callable[[], object]] = {
    "zttp.Connection(zttp.SERVER)": lambda: zttp.Connection(zttp.SERVER),
    "zttp.H1Connection(zttp.SERVER)": lambda: zttp.H1Connection(zttp.SERVER),
    "a request of 13 fields, a new connection": parse,
    "the same, and all fields as a list": listed,
    "the same, with lower-case names": lambda: parse().headers.to_list(lowercase_names=True),
    "the same, and one field by name": lambda: parse().headers.get(b"host"),
    "kept alive, the same request every time": kept_alive([REQUEST]),
    "kept alive, another target, the same fields": kept_alive(OTHER_TARGETS),
    "kept alive, different fields every time": kept_alive(DIFFERENT),
}


def main(seconds: float) -> None:
    print("compiled" if zttp_h1.COMPILED else "interpreted")
    gc.disable()
    for name, work in COSTS.items():
        number = max(1, int(seconds / 5 / (min(timeit.repeat(work, number=20, repeat=3)) / 20)))
        print(f"{min(timeit.repeat(work, number=number, repeat=5)) / number * 1e9:8,.0f}  {name}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.5)
