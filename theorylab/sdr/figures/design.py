"""Synapses and thresholds from both kinds of error."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size
from theorylab.sdr.experiments.design import ERRORS, FEWEST
from theorylab.sdr.figures.common import LN10, looks


@figure(
    "sdr/design-chart",
    needs={"errors": ERRORS, "fewest": FEWEST},
    title="How many synapses, and which threshold, when both errors count",
    references=("ahmad2016neurons",),
    rtol=1e-8,
)
def design_chart(errors: xr.Dataset, fewest: xr.Dataset) -> Figure:
    """Left: where both errors are small. Right: the fewest synapses against noise."""
    fig, (ax, few_ax) = plt.subplots(1, 2, figsize=size(0.52), width_ratios=(1.15, 1))
    s, theta = errors.s.values, errors.theta.values
    positive, negative = errors.log_fp.values.T / LN10, errors.log_fn.values.T / LN10
    both = (positive <= -9) & (negative <= -3)
    ax.pcolormesh(s, theta, np.where(both, 1.0, np.nan), cmap="Greens", vmin=0, vmax=3.2, zorder=0)
    blue, orange = COLORS["A"], COLORS["B"]
    for values, levels, color in (
        (positive, (-12, -9, -6, -3), blue),
        (negative, (-6, -3, -1), orange),
    ):
        drawn = ax.contour(
            s,
            theta,
            np.maximum(values, -40),
            levels=sorted(levels),
            colors=color,
            linestyles="solid",
            linewidths=1.2,
        )
        ax.clabel(drawn, fmt=lambda level: f"$10^{{{level:.0f}}}$", fontsize=8.5)
    ax.plot(s, errors.best, color=COLORS["theory"], lw=1.6, ls="--", zorder=4)
    ax.set(xlim=(2, 60), ylim=(1, 30), xlabel="synapses $s$", ylabel="threshold $\\theta$")
    hands = [
        Line2D([], [], color=blue, label="false positives"),
        Line2D([], [], color=orange, label="false negatives"),
        Line2D([], [], color=COLORS["theory"], ls="--", label="least sum"),
        Line2D([], [], color="#a6d6a1", lw=6, label="$\\leq10^{-9}$ and $\\leq10^{-3}$"),
    ]
    ax.legend(handles=hands, loc="upper left", fontsize=8.5)
    look = looks(tuple(fewest.a.values.tolist()))
    for a, one in look.items():
        row = fewest.sel(a=a)
        few_ax.plot(
            row.noise, row.s, color=one["color"], marker=one["marker"], ms=6, label=f"{a / 100:g} %"
        )
        ends = {500: (0, 6), 50: (0, -13)}
        for x, y, least in zip(row.noise.values, row.s.values, row.low.values, strict=True):
            if a in ends:
                few_ax.annotate(
                    str(int(least)),
                    (x, y),
                    ends[a],
                    textcoords="offset points",
                    ha="center",
                    fontsize=8.5,
                    color=one["color"],
                )
    few_ax.axhspan(20, 50, color=COLORS["grid"], zorder=0)
    few_ax.set(xlim=(7, 53), ylim=(0, 60), xlabel="swapped cells, %", ylabel="fewest synapses $s$")
    few_ax.legend(title="activity", loc="upper left", alignment="left", fontsize=8.5)
    return fig
