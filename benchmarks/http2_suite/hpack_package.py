"""Lends the `hpack` package to every process of the suite: it writes what is read, and reads what is written.

It lies in a folder of its own, which comes last on the path, so nothing that is measured can be shadowed by it.
"""

import sys
import sysconfig
from pathlib import Path

ENVIRONMENT = Path(__file__).resolve().parents[2] / ".build/bench/hpack"
REQUIREMENTS = ("hpack==4.2.0",)

sys.path.append(sysconfig.get_path("purelib", "venv", {"base": str(ENVIRONMENT), "platbase": str(ENVIRONMENT)}))
