"""The `hpack` package, in every process of the suite: it writes what is read, and reads what is written.

Its environment comes last on the path, so nothing that is measured can be shadowed by it.
"""

import sys
import sysconfig

from http2_suite.hpack_environment import ENVIRONMENT

sys.path.append(sysconfig.get_path("purelib", "venv", {"base": str(ENVIRONMENT), "platbase": str(ENVIRONMENT)}))

from hpack import Decoder, Encoder, NeverIndexedHeaderTuple

__all__ = ["Decoder", "Encoder", "NeverIndexedHeaderTuple"]
