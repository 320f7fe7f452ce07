"""The `hpack` package, in every process of the suite: it encodes the input, and decodes the output.

Its environment comes last on the path, so it cannot shadow a measured package.
"""

import sys
import sysconfig

from http2_suite.hpack_environment import ENVIRONMENT

sys.path.append(sysconfig.get_path("purelib", "venv", {"base": str(ENVIRONMENT), "platbase": str(ENVIRONMENT)}))

from hpack import Decoder, Encoder, NeverIndexedHeaderTuple

__all__ = ["Decoder", "Encoder", "NeverIndexedHeaderTuple"]
