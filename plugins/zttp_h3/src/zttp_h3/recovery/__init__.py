"""Loss detection and congestion control (RFC 9002): what was sent, what became of it, how much may be in flight."""
