"""FastCGI for zttp."""
