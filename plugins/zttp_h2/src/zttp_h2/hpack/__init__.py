"""HPACK, RFC 7541: a pure codec of field blocks. ``decoder`` and ``encoder`` document their use."""

from zttp_h2.hpack.decoder import Decoder as Decoder
from zttp_h2.hpack.encoder import Encoder as Encoder
