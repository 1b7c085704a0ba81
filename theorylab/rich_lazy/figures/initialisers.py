"""Structured initial connectivity: ranks that disagree, and networks beside their nulls."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, size
from theorylab.rich_lazy.experiments.initialisers import RANK_TABLE, STRUCTURED
from theorylab.rich_lazy.experiments.rnn import GUESSING
from theorylab.rich_lazy.figures.rnn import PAPER, frame

NAMES = {
    "eig": "eigenvalues (of the paper)",
    "pr": "participation ratio",
    "stable": "stable rank",
    "nuclear": "nuclear",
    "entropy": "entropy",
}


@figure(
    "rich_lazy/rank-measures",
    needs={"table": RANK_TABLE},
    title="Five definitions of effective rank, nine matrices",
    references=(*PAPER, "roy2007effective"),
    rtol=1e-4,
)
def rank_measures(table: xr.Dataset) -> Figure:
    """Effective rank over N on a logarithmic axis, one row for each kind of matrix."""
    fig, ax = plt.subplots(figsize=size(0.5))
    rows = [str(name) for name in table.connectivity.values]
    for (kind, word), look in zip(NAMES.items(), cycle(len(NAMES)), strict=True):
        values = table.effective_rank.sel(kind=kind).mean("seed")
        ax.plot(values, np.arange(len(rows)), linestyle="none", color=look["color"],
                marker=look["marker"], ms=7, label=word)  # fmt: skip
    ax.set_xscale("log")
    ax.set_xlabel("effective rank over $N$")
    frame(ax, rows)
    ax.legend(loc="lower center", bbox_to_anchor=(0.42, 1.0), ncols=3)
    return fig


@figure(
    "rich_lazy/biological",
    needs={"structured": STRUCTURED},
    title="Structured initial connectivity beside Gaussian matrices of the same size and rank",
    references=PAPER,
    rtol=1e-4,
)
def biological(structured: xr.Dataset) -> Figure:
    """Kernel alignment and CKA after training of the networks that learned to choose."""
    measures = {"kernel_alignment": "kernel alignment", "linear_cka": "linear CKA"}
    words = {"fro": "equal Frobenius norm", "radius": "equal spectral radius"}
    fig, axes = plt.subplots(len(measures), len(words), figsize=size(0.85), sharey=True,
                             sharex="row")  # fmt: skip
    rows = [str(name) for name in structured.connectivity.values]
    looks = {
        "structured": {"color": COLORS["A"], "marker": "o"},
        "truncated": {"color": COLORS["B"], "marker": "s"},
    }
    for line, (name, label) in zip(axes, measures.items(), strict=True):
        for ax, (kept, title) in zip(line, words.items(), strict=True):
            one = structured.sel(size=kept).isel(step=-1)
            one = one.where(one.loss < GUESSING)
            for matrix, look in looks.items():
                values = one[name].sel(matrix=matrix).transpose("connectivity", "seed")
                learned = values.notnull().sum("seed")
                error = values.std("seed", ddof=1) / np.sqrt(learned)
                place = np.arange(len(rows)) + (0.16 if matrix == "truncated" else -0.16)
                shown = learned.values > 1
                ax.errorbar(values.mean("seed")[shown], place[shown], xerr=error[shown],
                            linestyle="none", capsize=3, label=matrix, **look)  # fmt: skip
                for y, count in zip(place, learned.values, strict=True):
                    if count < values.sizes["seed"]:
                        ax.annotate(f"{values.sizes['seed'] - count} failed", (0.99, y),
                                    xycoords=("axes fraction", "data"), fontsize=8.5,
                                    color=look["color"], ha="right", va="center")  # fmt: skip
            ax.set_xlabel(label)
            if ax in axes[0]:
                ax.set_title(title)
    frame(axes[0, 0], rows)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=2)
    return fig
