"""The errors for the application: of the connection, and of a rejected stream."""

from zttp_core.errors import RemoteProtocolError
from zttp_core.reasons import remote_error
from zttp_h3.malformed import Malformed
from zttp_h3.session import H3Session


def terminal_error(session: H3Session, failure: Malformed) -> RemoteProtocolError:
    """Make the error that ends a connection; for a handshake it has the error of TLS."""
    close = session.transport.session.close
    # Nothing in it is the peer's, whatever it sent.
    why = close.reason.decode("utf-8", "replace") if failure.reason == "handshake_failed" else None
    # Not as the connection was closed: the peer may have done that before.
    space = "quic" if failure.reason == close.cause else "h3"
    error: RemoteProtocolError = remote_error(
        failure.reason, detail=why, error_code=failure.error_code, code_space=space
    )
    return _for_its_role(error, session)


def rejection(session: H3Session) -> RemoteProtocolError | None:
    """Make the error of the latest stream that was rejected here; None if none was."""
    if session.rejected_reason is None:
        return None
    error: RemoteProtocolError = remote_error(
        session.rejected_reason,
        stream_id=int(session.rejected_stream),
        error_code=int(session.rejected_code),
        code_space="h3",
    )
    return _for_its_role(error, session)


def _for_its_role(error: RemoteProtocolError, session: H3Session) -> RemoteProtocolError:
    if not session.is_server:
        error.status_hint = None  # there is no response to send
    return error
