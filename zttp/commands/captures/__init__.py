"""Captures of a network: files of pcap and pcapng, and the datagrams in them."""
