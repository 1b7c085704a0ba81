"""The taxonomy: the map of activations, the five phases, and the labels they give."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, sequence, size
from theorylab.ntk.experiments.taxonomy import COBWEB, DECISIONS, KINDS, MAP, PHASES
from theorylab.ntk.figures.common import KIND_LOOK, PAPER

_SHOWN = {"relu": "ReLU", "abs": "|z|", "leaky_relu": "leaky ReLU", "gelu": "GELU", "silu": "SiLU"}
_SHOWN |= {"elu": "ELU", "selu": "SELU", "gaussian": "Gaussian", "relu centred": "centred ReLU"}
_SHOWN |= {"h2": "$h_2$", "h3": "$h_3$", "softplus": "softplus", "sigmoid": "sigmoid"}
_SHOWN |= {f"d={d}": f"optimal for $d={d}$" for d in (1, 2, 4, 8)} | {"leaky_relu": ""}
_AT = {  # where names go, in points from their markers
    "tanh": (-31, -3),
    "erf": (7, 1),
    "selu": (-33, -3),
    "sin": (7, 3),
    "relu centred": (-72, 4),
    "d=1": (9, -3),
    "d=2": (4, 8),
    "d=4": (-20, 22),
    "d=8": (-14, 9),
    "h2": (7, -12),
    "h3": (8, -3),
    "relu": (-18, -15),
    "abs": (-5, 9),
    "gelu": (-8, 9),
    "silu": (-10, 9),
    "elu": (-8, 9),
    "cos": (-24, -3),
    "gaussian": (-20, 9),
    "softplus": (-54, -6),
    "sigmoid": (-50, -6),
}


@figure(
    "ntk/taxonomy-map",
    needs={"map": MAP},
    title="Which classifier an infinitely wide and deep network is: the map of activations",
    references=(PAPER,),
)
def taxonomy_map(map: xr.Dataset) -> Figure:
    """Left: mean zero, the plane of A' and B'. Right: the others, the plane of A and B'."""
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.62), width_ratios=(1.25, 1))
    centred = map.A.values < 1e-9
    _centred_plane(left)
    _other_plane(right)
    for index, name in enumerate(map.name.values):
        ax = left if centred[index] else right
        x = float((map.A1 if centred[index] else map.A)[index])
        look = KIND_LOOK[KINDS[int(map.kind[index])]]
        y = float(map.B1[index])
        ax.plot(x, y, ls="none", ms=7, mec=COLORS["card"], zorder=5, **look)
        ax.annotate(
            _SHOWN.get(str(name), str(name)),
            (x, y),
            xytext=_AT.get(str(name), (6, 5)),
            textcoords="offset points",
            fontsize=9,
            zorder=6,
        )
    return fig


def _centred_plane(ax: Axes) -> None:
    x = np.linspace(1e-3, 1, 400)
    ax.fill_between(x, 0.5, 2 - x**2, color="#e6e6e6", lw=0, zorder=0)
    for alpha, color in zip((1, 2, 4, 8), sequence(4), strict=True):
        with np.errstate(over="ignore"):
            b = x ** (-4 / alpha)
        allowed = b >= 2 - x**2
        ax.plot(x, np.where(allowed, b, np.nan), color=color, lw=1.4, zorder=2)
        end = 4.75 if alpha < 4 else 2.6
        at = end ** (-alpha / 4)
        label_curve(ax, at, end, f"$\\alpha={alpha}$", color, ha="center", fontsize=9)
    ax.axvline(0, color=KIND_LOOK["one_nn"]["color"], lw=4, zorder=1)
    label_curve(
        ax, 0.03, 4.45, "$A'=0$: nearest\nneighbour", KIND_LOOK["one_nn"]["color"], ha="left"
    )
    label_curve(ax, 0.4, 3.4, "singular kernel\n$|x-z|^{-\\alpha}$", KIND_LOOK["singular"]["color"])
    ax.text(0.25, 1.2, "no activation: $B' \\geq 2 - A'^2$", fontsize=9, color=COLORS["muted"])
    ax.set(xlim=(-0.02, 1.02), ylim=(0.95, 5), yscale="log")
    ax.set_yticks([1, 2, 3, 4, 5], ["1", "2", "3", "4", "5"])
    ax.minorticks_off()
    ax.set_xlabel("$|A'| = |E\\,\\varphi'(g)|$")
    ax.set_ylabel("$B' = E\\,\\varphi'(g)^2$")
    ax.set_title("mean zero, $A = E\\,\\varphi(g) = 0$")


