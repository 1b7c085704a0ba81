"""What the chapter's figures share: one look for each value of a parameter, and labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from theorylab.lab.style import COLORS, cycle

CELLS = "number of cells $n$"
NEGATIVE = "probability of a false negative"
POSITIVE = "probability of a false positive"
LN10 = float(np.log(10.0))


def looks(values: Sequence[Any]) -> dict[Any, dict[str, Any]]:
    """For each value, the keyword arguments of its colour, line style and marker.

    >>> sorted(looks((8, 12))[8])
    ['color', 'linestyle', 'marker']
    """
    return dict(zip(values, cycle(len(values)), strict=True))


def line(look: dict[str, Any]) -> dict[str, Any]:
    """The theory: a solid line in the value's colour, drawn over the simulation."""
    return {"color": look["color"], "linestyle": "-", "zorder": 4}


def marks(look: dict[str, Any], size: float | int = 6.0) -> dict[str, Any]:
    """The simulation: open markers under the theory."""
    return {
        "linestyle": "none",
        "marker": look["marker"],
        "markersize": size,
        "markerfacecolor": COLORS["card"],
        "markeredgecolor": look["color"],
        "markeredgewidth": 1.2,
        "zorder": 3,
    }


def crosses(size: float | int = 5.0) -> dict[str, Any]:
    """Published values: small crosses in the colour that the book keeps for them."""
    return {
        "linestyle": "none",
        "marker": "x",
        "markersize": size,
        "markeredgewidth": 1.2,
        "color": COLORS["published"],
        "zorder": 5,
    }


def powers(ax: Axes, low: int, high: int, step: int) -> None:
    """Logarithmic vertical axis from 10^low to 10^high with a label every `step` powers."""
    ax.set_yscale("log")
    ax.set_ylim(10.0**low, 10.0**high)
    ticks = list(range(low - low % -step, high + 1, step))
    ax.set_yticks([10.0**t for t in ticks], [f"$10^{{{t}}}$" for t in ticks])
    ax.yaxis.minorticks_off()
