"""The streams of a connection: their states, what is known of each, and the table of them."""
