"""The figures of the chapter: from the data of the experiments to a drawing."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size
from theorylab.systems.experiments import HOLDING, RECALL, SIGN_FLIP

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


@figure(
    "systems/recall",
    needs={"runs": RECALL},
    title="Cells recall two patterns in a wiring that learns, and in a fixed one do not",
    references=("spivak2021deeply",),
    rtol=1e-4,
    atol=1e-6,
)
def recall(runs: xr.Dataset) -> Figure:
    """The overlap of the activity with both patterns, tick by tick, in both wirings."""
    fig, axes = plt.subplots(2, 1, figsize=size(0.56), sharex=True, sharey=True)
    start, block = 200, 28
    for ax, rate in zip(axes, runs.rate.values, strict=True):
        one = runs.overlap.sel(rate=rate)
        for pattern, color, style in (("A", COLORS["A"], "-"), ("B", COLORS["B"], "--")):
            label = f"overlap with {pattern}"
            ax.plot(one.tick, one.sel(pattern=pattern), style, color=color, label=label)
        for cue in (start + 3, start + block + 3):
            ax.axvspan(cue, cue + 5, color=COLORS["deficit"], zorder=0)
        ax.axvline(start, color=COLORS["muted"], lw=0.8)
        ax.set_title("wiring that learns" if rate > 0 else "fixed wiring")
        ax.set(ylim=(-0.4, 1.08), xlim=(100, start + 2 * block), ylabel="overlap")
    note = {"va": "center", "fontsize": 9.5}
    axes[0].text(198, 0.5, "study", ha="right", color=COLORS["muted"], **note)
    for cue, name in ((start + 3, "A"), (start + block + 3, "B")):
        axes[0].text(cue + 6, 0.5, f"cue {name}", color="#7a5a1e", **note)
    axes[1].set_xlabel("tick")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper right", ncols=2)
    return fig


@figure(
    "systems/holding",
    needs={"runs": HOLDING},
    title="What a wiring recalls it learns again, at the cost of the rest",
    references=("spivak2021deeply",),
    rtol=1e-3,
    atol=0.02,
    reduce=lambda runs: {"runs": _share_held(runs).to_dataset(name="share")},
)
def holding(runs: xr.Dataset) -> Figure:
    """The share of seeds in which either pattern is held at the end of its free time."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.42), sharey=True)
    share = _share_held(runs)
    for ax, rate in zip(axes, share.rate.values, strict=True):
        for pattern, color, mark in (("A", COLORS["A"], "o-"), ("B", COLORS["B"], "s--")):
            line = share.sel(rate=rate, pattern=pattern)
            ax.plot(line.free, line, mark, color=color, label=f"{pattern}, cued {_order(pattern)}")
        ax.set_title(f"rate $\\eta = {rate:g}$")
        ax.set_xscale("log", base=2)
        ax.set(xlabel="time without input (ticks)", ylim=(-0.04, 1.04))
        ax.set_xticks(line.free.values, [str(int(n)) for n in line.free.values])
    axes[0].set_ylabel("share of seeds that hold it")
    axes[0].legend(loc="lower left")
    return fig


def _order(pattern: str) -> str:
    return "first" if pattern == "A" else "second"


def _share_held(runs: xr.Dataset) -> xr.DataArray:
    return (runs.held > 0.9).mean("seed")


@figure(
    "systems/sign-flip",
    needs={"runs": SIGN_FLIP},
    title="A wiring that learns survives the change of its plant; a fixed one does not",
    references=("spivak2021deeply",),
    rtol=1e-4,
    atol=1e-6,
)
def sign_flip(runs: xr.Dataset) -> Figure:
    """What the plant shows, on a logarithmic axis, and the estimate beside the true response."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=size(0.56), sharex=True)
    looks = {False: ("fixed wiring", COLORS["B"], "--"), True: ("learns", COLORS["A"], "-")}
    for learns, (label, color, style) in looks.items():
        x = np.abs(runs.x.sel(learns=learns))
        top.semilogy(runs.tick, np.maximum(x, 1e-4), style, color=color, lw=1.4, label=label)
    top.set(ylim=(1e-3, 1e3), ylabel="$|x|$ of the plant")
    top.legend(loc="upper left")
    one = runs.sel(learns=True)
    bottom.step(one.tick, one.b, where="post", color=COLORS["theory"], lw=1.2, label="$b$")
    bottom.plot(one.tick, one.estimate, color=COLORS["A"], label="estimate $\\theta$")
    bottom.set(xlabel="tick", ylabel="response to the control", xlim=(0, runs.sizes["tick"] - 1))
    bottom.legend(loc="upper right")
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
