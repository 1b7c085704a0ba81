"""Pieces of towers and random networks, errors of splines, arrangements of curves."""

from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, size
from theorylab.quadratic.experiments.counting import (
    ARRANGEMENTS,
    CURVES,
    RANDOM,
    SPLINES,
    TOWERS,
)
from theorylab.quadratic.pieces import max_pieces_1d
from theorylab.symbolic import compiled

_OPEN = {"markerfacecolor": COLORS["card"], "markeredgewidth": 1.4, "linestyle": "none"}


@figure(
    "quadratic/tower",
    needs={"curves": CURVES, "towers": TOWERS},
    title="One neuron per layer, twice the pieces per layer",
    references=("telgarsky2016benefits",),
    reduce=lambda curves, towers: {"curves": curves.isel(x=slice(0, None, 25)), "towers": towers},
)
def tower(curves: xr.Dataset, towers: xr.Dataset) -> Figure:
    """The functions of the first towers, and the number of pieces against depth."""
    fig = plt.figure(figsize=size(0.62))
    left, right = fig.subfigures(1, 2, width_ratios=(1, 1.15))
    stack = left.subplots(len(curves.depth), 1, sharex=True)
    for ax, depth in zip(stack, curves.depth.values, strict=True):
        ax.plot(curves.x, curves.h.sel(depth=depth), color=COLORS["simulation"], lw=1.3)
        ax.set(xlim=(-1.01, 1.01), ylim=(-0.15, 1.25), yticks=(0, 1), ylabel=f"$L={depth}$")
    stack[-1].set_xlabel("input $x$")
    ax = right.subplots()
    depth = towers.depth.values
    along = np.linspace(1, depth[-1], 50)
    pieces = compiled("quadratic/tower/degree", args=("L",))
    ax.plot(along, pieces(along) + 1, color=COLORS["theory"], zorder=4)
    ax.plot(depth, towers.pieces, "o", color=COLORS["simulation"], ms=8, **_OPEN)
    ax.plot(depth, towers.sturm, "x", color=COLORS["simulation"], ms=5, zorder=5)
    bound = [max_pieces_1d((1,) * level) for level in depth]
    ax.plot(depth, bound, color=COLORS["muted"], ls=":", zorder=2)
    ax.plot(depth, np.full(len(depth), 3), color=COLORS["B"], ls="--", zorder=2)
    ax.plot(depth, np.ones(len(depth)), color=COLORS["B"], ls="-.", zorder=2)
    label_curve(ax, 3.4, 900, "bound, width 1", COLORS["muted"], ha="right")
    label_curve(ax, 4.2, 12.5, "tower, $2^L+1$", COLORS["theory"], ha="left")
    label_curve(ax, 5.9, 4.2, "conventional, width 1: at most 3", COLORS["B"], ha="right")
    label_curve(ax, 5.9, 1.35, "square activation: 1", COLORS["B"], ha="right")
    ax.set(yscale="log", ylim=(0.7, 3000), xlabel="hidden layers $L$", ylabel="polynomial pieces")
    return fig


