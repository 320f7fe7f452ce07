"""A certificate, made by the code of the examples."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))

import self_signed


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and 127.0.0.1, and its key."""
    if not self_signed.is_possible():
        pytest.skip("there is no openssl here to make a certificate")
    return self_signed.make(tmp_path_factory.mktemp("certificate"))
