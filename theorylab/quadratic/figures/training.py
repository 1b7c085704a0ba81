"""The conserved quantity, mixtures of Gaussians, and the digits."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, size
from theorylab.quadratic.experiments.conserved import DRIFT, RULES
from theorylab.quadratic.experiments.digits import DIGITS
from theorylab.quadratic.experiments.mixtures import CLASSIFIERS, MIXTURES

WORDS = {
    "descent": "gradient descent",
    "momentum": "momentum 0.9",
    "adam": "Adam",
    "decay": "weight decay 0.01",
}


@figure(
    "quadratic/conserved",
    needs={"drift": DRIFT},
    title="Drift of the conserved quantity against the learning rate",
    references=("fan2023expressivity", "du2018algorithmic"),
    rtol=1e-3,
    atol=1e-9,
)
def conserved(drift: xr.Dataset) -> Figure:
    """Drift against learning rate, for four optimisers and two values of gamma."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.46), sharey=True)
    for ax, gamma in zip(axes, (1.0, 0.1), strict=True):
        one = drift.sel(gamma=gamma)
        for rule, look in zip(RULES, cycle(len(RULES)), strict=True):
            ax.plot(one.lr, one.drift.sel(rule=rule), **look, label=WORDS[rule])
        first = float(one.drift.sel(rule="descent").sortby("lr")[0])
        lr = np.sort(one.lr.values)
        ax.plot(lr, 0.6 * first * lr / lr[0], color=COLORS["theory"], ls=":", lw=1.4)
        ax.text(lr[2], 0.36 * first * lr[2] / lr[0], "slope 1", fontsize=9, va="top")
        ax.set_xscale("log")
        ax.set_yscale("log")
        ax.set_xticks(lr, [f"{value:g}" for value in lr])
        ax.minorticks_off()
        ax.set_title(f"$\\gamma={gamma:g}$")
        ax.set_xlabel("learning rate")
    axes[0].set_ylabel("largest change of\n$\\gamma\\|\\tilde w_r\\|^2-\\|\\tilde w_g\\|^2$")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig


@figure(
    "quadratic/mixtures",
    needs={"mixtures": MIXTURES},
    title="Mixtures of Gaussians: quadratic neurons against Bayes, QDA and LDA",
    references=("qi2022superiority",),
    rtol=2e-3,
    atol=2e-3,
)
def mixtures(mixtures: xr.Dataset) -> Figure:
    """How far each classifier stays behind Bayes' rule, in points of accuracy."""
    fig, axes = plt.subplots(1, mixtures.sizes["dim"], figsize=size(0.42), sharey=True)
    names = CLASSIFIERS[1:]
    for ax, dim in zip(axes, mixtures.dim.values, strict=True):
        one = mixtures.accuracy.sel(dim=dim)
        behind = 100 * (one.sel(classifier="Bayes") - one)
        for place, (name, look) in enumerate(zip(names, cycle(len(names)), strict=True)):
            values = behind.sel(classifier=name).values
            ax.plot(values, np.full(values.size, place), color=look["color"], marker=look["marker"],
                    linestyle="none", alpha=0.6)  # fmt: skip
            ax.plot([values.mean()] * 2, [place - 0.3, place + 0.3], color=look["color"], lw=2.5)
        ax.axvline(0, color=COLORS["theory"], lw=1)
        bayes = float(one.sel(classifier="Bayes").mean())
        ax.set_title(f"$D={dim}$; Bayes {bayes:.3f}", fontsize=10.5)
        ax.set_xscale("symlog", linthresh=1.0)
        ax.set_xlim(-0.4, 60)
        ax.set_xticks([0, 0.5, 1, 10], ["0", "0.5", "1", "10"])
        ax.set_xlabel("points behind Bayes (%)")
    axes[0].set_yticks(range(len(names)), names)
    axes[0].invert_yaxis()
    return fig


@figure(
    "quadratic/digits",
    needs={"digits": DIGITS},
    title="Digits: training loss falls, test accuracy does not gain",
    references=("fan2023expressivity",),
    rtol=1e-6,
)
def digits(digits: xr.Dataset) -> Figure:
    """Median training loss and test accuracy of the runs that did not collapse, by depth."""
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.46))
    names = ("ReLU, width 16", "ReLU, width 32", "ReLinear, $\\gamma=0.1$", "ReLinear, $\\gamma=1$")
    case = digits.loss.dims[1] if digits.loss.dims[0] == "depth" else digits.loss.dims[0]
    for index, (name, look) in enumerate(zip(names, cycle(len(names)), strict=True)):
        one = digits.isel({case: index})
        for ax, value in ((left, one.loss), (right, one.accuracy)):
            alive = value.where(one.collapsed == 0)
            ax.plot(digits.depth, alive.median("run"), **look, lw=1.6, label=name)
            for depth in digits.depth.values:
                each = alive.sel(depth=depth).values
                ax.plot(np.full(each.size, depth), each, ".", color=look["color"], alpha=0.4)
    for ax in (left, right):
        ax.set_xticks(digits.depth.values)
        ax.set_xlabel("hidden layers")
    left.set_yscale("log")
    left.set_ylabel("training loss")
    right.set_ylabel("test accuracy")
    right.legend(loc="lower left")
    return fig
