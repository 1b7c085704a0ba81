"""Drawing a system as it was put together."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.patches import Circle

from theorylab.systems.drawing.strokes import (
    NOTE,
    PORT,
    TEXT,
    canvas,
    draw_box,
    draw_frame,
    even,
    length,
    wire_lines,
)
from theorylab.systems.terms import Term
from theorylab.systems.wires import Wire

_GAP, _MARGIN = 0.9, 0.35


@dataclass(frozen=True)
class _Block:
    """Something drawn: its size, the heights of its ports from the bottom, and how to paint it."""

    width: float
    height: float
    ins: tuple[float, ...]
    outs: tuple[float, ...]
    paint: Callable[[Axes, float, float], None]


def draw_term(term: Term, ax: Axes | None = None) -> Axes:
    """Draw the term of a system.

    On each wire what goes forward, the positions, is blue and above; what comes back, the
    directions, is orange and below. A wire that carries only one of them has one line. Boxes with
    a state are tinted.

    Args:
        term: of a system; see `System.draw`.
        ax: the axes; by default new ones.

    Returns:
        The axes, whose limits fit the drawing.
    """
    ax = canvas(ax)
    inside = _layout(term)
    block = _extended(inside, inside.width + 1.4, term.dom, term.cod, arrows=True)
    block.paint(ax, 0.0, 0.0)
    ax.set(xlim=(-0.1, block.width + 0.1), ylim=(-0.15, block.height + 0.15))
    return ax


def _layout(term: Term) -> _Block:
    makers = {"series": _series, "parallel": _parallel, "frame": _framed, "box": _box}
    return makers[term.kind](term) if term.kind in makers else _wiring_only(term)


def _box(term: Term) -> _Block:
    ports = max(len(term.dom), len(term.cod), 1)
    height = max(0.9, PORT * ports)
    width = max(0.9, length(term.label, TEXT) + 0.4)

    def paint(ax: Axes, x: float, y: float) -> None:
        draw_box(ax, x, y, width, height, term.label, term.state)

    return _Block(width, height, even(len(term.dom), height), even(len(term.cod), height), paint)


def _wiring_only(term: Term) -> _Block:
    """Wires that only pass, cross, fork or end."""
    rows = max(len(term.dom), len(term.cod), 1)
    height = PORT * rows
    width = {"swap": 0.9, "discard": 0.3}.get(term.kind, 0.0)
    ins, outs = even(len(term.dom), height), even(len(term.cod), height)
    if term.kind == "copy":
        outs = ins * len(outs)

    def paint(ax: Axes, x: float, y: float) -> None:
        if term.kind == "swap":
            for k in (0, 1):
                wire_lines(ax, x, y + ins[k], x + width, y + outs[1 - k], term.dom[k])
        if term.kind == "discard":
            wire_lines(ax, x, y + ins[0], x + width, y + ins[0], term.dom[0])
        if term.kind in ("copy", "discard"):
            ax.add_patch(Circle((x + width, y + ins[0]), 0.13, color="#333333", zorder=4))

    return _Block(width, height, ins, outs, paint)


def _series(term: Term) -> _Block:
    blocks = [_layout(part) for part in term.parts]
    lifts, places, x = [0.0], [0.0], 0.0
    for before, block in pairwise(blocks):
        x += before.width + _GAP
        places.append(x)
        lifts.append(lifts[-1] + _middle(before.outs) - _middle(block.ins))
    low = min(lifts)
    lifts = [lift - low for lift in lifts]
    height = max(lift + block.height for lift, block in zip(lifts, blocks, strict=True))

    def paint(ax: Axes, x0: float, y0: float) -> None:
        for k, (block, left, lift) in enumerate(zip(blocks, places, lifts, strict=True)):
            block.paint(ax, x0 + left, y0 + lift)
            if k + 1 < len(blocks):
                start, end = x0 + left + block.width, x0 + places[k + 1]
                wires = zip(block.outs, blocks[k + 1].ins, term.parts[k].cod, strict=True)
                for out, into, wire in wires:
                    wire_lines(
                        ax, start, y0 + lift + out, end, y0 + lifts[k + 1] + into, wire, True
                    )

    return _Block(
        places[-1] + blocks[-1].width,
        height,
        tuple(lifts[0] + port for port in blocks[0].ins),
        tuple(lifts[-1] + port for port in blocks[-1].outs),
        paint,
    )


def _middle(ports: tuple[float, ...]) -> float:
    return sum(ports) / len(ports) if ports else 0.0


def _parallel(term: Term) -> _Block:
    inner = [_layout(part) for part in term.parts]
    width = max(block.width for block in inner)
    blocks = [
        _extended(block, width, part.dom, part.cod)
        for block, part in zip(inner, term.parts, strict=True)
    ]
    space = 0.3
    height = sum(block.height for block in blocks) + space * (len(blocks) - 1)
    lifts, top = [], height
    for block in blocks:
        lifts.append(top - block.height)
        top -= block.height + space

    def paint(ax: Axes, x0: float, y0: float) -> None:
        for block, lift in zip(blocks, lifts, strict=True):
            block.paint(ax, x0, y0 + lift)

    def ports(side: str) -> tuple[float, ...]:
        pairs = zip(blocks, lifts, strict=True)
        return tuple(lift + port for block, lift in pairs for port in getattr(block, side))

    return _Block(width, height, ports("ins"), ports("outs"), paint)


def _framed(term: Term) -> _Block:
    (part,) = term.parts
    inside = _layout(part)
    wide = max(inside.width, length(term.label, NOTE)) + 2 * _MARGIN
    inner = _extended(inside, wide, term.dom, term.cod)
    height = inner.height + 2 * _MARGIN + 0.3

    def paint(ax: Axes, x: float, y: float) -> None:
        draw_frame(ax, x, y, wide, height, term.label)
        inner.paint(ax, x, y + _MARGIN)

    def lifted(ports: tuple[float, ...]) -> tuple[float, ...]:
        return tuple(port + _MARGIN for port in ports)

    return _Block(wide, height, lifted(inner.ins), lifted(inner.outs), paint)


def _extended(
    block: _Block,
    width: float,
    dom: tuple[Wire, ...],
    cod: tuple[Wire, ...],
    arrows: bool = False,
) -> _Block:
    """The block in the middle of a wider one, its wires led to the sides."""
    left = (width - block.width) / 2

    def paint(ax: Axes, x: float, y: float) -> None:
        for port, wire in zip(block.ins, dom, strict=True):
            wire_lines(ax, x, y + port, x + left, y + port, wire, arrows)
        for port, wire in zip(block.outs, cod, strict=True):
            wire_lines(ax, x + left + block.width, y + port, x + width, y + port, wire, arrows)
        block.paint(ax, x + left, y)

    return _Block(width, block.height, block.ins, block.outs, paint)
