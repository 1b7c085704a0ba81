"""What every diagram is drawn with: lines, arrowheads, boxes, frames and words."""

import jax
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
from matplotlib.path import Path
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from theorylab.lab.style import COLORS
from theorylab.systems.wires import Wire

FORWARD, BACK = COLORS["A"], COLORS["B"]
#: Height that a port takes, and heights of letters, in the units of a drawing.
PORT, TEXT, NOTE = 0.62, 0.27, 0.24
_SHIFT = 0.09


def canvas(ax: Axes | None) -> Axes:
    """Axes of equal scale and without frame; new ones for None."""
    ax = plt.subplots()[1] if ax is None else ax
    ax.set_aspect("equal")
    ax.axis("off")
    return ax


def even(count: int, height: float) -> tuple[float, ...]:
    """Heights of so many ports, evenly spaced, from the top."""
    return tuple(height * (1 - (k + 0.5) / count) for k in range(count))


def wire_lines(
    ax: Axes, x0: float, y0: float, x1: float, y1: float, wire: Wire, arrow: bool = False
) -> None:
    """The lines of one wire; arrows in the middle, if asked for."""
    if x1 - x0 < 1e-9:
        return
    carried = [bool(jax.tree.leaves(tree)) for tree in (wire.pos, wire.dir)]
    shift = _SHIFT if all(carried) else 0.0
    for there, up, color, turn in zip(
        carried, (shift, -shift), (FORWARD, BACK), (1, -1), strict=True
    ):
        if there:
            curve(ax, (x0, y0 + up), (x1, y1 + up), color, turn if arrow else 0)


def curve(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str, arrow: int
) -> None:
    """A line that leaves and arrives level; an arrow to the right for 1, to the left for -1."""
    (x0, y0), (x1, y1) = start, end
    middle = (x0 + x1) / 2
    path = Path([start, (middle, y0), (middle, y1), end], [Path.MOVETO, *[Path.CURVE4] * 3])
    ax.add_patch(PathPatch(path, facecolor="none", edgecolor=color, lw=1.4, zorder=2))
    if arrow:
        # the tangent of this curve at its middle
        dx, dy = arrow * (x1 - x0) / 4, arrow * (y1 - y0) / 2
        size = max((dx**2 + dy**2) ** 0.5, 1e-9)
        tip = (middle + 0.085 * dx / size, (y0 + y1) / 2 + 0.085 * dy / size)
        arrow_head(ax, tip, (dx, dy), color)


def arrow_head(ax: Axes, tip: tuple[float, float], along: tuple[float, float], color: str) -> None:
    """An arrowhead at `tip` that points along a direction."""
    size = max((along[0] ** 2 + along[1] ** 2) ** 0.5, 1e-9)
    dx, dy = 0.17 * along[0] / size, 0.17 * along[1] / size
    x, y = tip[0] - dx, tip[1] - dy
    corners = [tip, (x - 0.4 * dy, y + 0.4 * dx), (x + 0.4 * dy, y - 0.4 * dx)]
    ax.add_patch(Polygon(corners, closed=True, facecolor=color, edgecolor="none", zorder=5))


def draw_box(
    ax: Axes, x: float, y: float, w: float, h: float, name: str, tinted: bool = False
) -> None:
    """A box with its name; tinted if it has a state."""
    look = {"edgecolor": "#333333", "lw": 1.3, "zorder": 3}
    fill = COLORS["deficit"] if tinted else "#ffffff"
    shape = "round,pad=0,rounding_size=0.12"
    ax.add_patch(FancyBboxPatch((x, y), w, h, boxstyle=shape, facecolor=fill, **look))
    write(ax, x + w / 2 - length(name, TEXT) / 2, y + h / 2, name, TEXT, "#1a1a1a")


def draw_frame(ax: Axes, x: float, y: float, w: float, h: float, name: str) -> None:
    """A dashed frame with its name inside, at the top right."""
    look = {"facecolor": "none", "edgecolor": COLORS["muted"], "lw": 1.1, "linestyle": (0, (5, 2))}
    shape = "round,pad=0,rounding_size=0.2"
    ax.add_patch(FancyBboxPatch((x, y), w, h, boxstyle=shape, zorder=1, **look))
    left = x + w - 0.15 - length(name, NOTE)
    write(ax, left, y + h - 0.24, name, NOTE, COLORS["muted"])


def length(text: str, size: float) -> float:
    """Length of words in the units of the drawing."""
    return float(TextPath((0, 0), text, size=size).get_extents().width) if text else 0.0


def write(ax: Axes, x: float, y: float, text: str, size: float, color: str) -> None:
    """Words in the units of the drawing, so that they grow with it; `y` is their middle."""
    if text:
        path = TextPath((0, 0), text, size=size)
        move = Affine2D().translate(x - path.get_extents().x0, y - 0.36 * size)
        patch = PathPatch(path.transformed(move), facecolor=color, edgecolor="none", zorder=4)
        ax.add_patch(patch)


def led(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], lane: float, way: int
) -> None:
    """A wire led along a lane: forward above the boxes, or from right to left below them."""
    (x0, y0), (x1, y1) = start, end
    bend = 0.45
    # an S above the boxes, a U below them
    turn, run = (bend / 2, bend) if way > 0 else (bend, 0.0)
    points = [
        *(start, (x0 + turn, y0), (x0 + turn, lane), (x0 + run, lane)),
        *((x1 - run, lane), (x1 - turn, lane), (x1 - turn, y1), end),
    ]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3]
    look = {"facecolor": "none", "edgecolor": FORWARD, "lw": 1.4, "zorder": 2}
    ax.add_patch(PathPatch(Path(points, codes), **look))
