"""What HTTP/3 costs, part by part."""
