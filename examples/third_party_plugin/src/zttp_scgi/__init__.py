"""SCGI for zttp."""