@figure(
    "quadratic/spline-rates",
    needs={"errors": SPLINES},
    title="A quadratic spline gains one order per piece",
    references=("deboor2001practical",),
    rtol=1e-4,  # a maximum over rounded values
    atol=1e-13,
)
def spline_rates(errors: xr.Dataset) -> Figure:
    """Largest error against the number of pieces, for a smooth function and Runge's."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.5), sharey=True)
    names = {"sine": r"$\sin 2\pi x$ on $[0,1]$", "runge": r"$1/(1+25x^2)$ on $[-1,1]$"}
    zero = compiled("quadratic/spline/linear-error", args=("x", "h", "f''"))
    best = compiled("quadratic/spline/quadratic-error", args=("x", "h", "f'''"))
    for ax, (target, name) in zip(axes, names.items(), strict=True):
        one = errors.sel(target=target)
        h, second, third = one.length.values, one.second.values, one.third.values
        linear = -zero(0.0 * h, h, second)
        ax.plot(one.pieces, linear, color=COLORS["theory"], zorder=4)
        ax.plot(one.pieces, midpoint_error(h, third), color=COLORS["theory"], zorder=4)
        ax.plot(one.pieces, best(h / 2, h, third), color=COLORS["muted"], ls=":", zorder=4)
        ax.plot(one.pieces, one.linear, "s", color=COLORS["B"], ms=7, label="linear", **_OPEN)
        ax.plot(one.pieces, one.quadratic, "o", color=COLORS["A"], ms=7, label="quadratic", **_OPEN)
        ax.set(xscale="log", yscale="log", xlabel="pieces", title=name)
        ax.set_xticks(one.pieces.values, [str(k) for k in one.pieces.values])
        ax.xaxis.minorticks_off()
    axes[0].set_ylabel("largest error")
    axes[0].legend(loc="lower left", title="interpolating spline")
    label_curve(axes[0], 105, 1.3e-3, "$f''h^2/8$", COLORS["theory"], ha="right")
    label_curve(axes[0], 29, 1.9e-5, "$\\sqrt{3}f'''h^3/216$", COLORS["theory"], ha="right")
    label_curve(axes[1], 24, 2.5e-4, "best parabolas", COLORS["muted"], ha="right")
    return fig


def midpoint_error(length: Any, third: Any) -> Any:
    """Leading error of the quadratic spline through middles: $\\sqrt3 f''' h^3 / 216$.

    For a cubic the error is $f''' h^3 B_3(x/h)/6$ on every piece, with the Bernoulli polynomial
    $B_3$: it vanishes at ends and middles, and its value and slope repeat. Its largest value is
    $\\sqrt3/36$.
    """
    return np.sqrt(3.0) * third * length**3 / 216


@figure(
    "quadratic/arrangements",
    needs={"seen": ARRANGEMENTS},
    title="Lines and ellipses: regions of one hidden layer",
    reduce=lambda seen: {"seen": seen.drop_vars("values")},
)
def arrangements(seen: xr.Dataset) -> Figure:
    """Lines and ellipses drawn for three and four neurons, and the counts."""
    fig = plt.figure(figsize=size(0.62))
    left, right = fig.subfigures(1, 2, width_ratios=(1.25, 1))
    grid = left.subplots(2, 2)
    for row, curves in zip(grid, ("lines", "ellipses"), strict=True):
        for ax, m in zip(row, (3, 4), strict=True):
            _regions(ax, seen.sel(curves=curves, m=m), m)
            count = int(seen.regions.sel(curves=curves, m=m))
            ax.set_title(f"{m} {curves}: {count} regions", fontsize=9.5)
    ax = right.subplots()
    along = np.linspace(1, 6, 60)
    looks = {"lines": (COLORS["B"], "s"), "ellipses": (COLORS["A"], "o")}
    for curves, (color, marker) in looks.items():
        law = compiled(f"quadratic/regions/{curves}", args=("m",))
        ax.plot(along, law(along), color=color, zorder=4)
        ax.plot(seen.m, seen.regions.sel(curves=curves), marker, color=color, ms=8, **_OPEN)
    hyperbolas = compiled("quadratic/regions/hyperbolas", args=("m",))
    ax.plot(along, hyperbolas(along), color=COLORS["muted"], ls=":", zorder=4)
    label_curve(ax, 4.7, 63, "hyperbolas", COLORS["muted"], ha="right")
    label_curve(ax, 5.9, 44, "ellipses", COLORS["A"], ha="right")
    label_curve(ax, 5.9, 14, "lines", COLORS["B"], ha="right")
    ax.set(xlabel="neurons $m$", ylabel="regions", ylim=(0, 75), xlim=(0.8, 6.2))
    return fig


def _regions(ax: Axes, one: xr.Dataset, m: int) -> None:
    values = one["values"].values[:m]
    # Neighbours differ in one sign, so the parity colours them differently.
    parity = (values > 0).sum(axis=0) % 2
    ax.pcolormesh(one.x, one.y, parity, cmap="Blues", vmin=-0.2, vmax=3.5, rasterized=True)
    for value in values:
        ax.contour(one.x, one.y, value, levels=[0.0], colors=COLORS["theory"], linewidths=1.0)
    ax.set(xticks=(), yticks=(), aspect="equal", xlabel="$x_1$", ylabel="$x_2$")


@figure(
    "quadratic/random-pieces",
    needs={"counted": RANDOM},
    title="Random networks have few pieces",
    references=("hanin2019complexity",),
)
def random_pieces(counted: xr.Dataset) -> Figure:
    """Pieces of networks with random weights, and what is possible."""
    fig, ax = plt.subplots(figsize=size(0.5, 0.8))
    depth = counted.depth.values
    looks = {False: ("conventional", COLORS["B"], "s", 1), True: ("quadratic", COLORS["A"], "o", 2)}
    for kind, (name, color, marker, degree) in looks.items():
        pieces = counted.pieces.sel(quadratic=kind)
        shift = 0.06 if kind else -0.06
        spread = np.linspace(-0.04, 0.04, counted.sizes["seed"])
        x = depth[:, None] + shift + spread[None]
        ax.plot(x, pieces.transpose("depth", "seed"), marker, color=color, ms=3.5, alpha=0.45)
        mean = pieces.mean("seed").values
        ax.plot(depth + shift, mean, "-", color=color, marker=marker, ms=7, label=f"{name}, mean")
        bound = [max_pieces_1d((8,) * level, degree) for level in depth]
        ax.plot(depth, bound, ":", color=color, label=f"{name}, bound")
    ax.set(yscale="log", xticks=depth, xlim=(0.7, 3.3), ylim=(2, 9e4))
    ax.set(xlabel="hidden layers of width 8", ylabel="polynomial pieces on $[-3, 3]$")
    ax.legend(loc="upper left", ncols=2)
    return fig
