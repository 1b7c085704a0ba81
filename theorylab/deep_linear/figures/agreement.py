"""Theory against simulation: learning curves, the rate of the error, conserved quantities."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from theorylab.deep_linear.experiments.agreement import CURVES, DESCENT_DRIFT, ONSETS, RK4_DRIFT
from theorylab.deep_linear.figures.common import line_of, marks_of
from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, size

_S = 3.0  # of `CURVES`
_STEP = "step size: learning rate $\\times\\,D\\,S^{2-2/D}$"
_ROUNDING = 1e-17


@figure(
    "deep_linear/learning-curves",
    needs={"descent": CURVES},
    title="One mode: plateau and rise for depths 1 to 6, closed form over gradient descent",
    references=("saxe2014exact",),
    reduce=lambda descent: {
        "descent": descent.isel(record=slice(0, None, 4), moment=slice(0, None, 5))
    },
    rtol=1e-6,
    atol=1e-9,
)
def learning_curves(descent: xr.Dataset) -> Figure:
    """Share of the target that is learned, against time in units of the half-time."""
    fig, ax = plt.subplots(figsize=size(0.54))
    for depth in descent.depth.values:
        one = descent.sel(depth=depth)
        half = float(one.half_time)
        ax.plot(one.time[::4] / half, one.k[::4] / _S, **marks_of(depth, 6))
        ax.plot(one.moment, one.theory / _S, **line_of(depth), zorder=4)
    hands = [
        Line2D([], [], **line_of(depth), label=f"{depth}      {float(half):6.2f}")
        for depth, half in zip(descent.depth.values, descent.half_time, strict=True)
    ]
    ax.legend(handles=hands, title="$D$     half-time ($t$)", loc="lower right", alignment="left")
    ax.text(1.32, 0.5, "lines: closed form\nmarkers: gradient descent", fontsize=9.5, va="center")
    ax.set(xlim=(-0.02, 2.02), ylim=(-0.02, 1.05))
    ax.set_xlabel("time, in units of each depth's half-time $T_{1/2}$")
    ax.set_ylabel("learned share of the target, $K/S$")
    return fig


@figure(
    "deep_linear/agreement",
    needs={"runs": ONSETS},
    title="Gradient descent approaches the theory at first order in the step size",
    references=("kleinman2024critical",),
    reduce=lambda runs: {"runs": runs[["share", "theory"]]},
    rtol=1e-6,
    atol=1e-7,
)
def agreement(runs: xr.Dataset) -> Figure:
    """Left: largest error of the final share. Right: matrices against the mode map."""
    fig, (ax, exact_ax) = plt.subplots(1, 2, figsize=size(0.5), width_ratios=(1.7, 1))
    error = np.abs(runs.share - runs.theory).isel(mode=0).max("onset")
    for depth in runs.depth.values:
        look = marks_of(depth, 7) | {"linestyle": "-", "color": line_of(depth)["color"]}
        ax.plot(runs.step, error.sel(depth=depth), **look, label=f"$D={depth}$")
    steps = np.array([0.0095, 0.25])
    ax.plot(steps, 0.2 * steps, color=COLORS["theory"], ls=(0, (4, 2)), lw=1.3)
    label_curve(ax, 0.025, 0.2 * 0.025, "slope 1", COLORS["theory"], rotation=33, ha="center")
    ax.set(xscale="log", yscale="log", xlim=(0.0095, 0.26), ylim=(5e-4, 0.06))
    ticks = runs.step.values
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.xaxis.minorticks_off()
    ax.set_xlabel(_STEP)
    ax.set_ylabel("largest error of the share $K_B/S$")
    ax.set_title("gradient descent against the theory")
    ax.legend(loc="lower right", ncols=1)
    _against_map(exact_ax, runs)
    return fig


def _against_map(ax: Axes, runs: xr.Dataset) -> None:
    gap = runs.map_gap.max(("step", "onset"))
    for depth in runs.depth.values:
        ax.plot(depth, gap.sel(depth=depth), **marks_of(depth, 9))
    ax.axhline(1e-10, color=COLORS["highlight"], lw=1.3)
    ax.text(1.7, 1.6e-10, "accepted", color=COLORS["highlight"], fontsize=9.5, va="bottom")
    ax.axhspan(1e-17, 2.3e-16, color=COLORS["grid"], zorder=0)
    ax.text(1.7, 2e-17, "one rounding", color=COLORS["muted"], fontsize=9.5, va="bottom")
    ax.set(yscale="log", ylim=(1e-17, 1e-8), xlim=(1.5, 6.5))
    ax.set_xticks(runs.depth.values)
    ax.set_xlabel("depth $D$")
    ax.set_ylabel("largest gap $|K-K_{\\rm map}|/S$")
    ax.set_title("matrices against the mode map")


@figure(
    "deep_linear/invariants",
    needs={"descent": DESCENT_DRIFT, "flow": RK4_DRIFT},
    title="Conserved quantities drift at the order of the step, and some not at all",
    references=("saxe2014exact", "arora2019implicit"),
    rtol=1e-3,
    atol=1e-12,
)
def invariants(descent: xr.Dataset, flow: xr.Dataset) -> Figure:
    """Drift of the balance and of the handicap, gradient descent and Runge-Kutta."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.54), sharey=True)
    for ax, data, order, title in (
        (axes[0], descent, 1, "gradient descent: first order"),
        (axes[1], flow, 4, "Runge-Kutta: fourth order"),
    ):
        for depth in data.depth.values:
            one = data.sel(depth=depth)
            look = marks_of(depth, 6.5)
            color = line_of(depth)["color"]
            race = np.maximum(one.race, _ROUNDING)
            ax.plot(one.step, race, **(look | {"linestyle": "-", "color": color}))
            if depth > 1:
                filled = {"linestyle": "--", "color": color, "markerfacecolor": color}
                ax.plot(one.step, one.balance, **(look | filled))
        step = np.array([float(data.step.min()), float(data.step.max())])
        level = 0.3 if order == 1 else 1.5e-3
        ax.plot(
            step, level * (step / step[1]) ** order, color=COLORS["theory"], ls=(0, (4, 2)), lw=1.2
        )
        middle = np.sqrt(step.prod())
        label_curve(
            ax,
            middle,
            level * (middle / step[1]) ** order * 4,
            f"slope {order}",
            COLORS["theory"],
            ha="center",
        )
        ax.set(xscale="log", yscale="log", ylim=(4e-18, 2))
        ticks = data.step.values
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.xaxis.minorticks_off()
        ax.set_title(title)
        ax.axhspan(4e-18, 3e-15, color=COLORS["grid"], zorder=0)
    axes[1].text(0.07, 1e-17, "rounding", color=COLORS["muted"], fontsize=9.5)
    axes[0].set_ylabel("relative drift in training")
    fig.supxlabel(_STEP, fontsize=10.5)
    depths = sorted({*descent.depth.values, *flow.depth.values})
    ink = {"color": COLORS["theory"], "marker": "o"}
    hands = [Line2D([], [], **line_of(depth), label=f"$D={depth}$") for depth in depths]
    hands.append(Line2D([], [], **ink, mfc=COLORS["card"], label="handicap"))
    hands.append(Line2D([], [], **ink, ls="--", label="balance of layers"))
    fig.legend(handles=hands, loc="outside upper center", ncols=5, columnspacing=1.2)
    return fig
