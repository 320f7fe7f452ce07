"""The protocol errors: a base class, and one class for each side that can be at fault.

Not compiled: compiled plugins raise these classes and a third party may subclass them, and a native class must not be
the base of a native class of another distribution.
"""

from __future__ import annotations

from typing import Final

# The address of the documentation, as in the metadata of every distribution (a test compares them).
DOCUMENTATION: Final = "https://zttp.readthedocs.io/en/latest/"
# The reasons with a section there: those of the table, which adds them when it is imported.
EXPLAINED: Final[set[str]] = set()


class ProtocolError(Exception):
    """The peer or the caller broke a rule of HTTP.

    The message is one sentence: what was received or requested, and the rule. Bytes of the peer appear only as a short,
    escaped excerpt. A traceback also shows the position, and the address of the page that explains the error. All
    attributes are always set; ``None`` means that an attribute does not apply.

    Attributes:
        reason: A stable token for programs, such as ``"duplicate_host"``; ``zttp_core.reasons`` lists them all.
        status_hint: The HTTP status that a server should answer with (400, 413, 414, 417, 421, 431, 501 or 505).
        error_code: The code sent in RST_STREAM, GOAWAY or CONNECTION_CLOSE (HTTP/2, HTTP/3, QUIC).
        code_space: The protocol that defines the code: ``"h2"``, ``"h3"`` or ``"quic"``; their numbers overlap.
        stream_id: The stream concerned; ``None`` for the whole connection.
        offset: The byte offset of the error, counted from the first byte that the connection received.
        section: The section of the rule, such as ``"RFC 9112 6.3"``.
    """

    def __init__(
        self,
        message: str = "",
        *,
        reason: str = "protocol_error",
        status_hint: int | None = None,
        error_code: int | None = None,
        code_space: str | None = None,
        stream_id: int | None = None,
        offset: int | None = None,
        section: str | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.status_hint = status_hint
        self.error_code = error_code
        self.code_space = code_space
        self.stream_id = stream_id
        self.offset = offset
        self.section = section

    @property
    def documentation(self) -> str | None:
        """The address of the documentation of this ``reason``; ``None`` for a reason of a third party."""
        return f"{DOCUMENTATION}errors/#{self.reason}" if self.reason in EXPLAINED else None

    @property
    def __notes__(self) -> list[str]:
        """The lines that a traceback shows below the message. Made on access, so an error costs nothing for them."""
        notes: list[str] | None = self.__dict__.get("_notes")
        if notes is None:
            notes = self.__dict__["_notes"] = []  # the same list each time: ``add_note`` appends to it
            place = [f"byte {self.offset} of the input"] if self.offset is not None else []
            place += [f"stream {self.stream_id}"] if self.stream_id is not None else []
            if place:
                notes.append(f"at {', '.join(place)}")
            if self.documentation is not None:
                notes.append(f"see {self.documentation}")
        return notes

    @__notes__.setter
    def __notes__(self, notes: list[str]) -> None:
        self.__dict__["_notes"] = notes

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


class RemoteProtocolError(ProtocolError):
    """The peer broke the protocol.

    Every later read raises it again. The closing message (a 400, GOAWAY, CONNECTION_CLOSE) can still be sent.
    """


class LocalProtocolError(ProtocolError):
    """The caller misused the API. Nothing was queued and no state changed."""


def _rebuild(cls: type[ProtocolError], args: tuple[object, ...], attributes: dict[str, object]) -> ProtocolError:
    error = cls(*(str(argument) for argument in args))
    error.__dict__.update(attributes)
    return error
