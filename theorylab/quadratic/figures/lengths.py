"""Lengths of activities by layer: theory and wide networks."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, size
from theorylab.quadratic.experiments.lengths import EPS, NAIVE, NEAR
from theorylab.quadratic.mean_field import blowup_depth

_TEN = np.log(10.0)


def _marked(look: dict) -> dict:
    return {
        "linestyle": "none",
        "marker": look["marker"],
        "markerfacecolor": COLORS["card"],
        "markeredgecolor": look["color"],
        "markersize": 4.5,
    }


def _curves(ax: Axes, data: xr.Dataset, labels: list[str], every: int, factor: float) -> None:
    for index, (label, look) in enumerate(zip(labels, cycle(len(labels)), strict=True)):
        one = data.isel({data.simulated.dims[0]: index})
        layer = one.layer.values
        seen, theory = one.simulated.values / factor, one.theory.isel(seed=0).values / factor
        for run in seen:
            ax.plot(layer, run, color=look["color"], lw=0.6, alpha=0.35, zorder=1)
        middle = np.where(np.isfinite(seen).all(axis=0), np.median(seen, axis=0), np.nan)
        ax.plot(layer[::every], middle[::every], **_marked(look), zorder=3)
        ax.plot(layer, theory, color=look["color"], lw=2.0, label=label, zorder=4)


@figure(
    "quadratic/length",
    needs={"naive": NAIVE, "near": NEAR},
    title="The length of activities by layer, with a closed gate and near the reference",
    references=("fan2023expressivity", "poole2016exponential"),
    rtol=1e-4,
    atol=1e-4,
)
def length(naive: xr.Dataset, near: xr.Dataset) -> Figure:
    """Lengths by layer: explosion and extinction, and the slow way to the blow-up depth."""
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.5))
    _curves(left, naive, [f"$\\sigma^2={v:g}$" for v in naive.variance_r.values], 1, _TEN)
    left.axhline(0, color=COLORS["muted"], lw=1, ls=":")
    left.set_title("all weights random, gate closed")
    left.set_xlabel("layer")
    left.set_ylabel("$\\log_{10} q$")
    left.set_xticks(naive.layer.values)
    left.legend(loc="upper left")
    _curves(right, near, [f"$\\epsilon={eps:g}$" for eps in EPS], 2, _TEN)
    for eps, look in zip(EPS, cycle(len(EPS)), strict=True):
        pole = float(blowup_depth(eps))
        if pole <= near.layer.values[-1]:
            right.axvline(pole, color=look["color"], lw=1.1, ls=(0, (2, 2)), zorder=0)
    right.set_ylim(-1.7, 3)
    right.set_title("near the reference")
    right.set_xlabel("layer")
    right.set_ylabel("$\\log_{10} q$")
    right.legend(loc="lower left", title="dashed: $1/(8\\epsilon^2)$")
    return fig
