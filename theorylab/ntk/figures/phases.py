"""The phase diagram of order and chaos."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size
from theorylab.ntk.experiments.phases import ORDER_CHAOS


@figure(
    "ntk/order-chaos",
    needs={"grid": ORDER_CHAOS},
    title="Order and chaos in weight and bias variance, and how far correlations travel",
    references=("schoenholz2017deep",),
    rtol=1e-4,
    atol=1e-6,
)
def order_chaos(grid: xr.Dataset) -> Figure:
    """The slope chi_1 with the edge, and the correlation length, for the error function."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.46), sharey=True)
    x, y = grid.sw2.values, grid.sb2.values
    spread = max(1 - float(grid.chi1.min()), float(grid.chi1.max()) - 1)
    first = axes[0].pcolormesh(
        x, y, grid.chi1.T, cmap="PuOr", vmin=1 - spread, vmax=1 + spread, rasterized=True
    )
    second = axes[1].pcolormesh(x, y, np.log10(grid.length.T), cmap="cividis", rasterized=True)
    for ax in axes:
        ax.plot(grid.edge, grid.edge_sb2, color=COLORS["theory"], lw=2)
        ax.set_xlabel("weight variance $\\sigma_w^2$")
        ax.grid(False)
        ax.set_xlim(x[0], x[-1])
    axes[0].text(0.5, 0.5, "order", fontsize=11)
    axes[0].text(3.0, 0.06, "chaos", fontsize=11)
    axes[0].set_ylabel("bias variance $\\sigma_b^2$")
    axes[0].set_title("slope $\\chi_1$ at correlation 1")
    axes[1].set_title("correlation length, at most 100 layers")
    fig.colorbar(first, ax=axes[0])
    fig.colorbar(second, ax=axes[1], label="$\\log_{10}$ layers")
    return fig
