"""Thresholds, unions and scalar vectors: the other figures of the papers, and what they lack."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, size
from theorylab.sdr.experiments.counts import UNIONS
from theorylab.sdr.experiments.memory import CROWDED, NOISY
from theorylab.sdr.experiments.paper import (
    CURVES,
    FIG6_THETA,
    MIXED,
    MIXED_SMALL,
    NARROW,
    SCALAR,
    SCALES,
    SIZES,
    WIDE,
)
from theorylab.sdr.figures.common import CELLS, POSITIVE, crosses, line, looks, marks, powers
from theorylab.sdr.published import published

_THETA = (8, 12, 16)
_LEVELS = (1e-6, 1e-9, 1e-12)


def pooled(grid: xr.Dataset) -> np.ndarray:
    """False positive probabilities of a grid of settings, one row for each threshold."""
    flat = np.exp(grid.log_p.transpose("theta", ...).values)
    return flat.reshape(flat.shape[0], -1)


def _least_share(grid: xr.Dataset, level: float) -> np.ndarray:
    """Share of the settings, by threshold, whose false positives are at most `level` by then."""
    least = np.argmax(pooled(grid) <= level, axis=0)
    return np.array([(least <= index).mean() for index in range(grid.sizes["theta"])])


def _drawn(narrow: xr.Dataset, wide: xr.Dataset) -> dict[str, xr.Dataset]:
    """What the lines rest on: least, middle and largest errors of both grids, and the shares."""
    kept = {}
    for name, grid in (("narrow", narrow), ("wide", wide)):
        flat = grid.log_p.transpose("theta", ...).values
        flat = np.sort(flat.reshape(flat.shape[0], -1), axis=1)
        middle = flat.shape[1] // 2
        kept[name] = xr.Dataset(
            {"log_p": (("theta", "place"), flat[:, [0, middle - 1, middle, -1]])}
        )
    shares = np.stack([_least_share(wide, level) for level in _LEVELS])
    return {**kept, "shares": xr.Dataset({"share": (("level", "theta"), shares)})}


@figure(
    "sdr/thresholds",
    needs={"narrow": NARROW, "wide": WIDE},
    title="Fig. 6: median false positives against the threshold, on both grids",
    references=("ahmad2016neurons",),
    rtol=1e-9,
    reduce=_drawn,
)
def thresholds(narrow: xr.Dataset, wide: xr.Dataset) -> Figure:
    """Medians and ranges; and the least threshold that keeps errors below a level."""
    fig, (ax, least_ax) = plt.subplots(1, 2, figsize=size(0.52), width_ratios=(1.25, 1))
    theta = np.array(FIG6_THETA)
    for grid, key, color, label in (
        (narrow, "median", COLORS["A"], "plotted grid, n to 17,000"),
        (wide, "wide", COLORS["B"], "caption's grid, n to 190,000"),
    ):
        p = pooled(grid)
        ax.plot(theta, np.median(p, axis=1), color=color, zorder=4, label=label)
        if key == "wide":
            ax.fill_between(theta, p.min(axis=1), p.max(axis=1), color=color, alpha=0.13, lw=0)
        seen = published("fig6", key)
        ax.plot(theta, seen if seen.ndim == 1 else seen[:, 4], **crosses())
    ax.axhline(1e-9, color=COLORS["muted"], ls=":", lw=1.2)
    powers(ax, -48, 0, 8)
    ax.set(xlabel="threshold $\\theta$", ylabel=POSITIVE, xlim=(2.5, 24.5))
    ax.set_xticks(range(4, 25, 4))
    ax.legend(loc="lower left")
    for level, one in looks(_LEVELS).items():
        least_ax.step(
            theta,
            100 * _least_share(wide, level),
            where="mid",
            color=one["color"],
            ls=one["linestyle"],
            label=f"$10^{{{round(np.log10(level))}}}$",
        )
    least_ax.axvspan(8, 20, color=COLORS["grid"], zorder=0)
    least_ax.text(14, 8, "measured\n8 to 20", ha="center", color=COLORS["muted"], fontsize=9.5)
    least_ax.set(xlabel="threshold $\\theta$", ylabel="settings with fewer errors, %")
    least_ax.set(xlim=(2.5, 24.5), ylim=(0, 103))
    least_ax.legend(title="errors below", loc="center right", alignment="left")
    return fig


@figure(
    "sdr/psychometric",
    needs={"curves": CURVES},
    title="Response to a pattern that shares c of its cells with the stored one",
    references=("ahmad2016neurons",),
    rtol=1e-9,
)
def psychometric(curves: xr.Dataset) -> Figure:
    """The curve that has both kinds of error at its ends."""
    fig, (ax, log_ax) = plt.subplots(1, 2, figsize=size(0.48))
    look = looks(_THETA)
    a, s = 128, 30
    for theta in _THETA:
        match = np.exp(curves.log_match.sel(theta=theta))
        for axis in (ax, log_ax):
            axis.plot(match.shared / a, match, **line(look[theta]))
        half = (theta - 0.5) / s
        ax.plot([half], [0.5], **marks(look[theta], 7))
        log_ax.axhline(
            float(np.exp(curves.log_fp.sel(theta=theta))),
            xmax=0.22,
            ls=":",
            color=look[theta]["color"],
            lw=1.3,
        )
        label_curve(
            ax,
            half - 0.01,
            0.08 + 0.04 * (theta - 8),
            f"$\\theta={theta}$",
            look[theta]["color"],
            ha="left",
        )
    ax.set(xlabel="shared cells, $c/a$", ylabel="probability of a response", xlim=(0, 1))
    powers(log_ax, -14, 0, 2)
    log_ax.set(xlabel="shared cells, $c/a$", xlim=(0, 1))
    log_ax.text(
        0.24,
        10.0**-12.3,
        "dotted: random pattern of 1000 cells,\nthe average of the curve",
        fontsize=9,
        color=COLORS["muted"],
    )
    return fig


@figure(
    "sdr/unions",
    needs={"sizes": SIZES, "mixed": MIXED, "small": MIXED_SMALL, "counted": UNIONS},
    title="Fig. 7: mixed patterns on one segment; plug-in against exact",
    references=("ahmad2016neurons",),
    rtol=1e-8,
)
def unions(sizes: xr.Dataset, mixed: xr.Dataset, small: xr.Dataset, counted: xr.Dataset) -> Figure:
    """Sizes, false positives, and the error of putting in the rounded mean size."""
    fig, (size_ax, ax, gap_ax) = plt.subplots(1, 3, figsize=size(0.45), width_ratios=(1, 1.2, 1))
    look = looks((20, 25, 30))
    for s, one in look.items():
        size_ax.plot(sizes.patterns, sizes["mean"].sel(s=s), **line(one), label=f"$s={s}$")
        size_ax.plot(sizes.patterns[::3], published("fig7a", "theory", s)[::3], **crosses())
    size_ax.legend(loc="upper left", fontsize=8.5)
    size_ax.set(xlabel="mixed patterns $M$", ylabel="mean synapses, $n=1000$", xlim=(0, 20))
    look = looks((1000, 10_000, 20_000))
    for n, one in look.items():
        ax.plot(mixed.patterns, np.exp(mixed.log_exact.sel(n=n)), **line(one))
        ax.plot(mixed.patterns, published("fig7b", "theory", n), **crosses(4.5))
        ratio = np.exp(mixed.log_plugin.sel(n=n) - mixed.log_exact.sel(n=n))
        gap_ax.plot(
            mixed.patterns,
            100 * (ratio - 1),
            color=one["color"],
            marker=one["marker"],
            ms=4,
            lw=1,
            label=f"$n={n}$",
        )
    probes = int(counted.sizes["union"]) * 64
    hits = counted.hits.sum("union").values
    ax.plot(
        counted.patterns[hits > 0],
        hits[hits > 0] / probes,
        "o",
        mfc=COLORS["card"],
        ms=6,
        mec=COLORS["highlight"],
        zorder=3,
    )
    ax.plot(small.patterns, np.exp(small.log_exact), color=COLORS["highlight"], lw=1.3)
    label_curve(
        ax,
        7.0,
        1e-19,
        "simulated:\n$s=20, a=30,$\n$\\theta=10, n=1000$",
        COLORS["highlight"],
        fontsize=8.5,
        ha="left",
    )
    powers(ax, -24, 0, 4)
    ax.set(xlabel="mixed patterns $M$", ylabel=POSITIVE, xlim=(0, 20))
    gap_ax.axhline(0, color=COLORS["theory"], lw=1)
    gap_ax.set(xlabel="mixed patterns $M$", ylabel="plug-in over exact, minus 1 (%)", xlim=(0, 20))
    gap_ax.legend(loc="lower right", fontsize=8.5)
    return fig


@figure(
    "sdr/scalar",
    needs={"sparse": SCALAR, "scales": SCALES},
    title="Vectors with real entries: a power law again, with an integer exponent",
    references=("ahmad2019dense",),
    rtol=1e-6,
)
def scalar(sparse: xr.Dataset, scales: xr.Dataset) -> Figure:
    """Match probabilities against the dimension, on doubly logarithmic axes."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.48), sharey=True)
    look = looks((64, 128, 256, 0))
    n = sparse.n.values
    for a, one in look.items():
        axes[0].plot(n, sparse.p.sel(a=a), color=one["color"], marker=one["marker"], ms=5)
        text = f"$a={a}$" if a else "$a=n/2$"
        label_curve(axes[0], 2600, float(sparse.p.sel(a=a)[-1]), text, one["color"])
    look = looks((1.0, 2.0, 3.0, 4.0))
    for scale, one in look.items():
        axes[1].plot(n, scales.p.sel(scale=scale), color=one["color"], marker=one["marker"], ms=5)
        label_curve(
            axes[1], 2600, float(scales.p.sel(scale=scale)[-1]), f"$S={scale:g}$", one["color"]
        )
    for ax, curve, power in (
        (axes[0], sparse.p.sel(a=64), 3),
        (axes[1], scales.p.sel(scale=2.0), 2),
    ):
        ax.plot(
            n,
            0.5 * float(curve[-1]) * (n / n[-1]) ** -power,
            color=COLORS["muted"],
            ls="--",
            lw=1.2,
        )
        label_curve(
            ax,
            900,
            0.5 * float(curve[-1]) * (900 / n[-1]) ** -power * 0.35,
            f"slope $-{power}$",
            COLORS["muted"],
            ha="right",
        )
        ax.set_xscale("log")
        ax.set_xticks([500, 1000, 2000], ["500", "1000", "2000"])
        ax.xaxis.minorticks_off()
        ax.set(xlim=(450, 4200), xlabel="dimension $n$")
    powers(axes[0], -7, 0, 1)
    axes[0].set(ylabel="probability of a match", title="$k=24$, $S=1$")
    axes[1].set(title="$k=32$, $a=64$")
    return fig


