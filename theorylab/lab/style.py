"""One look for every figure: safe for colour-blind readers, in print, and on a dark page.

Figures are drawn on an opaque light card, in the fonts that Matplotlib ships, at the width
of the book's column. Colours differ in lightness as well as in hue; `cycle` adds line styles
and markers so that nothing rests on colour alone.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, SupportsFloat

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes

#: The book's column, in inches (780 CSS pixels).
WIDTH = 780 / 96

COLORS = {
    "theory": "#1a1a1a",
    "simulation": "#2a7ab9",
    "A": "#0b3c6f",
    "B": "#d9600a",
    "published": "#7b2d8b",
    "highlight": "#b5005b",
    "muted": "#707070",
    "deficit": "#f3dfc1",
    "card": "#fcfcf9",
    "grid": "#dedede",
}

LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_STYLE = {
    "figure.figsize": (WIDTH, 0.5 * WIDTH),
    "figure.dpi": 96,
    "figure.facecolor": COLORS["card"],
    "figure.edgecolor": COLORS["card"],
    "figure.constrained_layout.use": True,
    "figure.titlesize": 12,
    "axes.facecolor": COLORS["card"],
    "axes.edgecolor": "#444444",
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10.5,
    "axes.prop_cycle": cycler(
        color=["#0b3c6f", "#d9600a", "#2a8f6d", "#b5005b", "#707070", "#7b2d8b"]
    ),
    "axes.unicode_minus": True,
    "grid.color": COLORS["grid"],
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "mathtext.fontset": "dejavusans",
    "text.color": "#1a1a1a",
    "axes.labelcolor": "#1a1a1a",
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "legend.fontsize": 9.5,
    "legend.frameon": True,
    "legend.facecolor": COLORS["card"],
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "image.cmap": "cividis",
    "savefig.facecolor": COLORS["card"],
    "savefig.edgecolor": COLORS["card"],
    "savefig.dpi": 192,
    "svg.fonttype": "path",
    "svg.hashsalt": "theorylab",
    "pdf.fonttype": 42,
}


def use() -> None:
    """Apply the style from here on (for notebooks)."""
    mpl.rcParams.update(_rc())


@contextlib.contextmanager
def style() -> Iterator[None]:
    """Apply the style while the context lasts."""
    with mpl.rc_context(_rc()):
        yield


def sequence(n: int) -> list[str]:
    """`n` ordered colours from dark to light, each readable on the card.

    >>> len(sequence(3)), sequence(1)
    (3, ['#355f8d'])
    """
    points = np.linspace(0.02, 0.57, n) if n > 1 else [0.3]
    return [mpl.colors.to_hex(mpl.colormaps["viridis"](point)) for point in points]


def cycle(n: int) -> list[dict[str, Any]]:
    """`n` ordered sets of plot arguments: colour, line style and marker all differ.

    >>> cycle(2)[0]["marker"], cycle(2)[1]["linestyle"]
    ('o', '--')
    """
    return [
        {"color": color, "linestyle": LINES[i % len(LINES)], "marker": MARKERS[i % len(MARKERS)]}
        for i, color in enumerate(sequence(n))
    ]


def size(aspect: float = 0.5, width: float = 1.0) -> tuple[float, float]:
    """A figure size in inches: `width` in columns of the book, height `aspect` times that."""
    return width * WIDTH, aspect * width * WIDTH


def label_curve(
    ax: Axes,
    x: SupportsFloat,
    y: SupportsFloat,
    text: str,
    color: str = "#1a1a1a",
    **kwargs: Any,
) -> None:
    """Write a few words in the plot, on a patch of the card's colour: a curve's name beside it.

    Args:
        ax: where.
        x, y: place, in the units of the axes.
        text: the words.
        color: of the words; a curve's name has the curve's colour.
        kwargs: further properties of `matplotlib.text.Text`.
    """
    box = {"boxstyle": "round,pad=0.12", "facecolor": COLORS["card"], "edgecolor": "none"}
    look = {"color": color, "fontsize": 9.5, "va": "center", "bbox": box, "zorder": 6}
    ax.text(x, y, text, **(look | kwargs))


def _rc() -> dict[str, Any]:
    # From Matplotlib's own defaults, so that a user's matplotlibrc changes nothing.
    skip = {"backend", "interactive", "backend_fallback", "toolbar", "timezone"}
    defaults = {key: value for key, value in mpl.rcParamsDefault.items() if key not in skip}
    return {**defaults, **_STYLE}
