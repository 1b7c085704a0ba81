"""Collapse with depth, the gain before it, and what clipping and normalisation do about it."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, size
from theorylab.quadratic.experiments.collapse import (
    FULL,
    MATCHED,
    NORMALISED,
    REMEDIES,
    SWEEP,
)

PAPER = ("fan2023expressivity",)
INITS = {"he_all": "He, $b_g=0$", "he_all_open": "He, $b_g=1$", "torch_default": "uniform"}


def rate(data: xr.Dataset) -> xr.DataArray:
    """The share of runs that collapsed in either way."""
    return (data.nonfinite + data.stuck).mean("run")


def label(condition: str) -> str:
    """A condition as it is written in a figure.

    >>> label("relinear 0.1"), label("relinear 1 clip 1"), label("he_all 1")
    ('$\\\\gamma=0.1$', '$\\\\gamma=1$\\nclip', 'He, $b_g=0$')
    """
    init, gamma, *extra = condition.split()
    said = INITS.get(init, "$\\gamma=0$" if gamma == "0" else f"$\\gamma={gamma}$")
    names = {"alpha": "$\\alpha={}$", "beta": "$\\beta={}$", "clip": "clip"}
    pairs = zip(extra[::2], extra[1::2], strict=True)
    return "\n".join([said, *(names[name].format(value) for name, value in pairs)])


def heat(ax: Axes, data: xr.Dataset, title: str, rotate: bool = True) -> None:
    """Collapse rates, depth by condition, with the numbers in the cells."""
    values = rate(data).values
    ax.imshow(values, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        dark = value > 0.6
        ax.text(column, row, f"{value:.1f}".replace("0.0", "0"), ha="center", va="center",
                fontsize=9, color="white" if dark else "#1a1a1a")  # fmt: skip
    ax.set_xticks(
        range(values.shape[1]),
        [label(name) for name in data.condition.values],
        rotation=45 if rotate else 0,
        ha="right" if rotate else "center",
        fontsize=8.5,
    )
    ax.set_yticks(range(values.shape[0]), data.depth.values)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.set_ylabel("hidden layers")
    ax.set_title(title)


@figure(
    "quadratic/collapse-map",
    needs={"small": SWEEP, "table": FULL},
    title="Share of networks that collapse, by depth, initialisation and gamma",
    references=PAPER,
    rtol=0.0,
    atol=0.34,
    reduce=lambda small, table: {
        "small": rate(small).to_dataset(name="rate"),
        "table": rate(table).to_dataset(name="rate"),
    },
)
def collapse_map(small: xr.Dataset, table: xr.Dataset) -> Figure:
    """Collapse rates: a small table made with the book, and the full one."""
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.46), width_ratios=(1, 1.6))
    heat(left, small, "500 steps, learning rate 0.02")
    heat(right, table, "1000 steps, learning rate 0.01")
    return fig


def _counted(data: xr.Dataset) -> xr.DataArray:
    # A run that collapsed knows no more than a guess.
    return data.accuracy.where(data.nonfinite + data.stuck == 0, 0.5)


@figure(
    "quadratic/gamma-curve",
    needs={"table": FULL},
    title="Test accuracy against gamma, by depth",
    references=PAPER,
    rtol=1e-6,
)
def gamma_curve(table: xr.Dataset) -> Figure:
    """Accuracy and training loss against gamma: gain first, then collapse."""
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.46))
    chosen = table.isel(condition=table.condition.str.startswith("relinear"))
    gamma = np.array([float(name.split()[1]) for name in chosen.condition.values])
    at = np.where(gamma == 0, 3e-4, gamma)
    for depth, look in zip(table.depth.values, cycle(table.sizes["depth"]), strict=True):
        one = chosen.sel(depth=depth)
        accuracy = _counted(one)
        error = accuracy.std("run", ddof=1) / np.sqrt(accuracy.sizes["run"])
        left.errorbar(
            at, accuracy.mean("run"), error, **look, lw=1.6, label=f"$L={depth}$", capsize=2
        )
        alive = (one.nonfinite + one.stuck == 0).all("run")
        loss = one.loss.median("run").where(alive)
        right.plot(at, loss, **look, lw=1.6)
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_xticks([3e-4, 1e-3, 1e-2, 1e-1, 1], ["0", "0.001", "0.01", "0.1", "1"])
        ax.minorticks_off()
        ax.set_xlabel("$\\gamma$ (0: the conventional network)")
    left.set_ylabel("test accuracy (collapsed: 0.5)")
    left.legend(loc="lower left")
    right.set_yscale("log")
    right.set_ylabel("training loss, median\n(where no run collapsed)")
    return fig


@figure(
    "quadratic/baselines",
    needs={"remedies": REMEDIES, "normalised": NORMALISED},
    title="Pulls, gradient clipping and normalisation: who still collapses",
    references=(*PAPER, "loshchilov2019decoupled"),
    rtol=0.0,
    atol=0.21,
    reduce=lambda remedies, normalised: {
        "remedies": rate(remedies).to_dataset(name="rate"),
        "normalised": rate(normalised).to_dataset(name="rate"),
    },
)
def baselines(remedies: xr.Dataset, normalised: xr.Dataset) -> Figure:
    """Collapse rates with pulls and clipping, with batch and with layer normalisation."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.44), width_ratios=(1.75, 1, 1))
    heat(axes[0], remedies, "pulls and clipping")
    heat(axes[1], normalised.sel(norm="batch"), "batch norm")
    heat(axes[2], normalised.sel(norm="layer"), "layer norm")
    for ax in axes[1:]:
        ax.set_ylabel("")
    return fig


@figure(
    "quadratic/matched",
    needs={"matched": MATCHED},
    title="Equal widths and equal numbers of parameters",
    references=PAPER,
    rtol=0.02,
    atol=1e-3,
    reduce=lambda matched: {
        "matched": matched[["accuracy", "loss"]].median("run").assign(parameters=matched.parameters)
    },
)
def matched(matched: xr.Dataset) -> Figure:
    """Test accuracy of conventional and quadratic networks, by number of parameters."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.42))
    kinds = ("conventional,\nsame width", "conventional,\nas many parameters", "quadratic")
    colors = (COLORS["muted"], COLORS["B"], COLORS["A"])
    for ax, depth in zip(axes, range(2), strict=True):
        one = matched.isel({matched.parameters.dims[0]: depth})
        for case, color in enumerate(colors):
            seen = one.loss.isel(case=case).values
            spread = case + np.linspace(-0.16, 0.16, seen.size)
            ax.plot(spread, seen, "o", color=color, markersize=3.5, alpha=0.55)
            ax.plot([case - 0.25, case + 0.25], [np.median(seen)] * 2, color=color, lw=2.5)
            ax.text(
                case,
                0.02,
                f"{int(one.parameters[case])} parameters",
                transform=ax.get_xaxis_transform(),
                ha="center",
                fontsize=8.5,
            )
        ax.set_xticks(range(3), kinds, fontsize=8.8)
        ax.set_xlim(-0.55, 2.6)
        ax.set_yscale("log")
        low, high = ax.get_ylim()
        ax.set_ylim(low / 2, high)
        ax.set_title(f"{depth + 1} hidden layer{'s' if depth else ''}")
    axes[0].set_ylabel("training loss (20 runs, median)")
    return fig
