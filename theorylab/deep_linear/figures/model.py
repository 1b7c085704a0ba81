"""The model: two pathways, one target, and a gate on the learning of one of them."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size

_BACK = COLORS["highlight"]
_GATE = "#7a5a1e"


@figure(
    "deep_linear/model",
    needs={},
    title="Two deep linear pathways share one target; a deficit stops the learning of one",
    references=("kleinman2024critical",),
)
def model() -> Figure:
    """Two chains of D matrices, their sum, the error that trains both, and the gate on B."""
    fig, ax = plt.subplots(figsize=size(0.425))
    ax.set(xlim=(0, 13), ylim=(-3.0, 2.45), aspect="equal")
    ax.axis("off")
    _box(ax, 0.1, -0.45, 1.2, 0.9, "input\n$x$", "#444444")
    _chain(ax, 1.35, COLORS["A"], "A")
    _chain(ax, -1.35, COLORS["B"], "B")
    for y, color in ((1.35, COLORS["A"]), (-1.35, COLORS["B"])):
        sign = 1 if y > 0 else -1
        _arrow(ax, (1.3, 0.2 * sign), (2.3, y), color)
        _arrow(ax, (7.75, y), (8.85, 0.27 * sign), color)
    ax.add_patch(Circle((9.1, 0), 0.36, facecolor=COLORS["card"], edgecolor="#444444", lw=1.4))
    ax.text(9.1, -0.02, "+", ha="center", va="center", fontsize=17)
    _arrow(ax, (9.5, 0.0), (10.4, 0.0), "#444444")
    _box(ax, 10.4, -0.5, 2.5, 1.0, "error\n$\\Sigma-\\Omega_A-\\Omega_B$", _BACK)
    _feedback(ax)
    return fig


def _chain(ax: Axes, y: float, color: str, name: str) -> None:
    lefts = (2.3, 4.15, 6.55)
    for left, layer in zip(lefts, "12D", strict=True):
        _box(ax, left, y - 0.42, 1.2, 0.84, f"$W_{name}^{layer}$", color)
    _arrow(ax, (3.5, y), (4.15, y), color)
    _arrow(ax, (5.35, y), (5.75, y), color, head=0)
    ax.text(5.97, y, "$\\cdots$", ha="center", va="center", color=color, fontsize=13)
    _arrow(ax, (6.2, y), (6.55, y), color)
    ax.text(
        8.42,
        0.66 * y,
        f"$\\Omega_{name}$",
        color=color,
        ha="left",
        va="center",
        fontsize=12,
    )
    ax.text(
        2.3,
        y + (0.95 if y > 0 else -0.95),
        f"pathway {name}",
        color=color,
        ha="left",
        va="center",
        fontsize=11,
        fontweight="bold",
    )


def _feedback(ax: Axes) -> None:
    for sign in (1, -1):
        y = 2.3 * sign
        ax.plot([11.65, 11.65, 7.15], [0.5 * sign, y, y], ls=(0, (4, 2)), color=_BACK, lw=1.4)
        _arrow(ax, (7.15, y), (7.15, 1.79 * sign), _BACK, dashed=True)
    for y, name in ((1.72, "A"), (-1.75, "B")):
        text = f"the error teaches {name}" + (",\nunless the gate is closed" if y < 0 else "")
        color = _BACK if y > 0 else _GATE
        ax.text(10.02, y, text, ha="center", va="center", color=color, fontsize=10)
    look = {"facecolor": COLORS["deficit"], "edgecolor": _GATE, "lw": 1.3, "zorder": 3}
    ax.add_patch(Rectangle((8.1, -2.52), 0.34, 0.44, **look))
    ax.plot([8.27, 8.27], [-2.52, -2.08], color=_GATE, lw=2.5, zorder=4)
    ax.text(8.27, -2.6, "deficit", ha="center", va="top", color=_GATE, fontsize=10)


def _box(ax: Axes, x: float, y: float, w: float, h: float, text: str, color: str) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (x, y),
            w,
            h,
            boxstyle="round,pad=0,rounding_size=0.12",
            facecolor="#ffffff",
            edgecolor=color,
            lw=1.6,
        )
    )
    ax.text(x + w / 2, y + h / 2, text, ha="center", va="center", color=color, fontsize=11)


def _arrow(
    ax: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str,
    head: int = 1,
    dashed: bool = False,
) -> None:
    style = "-|>" if head else "-"
    line = (0, (4, 2)) if dashed else "-"
    ax.add_patch(
        FancyArrowPatch(
            start,
            end,
            arrowstyle=style,
            mutation_scale=13,
            color=color,
            lw=1.6,
            linestyle=line,
            shrinkA=0,
            shrinkB=0,
        )
    )
