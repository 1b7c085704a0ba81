"""Critical periods: by onset, duration, dose and kind of the deficit."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from theorylab.deep_linear.deficits import KINDS
from theorylab.deep_linear.experiments.agreement import ONSETS
from theorylab.deep_linear.experiments.critical import (
    BRIEF,
    DOSE_LAW,
    DOSES,
    KIND_AMOUNTS,
    KIND_DURATIONS,
    KINDS_COMPARED,
    SENSITIVITY,
    WINDOWS,
)
from theorylab.deep_linear.figures.common import ONSET, SHARE_B, line_of, marks_of
from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, label_curve, size

_S = 3.0  # target of `WINDOWS` and `SENSITIVITY`
_STEP = 0.0125  # of the runs that are drawn
_PAPER = ("kleinman2024critical",)


def _hero_data(theory: xr.Dataset, descent: xr.Dataset) -> dict[str, xr.Dataset]:
    return {
        "theory": theory.sel(duration=0.1)[["share"]].isel(onset=slice(0, None, 3)),
        "descent": descent.sel(step=_STEP)[["share"]],
    }


@figure(
    "deep_linear/critical-period-curve",
    needs={"theory": WINDOWS, "descent": ONSETS},
    title="The critical period: final share of the impaired pathway against onset, by depth",
    references=_PAPER,
    reduce=_hero_data,
    atol=1e-7,
)
def critical_period_curve(theory: xr.Dataset, descent: xr.Dataset) -> Figure:
    """Closed form over gradient descent on matrices; the deficit lasts a tenth of a half-time."""
    fig, ax = plt.subplots(figsize=size(0.56))
    ax.axhline(0.5, color=COLORS["muted"], lw=1, ls=(0, (1, 2)), zorder=1)
    ax.text(0.01, 0.507, "equal shares", color=COLORS["muted"], fontsize=9.5, va="bottom")
    for depth in theory.depth.values:
        line = theory.share.sel(depth=depth, duration=0.1)
        ax.plot(line.onset, line, **line_of(depth), lw=2.2, zorder=4)
        marks = descent.share.sel(depth=depth, step=_STEP).isel(mode=0)
        ax.plot(marks.onset, marks, **marks_of(depth, 7.0))
    names = {2: "$D=2$", 3: "$D=3$", 4: "$D=4,$", 5: "$5,$", 6: "$6$"}
    places = {
        2: (0.3, 0.326),
        3: (0.3, 0.077),
        4: (0.3, 0.046),
        5: (0.366, 0.046),
        6: (0.398, 0.046),
    }
    for depth, (onset, share) in places.items():
        color = line_of(depth)["color"]
        label_curve(ax, onset, share, names[depth], color, fontsize=11, ha="center")
    ax.plot([0, 0.1], [0.43, 0.43], color="#b98b3c", lw=5, solid_capstyle="butt")
    ax.text(0.12, 0.43, "how long the deficit lasts", color="#7a5a1e", va="center", fontsize=9.5)
    _legend_of_hands(ax)
    ax.set(xlim=(-0.02, 1.6), ylim=(-0.03, 0.55))
    ax.set_xlabel("onset of the deficit (units of $T_{1/2}$, when half of the feature is learned)")
    ax.set_ylabel("final share of pathway B, $K_B/S$")
    return fig


def _legend_of_hands(ax: Axes) -> None:
    look = marks_of(3, 7.0)
    hands = [
        Line2D([], [], color=COLORS["theory"], lw=2.2, label="theory"),
        Line2D([], [], **(look | {"markeredgecolor": COLORS["theory"]}), label="gradient descent"),
    ]
    ax.legend(handles=hands, loc="lower right")


@figure(
    "deep_linear/critical-period-map",
    needs={"theory": WINDOWS, "response": SENSITIVITY},
    title="Final share of the impaired pathway over onset and duration, depths 2 to 6",
    references=_PAPER,
    reduce=lambda theory, response: {
        "theory": theory.isel(onset=slice(0, None, 9), duration=[13, 26, 39]),
        "response": response[["closing"]],
    },
    atol=1e-7,
)
def critical_period_map(theory: xr.Dataset, response: xr.Dataset) -> Figure:
    """One map per depth, with the closing edge: B keeps a quarter of the feature."""
    fig, axes = plt.subplots(2, 3, figsize=size(0.68), sharex=True, sharey=True)
    share = theory.share
    image = None
    for ax, depth in zip(axes.flat, theory.depth.values, strict=False):
        one = share.sel(depth=depth)
        image = ax.pcolormesh(
            one.onset, one.duration, one.T, vmin=0, vmax=0.5, shading="gouraud", rasterized=True
        )
        ax.contour(one.onset, one.duration, one.T, [0.25], colors=["#ffffff"], linewidths=1.6)
        edge = float(response.closing.sel(depth=depth, level=0.5))
        ax.axvline(edge, color=COLORS["theory"], lw=1.2, ls=(0, (2, 2)))
        ax.grid(False)
        ax.set_title(f"$D={depth}$")
        ax.set(xlim=(0, 1.6), ylim=(BRIEF, 1))
        ax.set_yscale("log")
        ax.set_xticks([0, 0.5, 1, 1.5], ["0", "0.5", "1", "1.5"])
        ax.set_yticks([1e-3, 1e-2, 1e-1, 1], ["0.001", "0.01", "0.1", "1"])
    white = {"color": "#ffffff", "fontsize": 9.5}
    axes[0, 0].text(0.05, 0.18, "share 0.25", va="bottom", **white)
    axes[0, 0].text(1.04, 0.0015, "closing time", rotation=90, fontsize=9.5)
    axes[0, 2].xaxis.set_tick_params(labelbottom=True)
    axes[1, 2].axis("off")
    bar = fig.colorbar(image, cax=axes[1, 2].inset_axes((0.25, 0.06, 0.13, 0.88)))
    bar.ax.axhline(0.25, color="#ffffff", lw=1.6)
    bar.set_label("final share of pathway B")
    fig.supxlabel(ONSET, fontsize=10.5)
    fig.supylabel("duration of the deficit ($T_{1/2}$)", fontsize=10.5)
    return fig


@figure(
    "deep_linear/dose-collapse",
    needs={"flow": DOSES, "theory": DOSE_LAW},
    title="One dose, one outcome: shares for many targets and starts collapse",
    references=_PAPER,
    atol=1e-9,
)
def dose_collapse(flow: xr.Dataset, theory: xr.Dataset) -> Figure:
    """Share against the dose; the theory of a deficit on the plateau over the flow."""
    fig, ax = plt.subplots(figsize=size(0.54))
    markers = {1.0: "o", 3.0: "s", 10.0: "^"}
    for depth in flow.depth.values:
        look = line_of(depth)
        for scale in range(flow.sizes["strength_initial"]):
            one = flow.share.sel(depth=depth).isel(strength_initial=scale)
            small = float(one.initial) < 5e-4
            marks = marks_of(depth, 4 if small else 7.5) | {"marker": markers[float(one.strength)]}
            if small:
                marks["markerfacecolor"] = look["color"]
            ax.plot(flow.dose, one, **marks)
        ax.plot(theory.dose, theory.share.sel(depth=depth), **look, zorder=5)
    ink = COLORS["theory"]
    depths = [
        Line2D([], [], **line_of(depth), label=f"theory, $D={depth}$")
        for depth in flow.depth.values
    ]
    plain = {"linestyle": "none", "markeredgecolor": ink, "markerfacecolor": "none"}
    runs = [
        Line2D([], [], **plain, marker=mark, markersize=6, label=f"$S={s:g}$")
        for s, mark in markers.items()
    ]
    open_, filled = plain | {"markersize": 7.5}, plain | {"markerfacecolor": ink, "markersize": 4}
    runs.append(Line2D([], [], **open_, marker="o", label="$K_0=10^{-3}$"))
    runs.append(Line2D([], [], **filled, marker="o", label="$K_0=10^{-4}$"))
    ax.legend(handles=depths + runs, loc="lower left", ncols=2)
    ax.set_yscale("log")
    ax.set(xlim=(-0.03, 2.1), ylim=(0.013, 0.6))
    ticks = (0.5, 0.2, 0.1, 0.05, 0.02)
    ax.yaxis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.yaxis.minorticks_off()
    ax.set_xlabel("dose $\\delta=\\tau\\,S^{2-2/D}$")
    ax.set_ylabel("final share of pathway B, $K_B/S$")
    return fig


@figure(
    "deep_linear/kernel-and-closing",
    needs={"theory": WINDOWS, "response": SENSITIVITY},
    title="The shape of the critical period is the error; its height and edge depend on depth",
    references=_PAPER,
    reduce=lambda theory, response: {
        "theory": theory.isel(onset=slice(0, None, 5)).sel(duration=[BRIEF]),
        "response": response.isel(moment=slice(0, None, 5)),
    },
    atol=1e-7,
)
def kernel_and_closing(theory: xr.Dataset, response: xr.Dataset) -> Figure:
    """Left: loss per unit of time of a brief freeze. Right: the closing edge, by depth."""
    fig, (ax, edge_ax) = plt.subplots(1, 2, figsize=size(0.46), width_ratios=(1.5, 1))
    every = slice(0, None, 10)
    for depth in theory.depth.values:
        linear = response.sel(depth=depth)
        share = theory.share.sel(depth=depth, duration=BRIEF)
        loss = (0.5 - share) * _S / (BRIEF * linear.half_time)
        ax.plot(theory.onset[every], loss[every], **marks_of(depth, 5.5))
        ax.plot(linear.moment, linear.kernel, **line_of(depth), zorder=4)
        height = _S * float(linear.susceptibility)
        label_curve(ax, 0.3, height, f"$D={depth}$", line_of(depth)["color"], ha="center")
    ax.set(xlim=(0, 1.6), ylim=(0, 19.5))
    ax.set_xlabel(ONSET)
    ax.set_ylabel("loss of $K_B$ per time of a brief deficit")
    ax.set_title("sensitivity $\\chi_D\\,r(t)$")
    _closing(edge_ax, response.depth.values, response.closing.values)
    return fig


def _closing(ax: Axes, depths: np.ndarray, times: np.ndarray) -> None:
    for depth, (first, half, last) in zip(depths, times, strict=True):
        color = line_of(depth)["color"]
        ax.plot([first, last], [depth, depth], color=color, lw=9, solid_capstyle="butt")
        ax.plot([half], [depth], marker="|", ms=13, mew=2, color=COLORS["card"])
        label_curve(ax, last + 0.04, depth, f"{last - first:.2f}", color)
    ax.set(xlim=(0.4, 1.6), ylim=(max(depths) + 0.6, min(depths) - 0.6))
    ax.set_yticks(depths, [f"$D={depth}$" for depth in depths])
    ax.set_xlabel(ONSET)
    ax.set_title("closing, 90 % to 10 %")


_KIND_LOOK = {
    "freeze": (COLORS["B"], "-", "o", "freeze"),
    "silence": ("#2a8f6d", "-", "s", "silence, lesion"),
    "blur": ("#7b2d8b", "-", "^", "blur 60 %"),
    "decorrelate": (COLORS["A"], "-", "D", "decorrelate"),
}


@figure(
    "deep_linear/deficit-kinds",
    needs={"runs": KINDS_COMPARED},
    title="Five kinds of deficit: alike when early, different when late",
    references=_PAPER,
    rtol=1e-5,
    atol=1e-9,
)
def deficit_kinds(runs: xr.Dataset) -> Figure:
    """Share against duration from the start, and against onset; flow over gradient descent."""
    fig, axes = plt.subplots(2, 2, figsize=size(0.82), sharex="col")
    early = np.arange(len(KIND_DURATIONS))
    late = np.arange(len(KIND_DURATIONS), runs.sizes["onset_duration"])
    for row, depth in enumerate(runs.depth.values):
        for kind, (color, line, marker, _) in _KIND_LOOK.items():
            amounts = _index(kind)
            one = runs.sel(depth=depth).isel(amounts=amounts)
            for ax, part, x in ((axes[row, 0], early, "duration"), (axes[row, 1], late, "onset")):
                data = one.isel(onset_duration=part)
                ax.plot(
                    data[x],
                    data.descent,
                    ls="none",
                    marker=marker,
                    ms=5,
                    mfc=COLORS["card"],
                    mec=color,
                    mew=1,
                )
                ax.plot(data[x], data.flow, ls=line, color=color, zorder=4)
        axes[row, 0].set_title(f"$D={depth}$: from the start")
        axes[row, 1].set_title(f"$D={depth}$: lasting $0.3\\,T_{{1/2}}$")
        axes[row, 0].set_ylabel(SHARE_B)
    for ax in axes.flat:
        ax.set_ylim(-0.015, 0.53)
    axes[1, 0].set_xlabel("duration of the deficit ($T_{1/2}$)")
    axes[1, 1].set_xlabel(ONSET)
    hands = [
        Line2D([], [], color=color, ls=line, marker=marker, mfc=COLORS["card"], label=name)
        for color, line, marker, name in _KIND_LOOK.values()
    ]
    axes[0, 0].legend(handles=hands, loc="upper right")
    return fig


def _index(kind: str) -> int:
    at = KINDS.index(kind)
    return next(i for i, amounts in enumerate(KIND_AMOUNTS) if amounts[at] > 0)
