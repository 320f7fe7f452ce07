"""Loss detection and congestion control (RFC 9002): what was sent, what became of it, how much may be in flight.

A controller is a ``CongestionControl``: it hears of bytes that leave, arrive and are lost, of each sample of the round
trip, and has a cut of its window undone when what seemed lost was late (RFC 9438 4.9.2). What may follow is HyStart++
(RFC 9406), where ``on_round_trip`` gives the samples; until then loss and marks alone end slow start.
"""
