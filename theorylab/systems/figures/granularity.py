"""What nesting costs, counted in the compiled programs."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size
from theorylab.systems.experiments.granularity import GRANULARITY

_PANELS = {
    "flops": "floating-point operations",
    "dots": "matrix products",
    "fusions": "fused kernels",
}


@figure(
    "systems/granularity",
    needs={"run": GRANULARITY},
    title="Nesting down to layers costs nothing, down to single neurons it does",
    references=("fong2019backprop",),
    rtol=0.5,  # another compiler may fuse otherwise; the equalities are tested
    atol=1e-12,
)
def granularity(run: xr.Dataset) -> Figure:
    """Counts of the compiled training step for one network cut in four ways, as bars."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.27), sharey=True)
    names = [str(name) for name in run.program.values]
    places = np.arange(len(names))[::-1]
    colors = [COLORS["theory"]] + [COLORS["simulation"]] * (len(names) - 1)
    for ax, (name, label) in zip(axes, _PANELS.items(), strict=True):
        counts = run[name].values
        ax.barh(places, counts, color=colors, height=0.6)
        for place, count in zip(places, counts, strict=True):
            ax.text(count, place, f" {count:,.0f}", va="center", fontsize=9)
        ax.set(xlabel=label, xlim=(0, 1.3 * counts.max()), ylim=(-0.6, len(names) - 0.4))
        ax.grid(axis="y", visible=False)
        ax.locator_params(axis="x", nbins=4)
    axes[0].set_yticks(places, names)
    return fig
