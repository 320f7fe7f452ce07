"""Recognising the fields that the parser needs: by the length of the name and its words, in any case.

Four bytes at a time and with bit 5 set, which makes a letter lower-case and does not change "-"; it turns no other
token character into a letter. (Words of eight bytes would need constants above 2**62, which mypyc boxes.)
"""

from typing import Final

from librt.strings import read_i32_le

from zttp_core.messages.grammar import LOWER_TABLE
from zttp_h1.head import CLOSE, KEEP_ALIVE, UPGRADE_LISTED
from zttp_h1.native_ints import i64

_LOWER: Final[bytes] = LOWER_TABLE

UNKNOWN: Final = 0
NAME_HOST: Final = 1
NAME_EXPECT: Final = 2
NAME_UPGRADE: Final = 3
NAME_CONNECTION: Final = 4
NAME_CONTENT_LENGTH: Final = 5
NAME_TRANSFER_ENCODING: Final = 6

# The lengths of these names, as bits.
_LENGTHS: Final = (1 << 4) | (1 << 6) | (1 << 7) | (1 << 10) | (1 << 14) | (1 << 17)

_CASE: Final = 0x20202020
_HOST: Final = 0x74736F68
_EXPE: Final = 0x65707865
_PECT: Final = 0x74636570
_UPGR: Final = 0x72677075
_RADE: Final = 0x65646172
_CONN: Final = 0x6E6E6F63
_ECTI: Final = 0x69746365
_TION: Final = 0x6E6F6974
_CONT: Final = 0x746E6F63
_ENT_: Final = 0x2D746E65
_LENG: Final = 0x676E656C
_NGTH: Final = 0x6874676E
_TRAN: Final = 0x6E617274
_SFER: Final = 0x72656673
_ENC_: Final = 0x636E652D  # -enc
_ODIN: Final = 0x6E69646F
_DING: Final = 0x676E6964
_KEEP: Final = 0x7065656B
_ALI_: Final = 0x696C612D  # -ali
_LIVE: Final = 0x6576696C
_CLOS: Final = 0x736F6C63


def _word(raw: bytes, at: i64) -> i64:
    return i64(read_i32_le(raw, at)) | _CASE


def recognise(raw: bytes, at: i64, length: i64) -> i64:
    """Return the number of the name above that ``raw[at:at + length]`` is."""
    if length > 17 or not (_LENGTHS >> length) & 1:
        return UNKNOWN
    if length == 4:
        return NAME_HOST if _word(raw, at) == _HOST else UNKNOWN
    if length == 10:
        if _word(raw, at) == _CONN and _word(raw, at + 4) == _ECTI and _word(raw, at + 6) == _TION:
            return NAME_CONNECTION
    elif length == 14:
        if (
            _word(raw, at) == _CONT
            and _word(raw, at + 4) == _ENT_
            and _word(raw, at + 8) == _LENG
            and _word(raw, at + 10) == _NGTH
        ):
            return NAME_CONTENT_LENGTH
    elif length == 17:
        if (
            _word(raw, at) == _TRAN
            and _word(raw, at + 4) == _SFER
            and _word(raw, at + 8) == _ENC_
            and _word(raw, at + 12) == _ODIN
            and _word(raw, at + 13) == _DING
        ):
            return NAME_TRANSFER_ENCODING
    elif length == 6:
        if _word(raw, at) == _EXPE and _word(raw, at + 2) == _PECT:
            return NAME_EXPECT
    elif _word(raw, at) == _UPGR and _word(raw, at + 3) == _RADE:
        return NAME_UPGRADE
    return UNKNOWN


def lower(value: bytes) -> bytes:
    """Return ``value`` with A-Z in lower case."""
    return value.translate(_LOWER)


def connection_options(raw: bytes, at: i64, end: i64) -> i64:
    """Return the facts of the Connection value ``raw[at:end]`` (RFC 9110 7.6.1).

    A list of options, case-insensitive; unknown members are ignored.
    """
    # Nearly every one is one of these two.
    if end - at == 10:
        if _word(raw, at) == _KEEP and _word(raw, at + 4) == _ALI_ and _word(raw, at + 6) == _LIVE:
            return KEEP_ALIVE
    elif end - at == 5 and _word(raw, at) == _CLOS and raw[at + 4] | 32 == 0x65:
        return CLOSE
    facts: i64 = 0
    for member in lower(raw[at:end]).split(b","):
        option = member.strip(b" \t")
        if option == b"keep-alive":
            facts |= KEEP_ALIVE
        elif option == b"close":
            facts |= CLOSE
        elif option == b"upgrade":
            facts |= UPGRADE_LISTED
    return facts
