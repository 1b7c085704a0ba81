"""The limits of deep kernels: profile, approach, crossover, critical ratio."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, label_curve, sequence, size
from theorylab.ntk.experiments.limits import APPROACH, CRITICAL_RATIO, LOCAL_EXPONENT, NEAR_ZERO
from theorylab.ntk.figures.common import PAPER, open_marks

_NAMES = {
    "optimal 1": "optimal, $d=1$",
    "optimal 2": "optimal, $d=2$",
    "sine 2": "sine, $\\alpha=2$",
    "h1+h31": "$(h_1+h_{31})/\\sqrt{2}$",
    "p1=0.01": "$0.1\\,h_1+\\sqrt{0.99}\\,h_3$",
}


@figure(
    "ntk/log-periodic",
    needs={"near": NEAR_ZERO},
    title="The singular kernel close by: a bounded profile that need not have a limit",
    references=(PAPER,),
)
def log_periodic(near: xr.Dataset) -> Figure:
    """R(u) over nine decades, and the small swings of the optimal activations enlarged."""
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.46), width_ratios=(1.3, 1))
    for name, look in zip(near.activation.values, cycle(near.activation.size), strict=True):
        one = near.sel(activation=name)
        line = {"color": look["color"], "linestyle": look["linestyle"]}
        left.plot(one.u, one.profile, label=_NAMES[str(name)], **line)
    left.set(xscale="log", ylim=(0.72, 1.14))
    left.set_xlabel("distance $u$")
    left.set_ylabel("$R(u) = u^{\\alpha}\\,\\psi$, relative to small $u$")
    left.set_title("no limit at $u \\to 0$")
    left.legend(loc="lower left", fontsize=8.5)
    one = near.sel(activation="optimal 1")
    inner = one.u < 3e-5
    phase = np.log(one.u[inner]) / float(one.period)
    right.plot(phase, 1e3 * (one.profile[inner] - 1), color=COLORS["A"], lw=1.5)
    right.set_xlabel("$\\log u\\,/\\,\\log\\sqrt{B'}$")
    right.set_ylabel("$10^3\\,(R/\\overline{R} - 1)$")
    right.set_title("optimal, $d=1$, enlarged")
    return fig


@figure(
    "ntk/approach",
    needs={"approach": APPROACH, "local": LOCAL_EXPONENT},
    title="Two kernels, one limit, two speeds: exponential for the NNGP, 1/L for the NTK",
    references=(PAPER,),
)
def approach(approach: xr.Dataset, local: xr.Dataset) -> Figure:
    """Left: kernel over limit against depth. Right: the exponent that is seen at a distance."""
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.5))
    depth = approach.depth.values
    fine = np.geomspace(1, depth[-1], 200)
    for u, color in zip(approach.u.values, sequence(approach.u.size), strict=True):
        one = approach.sel(u=u)
        gap = np.abs(one.nngp.values - 1)
        left.plot(depth, np.maximum(gap, 1e-16), **open_marks(color, "s"))
        left.plot(depth, one.ntk.values - 1, **open_marks(color, "o"))
        left.plot(fine, float(one.correction) / (fine + 1), color=color, lw=1.6, zorder=3)
        label_curve(
            left, 1.3e4, float(one.correction) / 1e4, f"$u={u:g}$", color, ha="left", fontsize=9
        )
    left.set(xscale="log", yscale="log", xlim=(0.8, 9e4), ylim=(1e-7, 3e3))
    left.plot([], [], **open_marks(COLORS["theory"], "o"), label="NTK")
    left.plot([], [], **open_marks(COLORS["theory"], "s"), label="NNGP")
    left.plot([], [], color=COLORS["theory"], label="$S/(L+1)$")
    left.legend(loc="upper right")
    left.set_xlabel("depth $L$")
    left.set_ylabel("relative distance from $\\psi$")
    left.set_title("approach to the limit, optimal $d=2$")
    _exponents(right, local)
    return fig


def _exponents(ax: Axes, local: xr.Dataset) -> None:
    for depth, look in zip(local.depth.values, cycle(local.depth.size), strict=True):
        one = local.sel(depth=depth)
        line = {"color": look["color"], "linestyle": look["linestyle"]}
        ax.plot(local.u, one.ntk, label=f"NTK, $L={int(depth)}$", **line)
    ax.plot(local.u, local.limit, color=COLORS["theory"], lw=1.2, label="$\\psi$, any depth")
    alpha = float(local.alpha)
    for value, text in ((alpha, "$\\alpha$"), (alpha + 2, "$\\alpha+2$")):
        ax.axhline(value, color=COLORS["muted"], lw=0.9, ls=":")
        label_curve(ax, 1.5e-4, value + 0.22, text, COLORS["muted"])
    ax.set(xscale="log", ylim=(0, 5.2))
    ax.set_xlabel("distance $u$")
    ax.set_ylabel("local exponent $-\\,d\\log K/d\\log u$")
    ax.set_title("the NTK shows $\\alpha+2$ first")
    ax.legend(loc="lower right", fontsize=8.5)


@figure(
    "ntk/critical-ratio",
    needs={"ratio": CRITICAL_RATIO},
    title="At the edge of chaos all off-diagonal entries of the NTK tend to one ratio",
    references=(PAPER,),
    rtol=1e-5,
)
def critical_ratio(ratio: xr.Dataset) -> Figure:
    """NTK(x, z)/NTK(x, x) against depth: 1/4 with a kink, 1/3 without."""
    fig, ax = plt.subplots(figsize=size(0.42))
    names = {
        "relu": "ReLU",
        "abs": "$|z|$",
        "smooth": "$(h_0+\\sqrt{2}\\,h_1+h_2)/2$",
    }
    for name, look in zip(ratio.activation.values, cycle(ratio.activation.size), strict=True):
        one = ratio.sel(activation=name)
        ax.plot(one.record, one.ratio, label=names[str(name)], **(look | {"ms": 4}))
    for value, text in ((0.25, "1/4"), (1 / 3, "1/3")):
        ax.axhline(value, color=COLORS["theory"], lw=1, ls=(0, (4, 2)), zorder=1)
        label_curve(ax, 1.1e4, value + 0.009, text, ha="left")
    ax.set(xscale="log", ylim=(0.22, 0.41))
    ax.set_xlabel("depth $L$")
    ax.set_ylabel("off-diagonal / diagonal of the NTK")
    ax.legend(loc="upper right")
    return fig
