"""QUIC (RFC 9000, 9001, 9002): a connection's transport, from datagrams to streams and back.

Versions 1 and 2 are rows of the tables that ``version_negotiation`` names. A client moves to a server's preferred
address if ``migration.begin`` gets another peer address.
"""
