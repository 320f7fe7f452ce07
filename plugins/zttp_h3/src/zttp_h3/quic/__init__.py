"""QUIC version 1 (RFC 9000, 9001, 9002): a connection's transport, from datagrams to streams and back."""
