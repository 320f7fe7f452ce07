"""The streams of a connection: their states, the data of each, and the table of them."""
