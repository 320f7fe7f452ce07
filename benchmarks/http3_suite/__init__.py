"""The HTTP/3 suite: what HTTP/3 costs, whole and part by part, over a path with a virtual clock."""
