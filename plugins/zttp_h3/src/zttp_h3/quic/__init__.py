"""QUIC (RFC 9000, 9001, 9002): a connection's transport, from datagrams to streams and back.

Versions 1 and 2 are rows of the tables that ``version_negotiation`` names. What may follow, and where it would begin:
following a server's preferred address where ``migration.begin`` is given another peer.
"""
