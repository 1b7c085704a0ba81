"""What cells recall, in a wiring that learns and in a fixed one."""

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size
from theorylab.systems.experiments.memory import HOLDING, RECALL


@figure(
    "systems/recall",
    needs={"runs": RECALL},
    title="Cells recall two patterns in a wiring that learns, and in a fixed one do not",
    references=("spivak2021deeply",),
    rtol=1e-4,
    atol=1e-6,
)
def recall(runs: xr.Dataset) -> Figure:
    """The overlap of the activity with both patterns, tick by tick, in both wirings."""
    fig, axes = plt.subplots(2, 1, figsize=size(0.56), sharex=True, sharey=True)
    start, block = 200, 28
    for ax, rate in zip(axes, runs.rate.values, strict=True):
        one = runs.overlap.sel(rate=rate)
        for pattern, color, style in (("A", COLORS["A"], "-"), ("B", COLORS["B"], "--")):
            label = f"overlap with {pattern}"
            ax.plot(one.tick, one.sel(pattern=pattern), style, color=color, label=label)
        for cue in (start + 3, start + block + 3):
            ax.axvspan(cue, cue + 5, color=COLORS["deficit"], zorder=0)
        ax.axvline(start, color=COLORS["muted"], lw=0.8)
        ax.set_title("wiring that learns" if rate > 0 else "fixed wiring")
        ax.set(ylim=(-0.4, 1.08), xlim=(100, start + 2 * block), ylabel="overlap")
    note = {"va": "center", "fontsize": 9.5}
    axes[0].text(198, 0.5, "study", ha="right", color=COLORS["muted"], **note)
    for cue, name in ((start + 3, "A"), (start + block + 3, "B")):
        axes[0].text(cue + 6, 0.5, f"cue {name}", color="#7a5a1e", **note)
    axes[1].set_xlabel("tick")
    handles, labels = axes[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper right", ncols=2)
    return fig


@figure(
    "systems/holding",
    needs={"runs": HOLDING},
    title="What a wiring recalls it learns again, at the cost of the rest",
    references=("spivak2021deeply",),
    rtol=1e-3,
    atol=0.02,
    reduce=lambda runs: {"runs": _share_held(runs).to_dataset(name="share")},
)
def holding(runs: xr.Dataset) -> Figure:
    """The share of seeds in which either pattern is held at the end of its free time."""
    fig, axes = plt.subplots(1, 2, figsize=size(0.42), sharey=True)
    share = _share_held(runs)
    for ax, rate in zip(axes, share.rate.values, strict=True):
        for pattern, color, mark in (("A", COLORS["A"], "o-"), ("B", COLORS["B"], "s--")):
            line = share.sel(rate=rate, pattern=pattern)
            ax.plot(line.free, line, mark, color=color, label=f"{pattern}, cued {_order(pattern)}")
        ax.set_title(f"rate $\\eta = {rate:g}$")
        ax.set_xscale("log", base=2)
        ax.set(xlabel="time without input (ticks)", ylim=(-0.04, 1.04))
        ax.set_xticks(line.free.values, [str(int(n)) for n in line.free.values])
    axes[0].set_ylabel("share of seeds that hold it")
    axes[0].legend(loc="lower left")
    return fig


def _order(pattern: str) -> str:
    return "first" if pattern == "A" else "second"


def _share_held(runs: xr.Dataset) -> xr.DataArray:
    return (runs.held > 0.9).mean("seed")
