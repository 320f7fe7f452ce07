"""``decode`` for HTTP/3: a capture of datagrams and a key log become packets, frames and events.

Imported for a capture alone: HTTP/1.1 and HTTP/2 are decoded where there is no cryptography.
"""