def _other_plane(ax: Axes) -> None:
    x = np.linspace(0, 1, 200)
    ax.fill_between(x, 0, 1 - x**2, color="#e6e6e6", lw=0, zorder=0)
    upper = np.maximum(1.0, 1 - x**2)
    ax.fill_between(x, upper, 2.2, color=KIND_LOOK["majority"]["color"], alpha=0.13, lw=0)
    ax.fill_between(x, 1 - x**2, 1, color=KIND_LOOK["rank_one"]["color"], alpha=0.13, lw=0)
    ax.axhline(1, color=KIND_LOOK["majority"]["color"], lw=2.2, zorder=1)
    label_curve(ax, 0.3, 1.72, "majority vote", KIND_LOOK["majority"]["color"])
    label_curve(
        ax, 0.97, 0.6, "rank one:\na ridge decides", KIND_LOOK["rank_one"]["color"], ha="right"
    )
    ax.text(0.05, 0.1, "no activation:\n$B' \\geq 1 - A^2$", fontsize=9, color=COLORS["muted"])
    ax.set(xlim=(0, 1.02), ylim=(0, 2))
    ax.set_xlabel("$|A| = |E\\,\\varphi(g)|$")
    ax.set_ylabel("$B'$")
    ax.set_title("the others, $A \\neq 0$")


_TITLES = {
    "one_nn": "$A=A'=0$:\nnearest neighbour",
    "singular": "$A=0$, $A'\\neq 0$:\nsingular kernel",
    "chaotic": "$A\\neq 0$, $B'>1$:\nmajority vote",
    "critical": "$A\\neq 0$, $B'=1$:\nmajority vote",
    "ordered": "$A\\neq 0$, $B'<1$:\nrank one",
}
_PHASE_KIND = dict(
    zip(PHASES, ("one_nn", "singular", "majority", "majority", "rank_one"), strict=True)
)


@figure(
    "ntk/phases",
    needs={"cobweb": COBWEB},
    title="The dual activation of each phase, and the path of a correlation through the layers",
    references=(PAPER,),
)
def phases(cobweb: xr.Dataset) -> Figure:
    """Five cobweb plots."""
    fig, axes = plt.subplots(1, 5, figsize=size(0.29), sharey=True)
    for ax, name in zip(axes, PHASES, strict=True):
        one = cobweb.sel(phase=name)
        color = KIND_LOOK[_PHASE_KIND[name]]["color"]
        ax.plot([0, 1], [0, 1], color=COLORS["muted"], lw=0.9)
        ax.plot(one.xi, one.dual, color=color, lw=2)
        path = one.path.values
        x = np.repeat(path, 2)[:-1]
        y = np.concatenate([[0.0], np.repeat(path[1:], 2)])
        ax.plot(x, y, color=COLORS["theory"], lw=0.8)
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=(0, 1), yticks=(0, 1))
        ax.set_title(_TITLES[name], fontsize=9)
        ax.set_xlabel("correlation $\\xi$")
    axes[0].set_ylabel("after one layer, $\\check\\varphi(\\xi)$")
    return fig


@figure(
    "ntk/decision-maps",
    needs={"decisions": DECISIONS},
    title="The labels that infinitely deep networks give on an octant of the sphere",
    references=(PAPER, "devroye1998hilbert"),
    atol=1e-9,
)
def decision_maps(decisions: xr.Dataset) -> Figure:
    """Nearest neighbour, singular kernel and majority vote from the same training points."""
    shown = ("one_nn", "singular", "majority")
    titles = ("nearest neighbour: $h_2$", "singular kernel: optimal, $d=2$", "majority vote: ReLU")
    fig, axes = plt.subplots(1, 3, figsize=size(0.36))
    image = None
    for ax, name, title in zip(axes, shown, titles, strict=True):
        score = decisions.score.sel(classifier=name).values
        image = ax.imshow(
            score,
            origin="lower",
            extent=(0, 1, 0, 1),
            vmin=-1,
            vmax=1,
            cmap="PuOr",
            interpolation="nearest",
        )
        corners = [(0, 0), (1, 0), (0.5, np.sqrt(3) / 2)]
        ax.add_patch(Polygon(corners, fill=False, ec=COLORS["muted"], lw=0.8))
        for sign, marker in ((1, "+"), (-1, "_")):
            at = decisions.train.values[decisions.label.values == sign]
            ax.plot(at[:, 0], at[:, 1], ls="none", marker=marker, ms=5.5, mew=1.3, color="#111111")
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 0.9), aspect="equal", xticks=[], yticks=[])
        ax.grid(False)
        ax.set_title(title, fontsize=10)
        for spine in ax.spines.values():
            spine.set_visible(False)
    fig.colorbar(image, ax=axes, shrink=0.75, label="mean label, by weight")
    return fig
