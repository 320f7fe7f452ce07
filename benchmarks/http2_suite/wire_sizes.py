"""Octets on the wire: the sizes of each contestant's field blocks, and of the `hpack` package's."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from harness.contestants import Worker
from http2_suite.extracted import field_blocks
from http2_suite.hpack_package import Encoder
from http2_suite.messages import API, JSON, NO_CONTENT, RICH, VARIED_RICH, Message
from http2_suite.wire import encoded

MESSAGES: Mapping[str, Sequence[Message]] = {
    "response 204": (NO_CONTENT,) * 4,
    "response 200, JSON": (JSON,) * 4,
    "response 200, 14 fields": (RICH,) * 4,
    "response 200, 14 fields, 3 different each time": VARIED_RICH,
    "request GET, API-sized": (API,) * 4,
}
HPACK = "hpack"


def block_sizes(write_all: Callable[[Sequence[Message]], Iterable[bytes]]) -> dict[str, list[int]]:
    """Return, by message, the octets of the first field block on a connection and of the last."""
    sizes = {}
    for name, messages in MESSAGES.items():
        blocks = field_blocks(b"".join(write_all(messages)))
        assert len(blocks) == len(messages)
        sizes[name] = [len(blocks[0]), len(blocks[-1])]
    return sizes


def hpack_sizes() -> dict[str, list[int]]:
    """Return the same as `block_sizes` for the package alone, with credentials never indexed."""
    sizes = {}
    for name, messages in MESSAGES.items():
        encoder = Encoder()
        blocks = [encoded(encoder, message.field_section) for message in messages]
        sizes[name] = [len(blocks[0]), len(blocks[-1])]
    return sizes


def wire_sizes(workers: Sequence[Worker]) -> Iterable[str]:
    """Yield the table of the contestants' sizes, and the messages for which ours needs more than `hpack`."""
    columns = {worker.name: worker.about["block_sizes"] for worker in workers} | {HPACK: hpack_sizes()}
    yield f"| octets of a field block, first / later | {' | '.join(columns)} |"
    yield "| --- |" + " ---: |" * len(columns)
    for name in MESSAGES:
        cells = ["{} / {}".format(*sizes[name]) for sizes in columns.values()]
        yield f"| {name} | {' | '.join(cells)} |"
    ours = columns[workers[0].name]
    larger = [name for name in MESSAGES if any(map(int.__gt__, ours[name], columns[HPACK][name]))]
    yield f"More octets than {HPACK}: {'; '.join(larger) or 'nowhere'}."
