"""Test vectors of the RFCs: RFC 9000 appendix A, RFC 9001 appendix A, RFC 9369 appendix A, octets in hexadecimal."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "rfc_vectors"


def vectors(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())
