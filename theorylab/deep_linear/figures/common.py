"""What the chapter's figures share: one colour per depth, labels, and the final line."""

from collections.abc import Iterable
from typing import Any, SupportsFloat, SupportsInt

import numpy as np
from matplotlib.axes import Axes

from theorylab.lab.style import COLORS, cycle

_DEPTHS = (1, 2, 3, 4, 5, 6)
_LOOK = dict(zip(_DEPTHS, cycle(len(_DEPTHS)), strict=True))

TIME = "time $t$ (learning rate $\\times$ steps)"
ONSET = "onset of the deficit ($T_{1/2}$)"
SHARE_B = "final share of pathway B"


def depth_look(depth: SupportsInt) -> dict[str, Any]:
    """Colour, line style and marker of a depth: the same in every figure of the chapter.

    >>> sorted(depth_look(3))
    ['color', 'linestyle', 'marker']
    """
    return dict(_LOOK[int(depth)])


def line_of(depth: SupportsInt) -> dict[str, Any]:
    """The look of a depth's theory: a solid line in its colour."""
    return {"color": _LOOK[int(depth)]["color"], "linestyle": "-"}


def marks_of(depth: SupportsInt, size: SupportsFloat = 5.0) -> dict[str, Any]:
    """The look of a depth's simulation: open markers under the theory line."""
    look = _LOOK[int(depth)]
    return {
        "linestyle": "none",
        "marker": look["marker"],
        "markersize": size,
        "markerfacecolor": COLORS["card"],
        "markeredgecolor": look["color"],
        "markeredgewidth": 1.1,
        "zorder": 2,
    }


def spread_labels(positions: Iterable[float], gap: float) -> np.ndarray:
    """The positions, moved apart as little as needed to be at least `gap` from each other.

    >>> spread_labels([0.0, 0.1, 1.0], 0.3).round(3).tolist()
    [-0.1, 0.2, 1.0]
    """
    positions = np.asarray(list(positions), float)
    order = np.argsort(positions, kind="stable")
    moved = positions[order]
    for _ in range(200):
        overlap = gap - np.diff(moved)
        if np.all(overlap <= 1e-9):
            break
        push = np.where(overlap > 0, overlap / 2, 0.0)
        moved[:-1] -= push
        moved[1:] += push
    result = np.empty_like(moved)
    result[order] = moved
    return result


def shade(ax: Axes, start: float, stop: float, text: str = "", y: float = 0.97) -> None:
    """Shade a deficit's window, with its name at the height `y` of the axes."""
    ax.axvspan(start, stop, color=COLORS["deficit"], linewidth=0, zorder=0)
    if text:
        ax.text(
            0.5 * (start + stop),
            y,
            text,
            transform=ax.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize=9,
            color="#7a5a1e",
        )
