"""The hierarchical task: deficits early, in the middle and late; a lesion; nonlinear pathways."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from theorylab.deep_linear.experiments.paper import (
    LESION,
    LESION_THEORY,
    NONLINEAR,
    TREE,
    TREE_THEORY,
)
from theorylab.deep_linear.figures.common import TIME, shade
from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size

_PAPER = ("kleinman2024critical", "saxe2019semantic")
_MODES = (0, 1, 2, 4)  # one of each group of equal singular values
_NAMES = ("$\\sqrt{15}$", "$\\sqrt{7}$", "$\\sqrt{3}$", "$1$")
_PERIODS = ("early", "middle", "late")


@figure(
    "deep_linear/modes-deficit",
    needs={"descent": TREE, "theory": TREE_THEORY},
    title="Each feature has its own critical period: deficits early, in the middle, late",
    references=_PAPER,
    reduce=lambda descent, theory: {
        "descent": descent[["k"]].isel(time=slice(0, None, 10)),
        "theory": theory.isel(time=slice(0, None, 10)),
    },
    rtol=1e-5,
    atol=1e-7,
)
def modes_deficit(descent: xr.Dataset, theory: xr.Dataset) -> Figure:
    """Strength of each mode in both pathways: flow over the mode map over gradient descent."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.5), sharey=True)
    for window, (ax, period) in enumerate(zip(axes, _PERIODS, strict=True)):
        _window(ax, descent.isel(start_stop=window), period)
        for first, pathway in enumerate("AB"):
            for mode in _MODES:
                pick = {"start_stop": window, "strength": mode}
                real = descent.k.sel(pathway=pathway).isel(pick)
                flow = theory.flow.sel(pathway=pathway).isel(pick)
                euler = theory.euler.sel(pathway=pathway).isel(pick)
                _marks(ax, real, pathway, slice(3 + 6 * first, None, 12))
                _marks(ax, euler, pathway, slice(6 * first, None, 12), "+")
                ax.plot(flow.time, flow, **_line(pathway))
    fig.supxlabel(TIME, fontsize=10.5)
    axes[0].set_ylabel("strength $K$ of each feature")
    for mode, name in zip(_MODES, _NAMES, strict=True):
        end = float(theory.flow.isel(start_stop=0, pathway=0, strength=mode, time=-1))
        axes[0].text(10.1, end, name, va="center", fontsize=9.5, clip_on=False)
    ink = {"color": COLORS["theory"], "ls": "none"}
    hands = [
        Line2D([], [], **_line("A"), label="A, gradient flow"),
        Line2D([], [], **_line("B"), label="B, gradient flow"),
        Line2D([], [], **ink, marker="o", mfc=COLORS["card"], label="gradient descent"),
        Line2D([], [], **ink, marker="+", ms=8, label="official Euler map"),
    ]
    fig.legend(handles=hands, loc="outside upper center", ncols=4, columnspacing=1.4)
    return fig


@figure(
    "deep_linear/lesion",
    needs={"descent": LESION, "theory": LESION_THEORY},
    title="No competitor, no critical period: a feature that A cannot represent returns to B",
    references=_PAPER,
    reduce=lambda descent, theory: {
        "descent": descent.isel(time=[-1]),
        "theory": theory[["theory"]],
    },
    rtol=1e-5,
    atol=1e-7,
)
def lesion(descent: xr.Dataset, theory: xr.Dataset) -> Figure:
    """Final strengths without and with the lesion, and the final maps with it."""
    fig = plt.figure(figsize=size(0.56))
    grid = fig.add_gridspec(2, 2, width_ratios=(2, 1))
    top = fig.add_subplot(grid[0, 0])
    bottom = fig.add_subplot(grid[1, 0], sharex=top, sharey=top)
    for ax, index, title in (
        (top, 0, "B frozen early"),
        (bottom, 1, "the same, feature $\\sqrt{7}$ lesioned in A"),
    ):
        _bars(ax, descent.k.isel(lesion=index, time=-1), theory.theory.isel(lesion=index))
        ax.set_title(title)
        ax.set_ylabel("final strength $K$")
    top.tick_params(labelbottom=False)
    bottom.set_xlabel("singular value $S$ of the feature")
    bottom.annotate(
        "B has it all",
        (1.15, 2.65),
        (1.75, 3.3),
        color=COLORS["B"],
        fontsize=10,
        arrowprops={"arrowstyle": "->", "color": COLORS["B"]},
        va="center",
    )
    hands = [plt.Rectangle((0, 0), 1, 1, color=COLORS[name]) for name in "AB"]
    cross = Line2D([], [], color=COLORS["theory"], marker="_", ls="none", ms=12, mew=1.8)
    top.legend([*hands, cross], ["A", "B", "theory"], loc="upper right", ncols=3)
    maps = [fig.add_subplot(grid[i, 1]) for i in range(2)]
    for ax, name, data in zip(maps, "AB", descent.last.isel(lesion=1), strict=True):
        image = ax.imshow(data[:8], vmin=0, vmax=4, cmap="cividis")
        ax.set_title(f"map of {name}, with lesion", color=COLORS[name])
        ax.set_xticks([0, 7], ["1", "8"])
        ax.set_yticks([0, 7], ["1", "8"])
        ax.set_ylabel("output mode")
        ax.grid(False)
    maps[1].set_xlabel("input mode")
    fig.colorbar(image, ax=maps, location="right", aspect=24, label="strength")
    return fig


