"""The HTTP/2 suite: messages, their frames, workloads, targets, and one driver per API."""
