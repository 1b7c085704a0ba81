"""The linear theory: alignment by rank, its limits, time courses, and the path from l1 to l2."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, size
from theorylab.rich_lazy.experiments.linear import (
    BALANCED,
    BEYOND,
    EXCEPTION,
    PATH,
    SILENT,
    THEOREM,
)
from theorylab.symbolic import compiled

PAPER = ("liu2024connectivity",)
KERNEL_ALIGNMENT = "kernel alignment KA"
FALL = 1e-3  # a smaller fall from one rank to the next is not marked


def _marks(look: dict) -> dict:
    return {
        "linestyle": "none",
        "marker": look["marker"],
        "markerfacecolor": COLORS["card"],
        "markeredgecolor": look["color"],
        "ecolor": look["color"],
        "markersize": 5,
        "elinewidth": 1.2,
    }


def _line(look: dict) -> dict:
    return {"color": look["color"], "linestyle": look["linestyle"]}


@figure(
    "rich_lazy/expected-alignment",
    needs={"theorem": THEOREM},
    title="Average kernel alignment by the participation ratio of the first layer",
    references=PAPER,
    rtol=1e-5,
    atol=1e-6,
)
def expected_alignment(theorem: xr.Dataset) -> Figure:
    """Theory (lines) over trained networks (markers), for three ratios of the norms."""
    value = compiled("rich_lazy/alignment/expected", args=("sigma", "omega", r"\mathrm{PR}", "d"))
    data = theorem
    pr = np.linspace(1, 10, 91)
    fig, (ax, near) = plt.subplots(1, 2, figsize=size(0.5), width_ratios=(3, 2))
    for look, ratio in zip(cycle(3), data.ratio.values, strict=True):
        one = data.sel(ratio=ratio)
        for panel in (ax, near):
            panel.errorbar(one["rank"], one.alignment, one.error, **_marks(look), zorder=3)
            panel.plot(pr, value(1.0, ratio, pr, 10), **_line(look), zorder=2)
        key = {"marker": look["marker"], "markerfacecolor": COLORS["card"]}
        ax.plot([], [], **_line(look), **key, label=f"{ratio:g}")
    ax.set_ylim(0.28, 1.02)
    ax.legend(title="readout over first layer, $\\omega/\\sigma$", loc="lower right")
    ax.set_ylabel(KERNEL_ALIGNMENT + ", mean over tasks")
    near.set_ylim(0.926, 0.968)
    near.set_title("equal norms, enlarged")
    for panel in (ax, near):
        panel.set_xlabel("participation ratio PR")
    return fig


@figure(
    "rich_lazy/beyond-the-limit",
    needs={"beyond": BEYOND},
    title="Average kernel alignment by rank and size of the start",
    references=PAPER,
    rtol=1e-4,
    atol=1e-6,
)
def beyond_the_limit(beyond: xr.Dataset) -> Figure:
    """Heat maps of the alignment; a mark where it falls as the rank rises."""
    data = beyond
    fig, panels = plt.subplots(1, 2, figsize=size(0.56), sharey=True)
    for ax, ratio in zip(panels, data.ratio.values, strict=True):
        values = data.alignment.sel(ratio=ratio).transpose("sigma", "rank").values
        shade = ax.imshow(values, cmap="viridis", vmin=0.3, vmax=1, aspect="auto", origin="lower")
        for (row, column), value in np.ndenumerate(values):
            falls = column and value < values[row, column - 1] - FALL
            ax.text(
                column,
                row,
                f"{value:.2f}" + ("*" if falls else ""),
                ha="center",
                va="center",
                fontsize=8.5,
                color="#1a1a1a" if value > 0.72 else "white",
            )
        ax.set_xticks(range(values.shape[1]), data["rank"].values)
        ax.set_yticks(range(values.shape[0]), [f"{s:g}" for s in data.sigma.values])
        ax.grid(False)
        ax.set_xlabel("rank of the first layer")
        ax.set_title(f"$\\omega/\\sigma={ratio:g}$")
    panels[0].set_ylabel("norm $\\sigma$ of the first layer")
    fig.colorbar(shade, ax=panels, label=KERNEL_ALIGNMENT, fraction=0.03, pad=0.02)
    return fig


@figure(
    "rich_lazy/aligned-exception",
    needs={"exception": EXCEPTION},
    title="Starts of rank one that are aligned with the task",
    references=PAPER,
    rtol=1e-5,
    atol=1e-6,
)
def aligned_exception(exception: xr.Dataset) -> Figure:
    """Aligned, half-aligned and random starts of rank one, by the size of the strong features."""
    data = exception
    fig, ax = plt.subplots(figsize=size(0.5))
    labels = {
        "aligned": "along the task",
        "partial": "along its strong features",
        "random": "random direction",
    }
    for look, start in zip(cycle(3), data.start.values, strict=True):
        one = data.sel(start=start)
        ax.errorbar(one.kappa, one.alignment, one.error, **_marks(look), zorder=3)
        ax.plot(one.kappa, one.theory, **_line(look), label=labels[start], zorder=2)
    flat = compiled("rich_lazy/alignment/flat-start", args=("d",))(float(8))
    ax.axhline(float(flat), color=COLORS["muted"], lw=1, ls=":")
    ax.text(9.9, float(flat) - 0.0045, "isotropic start", ha="right", color=COLORS["muted"])
    ax.set_ylim(0.91, 1.004)
    ax.set_xlabel("size $\\kappa$ of the strong features")
    ax.set_ylabel(KERNEL_ALIGNMENT + ", mean over tasks")
    ax.legend(loc="center right", bbox_to_anchor=(1, 0.35))
    return fig


def _course(ax: Axes, one: xr.Dataset) -> None:
    looks = cycle(3)
    for look, name, label in zip(
        looks,
        ("loss", "size", "target"),
        ("loss, over its start", "norm of the kernel, over its end", "alignment with the task"),
        strict=True,
    ):
        ax.plot(one.t, one[name], **_line(look), label=label)


@figure(
    "rich_lazy/silent-alignment",
    needs={"silent": SILENT},
    title="Silent alignment: the kernel turns before the loss falls",
    references=("atanasov2022neural",),
    rtol=1e-5,
    atol=1e-6,
)
def silent_alignment(silent: xr.Dataset) -> Figure:
    """Loss, kernel norm and kernel direction over time, from small and large starts."""
    data = silent
    end = float(compiled("rich_lazy/single-task/final-target", args=("d",))(10.0))
    fig, panels = plt.subplots(2, 2, figsize=size(0.72), sharex=True, sharey=True)
    for row, sigma in zip(panels, data.sigma.values, strict=True):
        for ax, rank in zip(row, data["rank"].values, strict=True):
            _course(ax, data.sel(sigma=sigma, rank=rank))
            ax.axhline(end, color=COLORS["muted"], lw=1, ls=":")
            ax.set_title(f"$\\sigma={sigma:g}$, rank {rank}")
    for ax in panels[1]:
        ax.set_xlabel("time $t$")
    for ax in panels[:, 0]:
        ax.set_ylabel("share")
    panels[1, 1].legend(loc="center right", bbox_to_anchor=(1, 0.72), fontsize=9)
    return fig


@figure(
    "rich_lazy/balanced",
    needs={"balanced": BALANCED},
    title="Balanced networks: the balance decides between rich and lazy",
    references=("domine2025lambda",),
    rtol=1e-5,
    atol=1e-6,
)
def balanced(balanced: xr.Dataset) -> Figure:
    """Loss and direction of the kernel, and which layer moves, for three balances."""
    data = balanced
    fig, (loss, turn, moved) = plt.subplots(1, 3, figsize=size(0.42))
    for look, lam in zip(cycle(3), data.lam.values, strict=True):
        one = data.sel(lam=lam)
        some = one.isel(t=slice(None, None, 5))
        marks = {key: value for key, value in _marks(look).items() if key[0] != "e"}
        for ax, name in ((loss, "loss"), (turn, "turn")):
            ax.plot(one.t, one[name], **_line(look), label=f"$\\lambda={lam:g}$", zorder=2)
            ax.plot(some.t, some[f"{name}_weights"], **marks, zorder=3)
        moved.plot(one.first, one.second, **_line(look), label=f"$\\lambda={lam:g}$")
    moved.plot([0, 6], [0, 6], color=COLORS["muted"], lw=1, ls=":")
    for ax, title in (
        (loss, "loss, over its start"),
        (turn, "alignment with the start"),
        (moved, "squared change of the layers"),
    ):
        ax.set_title(title)
    loss.set_xlabel("time $t$")
    turn.set_xlabel("time $t$")
    loss.legend(loc="upper right")
    moved.set_xlabel("of $W_1$")
    moved.set_ylabel("of $W_2$")
    return fig


@figure(
    "rich_lazy/l1-to-l2",
    needs={"path": PATH},
    title="The diagonal network from the least l1 norm to the least l2 norm",
    references=("woodworth2020kernel",),
    rtol=1e-4,
    atol=1e-6,
    reduce=lambda path: {"path": path.drop_vars("kkt")},
)
def l1_to_l2(path: xr.Dataset) -> Figure:
    """The coefficients and their norms by the scale of the start."""
    data = path
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.48))
    for look, k in zip(cycle(data.sizes["coefficient"]), data.coefficient.values, strict=True):
        one = data.sel(coefficient=k)
        left.plot(one.alpha, one.beta, **_line(look))
        some = one.isel(alpha=slice(None, None, 3))
        marks = {key: value for key, value in _marks(look).items() if key[0] != "e"}
        left.plot(some.alpha, some.trained, **marks)
    left.set_ylabel("coefficient")
    for look, name, label in zip(
        cycle(2), ("l1", "l2"), ("$\\ell_1$ norm", "$\\ell_2$ norm"), strict=True
    ):
        right.plot(data.alpha, data[name], **_line(look), label=label)
    for name in ("least_l2", "least_l2_l1"):
        right.axhline(float(data[name][0]), color=COLORS["muted"], lw=1, ls=":")
    right.text(3.2e-3, float(data.least_l2_l1[0]) + 0.02, "$\\ell_2$ solution", fontsize=9)
    right.set_ylabel("norm of the coefficients")
    right.legend(loc="center right")
    for ax in (left, right):
        ax.set_xscale("log")
        ax.set_xlabel("scale $\\alpha$ of the start")
    return fig
