"""Diagrams of systems in systems."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size

_FORWARD, _BACK, _FRAME = COLORS["A"], COLORS["B"], COLORS["muted"]


@figure(
    "systems/training-diagram",
    needs={},
    title="A training run is a closed system of systems",
    references=("spivak2021deeply", "cruttwell2022categorical"),
)
def training_diagram() -> Figure:
    """Boxes in frames: optimiser and layer make a learner, learners a network, all a machine."""
    fig, ax = plt.subplots(figsize=size(0.46))
    ax.set(xlim=(0, 16), ylim=(-2.9, 4.2), aspect="equal")
    ax.axis("off")
    _frame(ax, 0.1, -2.7, 14.0, 6.7, "training run: a machine")
    _frame(ax, 2.9, -1.05, 8.2, 4.35, "network")
    for left, name in ((3.3, "1"), (7.4, "2")):
        _frame(ax, left, -0.75, 3.3, 3.4, f"learner {name}")
        _box(ax, left + 0.8, 1.15, 1.7, 0.9, "optimiser", f"state $\\theta_{name}$")
        _box(ax, left + 0.8, -0.45, 1.7, 0.9, f"layer {name}", "no state")
        _wire(ax, (left + 1.4, 1.15), (left + 1.4, 0.45), _FORWARD)
        _wire(ax, (left + 1.9, 0.45), (left + 1.9, 1.15), _BACK)
    _box(ax, 0.5, -0.45, 1.7, 0.9, "data", "state: key")
    _box(ax, 11.9, -0.45, 1.7, 0.9, "loss", "no state")
    for start, end in ((2.2, 4.1), (5.8, 8.2), (9.9, 11.9)):
        _wire(ax, (start, 0.18), (end, 0.18), _FORWARD)
        _wire(ax, (end, -0.18), (start, -0.18), _BACK)
    ax.plot([1.35, 1.35, 12.75], [-0.45, -1.75, -1.75], color=_FORWARD, lw=1.6)
    _wire(ax, (12.75, -1.75), (12.75, -0.45), _FORWARD)
    ax.text(7.0, -2.15, "wanted outputs", ha="center", va="center", color=_FORWARD, fontsize=10)
    _wire(ax, (13.6, 0.18), (15.6, 0.18), _FORWARD)
    _wire(ax, (15.6, -0.18), (13.6, -0.18), _BACK)
    ax.text(15.0, 0.55, "loss", ha="center", va="center", color=_FORWARD, fontsize=10)
    ax.text(15.0, -0.55, "1", ha="center", va="center", color=_BACK, fontsize=10)
    ax.text(0.5, 2.9, "positions", color=_FORWARD, fontsize=10.5, fontweight="bold")
    ax.text(0.5, 2.35, "directions", color=_BACK, fontsize=10.5, fontweight="bold")
    return fig


def _frame(ax: Axes, x: float, y: float, w: float, h: float, name: str) -> None:
    shape = "round,pad=0,rounding_size=0.2"
    look = {"facecolor": "none", "edgecolor": _FRAME, "lw": 1.1, "linestyle": (0, (5, 2))}
    ax.add_patch(FancyBboxPatch((x, y), w, h, boxstyle=shape, **look))
    ax.text(x + w - 0.2, y + h - 0.32, name, ha="right", va="center", color=_FRAME, fontsize=10)


def _box(ax: Axes, x: float, y: float, w: float, h: float, name: str, state: str) -> None:
    shape = "round,pad=0,rounding_size=0.12"
    look = {"facecolor": "#ffffff", "edgecolor": "#333333", "lw": 1.5, "zorder": 3}
    ax.add_patch(FancyBboxPatch((x, y), w, h, boxstyle=shape, **look))
    middle = {"ha": "center", "va": "center", "zorder": 4}
    ax.text(x + w / 2, y + 0.64 * h, name, fontsize=10.5, **middle)
    ax.text(x + w / 2, y + 0.26 * h, state, fontsize=8, color=_FRAME, **middle)


def _wire(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    look = {"arrowstyle": "-|>", "mutation_scale": 11, "lw": 1.6, "shrinkA": 0, "shrinkB": 0}
    ax.add_patch(FancyArrowPatch(start, end, color=color, zorder=2, **look))
