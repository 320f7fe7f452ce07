"""Loss detection and congestion control (RFC 9002): what was sent, what became of it, how much may be in flight.

What may follow, and where it would begin: HyStart++ (RFC 9406) where ``CongestionControl.in_slow_start`` is asked, for
loss alone ends slow start until then; undoing a cut of the window that was spurious (RFC 9438 4.9) where
``SentPackets`` counts what was found lost and came late.
"""