@figure(
    "sdr/sequence-memory",
    needs={"noisy": NOISY, "crowded": CROWDED},
    title="A sequence memory predicts as well as its segments recognise",
    references=("ahmad2016neurons", "hawkins2016synapses"),
    rtol=1e-6,
)
def sequence_memory(noisy: xr.Dataset, crowded: xr.Dataset) -> Figure:
    """Accuracy under noise, and with ever more cells for 20,000 transitions."""
    fig, (ax, full_ax) = plt.subplots(1, 2, figsize=size(0.48))
    look = looks(_THETA)
    share = noisy.v / 40
    for theta, one in look.items():
        data = noisy.sel(theta=theta)
        ax.errorbar(share, data.accuracy, 2 * data.se, **(marks(one) | {"ecolor": "#888888"}))
        ax.plot(share, data.theory, **line(one))
        ax.plot(share, published("memory-noise", "observed", theta), **crosses(4.5))
        at = int(np.argmax(data.theory.values < 0.3))
        label_curve(ax, float(share[at]) + 0.02, 0.3, f"$\\theta={theta}$", one["color"], ha="left")
    ax.set(xlabel="share of active cells that are swapped", ylabel="accuracy (Jaccard index)")
    full_ax.plot(crowded.n, crowded.theory, color=COLORS["theory"], zorder=4)
    bars = {"mfc": COLORS["card"], "mec": COLORS["simulation"], "ecolor": COLORS["simulation"]}
    full_ax.errorbar(crowded.n, crowded.accuracy, 2 * crowded.se, fmt="o", zorder=3, **bars)
    n = np.arange(300, 1300, 100)
    full_ax.plot(n[1:], published("memory-size", "observed", 64)[1 : n.size], **crosses(6))
    full_ax.set(xlabel=CELLS, ylim=(-0.03, 1.05))
    hands = [
        Line2D([], [], color=COLORS["theory"], label="theory"),
        Line2D(
            [],
            [],
            marker="o",
            ls="none",
            mfc=COLORS["card"],
            mec=COLORS["simulation"],
            label="our simulation",
        ),
        Line2D([], [], **crosses(6), label="printed by the official code"),
    ]
    full_ax.legend(handles=hands, loc="lower right")
    return fig
