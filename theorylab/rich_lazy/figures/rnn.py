"""Rank sweeps of recurrent networks: what changes in training, in pairs and at equal loss."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, size
from theorylab.rich_lazy.experiments.rnn import (
    DIGITS,
    GAINS,
    PAPER_SIZE,
    SIZES_KEPT,
    TASK_RANKS,
    WIDTHS,
)
from theorylab.rich_lazy.observers import ideal_observer
from theorylab.rich_lazy.paired import paired_difference

PAPER = ("liu2024connectivity",)
SHOWN = {
    "kernel_alignment": "kernel\nalignment",
    "representation_alignment": "representation\nalignment",
    "linear_cka": "linear CKA",
    "weight_change": "weight change\n$\\|\\Delta W_h\\|_F$",
}


def summary(data: xr.Dataset, names: tuple[str, ...]) -> xr.Dataset:
    """Mean and standard error over seeds: what a reference keeps of a long table."""
    some = data[list(names)]
    count = np.sqrt(data.sizes["seed"])
    return some.mean("seed").merge(
        (some.std("seed", ddof=1) / count).rename({name: f"{name}_error" for name in names})
    )


@figure(
    "rich_lazy/rank-sweep",
    needs={"ranks": TASK_RANKS},
    title="How much recurrent networks change in training, by the rank they start with",
    references=PAPER,
    rtol=1e-4,
    reduce=lambda ranks: {"ranks": summary(ranks.isel(step=-1), tuple(SHOWN))},
)
def rank_sweep(ranks: xr.Dataset) -> Figure:
    """Four measures against the initial rank, for three tasks: means, and every seed."""
    return columns({str(task): ranks.sel(task=task) for task in ranks.task.values})


@figure(
    "rich_lazy/four-tasks",
    needs={"decisions": PAPER_SIZE, "digits": DIGITS},
    title="The same for networks as large as the paper's, and for digits read row by row",
    references=PAPER,
    rtol=1e-4,
    reduce=lambda **runs: {
        name: summary(run.isel(step=-1), tuple(SHOWN)) for name, run in runs.items()
    },
)
def four_tasks(decisions: xr.Dataset, digits: xr.Dataset) -> Figure:
    """Four measures against the initial rank, for four tasks: means, and every seed."""
    runs = {f"{task}, $N=300$": decisions.sel(task=task) for task in decisions.task.values}
    return columns(runs | {"digits, $N=64$": digits})


def columns(runs: dict[str, xr.Dataset]) -> Figure:
    """A column for each run, a row for each measure at its end."""
    fig, axes = plt.subplots(
        len(SHOWN), len(runs), figsize=size(1.0), sharex="col", sharey="row", squeeze=False
    )
    for column, (title, run) in zip(axes.T, runs.items(), strict=True):
        one = run.isel(step=-1)
        column[0].set_title(title)
        for ax, (name, label) in zip(column, SHOWN.items(), strict=True):
            values = one[name].transpose("rank", "seed")
            ax.plot(one["rank"], values, color=COLORS["muted"], lw=0.6, alpha=0.5)
            error = values.std("seed", ddof=1) / values.sizes["seed"] ** 0.5
            ax.errorbar(one["rank"], values.mean("seed"), error, color=COLORS["A"], marker="o",
                        capsize=3)  # fmt: skip
            ax.set_xscale("log", base=2)
            ax.set_xticks(one["rank"].values, [str(r) for r in one["rank"].values])
            ax.minorticks_off()
            if ax in axes[:, 0]:
                ax.set_ylabel(label)
        column[-1].set_xlabel("initial rank")
    return fig


def comparisons(
    ranks: xr.Dataset, gains: xr.Dataset, kept: xr.Dataset, widths: xr.Dataset
) -> Iterator[tuple[str, xr.Dataset, xr.Dataset]]:
    """Every comparison of full rank with rank one: its name, and the two members by seed."""
    last = {"step": -1}
    for task in ranks.task.values:
        one = ranks.sel(task=task).isel(last)
        yield f"{task}, $g=1.25$", one.sel(rank=64), one.sel(rank=1)
    for gain in gains.gain.values:
        one = gains.sel(gain=gain).isel(last)
        yield f"2AF, $g={gain:g}$", one.sel(rank=64), one.sel(rank=1)
    full = ranks.sel(task="2AF", rank=64).isel(last)
    for match, word in (("spectral", "spectral norm"), ("radius", "spectral radius")):
        yield f"2AF, equal {word}", full, kept.sel(match=match, rank=1).isel(last)
    members = {int(n): widths.isel(n_rank=widths.n.values == n) for n in widths.n.values}
    for n, one in sorted(members.items()):
        high, low = (one.isel(last).isel(n_rank=int(np.flatnonzero(one["rank"].values == r)[0]))
                     for r in (n, 1))  # fmt: skip
        yield f"2AF, $N={n}$", high, low


def _differences(ranks, gains, kept, widths) -> dict[str, xr.Dataset]:
    """Mean, error and counts of every comparison: the reference values."""
    rows = list(comparisons(ranks, gains, kept, widths))
    table = {
        name: [paired_difference(high[name].values, low[name].values) for _, high, low in rows]
        for name in SHOWN
    }
    return {
        "ranks": xr.Dataset(
            {
                f"{name}_{part}": ("comparison", np.array([getattr(p, part) for p in pairs]))
                for name, pairs in table.items()
                for part in ("mean", "error", "positive", "count")
            },
            coords={"comparison": [name for name, _, _ in rows]},
        )
    }


@figure(
    "rich_lazy/paired-differences",
    needs={"ranks": TASK_RANKS, "gains": GAINS, "kept": SIZES_KEPT, "widths": WIDTHS},
    title="Full rank against rank one, in pairs: tasks, gains, sizes kept and sizes of network",
    references=PAPER,
    rtol=1e-4,
    reduce=_differences,
)
def paired_differences(
    ranks: xr.Dataset, gains: xr.Dataset, kept: xr.Dataset, widths: xr.Dataset
) -> Figure:
    """Differences of four measures with their standard errors; points are the pairs."""
    rows = list(comparisons(ranks, gains, kept, widths))
    fig, axes = plt.subplots(1, len(SHOWN), figsize=size(0.62), sharey=True)
    for ax, (name, label) in zip(axes, SHOWN.items(), strict=True):
        for place, (_, high, low) in enumerate(rows):
            gap = high[name].values - low[name].values
            pair = paired_difference(high[name].values, low[name].values)
            color = COLORS["A"] if place < ranks.sizes["task"] else COLORS["B"]
            ax.plot(gap, np.full(gap.size, place + 0.22), ".", color=COLORS["muted"], ms=3)
            ax.errorbar(pair.mean, place, xerr=pair.error, color=color, marker="o", capsize=3)
        ax.axvline(0, color=COLORS["theory"], lw=1)
        ax.set_title(label, fontsize=10)
        spread = np.concatenate([h[name].values - l[name].values for _, h, l in rows])
        low, high = np.nanpercentile(spread, [2, 98])
        ax.set_xlim(min(low, 0) - 0.15 * (high - low), max(high, 0) + 0.15 * (high - low))
        ax.set_xlabel("full rank\n$-$ rank one")
    frame(axes[0], [name for name, _, _ in rows])
    return fig


@figure(
    "rich_lazy/equal-loss",
    needs={"ranks": TASK_RANKS},
    title="Kernel alignment against the loss that is left, for rank one, eight and full rank",
    references=PAPER,
    rtol=1e-4,
    reduce=lambda ranks: {
        "ranks": summary(ranks.sel(rank=[1, 8, 64]), ("loss", "kernel_alignment", "accuracy"))
    },
)
def equal_loss(ranks: xr.Dataset) -> Figure:
    """Checkpoints of training joined by lines; dotted: the loss of an ideal observer."""
    fig, axes = plt.subplots(1, ranks.sizes["task"], figsize=size(0.42), sharey=True)
    for ax, task in zip(axes, ranks.task.values, strict=True):
        floor = ideal_observer(str(task)).cross_entropy
        for rank, look in zip((1, 8, 64), cycle(3), strict=True):
            one = ranks.sel(task=task, rank=rank)
            aligned = one.kernel_alignment
            error = aligned.std("seed", ddof=1) / one.sizes["seed"] ** 0.5
            ax.errorbar(one.loss.mean("seed"), aligned.mean("seed"), error, capsize=2, lw=1.4,
                        **look, label=f"rank {rank}")  # fmt: skip
        if floor > 1e-4:
            ax.axvline(floor, color=COLORS["theory"], ls=":", lw=1.4)
        ax.set_xscale("log")
        ax.invert_xaxis()
        ax.set_title(str(task))
        ax.set_xlabel("loss (nats per step)")
    axes[0].set_ylabel("kernel alignment")
    axes[0].legend()
    return fig


def frame(ax: Axes, names: list[str]) -> None:
    """Name the rows of a chart, from the top."""
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
