"""Real data: depth on handwritten digits."""

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, size
from theorylab.ntk.experiments.digits import DIGITS
from theorylab.ntk.figures.common import PAPER

NAMES = {
    "relu": "ReLU",
    "erf": "erf ($\\alpha<1$)",
    "sine, alpha = 8": "sine, $\\alpha=8$",
    "h_2": "$h_2$ (nearest neighbour)",
}


@figure(
    "ntk/digits",
    needs={"digits": DIGITS},
    title="Handwritten digits: accuracy of kernel regression against depth",
    references=(PAPER, "jacot2018neural"),
    atol=3e-3,
    rtol=1e-2,
)
def digits(digits: xr.Dataset) -> Figure:
    """Accuracy against depth for four activations and both kernels, with the limits."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.48), sharey=True)
    for ax, kernel, title in zip(axes, ("nngp", "ntk"), ("NNGP", "NTK"), strict=True):
        one = digits.sel(kernel=kernel)
        for name, look in zip(NAMES, cycle(len(NAMES)), strict=True):
            here = one.sel(activation=name)
            ax.plot(one.depth, 100 * here.accuracy, label=NAMES[name], **look)
            limit = 100 * float(here.vote)
            ax.plot([100, 150], [limit] * 2, color=look["color"], lw=2.5)
        nearest = 100 * float(digits.nearest.isel(activation=0))
        ax.axhline(nearest, color=COLORS["muted"], lw=1, ls=":", label="1-NN")
        ax.set(xscale="log", ylim=(86, 100), xlabel="hidden layers $L$", title=title)
        ax.set_xticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
        ax.minorticks_off()
    axes[0].set_ylabel("test images recognised (%)")
    axes[0].legend(loc="lower left")
    return fig
