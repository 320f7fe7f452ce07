"""The HTTP/1.1 suite: messages, workloads, targets, and one driver per contestant."""
