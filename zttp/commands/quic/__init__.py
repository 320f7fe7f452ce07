"""``decode`` for HTTP/3: a capture of datagrams and a key log become packets, frames and events.

Imported only for a capture: HTTP/1.1 and HTTP/2 are decoded without cryptography.
"""
