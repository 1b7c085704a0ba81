"""The official tasks: activations by dimensions, depth, and sample size."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, label_curve, size
from theorylab.ntk.experiments.official import DEPTHS, FULL, GRID, RISK_CIRCLE, RISK_SPHERE
from theorylab.ntk.figures.common import KIND_LOOK, PAPER

BOTH = (PAPER, "devroye1998hilbert")


@figure(
    "ntk/activation-grid",
    needs={"grid": GRID},
    title="Nine activations on four official tasks: what depth makes of them",
    references=BOTH,
    atol=2e-3,
)
def activation_grid(grid: xr.Dataset) -> Figure:
    """Accuracy relative to the Bayes rule, and agreement with the Hilbert estimate."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.5), sharey=True)
    labels = [
        f"{name}  ($\\alpha={float(alpha):.2g}$)"
        for name, alpha in zip(grid.activation.values, grid.alpha.isel(d=0).values, strict=True)
    ]
    regret = 100 * (grid.bayes - grid.accuracy).transpose("activation", "d").values
    agree = 100 * grid.agree_hilbert.transpose("activation", "d").values
    _table(axes[0], regret, grid, "accuracy lost to the Bayes rule (points)", "{:.1f}", "cividis_r")
    _table(axes[1], agree, grid, "agreement with Hilbert, exponent $d$ (%)", "{:.1f}", "cividis")
    axes[0].set_yticks(range(len(labels)), labels)
    return fig


def _table(
    ax: Axes, values: np.ndarray, grid: xr.Dataset, title: str, form: str, cmap: str
) -> None:
    image = ax.imshow(values, aspect="auto", cmap=cmap)
    middle = 0.5 * (values.min() + values.max())
    dark_below = cmap == "cividis"
    alpha = grid.alpha.isel(d=0).values
    for (row, column), value in np.ndenumerate(values):
        dark = (value < middle) == dark_below
        matched = abs(alpha[row] / float(grid.d[column]) - 1) < 0.01
        ax.text(
            column,
            row,
            form.format(value),
            ha="center",
            va="center",
            fontsize=9,
            color="white" if dark else "black",
            fontweight="bold" if matched else "normal",
        )
    ax.set_xticks(range(grid.d.size), [f"$d={int(d)}$" for d in grid.d])
    ax.set_title(title, fontsize=10)
    ax.grid(False)
    ax.figure.colorbar(image, ax=ax, shrink=0.85)


@figure(
    "ntk/official-full",
    needs={"full": FULL},
    title="The official task with all its training points: deep networks beside their limits",
    references=BOTH,
)
def official_full(full: xr.Dataset) -> Figure:
    """Accuracies at n = 10,000: Bayes, Hilbert, the optimal network, 1-NN, majority."""
    fig, ax = plt.subplots(figsize=size(0.45))
    optimal = {1: "2d_opt", 2: "3d_opt", 4: "5d_opt", 8: "9d_opt"}
    network = [float(full.accuracy.sel(d=d, activation=optimal[int(d)])) for d in full.d.values]
    rows = (
        ("Bayes rule", full.bayes, COLORS["theory"]),
        ("deep network, $\\alpha=d$", network, KIND_LOOK["singular"]["color"]),
        ("Hilbert estimate", full.hilbert, "#8fb8dd"),
        ("nearest neighbour", full.nearest, KIND_LOOK["one_nn"]["color"]),
        ("majority vote", full.majority, KIND_LOOK["majority"]["color"]),
    )
    for index, (label, values, color) in enumerate(rows):
        at = np.arange(full.d.size) + 0.16 * (index - 2)
        ax.bar(at, 100 * np.asarray(values), width=0.15, color=color, label=label)
    ax.set_xticks(range(full.d.size), [f"$d={int(d)}$" for d in full.d])
    ax.set_ylim(50, 100)
    ax.set_ylabel("accuracy (%)")
    ax.legend(ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.2))
    return fig


