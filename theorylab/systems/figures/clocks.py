"""Fast clocks under a slow one: bursts in turn, and the reduced column beside the full one."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, size
from theorylab.systems.experiments.clocks import CLOCKS

_LOOKS = ((COLORS["A"], "o"), (COLORS["B"], "s"), ("#2a8f6d", "^"))
_EVERY = 25


@figure(
    "systems/clocks",
    needs={"runs": CLOCKS},
    title="A slow clock lets three columns of fast ones synchronise in turn",
    references=("ott2008low", "tort2010measuring"),
    rtol=1e-3,
    atol=1e-5,
    reduce=lambda runs: {"runs": runs.isel(tick=slice(None, None, _EVERY))},
)
def clocks(runs: xr.Dataset) -> Figure:
    """Bursts in three slow cycles; order parameter with and without them; shares of the phases."""
    fig = plt.figure(figsize=size(0.78))
    top, bottom = fig.subfigures(2, 1, height_ratios=(1, 1))
    last = float(runs.tick[-1])
    window = runs.sel(tick=slice(last - 0.5, last))
    _bursts(top.subplots(), window)
    left, right = bottom.subplots(1, 2, width_ratios=(1.25, 1))
    _order(left, window)
    _shares(right, runs)
    return fig


def _bursts(ax: Axes, window: xr.Dataset) -> None:
    full, reduced = (window.sel(reduced=one, depth=window.depth[0]) for one in (False, True))
    for k, (color, _) in zip(range(window.sizes["column"]), _LOOKS, strict=False):
        base = -2.0 * k
        ax.plot(window.tick, base + full.field.isel(column=k), color=color, lw=1.0)
        for sign in (1, -1):
            edge = base + sign * reduced.order.isel(column=k)
            ax.plot(window.tick, edge, "--", color=COLORS["theory"], lw=1.1)
    ax.set_yticks(-2.0 * np.arange(window.sizes["column"]), ["column 1", "column 2", "column 3"])
    ax.plot([], [], color=COLORS["muted"], lw=1.0, label="mean field of the oscillators")
    ax.plot([], [], "--", color=COLORS["theory"], lw=1.1, label="$\\pm r$ of the reduced column")
    ax.set(xlabel="time (s)", ylabel="real part of the mean field", ylim=(-5.1, 1.9))
    ax.margins(x=0)
    ax.legend(loc="upper right", ncols=2)


def _order(ax: Axes, window: xr.Dataset) -> None:
    one = window.isel(column=0)
    looks = {"with the slow clock": _LOOKS[0], "without": (COLORS["muted"], "s")}
    for depth, (name, (color, mark)) in zip(one.depth.values, looks.items(), strict=True):
        points = one.sel(reduced=False, depth=depth).isel(tick=slice(None, None, 12))
        line = one.sel(reduced=True, depth=depth)
        marks = {"ls": "none", "marker": mark, "ms": 3.5, "mfc": "none", "color": color}
        ax.plot(points.tick, points.order, label=name, **marks)
        ax.plot(line.tick, line.order, color=COLORS["theory"], lw=1.1)
    ax.plot([], [], color=COLORS["theory"], lw=1.1, label="reduced")
    ax.set(xlabel="time (s)", ylabel="order parameter $r$, column 1", ylim=(0, 1.28))
    ax.margins(x=0)
    ax.legend(loc="upper center", ncols=3, fontsize=8.5, columnspacing=1.0, handlelength=1.4)


def _shares(ax: Axes, runs: xr.Dataset) -> None:
    one = runs.isel(depth=0)
    turns = runs.bin / (2 * np.pi)
    for k, (color, mark) in zip(range(runs.sizes["column"]), _LOOKS, strict=False):
        share = one.share.isel(column=k)
        marks = {"ls": "none", "marker": mark, "ms": 4, "mfc": "none", "color": color}
        ax.plot(turns, share.sel(reduced=False), label=f"column {k + 1}", **marks)
        ax.plot(turns, share.sel(reduced=True), color=COLORS["theory"], lw=1.1)
    without = runs.share.isel(depth=1, column=0).sel(reduced=False)
    ax.plot(turns, without, ":", color=COLORS["muted"], label="without")
    index = float(one["index"].sel(reduced=False).mean())
    label_curve(ax, 0.5, 0.0165, f"modulation index {index:.4f}", ha="center")
    ax.set(
        xlabel="slow phase (turns)", ylabel="share of $r$ in a bin", xlim=(0, 1), ylim=(0.01, 0.1)
    )
    ax.legend(loc="upper center", ncols=2, fontsize=8.5)
