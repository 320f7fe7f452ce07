"""Flow in both directions: windows and credit, the order of streams, abuse limits, queued output."""
