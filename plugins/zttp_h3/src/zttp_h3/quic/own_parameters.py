"""The transport parameters that an endpoint declares, from its options (RFC 9000 18.2)."""

from zttp_h3.quic.connection_ids import ACTIVE_LIMIT
from zttp_h3.quic.options import TransportOptions
from zttp_h3.quic.session import Session
from zttp_h3.wire.transport_parameters import (
    TransportParameters,
    VersionInformation,
    encode,
    reserved_identifier,
)


def own_parameters(options: TransportOptions, own_id: bytes) -> TransportParameters:
    """Return the parameters of a connection whose first connection ID is ``own_id``."""
    own = TransportParameters()
    own.max_idle_timeout = options.idle_timeout // 1000
    own.initial_max_data = options.connection_window
    own.initial_max_stream_data_bidi_local = options.stream_window
    own.initial_max_stream_data_bidi_remote = options.stream_window
    own.initial_max_stream_data_uni = options.stream_window
    own.initial_max_streams_bidi = options.max_streams_bidirectional
    own.initial_max_streams_uni = options.max_streams_unidirectional
    own.max_ack_delay = options.max_ack_delay // 1000
    own.active_connection_id_limit = ACTIVE_LIMIT
    own.initial_source_connection_id = own_id
    own.max_datagram_frame_size = options.max_datagram_frame_size
    own.grease_quic_bit = True  # RFC 9287 3: no code here reads it
    if options.declared is not None:
        for name, value in options.declared.items():
            # One expression for both would be an integer when compiled.
            if name == "disable_active_migration":
                own.disable_active_migration = value != 0
            else:
                setattr(own, name, value)
    return own


def encoded(session: Session) -> bytes:
    """Return the extension's content, with a reserved parameter in it (RFC 9000 18.1)."""
    options = session.options
    # RFC 9368 3, 4: a client with one version need not detect a downgrade; a server's answer protects other clients.
    if session.is_server or len(options.versions) > 1:
        session.own.version_information = VersionInformation(session.version, list(options.versions))
    chosen = options.entropy(2)
    return encode(session.own, session.is_server, reserved_identifier(chosen[0]), options.entropy(chosen[1] & 7))
