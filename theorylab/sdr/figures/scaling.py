"""How false positives scale with the population, the synapses and the threshold."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, size
from theorylab.sdr.experiments.paper import (
    CELLS as POPULATIONS,
)
from theorylab.sdr.experiments.paper import (
    FIXED_A,
    FIXED_P,
    FLOOR,
    HALF,
    HALVES,
    PAIRS,
    QUARTER,
    SPARSE,
    SYNAPSES,
)
from theorylab.sdr.figures.common import CELLS, POSITIVE, crosses, line, looks, powers
from theorylab.sdr.published import published

_A = (64, 128, 256)
_THETA = 12


@figure(
    "sdr/scaling-laws",
    needs={"fixed_a": FIXED_A, "fixed_p": FIXED_P, "floor": FLOOR},
    title="A power law at fixed activity, a floor at fixed sparsity",
    references=("ahmad2016neurons",),
    rtol=1e-9,
)
def scaling_laws(fixed_a: xr.Dataset, fixed_p: xr.Dataset, floor: xr.Dataset) -> Figure:
    """False positives against n, both ways, and the local exponents."""
    fig, (ax, slope_ax) = plt.subplots(1, 2, figsize=size(0.52), width_ratios=(1.35, 1))
    style = looks(_A)
    for a in _A:
        one = fixed_a.sel(a=a)
        ax.plot(one.n, np.exp(one.log_p), **line(style[a]))
        slope_ax.plot(one.n, _slope(one), **line(style[a]))
    _names(ax, style)
    n = fixed_p.n.values
    ax.plot(n, np.exp(fixed_p.log_p), color=COLORS["B"], zorder=4)
    slope_ax.plot(n, _slope(fixed_p), color=COLORS["B"], zorder=4)
    level = float(np.exp(floor.log_p.values[0]))
    ax.axhline(level, color=COLORS["B"], ls=":", lw=1.2, zorder=2)
    label_curve(ax, 2.8e5, level * 30, "fixed sparsity 3.2 %", COLORS["B"], ha="right")
    first = float(np.exp(fixed_a.log_p.sel(a=128, n=16_000, method="nearest")))
    guide = np.array([3e3, 2.5e5])
    ax.plot(
        guide, 1e-3 * first * (guide / 16_000.0) ** -_THETA, color=COLORS["muted"], ls="--", lw=1.2
    )
    label_curve(ax, 4.5e3, 1e-19, "slope $-\\theta$", COLORS["muted"], ha="right")
    ax.set_xscale("log")
    powers(ax, -36, 0, 6)
    ax.set(xlim=(450, 3e5), xlabel=CELLS, ylabel=POSITIVE)
    slope_ax.axhline(-_THETA, color=COLORS["muted"], ls="--", lw=1.2, zorder=2)
    slope_ax.axhline(0.0, color=COLORS["muted"], ls=":", lw=1.2, zorder=2)
    slope_ax.set(xscale="log", xlim=(450, 3e5), ylim=(-13, 5), xlabel=CELLS)
    slope_ax.set_ylabel("local exponent  $d\\,\\ln\\,{\\rm FP}\\;/\\;d\\,\\ln\\,n$")
    slope_ax.text(2.8e5, -12.55, "$-\\theta$", color=COLORS["muted"], ha="right", va="center")
    return fig


def _names(ax: Axes, style: dict) -> None:
    for a, y in zip(_A, (1e-31, 3e-27, 1e-22), strict=True):
        label_curve(ax, 5.5e4, y, f"$a={a}$", style[a]["color"], ha="right" if a == 64 else "left")


def _slope(data: xr.Dataset) -> np.ndarray:
    # At fixed sparsity the activity changes too: the slope along the curve.
    if "n_a" in data.dims:
        return np.gradient(data.log_p.values, np.log(data.n.values))
    return data.exponent.values


@figure(
    "sdr/population",
    needs={"sparse": SPARSE, "quarter": QUARTER, "half": HALF},
    title="Fig. 5A: false positives against the population, recomputed",
    references=("ahmad2016neurons",),
    rtol=1e-9,
)
def population(sparse: xr.Dataset, quarter: xr.Dataset, half: xr.Dataset) -> Figure:
    """The curves of Fig. 5A, its printed values, and what a = n/2 would give."""
    fig, (ax, low_ax) = plt.subplots(1, 2, figsize=size(0.5), width_ratios=(1.5, 1))
    style = looks(_A)
    every = slice(0, None, 7)
    for a in _A:
        ax.plot(POPULATIONS, np.exp(sparse.log_p.sel(a=a)), **line(style[a]))
        values = published("fig5a", "theory", a)
        ax.plot(POPULATIONS[every], values[every], **crosses())
        label_curve(ax, 15_500, values[76] * 40, f"$a={a}$", style[a]["color"], ha="left")
    dashed = published("fig5a", "theory", "dashed")
    ax.plot(POPULATIONS, np.exp(quarter.log_p), color=COLORS["theory"], zorder=4)
    ax.plot(POPULATIONS, np.exp(half.log_p), color=COLORS["highlight"], ls="--", zorder=4)
    ax.plot(POPULATIONS[every], dashed[every], **crosses())
    label_curve(ax, 15_500, 10.0**-3.4, "$a=n/4$", COLORS["theory"], ha="left")
    label_curve(ax, 12_500, 10.0**0.8, "$a=n/2$", COLORS["highlight"], ha="left")
    powers(ax, -24, 2, 4)
    ax.set(xlim=(0, 20_500), xlabel=CELLS, ylabel=POSITIVE)
    shown = slice(0, 7)
    for a in (128, 256):
        values = published("fig5a", "theory", a)
        low_ax.plot(POPULATIONS, np.exp(sparse.log_p.sel(a=a)), **line(style[a]))
        low_ax.plot(POPULATIONS[shown], values[shown], **crosses(7))
        moved = np.array(POPULATIONS[1:8])
        low_ax.plot(moved, values[shown], "o", ms=6, mfc="none", mec=COLORS["highlight"])
    low_ax.set_xlim(200, 1800)
    powers(low_ax, -8, 1, 2)
    low_ax.set_xlabel(CELLS)
    ink = {"ls": "none", "ms": 6}
    hands = [
        Line2D([], [], color=COLORS["theory"], label="recomputed"),
        Line2D([], [], **crosses(6), label="printed value, at its $n$"),
        Line2D([], [], marker="o", mfc="none", mec=COLORS["highlight"], **ink, label="as plotted"),
    ]
    low_ax.legend(handles=hands, loc="lower left")
    return fig


@figure(
    "sdr/synapses",
    needs={"halves": HALVES},
    title="Fig. 5B: false positives against the number of synapses",
    references=("ahmad2016neurons",),
    rtol=1e-9,
)
def synapses(halves: xr.Dataset) -> Figure:
    """Error against s at theta = s/2 for pairs of n and a, with the printed values."""
    fig, ax = plt.subplots(figsize=size(0.56, 0.86))
    order = np.argsort(halves.log_p.isel(s_theta=-1).values)
    style = looks([PAIRS[i] for i in order])
    for i in order:
        n, a = PAIRS[i]
        curve = halves.log_p.isel(n_a=i)
        ax.plot(SYNAPSES, np.exp(curve), **line(style[(n, a)]))
        ax.plot(SYNAPSES, published("fig5b", "theory", f"{n},{a}"), **crosses(4.5))
    ends = halves.log_p.isel(s_theta=-1).values[order] / np.log(10)
    at = ends.copy()
    for _ in range(60):
        near = np.clip(1.25 - np.diff(at), 0, None) / 2
        at[:-1] -= near
        at[1:] += near
    for i, height in zip(order, at, strict=True):
        n, a = PAIRS[i]
        text = f"$n={n}$, $a={a}$ ({100 * a / n:.1f} %)"
        ax.text(30.6, 10.0**height, text, color=style[(n, a)]["color"], va="center", fontsize=9)
    powers(ax, -28, 0, 4)
    ax.set(xlim=(1, 42), xlabel="synapses $s$, at threshold $\\theta=s/2$", ylabel=POSITIVE)
    ax.set_xticks(range(2, 31, 4))
    return fig
