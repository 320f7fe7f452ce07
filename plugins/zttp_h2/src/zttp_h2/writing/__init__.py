"""Messages in, frames out: heads, content and trailers as far as the peer allows."""
