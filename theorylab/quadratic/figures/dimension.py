"""Dimensions of neurovarieties: by depth and width, per neuron and per weight."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, size
from theorylab.quadratic.experiments.dimension import (
    COMPARED,
    EQUIWIDTH,
    FILLING,
    NEURONS_PLAN,
    SHALLOW,
)
from theorylab.symbolic import compiled

_LOOKS = {
    "square": ("square", COLORS["B"], "s", "--"),
    "product": ("product", "#2a8f6d", "^", "-."),
    "fan": ("quadratic", COLORS["A"], "o", "-"),
}
_KILEEL = ("kileel2019expressive",)


@figure(
    "quadratic/dimensions",
    needs={"exact": EQUIWIDTH},
    title="Dimension of networks as wide as their input",
    references=_KILEEL,
)
def dimensions(exact: xr.Dataset) -> Figure:
    """For each kind of neuron, the dimension over width and depth, as a share of the space."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.5), sharey=True)
    share = exact.dim / exact.ambient
    for ax, variant in zip(axes, COMPARED, strict=True):
        values = share.sel(variant=variant).transpose("inputs", "layers").values
        image = ax.imshow(values, vmin=0, vmax=1, origin="lower", aspect="auto", cmap="cividis")
        for row, n in enumerate(exact.inputs.values):
            for column, h in enumerate(exact.layers.values):
                dim = int(exact.dim.sel(variant=variant, inputs=n, layers=h))
                dark = values[row, column] < 0.55
                filled = values[row, column] == 1
                ax.text(
                    column,
                    row,
                    str(dim),
                    ha="center",
                    va="center",
                    fontsize=9.5,
                    color="white" if dark else "#1a1a1a",
                    weight="bold" if filled else "normal",
                )
        ax.set_title(_LOOKS[variant][0])
        ax.set_xticks(range(len(exact.layers)), [str(h) for h in exact.layers.values])
        ax.set_yticks(range(len(exact.inputs)), [str(n) for n in exact.inputs.values])
        ax.set_xlabel("layers of weights $h$")
        ax.grid(False)
    axes[0].set_ylabel("inputs and width $n$")
    fig.colorbar(image, ax=axes, label="share of all polynomials", fraction=0.05)
    return fig


@figure(
    "quadratic/filling",
    needs={"filling": FILLING, "shallow": SHALLOW},
    title="More per neuron, not more per weight",
    references=_KILEEL,
)
def filling(filling: xr.Dataset, shallow: xr.Dataset) -> Figure:
    """Dimension against hidden neurons and against weights; neurons and weights to fill."""
    fig, axes = plt.subplots(2, 2, figsize=size(0.86))
    for ax, against in zip(axes[0], ("hidden", "weights"), strict=True):
        for variant, (name, color, marker, line) in _LOOKS.items():
            one = shallow.sel(variant=variant)
            x = one.hidden if against == "hidden" else one.weights
            ax.plot(x, one.formula, line, color=color, zorder=4)
            ax.plot(x, one.dim, marker, color=color, ms=5, mfc=COLORS["card"], label=name)
        ax.axhline(136, color=COLORS["muted"], ls=":", lw=1.2)
        ax.set(ylim=(0, 150), ylabel="dimension")
    axes[0, 0].set(xlabel="hidden neurons $m$", xticks=range(2, 17, 2))
    axes[0, 1].set(xlabel="weights of the hidden layer", xlim=(0, 330))
    axes[0, 0].legend(loc="lower right", title="16 inputs, one output", alignment="left")
    label_curve(axes[0, 1], 325, 144, "all quadratic forms", COLORS["muted"], ha="right")
    cases = [tuple(pair) for pair in zip(filling.inputs.values, filling.layers.values, strict=True)]
    names = [f"{d}, {h}" for d, h in cases]
    for ax, what in zip(axes[1], ("neurons", "weights"), strict=True):
        for k, (variant, (name, color, *_)) in enumerate(_LOOKS.items()):
            heights = filling[what].sel(variant=variant).values
            x = np.arange(len(cases)) + 0.27 * (k - 1)
            bars = ax.bar(x, heights, 0.24, color=color, label=name, zorder=3)
            ax.bar_label(bars, fontsize=8.5, padding=1)
        ax.set_xticks(range(len(cases)), names)
        ax.set_xlabel("inputs $d_0$, layers of weights $h$")
        ax.set_ylabel(
            "fewest hidden neurons to fill" if what == "neurons" else "weights of that network"
        )
        ax.grid(axis="x", visible=False)
        ax.set_ylim(0, 1.15 * float(filling[what].max()))
    return fig


@figure(
    "quadratic/neuron-dimensions",
    needs={"neurons": NEURONS_PLAN},
    title="What one neuron can represent",
    references=("drton2007algebraic",),
)
def neuron_dimensions(neurons: xr.Dataset) -> Figure:
    """Dimension of one neuron against its inputs, and of all quadratic polynomials."""
    fig, ax = plt.subplots(figsize=size(0.5, 0.8))
    n = np.linspace(4.0, 7.0, 20)
    looks = {**_LOOKS, "quadralib": ("with a linear term", COLORS["published"], "D", ":")}
    for variant, (name, color, marker, line) in looks.items():
        one = neurons.sel(variant=variant)
        ax.plot(one.inputs, one.formula, line, color=color, lw=1.4)
        ax.plot(one.inputs, one.dim, marker, color=color, ms=6, mfc=COLORS["card"], label=name)
    many = compiled("quadratic/neuron-dimension/many-inputs", args=("n",))
    ax.plot(n, many(n), color=COLORS["theory"], lw=1.2, zorder=4)
    full = neurons.sel(variant="full")
    ax.plot(full.inputs, full.dim, ":", color=COLORS["muted"])
    label_curve(ax, 6.1, 33, "all quadratic polynomials", COLORS["muted"], ha="right")
    label_curve(ax, 7, 25.4, "$3n+2$", COLORS["theory"], ha="right")
    ax.set(xlabel="inputs $n$", ylabel="dimension", ylim=(0, 38), xlim=(0.8, 7.2))
    ax.legend(loc="upper left")
    return fig
