"""Drawing a finite wiring diagram."""

from typing import Any

from matplotlib.axes import Axes

from theorylab.systems.drawing.strokes import (
    FORWARD,
    PORT,
    TEXT,
    arrow_head,
    canvas,
    curve,
    draw_box,
    draw_frame,
    even,
    led,
    length,
)
from theorylab.systems.finite.wiring import OUTSIDE, Wiring


def draw_wiring(
    wiring: Wiring, names: tuple[str, ...], ax: Axes | None = None, title: str = ""
) -> Axes:
    """Draw a finite wiring diagram: boxes in the outer box, and which output feeds which input.

    Boxes stand in columns, as far right as their longest chain of feeding boxes is long. Wires
    that would run back, feedback, are led below.

    Args:
        wiring: the diagram.
        names: of the inner boxes.
        ax: the axes; by default new ones.
        title: name of the outer box.

    Raises:
        ValueError: there are no boxes, or not as many names as boxes.
    """
    if not wiring.inner:
        raise ValueError("the wiring has no boxes; allowed: at least one")
    if len(names) != len(wiring.inner):
        raise ValueError(f"names has {len(names)} entries; allowed: {len(wiring.inner)}")
    ax = canvas(ax)
    columns = _columns(wiring)
    sizes = [
        (max(0.9, length(name, TEXT) + 0.4), max(0.9, PORT * max(len(b.inputs), len(b.outputs))))
        for name, b in zip(names, wiring.inner, strict=True)
    ]
    corners, right, top = _placed(columns, sizes)
    below, above = [-0.35], [top + 0.35]

    def port(box: int, k: int, side: str) -> tuple[float, float]:
        if box == OUTSIDE:
            outer = wiring.outer.inputs if side == "out" else wiring.outer.outputs
            return (-0.6 if side == "out" else right + 0.6), even(len(outer), top)[k]
        ports = wiring.inner[box].outputs if side == "out" else wiring.inner[box].inputs
        (x, y), (w, h) = corners[box], sizes[box]
        return (x + w if side == "out" else x), y + even(len(ports), h)[k]

    last = max(columns) + 1
    for box, sources in enumerate([*wiring.feed, wiring.show]):
        target = OUTSIDE if box == len(wiring.inner) else box
        to = last if target == OUTSIDE else columns[target]
        for k, source in enumerate(sources):
            start, end = port(*source, "out"), port(target, k, "in")
            steps = to - (-1 if source[0] == OUTSIDE else columns[source[0]])
            if steps == 1:
                curve(ax, start, end, FORWARD, 0)
            elif steps > 1:
                above.append(above[-1] + 0.3)
                led(ax, start, end, above[-1], 1)
            else:
                below.append(below[-1] - 0.3)
                led(ax, start, end, below[-1], -1)
            if target == OUTSIDE:
                start, end = end, (end[0] + 0.7, end[1])
                curve(ax, start, end, FORWARD, 0)
            arrow_head(ax, end, (1.0, 0.0), FORWARD)
    for k in range(len(wiring.outer.inputs)):
        x, y = port(OUTSIDE, k, "out")
        curve(ax, (x - 0.7, y), (x, y), FORWARD, 0)
    low, high = below[-1] - 0.35, above[-1] + 0.6
    for (x, y), (w, h), name in zip(corners, sizes, names, strict=True):
        draw_box(ax, x, y, w, h, name, tinted=True)
    draw_frame(ax, -0.75, low, right + 1.5, high - low, title)
    ax.set(xlim=(-1.4, right + 1.4), ylim=(low - 0.1, high + 0.1))
    return ax


def _placed(columns: list[int], sizes: list[tuple[float, float]]) -> tuple[list, float, float]:
    """Lower left corners of the boxes, the right end and the height of all."""
    corners: list[Any] = [None] * len(sizes)
    stacks = [[b for b, c in enumerate(columns) if c == k] for k in range(max(columns) + 1)]
    heights = [sum(sizes[b][1] + 0.5 for b in stack) - 0.5 for stack in stacks]
    top, x = max(heights), 0.0
    for stack, height in zip(stacks, heights, strict=True):
        y, wide = (top + height) / 2, max(sizes[b][0] for b in stack)
        for b in stack:
            y -= sizes[b][1]
            corners[b] = (x + (wide - sizes[b][0]) / 2, y)
            y -= 0.5
        x += wide + 1.1
    return corners, x - 1.1, top


def _columns(wiring: Wiring) -> list[int]:
    """For each box the length of the longest chain that feeds it, feedback left out."""
    count = len(wiring.feed)
    feeds = [{b for b, _ in sources if b != OUTSIDE} for sources in wiring.feed]
    backward: set[tuple[int, int]] = set()
    seen: set[int] = set()

    def follow(box: int, path: tuple[int, ...]) -> None:
        seen.add(box)
        for after in (b for b in range(count) if box in feeds[b]):
            if after in (*path, box):
                backward.add((box, after))
            elif after not in seen:
                follow(after, (*path, box))

    def depth(box: int) -> int:
        before = [depth(b) for b in feeds[box] if (b, box) not in backward]
        return 1 + max(before, default=-1)

    fed_from_outside = [any(b == OUTSIDE for b, _ in sources) for sources in wiring.feed]
    for box in sorted(range(count), key=lambda b: not fed_from_outside[b]):
        if box not in seen:
            follow(box, ())
    return [depth(box) for box in range(count)]
