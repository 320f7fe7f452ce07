"""The HTTP/3 suite: the cost of HTTP/3, as a whole and by part, over a path with a virtual clock."""
