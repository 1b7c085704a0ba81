"""One neuron: the curves that separate, for each initialisation and pace."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size
from theorylab.quadratic.experiments.neuron import CURVES, XOR

SHOWN = {
    "relinear 0": ("conventional neuron", COLORS["muted"], ":"),
    "relinear 0.1": ("ReLinear, $\\gamma=0.1$", "#d9600a", "--"),
    "relinear 1": ("ReLinear, $\\gamma=1$", "#0b3c6f", "-"),
}


def _values(one: xr.Dataset, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    at = np.stack([x, y], axis=-1)
    form = np.einsum("...i,ij,...j->...", at, one.A.values, at)
    return form + at @ one.beta.values + float(one.kappa)


def _boundaries(ax: Axes, data: xr.Dataset, title: str, margin: float = 0.35) -> None:
    points = data.x.values
    (low_x, low_y), (high_x, high_y) = points.min(axis=0) - margin, points.max(axis=0) + margin
    x, y = np.meshgrid(np.linspace(low_x, high_x, 241), np.linspace(low_y, high_y, 241))
    full = _values(data.sel(condition="relinear 1"), x, y)
    ax.contourf(x, y, full > 0, levels=[0.5, 1.5], colors=[COLORS["deficit"]], alpha=0.55)
    for name, (_, color, line) in SHOWN.items():
        values = _values(data.sel(condition=name), x, y)
        ax.contour(x, y, values, levels=[0.0], colors=[color], linestyles=[line], linewidths=1.9)
    for label, marker, face in ((0, "o", COLORS["card"]), (1, "^", COLORS["theory"])):
        chosen = points[data.y.values == label]
        many = len(points) > 10
        ax.plot(
            *chosen.T,
            linestyle="none",
            marker=marker,
            markersize=3.2 if many else 8,
            markerfacecolor=face,
            markeredgecolor=COLORS["theory"],
            markeredgewidth=0.7,
            alpha=0.8 if many else 1.0,
        )
    ax.set_title(title)
    ax.set_aspect("equal")
    ax.grid(False)
    ax.set_xlabel("$x_1$")


@figure(
    "quadratic/one-neuron",
    needs={"square": XOR, "curves": CURVES},
    reduce=lambda square, curves: {
        "square": square.isel(seed=[0]),
        "curves": curves.isel(seed=[0]),
    },
    title="What one quadratic neuron separates",
    references=("fan2023expressivity",),
    rtol=1e-3,
    atol=1e-3,
)
def one_neuron(square: xr.Dataset, curves: xr.Dataset) -> Figure:
    """Decision boundaries of one neuron on exclusive or, the ring and the ellipse."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.43), width_ratios=(1, 1, 1.35))
    _boundaries(axes[0], square.sel(task="xor11").isel(seed=0), "exclusive or")
    _boundaries(axes[1], curves.sel(task="ring").isel(seed=0), "ring")
    _boundaries(axes[2], curves.sel(task="ellipse").isel(seed=0), "ellipse")
    axes[0].set_ylabel("$x_2$")
    lines = [
        plt.Line2D([], [], color=color, linestyle=line, label=label)
        for label, color, line in SHOWN.values()
    ]
    fig.legend(handles=lines, loc="outside lower center", ncols=3)
    return fig
