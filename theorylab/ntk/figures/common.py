"""What the chapter's figures share: one colour for each kind of classifier, and labels."""

from typing import Any

from theorylab.lab.style import COLORS

PAPER = "radhakrishnan2023wide"

#: Colour and marker of each kind, the same in every figure.
KIND_LOOK = {
    "one_nn": {"color": COLORS["B"], "marker": "s"},
    "singular": {"color": COLORS["A"], "marker": "o"},
    "majority": {"color": "#2a8f6d", "marker": "^"},
    "rank_one": {"color": COLORS["highlight"], "marker": "D"},
    "linear": {"color": COLORS["muted"], "marker": "v"},
}
NAMES = {
    "one_nn": "nearest neighbour",
    "singular": "singular kernel",
    "majority": "majority vote",
    "rank_one": "rank one",
}


def open_marks(color: str, marker: str = "o", size: float = 5.0) -> dict[str, Any]:
    """The look of simulated points: open markers under the line of the theory."""
    return {
        "linestyle": "none",
        "marker": marker,
        "markersize": size,
        "markerfacecolor": COLORS["card"],
        "markeredgecolor": color,
        "markeredgewidth": 1.1,
        "zorder": 2,
    }
