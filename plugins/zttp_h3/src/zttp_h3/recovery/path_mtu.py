"""The search for the largest datagrams of a path (RFC 9000 14.3, RFC 8899).

A probe is a separate packet without data: its loss delays nothing, and is not congestion (RFC 9000 14.4). Connections
that send little do not probe, because only full datagrams benefit from a larger size.

    BASE ---- datagrams were full ----> SEARCHING ---- nothing left to try ----> COMPLETE
     ^                                     ^   |                                  |   |
     |                                     +---|------- some time later ----------+   |
     +------------------- larger ones vanish --+--------------------------------------+

The largest size is tried first, because most paths carry it; then the middle of the remaining range.
"""

from typing import Final, final

from zttp_h3.native_ints import i64, mypyc_attr

BASE_SIZE: Final = 1200  # RFC 9000 14: the size that every path carries (BASE_PLPMTU of RFC 8899 5.1.2)

BASE: Final = 0
SEARCHING: Final = 1
COMPLETE: Final = 2

# Events of a search.
_BEGUN: Final = 0
_EXHAUSTED: Final = 1
_VANISHED: Final = 2

# RFC 8899 5.2. Other pairs change nothing.
TRANSITIONS: Final[dict[tuple[int, int], int]] = {
    (BASE, _BEGUN): SEARCHING,
    (COMPLETE, _BEGUN): SEARCHING,
    (SEARCHING, _EXHAUSTED): COMPLETE,
    (SEARCHING, _VANISHED): BASE,
    (COMPLETE, _VANISHED): BASE,
}

_MOST_PROBES: Final = 3  # of one size, MAX_PROBES of RFC 8899 5.1.2
_RAISE_AFTER: Final = 600_000_000  # PMTU_RAISE_TIMER of RFC 8899 5.1.1
_FULL_DATAGRAMS: Final = 8  # full datagrams before the first probe
_CLOSE_ENOUGH: Final = 16  # bytes
_VANISHING_ROUNDS: Final = 3  # of losses, with no larger datagram acknowledged between them

NO_PROBE: Final = -1


@final
@mypyc_attr(acyclic=True)
class PathMtu:
    """The search on one path. ``size`` is the largest known size, in bytes of UDP payload."""

    def __init__(self) -> None:
        self.size: i64 = BASE_SIZE
        self.state: i64 = BASE
        self.probe: i64 = NO_PROBE  # the packet number of the probe in flight
        self._most: i64 = BASE_SIZE  # that is tried
        self._ceiling: i64 = BASE_SIZE  # the largest size that is still possible
        self._probe_size: i64 = 0
        self._failed: i64 = 0  # probes of that size
        self._full: i64 = 0
        self._not_before: i64 = 0  # when the next search may begin
        self._vanishing: i64 = 0

    def restart(self) -> None:
        """Start again, on another path (RFC 9000 14.2)."""
        self.size = BASE_SIZE
        self.state = BASE
        self.probe = NO_PROBE
        self._full = 0
        self._not_before = 0
        self._vanishing = 0

    def search_up_to(self, most: i64) -> None:
        """Try sizes up to ``most``. Before this nothing is tried: a path is probed after the handshake."""
        self._most = most

    def on_full(self) -> None:
        """Count a datagram that was full."""
        self._full += 1

    def size_to_probe(self, now: i64) -> i64:
        """Return the size of a probe to send now, 0 for none."""
        if self.state != SEARCHING:
            if self.size >= self._most or self._full < _FULL_DATAGRAMS or now < self._not_before:
                return 0
            self._ceiling = self._most
            self._probe_size = self._most
            self._failed = 0
            self._pass(_BEGUN)
        return self._probe_size if self.probe == NO_PROBE else 0

    def on_probe_sent(self, number: i64) -> None:
        """Record the packet number of a probe of ``size_to_probe``."""
        self.probe = number

    def on_probe_acknowledged(self, now: i64) -> None:
        """Adopt the size that has arrived; another probe follows if it is far below the maximum."""
        self.probe = NO_PROBE
        self.size = self._probe_size
        self._vanishing = 0
        self._continue(now)

    def on_probe_lost(self, now: i64) -> None:
        """Try the size again, a few times; then a smaller one."""
        self.probe = NO_PROBE
        self._failed += 1
        if self._failed >= _MOST_PROBES:
            self._ceiling = self._probe_size - 1
            self._continue(now)

    def on_larger_acknowledged(self) -> None:
        """Record that datagrams above the base size arrive."""
        self._vanishing = 0

    def on_larger_lost(self, now: i64) -> bool:
        """Record that datagrams above the base size were lost together; True for a black hole (RFC 8899 4.3)."""
        self._vanishing += 1
        return self._vanishing >= _VANISHING_ROUNDS and self.on_black_hole(now)

    def on_black_hole(self, now: i64) -> bool:
        """Fall back to the base size: nothing larger arrives; True if that changes the size."""
        changed = self.size > BASE_SIZE
        if changed:
            self._pass(_VANISHED)
            self.size = BASE_SIZE
            self.probe = NO_PROBE
            self._vanishing = 0
            self._not_before = now + _RAISE_AFTER
        return changed

    def _continue(self, now: i64) -> None:
        self._failed = 0
        if self._ceiling - self.size < _CLOSE_ENOUGH:
            self._pass(_EXHAUSTED)
            self._not_before = now + _RAISE_AFTER
        else:
            self._probe_size = (self.size + self._ceiling + 1) // 2

    def _pass(self, happened: int) -> None:
        self.state = TRANSITIONS.get((int(self.state), happened), int(self.state))
