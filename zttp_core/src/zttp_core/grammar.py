"""The field grammar under its earlier name: all of it is in ``zttp_core.messages``."""

from zttp_core.messages.authority import is_host
from zttp_core.messages.content_length import parse_content_length
from zttp_core.messages.fields import CONNECTION_SPECIFIC_FIELDS as CONNECTION_SPECIFIC
from zttp_core.messages.grammar import (
    HOST_TABLE,
    LOWER_TABLE,
    TARGET_TABLE,
    TOKEN_TABLE,
    VALUE_TABLE,
    is_field_value,
    is_request_target,
    is_token,
    lower,
)
from zttp_core.messages.priorities import DEFAULT_PRIORITY, parse_priority
from zttp_core.messages.trailers import FORBIDDEN_TRAILERS

__all__ = [
    "CONNECTION_SPECIFIC", "DEFAULT_PRIORITY", "FORBIDDEN_TRAILERS", "HOST_TABLE", "LOWER_TABLE", "TARGET_TABLE",
    "TOKEN_TABLE", "VALUE_TABLE", "is_field_value", "is_host", "is_request_target", "is_token", "lower",
    "parse_content_length", "parse_priority",
]  # fmt: skip
