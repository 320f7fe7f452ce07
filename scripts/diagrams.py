"""Draw the diagrams of the docs: the boxes are placed here, the arrows come from the state tables of the code.

    python scripts/diagrams.py            draws docs/diagrams/*.svg (in an environment that has zttp)
    python scripts/diagrams.py --check    lists those that are not up to date, and exits with 1

A diagram is plain SVG with its own style for light and dark; on the site the colours of the theme replace it. The
arrows of a state machine are read from its table, and a state without a place is an error.
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from html import escape
from importlib import import_module
from itertools import pairwise

from workspace import ROOT

FOLDER = ROOT / "docs/diagrams"
STYLE = """<style>
.zttp-diagram { --ink: #1f2328; --faint: #656d76; --paper: #ffffff; --box: #f3f5f8; --line: #8c959f; --mark: #0b62c4; }
@media (prefers-color-scheme: dark) {
.zttp-diagram { --ink: #e6edf3; --faint: #9198a1; --paper: #0d1117; --box: #1c222b; --line: #6e7681; --mark: #6cb0ff; }
}
</style>"""
LOOKS = """<style>
.zttp-diagram { font: 13px ui-sans-serif, system-ui, sans-serif; fill: var(--ink); }
.zttp-diagram .box { fill: var(--box); stroke: var(--line); }
.zttp-diagram .first { stroke: var(--mark); stroke-width: 2; }
.zttp-diagram .group { fill: none; stroke: var(--line); stroke-dasharray: 4 4; }
.zttp-diagram .arrow { fill: none; stroke: var(--line); stroke-width: 1.4; }
.zttp-diagram .dashed { stroke-dasharray: 5 4; }
.zttp-diagram .head { fill: var(--line); }
.zttp-diagram .label { font-size: 11.5px; fill: var(--faint); paint-order: stroke; stroke: var(--paper);
stroke-width: 8px; stroke-linejoin: round; }
.zttp-diagram .title { fill: var(--faint); font-size: 12px; }
</style>"""

ARROW_HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path class="head" d="M0,0 L8,4 L0,8 z"/></marker></defs>'
)

Point = tuple[float, float]
HEIGHT = 34


class Picture:
    """Boxes, arrows and labels, in the order in which they are drawn."""

    def __init__(self, width: int, height: int, title: str) -> None:
        self.size = (width, height)
        self.title = title
        self.boxes: dict[str, tuple[float, float, float, float]] = {}
        self.under: list[str] = []
        self.over: list[str] = []

    def box(
        self, name: str, x: float, y: float, width: float = 150, text: Sequence[str] = (), *, first: bool = False
    ) -> None:
        """Draw a box around a point; its text is its name by default."""
        lines = list(text) or [name]
        height = HEIGHT + 16 * (len(lines) - 1)
        self.boxes[name] = (x, y, width, height)
        kind = "box first" if first else "box"
        left, top = x - width / 2, y - height / 2
        self.under.append(
            f'<rect class="{kind}" x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="8"/>'
        )
        for number, line in enumerate(lines):
            at = y + 4.5 + 16 * (number - (len(lines) - 1) / 2)
            self.under.append(f'<text x="{x:g}" y="{at:g}" text-anchor="middle">{escape(line)}</text>')

    def group(self, title: str, left: float, top: float, right: float, bottom: float) -> None:
        """Draw a frame around boxes."""
        self.under.append(
            f'<rect class="group" x="{left:g}" y="{top:g}" width="{right - left:g}" height="{bottom - top:g}" rx="12"/>'
        )
        self.under.append(f'<text class="title" x="{left + 12:g}" y="{top + 18:g}">{escape(title)}</text>')

    def arrow(
        self,
        start: str,
        end: str,
        label: str = "",
        via: Sequence[Point] = (),
        *,
        at: Point | None = None,
        dashed: bool = False,
    ) -> None:
        """Draw an arrow from box to box, around the corners of ``via``."""
        if start == end:
            self._loop(start, label)
            return
        first, last = self.boxes[start], self.boxes[end]
        points = [
            _border(first, via[0] if via else last[:2]),
            *via,
            _border(last, via[-1] if via else first[:2]),
        ]
        self._draw(_path(points), label, at or _middle(points), dashed=dashed)

    def line(self, points: Sequence[Point], label: str, at: Point, *, dashed: bool = False) -> None:
        """Draw an arrow between points."""
        self._draw(_path(points), label, at, dashed=dashed)

    def label(self, x: float, y: float, text: str, anchor: str = "middle") -> None:
        """Write text."""
        self.over.append(f'<text class="label" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>')

    def _loop(self, name: str, label: str) -> None:
        x, y, width, _ = self.boxes[name]
        edge = x + width / 2
        path = f"M{edge:g},{y - 9:g} C{edge + 34:g},{y - 20:g} {edge + 34:g},{y + 20:g} {edge:g},{y + 9:g}"
        self._draw(path, "", (0, 0))
        self.label(edge + 30, y + 4, label, "start")

    def _draw(self, path: str, label: str, at: Point, *, dashed: bool = False) -> None:
        kind = "arrow dashed" if dashed else "arrow"
        self.under.append(f'<path class="{kind}" d="{path}" marker-end="url(#head)"/>')
        if label:
            self.label(at[0], at[1] + 4, label)

    def svg(self) -> str:
        """Return the whole document."""
        width, height = self.size
        namespace = 'xmlns="http://www.w3.org/2000/svg" class="zttp-diagram" role="img"'
        measures = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        begin = f'<svg {namespace} {measures} aria-label="{escape(self.title)}">'
        return "\n".join([begin, STYLE, LOOKS, ARROW_HEAD, *self.under, *self.over, "</svg>\n"])


def _border(box: tuple[float, float, float, float], towards: Point) -> Point:
    """The point where a straight line from the middle of a box to a point leaves the box."""
    x, y, width, height = box
    dx, dy = towards[0] - x, towards[1] - y
    if abs(dx) <= width / 2 - 12 and dy:  # directly above or below: a vertical line
        return (towards[0], y + height / 2 * (1 if dy > 0 else -1))
    if abs(dy) <= height / 2 - 6 and dx:
        return (x + width / 2 * (1 if dx > 0 else -1), towards[1])
    scale = min(width / 2 / abs(dx) if dx else 9e9, height / 2 / abs(dy) if dy else 9e9)
    return (x + dx * scale, y + dy * scale)


def _path(points: Sequence[Point], radius: float = 12) -> str:
    """A line with rounded corners."""
    parts = [f"M{points[0][0]:g},{points[0][1]:g}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        near, far = _towards(corner, before, radius), _towards(corner, after, radius)
        parts.append(f"L{near[0]:g},{near[1]:g} Q{corner[0]:g},{corner[1]:g} {far[0]:g},{far[1]:g}")
    parts.append(f"L{points[-1][0]:g},{points[-1][1]:g}")
    return " ".join(parts)


def _towards(start: Point, end: Point, distance: float) -> Point:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
    share = min(distance / length, 0.5)
    return (round(start[0] + dx * share, 2), round(start[1] + dy * share, 2))


def _middle(points: Sequence[Point]) -> Point:
    """The middle of the longest segment."""
    stretches = list(pairwise(points))
    start, end = max(stretches, key=lambda pair: abs(pair[0][0] - pair[1][0]) + abs(pair[0][1] - pair[1][1]))
    return ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)


# ------------------------------------------------------------------------------------------------------ state machines
Arrows = Mapping[tuple[str, str], Sequence[str]]
Ways = Mapping[tuple[str, str], tuple[Sequence[Point], Point | None]]


def arrows_of(
    table: Mapping[tuple[int, int], int], names: Sequence[str], inputs: Sequence[str], leave_out: Sequence[str] = ()
) -> dict[tuple[str, str], list[str]]:
    """The arrows of a table, each with its label; only the states of ``names`` have arrows."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for (state, given), following in table.items():
        if following < len(names) and inputs[given] not in leave_out:
            arrows.setdefault((names[state], names[following]), []).append(inputs[given])
    return arrows


def machine(picture: Picture, places: Mapping[str, Point], arrows: Arrows, ways: Ways, width: float = 150) -> Picture:
    """Draw a state machine; the first place is the initial state."""
    for number, (name, (x, y)) in enumerate(places.items()):
        picture.box(name, x, y, width, first=number == 0)
    for (start, end), labels in arrows.items():
        via, at = ways.get((start, end), ((), None))
        picture.arrow(start, end, ", ".join(labels), via, at=at)
    unused = set(ways) - set(arrows)
    assert not unused, f"ways of no arrow: {unused}"
    return picture


def reading() -> Picture:
    """The states of reading an HTTP/1.1 message."""
    states = import_module("zttp_h1.states")
    arrows = arrows_of(states.READING, states.READING_NAMES, states.READING_INPUT_NAMES, ["ERROR"])
    places = {
        "START_LINE": (350, 40),
        "CLOSED": (100, 90),
        "FIELDS": (350, 140),
        "CONTENT_LENGTH": (105, 250),
        "CONTENT_CHUNKED": (350, 250),
        "CONTENT_TO_EOF": (560, 250),
        "TRAILERS": (350, 330),
        "END": (350, 420),
        "DONE": (350, 500),
        "SWITCHED": (560, 500),
        "FAILED": (105, 500),
    }
    assert set(places) == set(states.READING_NAMES)
    ways: Ways = {
        ("FIELDS", "START_LINE"): ([(395, 90)], (455, 92)),
        ("START_LINE", "FIELDS"): ([(320, 90)], (290, 90)),
        ("START_LINE", "CLOSED"): ([(100, 40)], (190, 40)),
        ("FIELDS", "CLOSED"): ([(100, 140)], (190, 140)),
        ("FIELDS", "CONTENT_LENGTH"): ([(350, 195), (105, 195)], (150, 195)),
        ("FIELDS", "CONTENT_CHUNKED"): ([], (350, 212)),
        ("FIELDS", "CONTENT_TO_EOF"): ([(350, 195), (560, 195)], (510, 195)),
        ("FIELDS", "END"): ([(228, 148), (228, 412)], (228, 300)),
        ("CONTENT_LENGTH", "END"): ([(105, 428)], (190, 428)),
        ("CONTENT_TO_EOF", "END"): ([(560, 420)], (500, 420)),
        ("END", "START_LINE"): ([(475, 412), (475, 370), (665, 370), (665, 48)], (665, 300)),
        ("DONE", "START_LINE"): ([(350, 545), (680, 545), (680, 32)], (590, 545)),
    }
    picture = Picture(720, 565, "The states of reading a message of HTTP/1.1")
    machine(picture, places, arrows, ways)
    picture.label(30, 470, "ERROR, from every state but CLOSED", "start")
    return picture


def writing() -> Picture:
    """The states of writing an HTTP/1.1 message."""
    states = import_module("zttp_h1.states")
    arrows = arrows_of(states.WRITING, states.WRITING_NAMES, states.WRITING_INPUT_NAMES)
    places = {
        "IDLE": (350, 40),
        "SENDING_NOTHING": (90, 170),
        "SENDING_LENGTH": (265, 170),
        "SENDING_CHUNKED": (440, 170),
        "SENDING_TO_EOF": (615, 170),
        "SENT": (350, 300),
        "SENT_SWITCH": (600, 300),
    }
    assert set(places) == set(states.WRITING_NAMES)
    ways: Ways = {
        ("IDLE", "SENDING_NOTHING"): ([(350, 98), (90, 98)], (90, 125)),
        ("IDLE", "SENDING_LENGTH"): ([(350, 98), (265, 98)], (265, 125)),
        ("IDLE", "SENDING_CHUNKED"): ([(350, 98), (440, 98)], (440, 125)),
        ("IDLE", "SENDING_TO_EOF"): ([(350, 98), (615, 98)], (615, 125)),
        ("IDLE", "SENT_SWITCH"): ([(520, 30), (703, 30), (703, 300)], (600, 30)),
        ("SENDING_NOTHING", "SENT"): ([(90, 250), (350, 250)], (90, 225)),
        ("SENDING_LENGTH", "SENT"): ([(265, 250), (350, 250)], (265, 225)),
        ("SENDING_CHUNKED", "SENT"): ([(440, 250), (350, 250)], (440, 225)),
        ("SENDING_TO_EOF", "SENT"): ([(615, 250), (350, 250)], (615, 225)),
        ("SENT", "IDLE"): ([(10, 300), (10, 40)], (150, 300)),
    }
    picture = Picture(720, 335, "The states of writing a message of HTTP/1.1")
    for pair in [pair for pair in arrows if pair[0] == pair[1]]:
        labels = arrows.pop(pair)
        name, (x, y) = pair[0], places[pair[0]]
        up = name == "IDLE" or name == "SENT_SWITCH"
        picture.under.append(
            _small_loop(x + (36 if up else -36), y + (-17 if name == "IDLE" else 17), up=name == "IDLE")
        )
        picture.label(x + (36 if up else -36) + 14, y + (-24 if name == "IDLE" else 34), ", ".join(labels), "start")
    return machine(picture, places, arrows, ways, 146)


def _small_loop(x: float, y: float, *, up: bool) -> str:
    away = -22 if up else 22
    path = f"M{x - 9:g},{y:g} C{x - 14:g},{y + away:g} {x + 14:g},{y + away:g} {x + 9:g},{y:g}"
    return f'<path class="arrow" d="{path}" marker-end="url(#head)"/>'


def stream() -> Picture:
    """The states of an HTTP/2 stream."""
    states = import_module("zttp_h2.streams.states")
    arrows = arrows_of(states.STREAM, states.STATE_NAMES, states.INPUT_NAMES)
    staying = {start: labels for (start, end), labels in arrows.items() if start == end}
    moving = {pair: labels for pair, labels in arrows.items() if pair[0] != pair[1]}
    places = {
        "IDLE": (350, 36),
        "OPEN": (350, 120),
        "HALF_CLOSED_LOCAL": (150, 230),
        "HALF_CLOSED_REMOTE": (550, 230),
        "CLOSED": (350, 340),
        "RESET_SENT": (150, 430),
        "RESET_RECEIVED": (550, 430),
    }
    assert set(places) == set(states.STATE_NAMES)
    ways: Ways = {
        ("OPEN", "HALF_CLOSED_LOCAL"): ([(150, 120)], (150, 170)),
        ("OPEN", "HALF_CLOSED_REMOTE"): ([(550, 120)], (550, 170)),
        ("HALF_CLOSED_LOCAL", "CLOSED"): ([(150, 340)], (150, 295)),
        ("HALF_CLOSED_REMOTE", "CLOSED"): ([(550, 340)], (550, 295)),
    }
    picture = Picture(720, 475, "The states of a stream of HTTP/2")
    machine(picture, places, moving, ways, 176)
    for name, labels in staying.items():
        x, y = places[name]
        picture.label(x, y + 31, "stays: " + ", ".join(label.removeprefix("RECV_") for label in labels))
    picture.label(150, 400, "RST_STREAM sent, from every open state")
    picture.label(550, 400, "RST_STREAM received, from every open state")
    return picture


# ------------------------------------------------------------------------------------------------------ the other ones
def house() -> Picture:
    """The imports between distributions."""
    picture = Picture(720, 470, "The distributions, and which imports which")
    picture.group("distribution zttp", 200, 84, 520, 160)
    picture.group("one distribution for each protocol", 20, 200, 700, 276)
    picture.group("distribution zttp-core", 20, 316, 700, 456)
    picture.box("you", 360, 34, 330, ["your program: sockets, clocks, threads"], first=True)
    picture.box("zttp", 360, 130, 280, ["zttp: the names, the command line"])
    picture.box("h1", 116, 246, 150, ["zttp-h1"])
    picture.box("h2", 279, 246, 150, ["zttp-h2"])
    picture.box("h3", 441, 246, 150, ["zttp-h3"])
    picture.box("yours", 604, 246, 150, ["yours, any protocol"])
    picture.box("facade", 145, 364, 200, ["Connection: the facade"])
    picture.box("registry", 145, 420, 200, ["registry: entry points"])
    picture.box("events", 372, 364, 200, ["events, header blocks"])
    picture.box("errors", 372, 420, 200, ["errors, their reasons"])
    picture.box("messages", 588, 392, 180, ["messages: the rules", "of every version"])
    picture.arrow("you", "zttp")
    picture.arrow("zttp", "facade", "", [(8, 130), (8, 364)])
    for name in ("h1", "h2", "h3", "yours"):
        x = picture.boxes[name][0]
        picture.line([(x, 264), (x, 314)], "", (x, 290))
    picture.line(
        [(245, 420), (258, 420), (258, 300), (197, 300), (197, 278)], "finds by entry point", (345, 298), dashed=True
    )
    return picture


def byte() -> Picture:
    """The path of a byte, as messages between the components that handle it."""
    return sequence(
        "The way of a byte",
        ["your socket", "H1Connection", "start line, fields, chunks", "zttp_core.events"],
        [
            (0, 1, "receive_data(bytes)"),
            (1, 1, "kept as it is, nothing is parsed yet"),
            (0, 1, "next_event()"),
            (1, 2, "parse where the last event ended"),
            (2, 1, "offsets and facts, or Malformed"),
            (1, 3, "one call for one event"),
            (3, 0, "Request, Data, EndOfMessage"),
            (0, 0, "headers become objects when you ask for them"),
            (0, 1, "send_response, send_data, end_message"),
            (1, 1, "checked, framed, queued"),
            (0, 1, "data_to_send()"),
            (1, 0, "bytes"),
        ],
    )


def sequence(title: str, actors: Sequence[str], steps: Sequence[tuple[int, int, str]]) -> Picture:
    """Draw messages between actors, from top to bottom; a message to its own actor is a remark."""
    picture = Picture(720, 90 + 34 * len(steps), title)
    xs = [90 + 180 * number for number in range(len(actors))]
    for x in xs:
        picture.under.append(f'<path class="arrow dashed" d="M{x},40 L{x},{80 + 34 * len(steps)}"/>')
    for x, actor in zip(xs, actors, strict=True):
        picture.box(actor, x, 30, 168, first=x == xs[0])
    for number, (start, end, text) in enumerate(steps):
        y = 78 + 34 * number
        if start == end:
            picture.label(xs[start] + 8, y + 4, text, "start")
        else:
            picture.line([(xs[start], y), (xs[end], y)], "", (0, 0), dashed=end < start)
            picture.label((xs[start] + xs[end]) / 2, y - 5, text)
    return picture


def boundary() -> Picture:
    """The trust boundaries."""
    picture = Picture(720, 210, "The trust boundary")
    picture.group("the trust boundary is what zttp reads", 190, 20, 700, 190)
    picture.box("peer", 90, 105, 140, ["the peer:", "trusted with nothing"])
    picture.box("io", 275, 105, 130, ["your sockets,", "TLS, timers"])
    picture.box("zttp", 445, 105, 120, ["zttp:", "one connection"], first=True)
    picture.box("app", 620, 105, 130, ["your program:", "trusted"])
    picture.arrow("peer", "io", "bytes", at=(185, 85))
    picture.arrow("io", "zttp", "receive_data", at=(365, 60))
    picture.arrow("zttp", "app", "events", at=(530, 60))
    picture.line(
        [(620, 131), (620, 165), (445, 165), (445, 131)], "send_ methods: refused if they break a rule", (532, 165)
    )
    return picture


PICTURES: dict[str, Callable[[], Picture]] = {
    "reading": reading,
    "writing": writing,
    "stream": stream,
    "house": house,
    "byte": byte,
    "boundary": boundary,
}


def main() -> None:
    """Draw every diagram, or list those that are not up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing")
    check = parser.parse_args().check
    FOLDER.mkdir(exist_ok=True)
    stale = []
    for name, draw in PICTURES.items():
        path = FOLDER / f"{name}.svg"
        drawn = draw().svg()
        if not path.exists() or path.read_text() != drawn:
            stale.append(name)
            if not check:
                path.write_text(drawn)
    for name in stale:
        print(f"docs/diagrams/{name}.svg: {'not up to date' if check else 'drawn'}")
    sys.exit(bool(check and stale))


if __name__ == "__main__":
    main()
