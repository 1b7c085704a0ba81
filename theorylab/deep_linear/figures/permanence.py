"""What undoes the outcome of a race: weight decay and large steps."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.deep_linear.experiments.permanence import (
    DECAY,
    STEPS,
    relative_sharpness,
    valley_penalty,
)
from theorylab.deep_linear.figures.common import line_of, marks_of
from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, size

SHARE = "share of pathway B, $K_B/S$"


@figure(
    "deep_linear/permanence",
    needs={"decay": DECAY, "steps": STEPS},
    title="What breaks permanence: weight decay and large steps, and why depth decides",
    references=("kleinman2024critical",),
    rtol=1e-4,
    atol=1e-4,
)
def permanence(decay: xr.Dataset, steps: xr.Dataset) -> Figure:
    """Weight decay above, large steps below; what happens at the left, the reason at the right."""
    fig, axes = plt.subplots(2, 2, figsize=size(0.86), width_ratios=(1.25, 1))
    _decay(axes[0, 0], decay)
    _penalty(axes[0, 1], [int(depth) for depth in decay.depth])
    _steps(axes[1, 0], steps)
    _sharpness(axes[1, 1], [int(depth) for depth in steps.depth])
    return fig


def _decay(ax: Axes, data: xr.Dataset) -> None:
    for depth in data.depth.values:
        one = data.sel(depth=depth)
        ax.plot(one.age[::5], one.share[::5], **marks_of(depth, 4.5))
        ax.plot(one.age, one.theory, **line_of(depth), zorder=3)
    for depth, age, share in ((1, 1.05, 0.47), (2, 2.6, 0.225), (3, 0.75, 0.1), (4, 0.17, 0.02)):
        label_curve(ax, age, share, f"$D={depth}$", line_of(depth)["color"])
    ax.set(xlim=(0, 4), ylim=(-0.015, 0.55))
    ax.set_xlabel("time in units of the decay time, $\\mu t$")
    ax.set_ylabel(SHARE)
    ax.set_title("weight decay: heals, keeps or completes")


def _penalty(ax: Axes, depths: list[int]) -> None:
    x = np.linspace(0, 1, 201)
    for depth in depths:
        ax.plot(x, valley_penalty(x, depth), **line_of(depth))
        at = float(valley_penalty(0.5, depth))
        label_curve(ax, 0.5, at, f"$D={depth}$", line_of(depth)["color"], ha="center")
    ax.set_xlim(0, 1)
    ax.set_xlabel(SHARE)
    ax.set_ylabel("penalty along $K_A+K_B=S$\n(pathway A alone = 1)")
    ax.set_title("because the penalty bends")


def _steps(ax: Axes, data: xr.Dataset) -> None:
    for depth in data.depth.values:
        one = data.sel(depth=depth)
        settled = one.error < 1e-3
        ax.plot(one.factor[settled], one.final[settled], **marks_of(depth, 4.5))
        edge = one.edge.where(one.edge.notnull(), drop=True)
        ax.plot(edge.factor, edge, **line_of(depth), zorder=3)
        x, y, text = float(edge.factor[-1]) + 0.012, float(edge[-1]), f"$D={depth}$"
        if depth == 2:
            x, y, text = 1.2, 0.02, "$D=2$: never settles beyond"
        label_curve(ax, x, y, text, line_of(depth)["color"])
    ax.axvline(1, color=COLORS["muted"], lw=1, ls=":")
    ax.set(xlim=(0.85, 1.75), ylim=(-0.015, 0.55))
    ax.set_xlabel("learning rate, in units of A's limit $2/(D\\,S^{2-2/D})$")
    ax.set_ylabel("final " + SHARE)
    ax.set_title("large steps: back to where the minimum is flat")


def _sharpness(ax: Axes, depths: list[int]) -> None:
    x = np.linspace(0, 1, 201)
    for depth in depths:
        ax.plot(x, relative_sharpness(x, depth), **line_of(depth))
        at = float(relative_sharpness(0.5, depth))
        label_curve(ax, 0.5, at, f"$D={depth}$", line_of(depth)["color"], ha="center")
    ax.set_xlim(0, 1)
    ax.set_xlabel(SHARE)
    ax.set_ylabel("sharpness along $K_A+K_B=S$\n(pathway A alone = 1)")
    ax.set_title("because sharing is flatter")
