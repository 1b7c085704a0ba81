"""Theory over simulation: counting, noise, unions and rare events."""

from typing import SupportsInt

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, size
from theorylab.sdr.experiments.counts import (
    COMMON,
    COMPARISONS,
    FIG4B_V,
    RARE,
    READDED,
    SILENCED,
)
from theorylab.sdr.experiments.paper import NEGATIVE, SPARSE, TAIL
from theorylab.sdr.figures.common import CELLS, POSITIVE, crosses, line, looks, marks, powers
from theorylab.sdr.figures.common import (
    NEGATIVE as MISSED,
)
from theorylab.sdr.monte_carlo import clopper_pearson
from theorylab.sdr.published import published

_A = (64, 128, 256)
_THETA = (8, 12, 16)
_NOISE = "share of active cells that are swapped, $v/a$"


def hits_of(counts: xr.DataArray, theta: SupportsInt) -> np.ndarray:
    """Comparisons with an overlap of at least theta."""
    return counts.sel(overlap=slice(int(theta), None)).sum("overlap").values


def _ends(hits: np.ndarray, trials: np.ndarray) -> np.ndarray:
    pairs = zip(hits.tolist(), trials.tolist(), strict=True)
    return np.array([clopper_pearson(h, t) for h, t in pairs])


@figure(
    "sdr/comparisons",
    needs={"counted": COMPARISONS, "exact": SPARSE},
    title="Fig. 4A: false positives counted in 1e8 comparisons, and the exact law",
    references=("ahmad2016neurons",),
    rtol=1e-9,
)
def comparisons(counted: xr.Dataset, exact: xr.Dataset) -> Figure:
    """Counts, the law and the printed counts; and what separates them, in standard errors."""
    fig, (ax, gap_ax) = plt.subplots(2, 1, figsize=size(0.78, 0.86), height_ratios=(2.2, 1))
    style = looks(_A)
    total = counted.counts.sum("seed")
    for a in _A:
        one = total.isel(a_n=total.a.values == a)
        n, trials = one.n.values, one.sum("overlap").values
        hits = hits_of(one, 12)
        law = np.exp(exact.log_p.sel(a=a, n=n).values)
        ends = np.array(
            [clopper_pearson(int(h), int(t)) for h, t in zip(hits, trials, strict=True)]
        )
        p = hits / trials
        bars = np.abs(ends.T - p[None, :])
        ax.errorbar(n, np.maximum(p, 1e-12), bars, **(marks(style[a]) | {"ecolor": "#888888"}))
        dense = np.array(exact.n.values)
        shown = dense <= 3600
        ax.plot(dense[shown], np.exp(exact.log_p.sel(a=a).values[shown]), **line(style[a]))
        seen = published("fig4a", "observed", a)
        ax.plot(n, seen, **crosses(6))
        error = np.sqrt(law * (1 - law) / trials)
        gap_ax.plot(n, (p - law) / error, **marks(style[a]))
        gap_ax.plot(n, np.clip((seen - law) / error, -11, 11), **crosses(6))
    label_curve(ax, 880, 4e-9, "$a=64$", style[64]["color"], ha="left")
    label_curve(ax, 1750, 2e-7, "$a=128$", style[128]["color"], ha="left")
    label_curve(ax, 2700, 6e-6, "$a=256$", style[256]["color"], ha="left")
    powers(ax, -9, 0, 3)
    ax.set(xlim=(200, 3600), ylabel=POSITIVE)
    gap_ax.axhspan(-2, 2, color=COLORS["grid"], zorder=0)
    gap_ax.axhline(0, color=COLORS["theory"], lw=1.0)
    gap_ax.annotate(
        "printed .997368", (300, -11), (480, -8.6), fontsize=9, arrowprops={"arrowstyle": "-"}
    )
    gap_ax.set(xlim=(200, 3600), ylim=(-12, 12), xlabel=CELLS, ylabel="gap, std. errors")
    hands = [
        Line2D([], [], color=COLORS["theory"], label="exact law"),
        Line2D([], [], **marks(style[128]), label="$10^8$ comparisons, 95 % interval"),
        Line2D([], [], **crosses(6), label="printed by the official code"),
    ]
    ax.legend(handles=hands, loc="upper right")
    return fig