@figure(
    "ntk/depth",
    needs={"depths": DEPTHS},
    title="Kernel regression at finite depth: agreement, condition number, and the prediction",
    references=BOTH,
    atol=6e-3,
    rtol=2e-2,
)
def depth(depths: xr.Dataset) -> Figure:
    """Agreement with the limits, condition number, and classification against regression."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.42))
    one = depths
    L = one.depth.values
    looks = cycle(3)
    curves = (
        ("nngp", "agree_alpha", "NNGP, exponent $\\alpha$", looks[0]),
        ("ntk", "agree_alpha", "NTK, exponent $\\alpha$", looks[1]),
        ("ntk", "agree_more", "NTK, exponent $\\alpha+2$", looks[2]),
    )
    for kernel, name, label, look in curves:
        axes[0].plot(L, 100 * one[name].sel(kernel=kernel), label=label, **look)
    axes[0].set(xscale="log", ylim=(86, 100.6))
    axes[0].set_ylabel("labels that agree with Hilbert (%)")
    axes[0].set_title("the classifier")
    axes[0].legend(loc="lower right", fontsize=8.5)
    for kernel, look in zip(("nngp", "ntk"), looks, strict=False):
        axes[1].plot(L, one.log_condition.sel(kernel=kernel), label=kernel.upper(), **look)
    axes[1].set(xscale="log")
    axes[1].axhspan(15.6, 32, color=COLORS["deficit"], lw=0, zorder=0)
    label_curve(axes[1], 30, 27, "singular in\ndouble precision", "#7a5a1e", ha="left")
    axes[1].set_ylim(-0.5, 31)
    axes[1].set_ylabel("$\\log_{10}$ condition number of $K$")
    axes[1].set_title("the matrix")
    axes[1].legend(loc="lower left", bbox_to_anchor=(0.02, 0.08))
    nngp = one.sel(kernel="nngp")
    enough = nngp["rank"].values == nngp["rank"].values.max()
    ax = axes[2]
    ax.plot(L[enough], nngp.error[enough], label="squared error, relative", **looks[0])
    ax.plot(L[enough], 1 - nngp.accuracy[enough], label="error rate", **looks[1])
    ax.axhline(1 - float(one.bayes), color=COLORS["theory"], lw=1, ls=(0, (4, 2)))
    label_curve(
        ax, L[enough][0], 1 - float(one.bayes) + 0.08, "Bayes: dashed", ha="left", fontsize=8.5
    )
    ax.axhline(1, color=COLORS["muted"], lw=1, ls=":")
    label_curve(ax, L[enough][0], 1.06, "predicting 0", COLORS["muted"], ha="left", fontsize=8.5)
    ax.set(xscale="log", ylim=(0, 1.15))
    ax.set_title("values fade, labels do not")
    ax.legend(loc="center right", fontsize=8.5)
    for ax in axes:
        ax.set_xlabel("depth $L$")
    return fig


@figure(
    "ntk/consistency",
    needs={"circle": RISK_CIRCLE, "sphere": RISK_SPHERE},
    title="Excess risk against the number of training points, for several exponents",
    references=BOTH,
    atol=1e-3,
)
def consistency(circle: xr.Dataset, sphere: xr.Dataset) -> Figure:
    """Means over seeds, with standard errors, in dimensions 1 and 2; a guide 1/log n."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.5))
    for ax, data, d in zip(axes, (circle, sphere), (1, 2), strict=True):
        exponents = _exponents(data)
        for index, (alpha, look) in enumerate(zip(exponents, cycle(len(exponents)), strict=True)):
            risk = data.hilbert.isel(exponent=index)
            text = f"$\\alpha={alpha:g}$" + (" $=d$" if alpha == d else "")
            _curve(ax, risk, look, text, lw=2.6 if alpha == d else 1.4)
        near = {**KIND_LOOK["one_nn"], "linestyle": "--"}
        _curve(ax, data.nearest, near, "nearest neighbour", lw=1.4)
        n = data.n.values
        level = float(data.hilbert.isel(exponent=exponents.index(d), n=0).mean())
        guide = level * np.log(n[0]) / np.log(n)
        ax.plot(n, guide, color=COLORS["muted"], lw=1.1, ls=":", label="$\\propto 1/\\log n$")
        ax.set(xscale="log", yscale="log", ylim=(0.0055, 0.19))
        ax.set_yticks([0.01, 0.02, 0.05, 0.1], ["0.01", "0.02", "0.05", "0.1"])
        ax.minorticks_off()
        ax.set_xlabel("training points $n$")
        ax.set_title(f"$d={d}$")
        ax.legend(fontsize=8.5, ncols=2, loc="upper right")
    axes[0].set_ylabel("excess risk")
    return fig


def _exponents(data: xr.Dataset) -> list[float]:
    import json

    return list(json.loads(data.attrs["parameters"])["exponents"])


def _curve(ax: Axes, risk: xr.DataArray, look: dict, label: str, lw: float) -> None:
    mean, spread = risk.mean("seed"), risk.std("seed", ddof=1) / np.sqrt(risk.seed.size)
    ax.errorbar(risk.n, mean, spread, label=label, capsize=2, **(look | {"lw": lw, "ms": 4}))
