"""Matrix completion: pre-training on one matrix, and what it costs the next."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.deep_linear.experiments.completion import FAMILY, OFFICIAL, SWITCH, case
from theorylab.deep_linear.figures.common import depth_look
from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, label_curve, size

PAPER = ("kleinman2024critical", "arora2019implicit")
ERROR = "error of all entries, second matrix\n(mean square; entries have mean square 1)"
PRETRAINING = "time on the first matrix, $t$ (learning rate $\\times$ steps)"


def transfer_curves(ax: Axes, data: xr.Dataset, look: dict, lr: float) -> None:
    """Error of the second matrix against the time on the first: seeds faint, their median bold."""
    t = lr * data.pretrain.values
    errors = np.maximum(data.test.values, 1e-6)
    for errors_of_seed in errors:
        ax.plot(t, errors_of_seed, color=look["color"], lw=0.8, alpha=0.38, zorder=2)
    ax.plot(t, np.median(errors, axis=0), **_marked(look), lw=2.2, zorder=4)


def _marked(look: dict) -> dict:
    return look | {"markerfacecolor": COLORS["card"], "markeredgewidth": 1.4}


def _error_axes(ax: Axes, lr: float, pretrain: np.ndarray, low: float = 6e-7) -> None:
    t = lr * pretrain
    ax.set_xscale("symlog", linthresh=t[1], linscale=0.6)
    ax.set_xlim(-0.04 * t[1], t[-1] * 1.12)
    ax.set_xticks(t, [f"{int(x)}" for x in t])
    ax.minorticks_off()
    ax.set_yscale("log")
    ax.set_ylim(low, 6)
    ax.axhline(1, color=COLORS["muted"], lw=1, ls=":", zorder=1)
    ax.set_xlabel(PRETRAINING)
    ax.set_ylabel(ERROR)


def _spectra(ax: Axes, curves: list[tuple[xr.Dataset, dict]], shown: int = 9) -> None:
    target = curves[0][0].target.values
    ax.plot(
        np.arange(1, shown + 1),
        np.median(target, axis=0)[:shown],
        color=COLORS["theory"],
        ls=(0, (4, 2)),
        lw=1.4,
        zorder=5,
        label="second matrix",
    )
    for data, look in curves:
        values = data.singular_values.isel(pretrain=-1).values[:, :shown]
        for one in values:
            ax.plot(np.arange(1, shown + 1), one, color=look["color"], lw=0.8, alpha=0.38)
        ax.plot(np.arange(1, shown + 1), np.median(values, axis=0), **_marked(look), lw=2.0)
    ax.set_xticks(range(1, shown + 1))
    ax.set_ylim(0, None)
    ax.set_xlabel("singular value, falling")
    ax.set_ylabel("size, after the longest pre-training")


def _rank_look(rank1: int) -> dict:
    return dict(zip((1, 2, 4, 6), cycle(4), strict=True))[rank1]


def _lr(data: xr.Dataset) -> float:
    import json

    return float(json.loads(data.attrs["parameters"])["lr"])


def _pair(title: str) -> tuple[Figure, Axes, Axes]:
    fig, (left, right) = plt.subplots(1, 2, figsize=size(0.48), width_ratios=(1.25, 1))
    left.set_title(title)
    right.set_title("what the network holds at the end")
    return fig, left, right


@figure(
    "deep_linear/completion-depth",
    needs={"family": FAMILY},
    title="Matrix completion: what pre-training costs the next matrix, at depths 1, 2 and 3",
    references=PAPER,
    rtol=1e-4,
    atol=1e-6,
)
def completion_depth(family: xr.Dataset) -> Figure:
    """Error against pre-training, and the singular values left at the end, by depth."""
    fig, left, right = _pair("rank 4, then rank 2; 480 of 1600 entries")
    chosen = [(case(family, depth, 4, 480, 480), depth_look(depth)) for depth in (1, 2, 3)]
    for depth, (data, look) in enumerate(chosen, 1):
        transfer_curves(left, data, look | {"label": f"$D={depth}$"}, _lr(family))
    _error_axes(left, _lr(family), family.pretrain.values)
    left.legend(loc="lower right")
    _spectra(right, chosen)
    return fig


@figure(
    "deep_linear/completion-rank",
    needs={"family": FAMILY},
    title="Matrix completion at depth 3: a first matrix of higher rank does lasting damage",
    references=PAPER,
    rtol=1e-4,
    atol=1e-6,
)
def completion_rank(family: xr.Dataset) -> Figure:
    """Error against pre-training, and the singular values left at the end, by first rank."""
    fig, left, right = _pair("$D=3$; first matrix of rank $r_1$, then rank 2")
    chosen = [(case(family, 3, rank1, 480, 480), _rank_look(rank1)) for rank1 in (1, 2, 4, 6)]
    for data, look in chosen:
        look = look | {"label": f"$r_1={int(data.rank1)}$"}
        transfer_curves(left, data, look, _lr(family))
    _error_axes(left, _lr(family), family.pretrain.values)
    _spectra(right, chosen)
    right.legend(*left.get_legend_handles_labels(), loc="upper right")
    return fig


@figure(
    "deep_linear/completion-subset",
    needs={"family": FAMILY},
    title="Matrix completion: seeing fewer entries of the same matrix first",
    references=PAPER,
    rtol=1e-4,
    atol=1e-6,
)
def completion_subset(family: xr.Dataset) -> Figure:
    """Error against the time with fewer entries, and the singular values left at the end."""
    fig, left, right = _pair("one matrix of rank 2: 200 entries, then 480")
    chosen = [(case(family, depth, 2, 480, 200), depth_look(depth)) for depth in (1, 2, 3)]
    for depth, (data, look) in enumerate(chosen, 1):
        transfer_curves(left, data, look | {"label": f"$D={depth}$"}, _lr(family))
    _error_axes(left, _lr(family), family.pretrain.values)
    left.set_xlabel("time with fewer entries, $t$ (learning rate $\\times$ steps)")
    left.set_ylabel(ERROR.replace(", second matrix", ""))
    left.legend(loc="lower right")
    _spectra(right, chosen)
    return fig


@figure(
    "deep_linear/singular-values",
    needs={"switch": SWITCH},
    title="Singular values through a change of task, and Arora's law for their velocity",
    references=("arora2019implicit", "kleinman2024critical"),
    rtol=1e-4,
    atol=1e-6,
)
def singular_values(switch: xr.Dataset) -> Figure:
    """Spectra through the change of matrix, early and late, and velocity against theory."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.46), width_ratios=(1, 1, 1.12))
    lr = _lr(switch)
    for ax, when in zip(axes[:2], switch.switch.values, strict=True):
        _history(ax, switch.sel(switch=when), lr)
    axes[1].sharey(axes[0])
    axes[1].tick_params(labelleft=False)
    axes[0].set_ylabel("singular values of the product")
    axes[0].set_title("matrix changed early")
    axes[1].set_title("matrix changed late")
    _velocities(axes[2], switch)
    return fig


