"""Loss detection and congestion control (RFC 9002): sent packets, their fate, the bytes that may be in flight.

A controller is a ``CongestionControl``: it is informed of bytes that are sent, acknowledged and lost, and of each
round-trip sample, and a reduction of its window is undone if packets considered lost were late (RFC 9438 4.9.2).
HyStart++ (RFC 9406) is not implemented; it would use the samples of ``on_round_trip``. Only loss and marks end slow
start.
"""
