"""The HTTP/2 suite: messages, the frames that carry them, workloads, targets, and one driver per API."""