@figure(
    "sdr/false-negatives",
    needs={"counted": SILENCED, "exact": NEGATIVE, "literal": READDED},
    title="Fig. 4B: false negatives under noise, and two protocols that are not the same",
    references=("ahmad2016neurons",),
    rtol=1e-9,
)
def false_negatives(counted: xr.Dataset, exact: xr.Dataset, literal: xr.Dataset) -> Figure:
    """Left: the law over counts and printed counts. Right: the later simulation of a neuron."""
    fig, (ax, far_ax) = plt.subplots(1, 2, figsize=size(0.52), sharey=True)
    style = looks(_THETA)
    v, a = np.array(FIG4B_V), 128
    trials = counted.counts.sum("overlap").values
    for theta in _THETA:
        law = np.exp(exact.log_p.sel(theta=theta))
        hits = counted.counts.sel(overlap=slice(0, theta - 1)).sum("overlap").values
        some = hits > 0
        for axis in (ax, far_ax):
            shown = line(style[theta]) | (
                {} if axis is ax else {"linestyle": ":", "linewidth": 1.3}
            )
            axis.plot(law.v / a, np.maximum(law, 1e-12), **shown)
        ax.plot(v[some] / a, (hits / trials)[some], **marks(style[theta], 7))
        seen = published("fig4b", "observed", theta)
        ax.plot(v[seen > 0] / a, seen[seen > 0], **crosses())
        again = np.exp(exact.log_readded.sel(theta=theta))
        far_ax.plot(again.v / a, np.maximum(again, 1e-12), **line(style[theta]))
        steps = np.arange(15, 85, 5)
        later = published("fig4b-neuron", "observed", theta)
        far_ax.plot(np.floor(steps * a / 100)[later > 0] / a, later[later > 0], **crosses(6))
        ours = (literal.overlap < theta).mean("trial")
        far_ax.plot(ours.v[ours > 0] / a, ours[ours > 0], **marks(style[theta], 7))
        label_curve(
            ax,
            {8: 0.5, 12: 0.33, 16: 0.08}[theta],
            {8: 1e-4, 12: 1e-4, 16: 2e-3}[theta],
            f"$\\theta={theta}$",
            style[theta]["color"],
        )
    powers(ax, -8, 0, 2)
    ax.set(xlim=(0, 0.85), xlabel=_NOISE, ylabel=MISSED, title="$v$ cells swapped")
    far_ax.set(xlim=(0, 0.85), xlabel=_NOISE, title="silenced cells may come back")
    hands = [
        Line2D([], [], color=COLORS["theory"], label="exact law"),
        Line2D([], [], color=COLORS["theory"], ls=":", label="law of the left panel"),
        Line2D([], [], **marks(style[12], 7), label="our simulation"),
        Line2D([], [], **crosses(6), label="printed by the official code"),
    ]
    ax.legend(handles=hands, loc="lower right", fontsize=8.5, borderpad=0.2)
    return fig


@figure(
    "sdr/rare-events",
    needs={"counted": COMMON, "weighted": RARE, "exact": TAIL},
    title="From one in three to 1e-37: counting, weighted draws and the exact tail",
    references=("ahmad2016neurons",),
    rtol=1e-9,
)
def rare_events(counted: xr.Dataset, weighted: xr.Dataset, exact: xr.Dataset) -> Figure:
    """False positives against the threshold, and both estimates over the exact value."""
    fig, (ax, ratio_ax) = plt.subplots(2, 1, figsize=size(0.78, 0.86), height_ratios=(1.8, 1))
    theta = exact.theta.values
    law = exact.log_p.values
    hits = np.array([int(hits_of(counted.counts, t)) for t in theta])
    trials = int(counted.counts.sum())
    ends = _ends(hits, np.full(hits.shape, trials))
    blue, red = {"color": COLORS["simulation"]}, {"color": COLORS["B"]}
    ax.plot(theta, np.exp(law), color=COLORS["theory"], zorder=4)
    seen = hits > 0
    open_marks = {"ls": "none", "mfc": COLORS["card"], "ms": 7, "mew": 1.2}
    ax.plot(theta[seen], hits[seen] / trials, "o", mec=COLORS["simulation"], **open_marks)
    ax.plot(theta[~seen], ends[~seen, 1], "v", ms=5, **blue)
    ax.plot(
        weighted.theta, np.exp(weighted.log_p), "s", mec=COLORS["B"], **(open_marks | {"ms": 5})
    )
    powers(ax, -42, 0, 6)
    ax.set(xlim=(0.5, 24.5), ylabel=POSITIVE)
    for index in np.flatnonzero(seen):
        low, high = ends[index] / np.exp(law[index])
        ratio_ax.plot([theta[index] - 0.12] * 2, [low, high], lw=1.4, **blue)
    ratio = np.exp(weighted.log_p.values - law)
    bars = 1.96 * weighted.rel_se.values * ratio
    ratio_ax.errorbar(weighted.theta + 0.12, ratio, bars, fmt="s", ms=3.5, **red)
    ratio_ax.axhline(1, color=COLORS["theory"], lw=1.0)
    ratio_ax.set(xlim=(0.5, 24.5), ylim=(0.95, 1.05), xlabel="threshold $\\theta$")
    ratio_ax.set_ylabel("estimate / exact")
    hands = [
        Line2D([], [], color=COLORS["theory"], label="exact tail"),
        Line2D(
            [],
            [],
            marker="o",
            mec=COLORS["simulation"],
            **open_marks,
            label=f"counting, {trials:.0e} draws".replace("e+06", "$\\times10^6$"),
        ),
        Line2D([], [], marker="v", ls="none", ms=5, **blue, label="no hit: upper end of 95 %"),
        Line2D(
            [],
            [],
            marker="s",
            mec=COLORS["B"],
            **(open_marks | {"ms": 5}),
            label="importance sampling, $10^5$ draws",
        ),
    ]
    ax.legend(handles=hands, loc="lower left")
    return fig
