"""Finite width: the rate of the approach, and the activations that never approach."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, size
from theorylab.ntk.experiments.widths import SCALING, TRAINED, VARIANCE
from theorylab.ntk.figures.common import PAPER, open_marks


@figure(
    "ntk/finite-width",
    needs={"scaling": SCALING},
    title="Networks of finite width approach the limit at the predicted rates",
    references=("jacot2018neural", PAPER),
    rtol=1e-3,
)
def finite_width(scaling: xr.Dataset) -> Figure:
    """Deviation of one network and of the mean over networks, against width."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.47), sharey=True)
    titles = {"sine": "sine, $\\alpha=2$", "relu": "ReLU"}
    width = scaling.width.values
    for ax, name in zip(axes, scaling.activation.values, strict=True):
        one = scaling.sel(activation=name)
        for kernel, color, marker in (("ntk", COLORS["A"], "o"), ("nngp", COLORS["B"], "s")):
            spread = one[f"{kernel}_spread"]
            ax.plot(
                width, spread, label=f"{kernel.upper()}, one network", **open_marks(color, marker)
            )
            start = np.log(float(spread[-1])) + 0.5 * np.log(width[-1])
            ax.plot(width, np.exp(start) * width**-0.5, color=color, lw=1.5, zorder=3)
            mean = one[f"{kernel}_bias"]
            filled = {"ls": "none", "marker": marker, "ms": 4.5, "color": color}
            ax.errorbar(
                width,
                mean,
                one[f"{kernel}_noise"],
                elinewidth=0.9,
                label=f"{kernel.upper()}, mean of networks",
                **filled,
            )
        ax.set(xscale="log", yscale="log", ylim=(7e-4, 1.6))
        ax.set_xticks(width, [str(w) for w in width])
        ax.minorticks_off()
        ax.set_xlabel("width")
        ax.set_title(titles[str(name)])
    axes[0].set_ylabel("relative deviation from the limit")
    axes[1].legend(fontsize=8.5, loc="lower left")
    return fig


@figure(
    "ntk/trained-ensemble",
    needs={"trained": TRAINED},
    title="Trained networks approach the mean and the covariance of the limit like 1/width",
    references=("lee2019wide",),
    rtol=1e-6,
)
def trained_ensemble(trained: xr.Dataset) -> Figure:
    """Left: variances at three points. Right: distance of mean and covariance from the limit."""
    trained = trained.squeeze()
    width = trained.width.values
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.47))
    for i, look in enumerate(cycle(trained.sizes["test"])):
        one = trained.isel(test=i, other=i)
        left.axhline(float(one.limit_covariance), color=look["color"], lw=1.5)
        left.errorbar(
            width,
            one.covariance,
            2 * one.covariance_error,
            ls="none",
            label=f"at {float(trained.test[i]):.2f} rad",
            **{name: look[name] for name in ("color", "marker") if name in look},
        )
    left.set(xscale="log", xlabel="width", ylabel="variance over networks", ylim=(0, None))
    left.legend(fontsize=8.5)
    for name, color, marker in (("mean", COLORS["A"], "o"), ("covariance", COLORS["B"], "s")):
        limit = trained[f"limit_{name}"]
        other = list(limit.dims)
        whole = np.sqrt((limit**2).sum())
        gap = np.sqrt(((trained[name] - limit) ** 2).sum(other)) / whole
        noise = np.sqrt((trained[f"{name}_error"] ** 2).sum(other)) / whole
        right.errorbar(width, gap, noise, ls="none", marker=marker, ms=4.5, color=color, label=name)
        scale = float(np.sum(gap * width / noise**2 / width**2) / np.sum(1 / (noise * width) ** 2))
        right.plot(width, scale / width, color=color, lw=1.5)
    right.set(xscale="log", yscale="log", xlabel="width", ylabel="relative distance from the limit")
    right.legend(fontsize=8.5)
    for ax in (left, right):
        ax.set_xticks(width, [str(w) for w in width])
        ax.minorticks_off()
    return fig


@figure(
    "ntk/variance-by-depth",
    needs={"variance": VARIANCE},
    title="The same kernels, three fates at finite width: signs of Hermite coefficients matter",
    references=(PAPER,),
    rtol=1e-3,
    atol=1e-3,
)
def variance_by_depth(variance: xr.Dataset) -> Figure:
    """Mean square of each layer, in random networks: sine, Hermite, sign-flipped Hermite."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.4), sharey=True)
    titles = {
        "sine": "sine, $\\alpha=2$",
        "hermite": "$(h_1+h_3)/\\sqrt{2}$",
        "flipped": "$(h_1-h_3)/\\sqrt{2}$",
    }
    looks = cycle(3)
    for ax, name, look in zip(axes, variance.activation.values, looks, strict=True):
        values = variance.variance.sel(activation=name)
        for sample in values.values:
            ax.plot(values.layer, sample, color=look["color"], lw=0.8, alpha=0.4)
        ax.axhline(0, color=COLORS["theory"], lw=1.2, ls=(0, (4, 2)))
        ax.set_xlabel("hidden layer")
        ax.set_title(titles[str(name)])
        ax.set_ylim(-9.4, 9.4)
    axes[0].set_ylabel("$\\log_{10}$ mean square of the layer\n(infinite width: 0)")
    return fig
