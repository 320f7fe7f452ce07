"""The features that zttp does not have: each is tried, so that the matrix says no only while that is true."""

import zttp
from tests.docs.features.probing import probe, said


@probe
def push() -> str:
    public = [*dir(zttp.H2Connection), *dir(zttp.H3Connection), *dir(zttp.Stream)]
    return said(any("push" in name for name in public))


@probe
def webtransport() -> str:
    return said(any("webtransport" in name.lower() for name in dir(zttp)))
