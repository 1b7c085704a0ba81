"""A plant that changes, in a fixed wiring and in one that learns."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size
from theorylab.systems.experiments.control import SIGN_FLIP


@figure(
    "systems/sign-flip",
    needs={"runs": SIGN_FLIP},
    title="A wiring that learns survives the change of its plant; a fixed one does not",
    references=("spivak2021deeply",),
    rtol=1e-4,
    atol=1e-6,
)
def sign_flip(runs: xr.Dataset) -> Figure:
    """What the plant shows, on a logarithmic axis, and the estimate beside the true response."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=size(0.56), sharex=True)
    looks = {False: ("fixed wiring", COLORS["B"], "--"), True: ("learns", COLORS["A"], "-")}
    for learns, (label, color, style) in looks.items():
        x = np.abs(runs.x.sel(learns=learns))
        top.semilogy(runs.tick, np.maximum(x, 1e-4), style, color=color, lw=1.4, label=label)
    top.set(ylim=(1e-3, 1e3), ylabel="$|x|$ of the plant")
    top.legend(loc="upper left")
    one = runs.sel(learns=True)
    bottom.step(one.tick, one.b, where="post", color=COLORS["theory"], lw=1.2, label="$b$")
    bottom.plot(one.tick, one.estimate, color=COLORS["A"], label="estimate $\\theta$")
    bottom.set(xlabel="tick", ylabel="response to the control", xlim=(0, runs.sizes["tick"] - 1))
    bottom.legend(loc="upper right")
    return fig
