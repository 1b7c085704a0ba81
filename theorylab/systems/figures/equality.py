"""Learning composes exactly; two things that look alike and do not."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size
from theorylab.systems.experiments.equality import DEFECT, EQUALITY

_LOOKS = {
    "composed": (COLORS["A"], "-", "o"),
    "updated first": (COLORS["B"], "--", "s"),
    "clipped apart": ("#2a8f6d", "-.", "^"),
}
_FLOOR = 1e-17


@figure(
    "systems/equality",
    needs={"runs": EQUALITY, "first": DEFECT},
    title="Layers in series train as the whole network; two near misses do not",
    references=("fong2019backprop",),
    rtol=1e-3,
    atol=1e-12,
)
def equality(runs: xr.Dataset, first: xr.Dataset) -> Figure:
    """Loss; difference of the weights tick by tick; difference after one tick against the rate."""
    fig, (left, middle, right) = plt.subplots(1, 3, figsize=size(0.42))
    one = runs.sel(variant="composed")
    left.plot(one.tick, one.loss_whole, color=COLORS["theory"], lw=3.2, alpha=0.35, label="whole")
    left.plot(one.tick, one.loss, color=COLORS["A"], lw=1.2, label="composed")
    left.set(yscale="log", xlabel="tick", ylabel="loss")
    left.legend(loc="upper right", fontsize=8.5)
    for variant, (color, style, _) in _LOOKS.items():
        gap = np.maximum(runs.gap.sel(variant=variant), _FLOOR)
        middle.plot(runs.tick, gap, style, color=color, lw=1.6, label=variant)
    middle.set(yscale="log", xlabel="tick", ylabel="largest difference of a weight")
    middle.set_ylim(_FLOOR / 3, 300)
    middle.legend(loc="center right", fontsize=8.5)
    if not runs.gap.sel(variant="composed").any():
        where = {"color": COLORS["A"], "fontsize": 8.5, "va": "bottom"}
        middle.text(10, 2 * _FLOOR, "0: equal to the last bit", **where)
    for variant in first.variant.values:
        color, _, mark = _LOOKS[str(variant)]
        gap = first.gap.sel(variant=variant).isel(tick=0)
        slope = np.polyfit(np.log(first.rate), np.log(gap), 1)[0]
        label = f"{variant}, slope {slope:.1f}"
        right.loglog(first.rate, gap, mark, color=color, mfc="none", label=label)
    for variant, power in (("updated first", 2), ("clipped apart", 1)):
        gap = first.gap.sel(variant=variant).isel(tick=0)
        line = float(gap[0]) * (first.rate / float(first.rate[0])) ** power
        right.loglog(first.rate, line, color=COLORS["theory"], lw=1.0)
    right.set(xlabel="step size $\\epsilon$", ylabel="difference after one tick")
    right.set_ylim(None, 30 * float(first.gap.max()))
    right.legend(loc="upper left", fontsize=8.5)
    return fig
