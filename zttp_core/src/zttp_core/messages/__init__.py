"""The rules of HTTP for every version, each written once, for reading and for writing. Pure: values in, results out.

``grammar`` has the characters, ``fields`` the kinds of fields, ``authority``, ``targets``, ``content_length``,
``trailers``, ``cookies``, ``connection_fields`` and ``priorities`` one rule each; ``content`` and ``states`` define
which messages have content and the order in which a message is sent. ``reading`` and ``writing`` apply all rules to one
field section of HTTP/2 or HTTP/3. A plugin that scans every byte in its own loop makes the tables of that loop from
those here.
"""

from zttp_core.messages.authority import is_host, is_host_and_port, is_same_authority
from zttp_core.messages.connection_fields import end_to_end
from zttp_core.messages.content import is_bodyless, is_tunnel, may_have_content, may_state_length, method_kind
from zttp_core.messages.content_length import (
    LARGEST_CONTENT,
    given_content_length,
    parse_content_length,
    read_content_length,
)
from zttp_core.messages.cookies import join_cookies
from zttp_core.messages.fields import CONNECTION_SPECIFIC_FIELDS, expects_continue, field_fault, kind_of
from zttp_core.messages.grammar import (
    is_field_value,
    is_lower_name,
    is_request_target,
    is_scheme,
    is_token,
    lower,
)
from zttp_core.messages.priorities import DEFAULT_PRIORITY, format_priority, parse_priority
from zttp_core.messages.reading import RequestHead, ResponseHead, read_request, read_response, read_trailers
from zttp_core.messages.targets import is_http, join_target, split_target, target_fault
from zttp_core.messages.trailers import FORBIDDEN_TRAILERS, may_be_trailer
from zttp_core.messages.writing import write_request, write_response, write_trailers

__all__ = [
    "CONNECTION_SPECIFIC_FIELDS", "DEFAULT_PRIORITY", "FORBIDDEN_TRAILERS", "LARGEST_CONTENT", "RequestHead",
    "ResponseHead", "end_to_end", "expects_continue", "field_fault", "format_priority", "given_content_length",
    "is_bodyless", "is_field_value", "is_host", "is_host_and_port", "is_http", "is_lower_name",
    "is_request_target", "is_same_authority", "is_scheme", "is_token", "is_tunnel", "join_cookies", "join_target",
    "kind_of", "lower", "may_be_trailer", "may_have_content", "may_state_length", "method_kind", "parse_content_length",
    "parse_priority", "read_content_length", "read_request", "read_response", "read_trailers", "split_target",
    "target_fault", "write_request", "write_response", "write_trailers",
]  # fmt: skip
