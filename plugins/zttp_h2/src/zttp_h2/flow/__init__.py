"""What may come and go, and when: windows and credit, the order of streams, abuse limits, queued output."""
