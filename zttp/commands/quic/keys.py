"""Decrypts the packets of one sender for an observer, with the secrets of a key log (RFC 9001 5, 6).

The negotiated suite is found by trying: authentication succeeds only with the right one, also for early data and
without the ServerHello.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from zttp_h3.protection.labels import Labels, labels_of
from zttp_h3.protection.packet_keys import (
    MIN_PROTECTED,
    Forgeries,
    HeaderProtection,
    Opener,
    PacketKey,
    open_header,
    plain_header,
)
from zttp_h3.protection.suites import SAMPLE_SIZE, SUITES, Suite
from zttp_h3.wire.packet_header import KEY_PHASE_BIT

_NO_LIMIT: Final = 2**62 - 1


class Opened(NamedTuple):
    """The content of a packet."""

    number: int
    payload: bytes
    key_phase: int = 0


class LongHeaderKeys:
    """The keys of one type of packets with long headers: from a secret, or those of Initial packets."""

    def __init__(self, *openers: Opener) -> None:
        self._openers = list(openers)

    def open(self, datagram: bytes, at: int, number_at: int, stop: int, largest: int) -> Opened | None:
        """Open a packet; None if it is not authentic. ``largest`` is the largest number in its space, or -1."""
        for opener in self._openers:
            _, number, payload = opener.open(datagram, at, number_at, stop, largest)
            if number >= 0:
                self._openers = [opener]
                return Opened(number, payload)
        return None


def keys_of_secret(secret: bytes, version: int) -> LongHeaderKeys:
    """Return the keys for packets that are protected with a secret."""
    labels = labels_of(version)
    return LongHeaderKeys(*(Opener(suite, labels, secret, unlimited()) for suite in _suites(secret)))


class OneRttKeys:
    """The keys of packets with short headers: those of every phase, from the first one on.

    An endpoint drops old keys; an observer keeps them all, because a capture has late packets.
    """

    def __init__(self, secret: bytes, version: int) -> None:
        labels = labels_of(version)
        self._candidates = [_Phases(suite, labels, secret) for suite in _suites(secret)]

    def open(self, datagram: bytes, at: int, number_at: int, stop: int, largest: int) -> Opened | None:
        """As ``LongHeaderKeys.open``."""
        if stop - number_at < MIN_PROTECTED:
            return None
        for phases in self._candidates:
            if (opened := phases.open(datagram, at, number_at, stop, largest)) is not None:
                self._candidates = [phases]
                return opened
        return None


class _Phases:
    """The keys of one suite, phase by phase."""

    def __init__(self, suite: Suite, labels: Labels, secret: bytes) -> None:
        self._suite, self._labels, self._secret = suite, labels, secret  # the secret of the newest key
        self._protection = HeaderProtection(suite, labels, secret)
        self._keys = [PacketKey(suite, labels, secret, seals=False)]
        self._phase = 0

    def open(self, datagram: bytes, at: int, number_at: int, stop: int, largest: int) -> Opened | None:
        mask = self._protection.masks(datagram[number_at + 4 : number_at + 4 + SAMPLE_SIZE])
        first, number, length = open_header(datagram, at, number_at, mask, largest)
        header = plain_header(datagram, at, number_at, first, number, length)
        protected = datagram[number_at + length : stop]
        for phase in self._likely(bool(first & KEY_PHASE_BIT)):
            payload = self._key(phase).decrypt(number, protected, header)
            if payload is not None:
                self._phase = max(self._phase, phase)
                return Opened(number, payload, phase)
        return None

    def _likely(self, bit: bool) -> tuple[int, ...]:
        """Return the phases that the bit in the header may mean (RFC 9001 6.5): the next one, or an earlier one."""
        phase = self._phase
        return (phase,) if phase % 2 == bit else (phase + 1, phase - 1)[: 1 + (phase > 0)]

    def _key(self, phase: int) -> PacketKey:
        while phase >= len(self._keys):
            self._secret = self._labels.next_secret(self._suite, self._secret)
            self._keys.append(PacketKey(self._suite, self._labels, self._secret, seals=False))
        return self._keys[phase]


def unlimited() -> Forgeries:
    """Return a count without a limit: packets that an observer cannot decrypt end no connection (RFC 9001 6.6)."""
    return Forgeries(_NO_LIMIT)


def _suites(secret: bytes) -> list[Suite]:
    return [suite for suite in SUITES.values() if suite.hash_size == len(secret)]