def _history(ax: Axes, data: xr.Dataset, lr: float, shown: int = 6) -> None:
    t = lr * data.record.values / 1000
    change = lr * float(data.switch) / 1000
    ax.axvspan(0, change, color=COLORS["deficit"], lw=0, zorder=0)
    for target in data.target2.values[:2]:
        ax.plot([change, t[-1]], [target] * 2, color=COLORS["theory"], ls=(0, (4, 2)), lw=1.3)
    looks = cycle(shown)
    for mode in range(shown):
        color = COLORS["A"] if mode < 2 else COLORS["B"]
        ax.plot(
            t,
            data.singular_values.values[:, mode],
            color=color,
            ls=looks[mode]["linestyle"] if mode < 4 else "-",
            lw=1.6,
            zorder=4,
        )
    if change > 1:
        ax.text(0.97 * change, 37.4, "first matrix", ha="right", va="top", color="#7a5a1e")
    if change < 1:
        label_curve(ax, 2.4, 28.2, "values of the\nsecond matrix", COLORS["theory"])
    ax.set_xlim(0, t[-1])
    ax.set_ylim(-0.8, 38)
    ax.set_xlabel("time $t$ (thousands)")


def _velocities(ax: Axes, switch: xr.Dataset, least: float = 1e-7) -> None:
    theory, measured = switch.theory.values, switch.measured.values
    top = 10
    for sign, color, name in (
        (1, COLORS["A"], "growing"),
        (-1, COLORS["B"], "shrinking"),
    ):
        on = (sign * theory > least) & (sign * measured > least)
        ax.plot(
            sign * theory[on],
            sign * measured[on],
            ls="none",
            marker="o" if sign > 0 else "s",
            ms=3,
            mfc="none",
            mec=color,
            mew=0.6,
            alpha=0.5,
            label=name,
            rasterized=True,
        )
    ax.plot([least, top], [least, top], color=COLORS["theory"], lw=1.2, label="equal", zorder=5)
    ax.set(xscale="log", yscale="log", xlim=(least, top), ylim=(least, top))
    ax.set_xlabel("$D\\,\\sigma^{2-2/D}\\,|u^T\\nabla L\\,v|$ (theory)")
    ax.set_ylabel("$|\\dot\\sigma|$ over one update")
    ax.set_title("their velocities")
    ax.legend(loc="upper left")


@figure(
    "deep_linear/completion-full",
    needs={"official": OFFICIAL},
    title="Matrix completion at the official size: depth, first rank, and fewer entries first",
    references=PAPER,
)
def completion_full(official: xr.Dataset) -> Figure:
    """The three official families, one seed: error of the second matrix against pre-training."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.44), sharey=True)
    steps = official.pretrain.values / 1000
    depths = [(case(official, d, 10, 2000, 2000), depth_look(d), f"$D={d}$") for d in (1, 2, 3)]
    ranks = [
        (case(official, 3, r, 2000, 2000), look, f"$r_1={r}$")
        for r, look in zip((2, 5, 10, 15), cycle(4), strict=True)
    ]
    fewer = [
        *((case(official, d, 5, 1500, 1000), depth_look(d), f"$D={d}$") for d in (1, 2, 3)),
    ]
    titles = ("rank 10, then rank 5", "$D=3$, rank $r_1$, then 5", "1000 entries, then 1500")
    for ax, family, title in zip(axes, (depths, ranks, fewer), titles, strict=True):
        for data, look, label in family:
            ax.plot(steps, data.test.values, **_marked(look), label=label)
        ax.axhline(1, color=COLORS["muted"], lw=1, ls=":", zorder=1)
        ax.set_title(title)
        ax.set_xlabel("pre-training (thousand steps)")
        ax.legend(loc="center right" if family is ranks else "upper left")
    axes[0].set_ylabel("error of all entries, second task\n(mean square)")
    return fig
