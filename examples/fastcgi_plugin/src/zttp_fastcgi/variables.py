"""Requests and responses in the form of CGI (RFC 3875): variables and header lines. Pure."""

from zttp_core.errors import LocalProtocolError
from zttp_core.events import Request
from zttp_core.messages import is_field_value, is_request_target, is_token, parse_content_length
from zttp_fastcgi.records import pair, refusal

Fields = list[tuple[bytes, bytes]]

CONTENT = {b"CONTENT_LENGTH": b"content-length", b"CONTENT_TYPE": b"content-type"}
ONCE = frozenset((b"REQUEST_METHOD", b"REQUEST_URI", b"SERVER_PROTOCOL", b"CONTENT_LENGTH"))


def write_request(method: bytes, target: bytes, version: bytes, fields: Fields, *, end_stream: bool) -> bytes:
    """Return the variables of a request."""
    if not is_token(method) or not is_request_target(target):
        raise LocalProtocolError(f"{method!r} {target!r} is not a request", reason="invalid_request")
    variables = [(b"REQUEST_METHOD", method), (b"REQUEST_URI", target), (b"SERVER_PROTOCOL", b"HTTP/" + version)]
    variables.append((b"QUERY_STRING", target.partition(b"?")[2]))
    if end_stream and not any(name.lower() == b"content-length" for name, _ in fields):
        variables.append((b"CONTENT_LENGTH", b"0"))
    for name, value in fields:
        check_field(name, value)
        if b"_" in name:  # its variable would be that of another name
            raise LocalProtocolError(f"{name!r} has no variable of its own", reason="invalid_field_name")
        variable = name.upper().replace(b"-", b"_")
        variables.append((variable if variable in CONTENT else b"HTTP_" + variable, value))
    return b"".join(pair(name, value) for name, value in variables)


def read_request(variables: Fields, stream_id: int) -> Request:
    """Return the request from the variables; those of the web server and its machine are left out."""
    known = dict(variables)
    if any([name for name, _ in variables].count(name) > 1 for name in ONCE):
        raise refusal("invalid_params", "a variable that counts once is there twice")
    method, target = known.get(b"REQUEST_METHOD", b""), known.get(b"REQUEST_URI", b"")
    length = known.get(b"CONTENT_LENGTH", b"")
    if not is_token(method) or not is_request_target(target) or (length and parse_content_length(length) < 0):
        raise refusal("invalid_params", "method, target and length must be those of a request")
    fields = [(_field_name(name), value) for name, value in variables if _field_name(name)]
    fields = [(name, value) for name, value in fields if value or name != b"content-length"]
    if not all(is_token(name) and is_field_value(value) for name, value in fields):
        raise refusal("invalid_params", "a variable is no field")
    version = known.get(b"SERVER_PROTOCOL", b"HTTP/1.0").removeprefix(b"HTTP/")
    # nginx sends an empty length for a request without content, and for content of unknown length.
    return Request(method, target, fields, http_version=version, stream_id=stream_id, end_stream=length == b"0")


def write_response(status: int, fields: Fields) -> bytes:
    """Return the head of a response (RFC 3875 6)."""
    if not 200 <= status <= 999:
        raise LocalProtocolError(f"{status} is not a status of a response", reason="invalid_status_code")
    for name, value in fields:
        check_field(name, value)
        if name.lower() == b"status":
            raise LocalProtocolError("the status is an argument, not a Status field", reason="invalid_field_name")
    return b"Status: %d\r\n" % status + b"".join(b"%b: %b\r\n" % field for field in fields) + b"\r\n"


def read_response(lines: list[bytes]) -> tuple[int, Fields]:
    """Return status and fields; a redirect need not have a status (RFC 3875 6.2.3)."""
    fields: Fields = []
    status = b""
    for line in lines:
        name, colon, rest = line.partition(b":")
        value = rest.strip(b" \t")
        if not colon or not is_token(name) or not is_field_value(value):
            raise refusal("invalid_header", "a header must be a name and a value")
        if name.lower() == b"status":
            status = value.partition(b" ")[0]
        else:
            fields.append((name.lower(), value))
    if not status:
        status = b"302" if any(name == b"location" for name, _ in fields) else b"200"
    if len(status) != 3 or not status.isdigit() or status < b"200":
        raise refusal("invalid_status", "a status must be a number of a final response")
    return int(status), fields


def check_field(name: bytes, value: bytes) -> None:
    """Refuse to send an invalid field."""
    if not is_token(name) or not is_field_value(value):
        raise LocalProtocolError(f"{name!r} is not a field that can be sent", reason="invalid_field_value")


def _field_name(variable: bytes) -> bytes:
    """Return the field that a variable stands for (RFC 3875 4.1.18), or ``b""``; HTTP_PROXY must not be sent."""
    if variable in CONTENT:
        return CONTENT[variable]
    if not variable.startswith(b"HTTP_") or variable == b"HTTP_PROXY":
        return b""
    return variable[5:].lower().replace(b"_", b"-")
