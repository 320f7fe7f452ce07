"""The kit on a multiplexed protocol over a stream: a toy whose faults can be chosen, in addition to HTTP/2."""

from collections.abc import Iterator

import pytest

import zttp
from tests.core import toy_frames
from zttp_core.testing import ProtocolConformance


@pytest.fixture(scope="module", autouse=True)
def frames() -> Iterator[None]:
    zttp.register_protocol(toy_frames.describe_frames())
    yield
    zttp.unregister_protocol("toy-frames")


class TestToyFrames(ProtocolConformance):
    """Streams, windows, resets."""

    protocol = "toy-frames"
    exchanges = toy_frames.EXCHANGES
    malformed = toy_frames.MALFORMED
    malformed_replies = toy_frames.MALFORMED_REPLIES
    floods = toy_frames.FLOODS
    growing = {"content": toy_frames.content}
    max_memory = 256 * 1024