@figure(
    "deep_linear/nonlinear",
    needs={"runs": NONLINEAR},
    title="Nonlinear pathways have critical periods too",
    references=_PAPER,
    reduce=lambda runs: {"runs": runs.sel(activation="tanh").isel(time=slice(0, None, 10))},
    rtol=1e-3,
    # The four modes of strength 1 have no basis of their own: the linear algebra of the machine
    # picks one, starts are drawn mode by mode in it, and another moves these modes by up to 0.02.
    atol=2e-2,
)
def nonlinear(runs: xr.Dataset) -> Figure:
    """Tanh above, ReLU below: output of each pathway in each mode, by gradient descent."""
    fig, axes = plt.subplots(2, 3, figsize=size(0.68), sharex=True, sharey=True)
    for row, activation in enumerate(("tanh", "relu")):
        for window, period in enumerate(_PERIODS):
            ax = axes[row, window]
            one = runs.sel(activation=activation).isel(start_stop=window)
            _window(ax, one, period if row == 0 else "")
            for pathway in "AB":
                for mode in _MODES:
                    k = one.k.sel(pathway=pathway).isel(strength=mode)
                    ax.plot(k.time, k, **_line(pathway))
            alone = float(one.error.sel(pathway="B"))
            text = f"error of B alone {alone:.2f}"
            ax.text(9.8, 4.6, text, ha="right", va="top", fontsize=9.5, color=COLORS["B"])
            ax.set_ylim(-0.1, 4.7)
        axes[row, 0].set_ylabel(f"{'tanh' if row == 0 else 'ReLU'}: strength $K$")
    fig.supxlabel(TIME, fontsize=10.5)
    hands = [Line2D([], [], **_line(name), label=f"pathway {name}") for name in "AB"]
    fig.legend(handles=hands, loc="outside upper center", ncols=2)
    return fig


def _window(ax: Axes, data: xr.Dataset, period: str) -> None:
    start, stop = 0.01 * float(data.start), 0.01 * float(data.stop)
    shade(ax, start, stop)
    if period:
        ax.set_title(f"{period} deficit", loc="center")
    ax.set(xlim=(0, 10), ylim=(-0.1, 4.2))
    ax.set_xticks([0, 5, 10])


def _line(pathway: str) -> dict[str, Any]:
    # B is dashed and above A, so that both show where they coincide.
    first = {"color": COLORS["A"], "lw": 1.9, "zorder": 3}
    second = {"color": COLORS["B"], "lw": 1.9, "zorder": 4, "ls": (0, (3, 2))}
    return first if pathway == "A" else second


def _marks(ax: Axes, data: xr.DataArray, pathway: str, every: slice, marker: str = "o") -> None:
    color = COLORS[pathway]
    look = {"mfc": COLORS["card"], "mec": color, "ms": 4.5 if marker == "o" else 7}
    ax.plot(data.time[every], data[every], ls="none", marker=marker, **look, zorder=5)


def _bars(ax: Axes, descent: xr.DataArray, theory: xr.DataArray) -> None:
    x = np.arange(len(_MODES))
    for shift, name in ((-0.2, "A"), (0.2, "B")):
        heights = descent.sel(pathway=name).isel(strength=list(_MODES))
        ends = theory.sel(pathway=name).isel(strength=list(_MODES))
        ax.bar(x + shift, heights, width=0.38, color=COLORS[name], zorder=2)
        ax.plot(x + shift, ends, ls="none", marker="_", ms=17, mew=1.8, color=COLORS["theory"])
    ax.set_xticks(x, _NAMES)
    ax.set_ylim(0, 4.3)
    ax.grid(axis="x", visible=False)
