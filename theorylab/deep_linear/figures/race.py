"""The race in the plane of the two strengths: contours of the handicap, and what runs on them."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from theorylab.deep_linear.experiments.paper import LARGE_INIT, SMALL_INIT
from theorylab.deep_linear.experiments.race import BALANCED_PLANE, PLANE
from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, size

_S = 10.0
_EARLY, _LATE = COLORS["B"], COLORS["simulation"]
_CONTOUR = "#a9a9a9"
_ON_TOP = {"ha": "center", "va": "center", "zorder": 7}
_PATCH = {"facecolor": COLORS["card"], "edgecolor": "none", "pad": 1.5}


def _sparse(runs: xr.Dataset, plane: xr.Dataset) -> dict[str, xr.Dataset]:
    return {"runs": runs.isel(sample=slice(None, None, 8)), "plane": plane}


@figure(
    "deep_linear/race-portrait",
    needs={"runs": LARGE_INIT, "plane": PLANE},
    title="The race between two pathways runs on contours of the handicap",
    references=("kleinman2024critical", "shi2022learning"),
    rtol=1e-5,
    atol=1e-7,
    reduce=_sparse,
)
def race_portrait(runs: xr.Dataset, plane: xr.Dataset) -> Figure:
    """Contours of the handicap, undisturbed runs on them, and runs with a deficit of B."""
    fig, axes = plt.subplots(2, 2, figsize=size(1.02), sharex=True, sharey=True)
    for ax, depth in zip(axes.flat, runs.depth.values, strict=True):
        _contours(ax, plane.sel(depth=depth))
        k = plane.k.sel(depth=depth)
        for orbit in range(k.sizes["orbit"]):
            a, b = k.isel(orbit=orbit).T
            ax.plot(a, b, color=COLORS["theory"], lw=1.1, ls=(0, (3, 1.5)), zorder=4)
            ax.plot(a[0], b[0], ".", color=COLORS["theory"], ms=6, zorder=4, clip_on=False)
        for window, color in enumerate((_EARLY, _LATE)):
            one = runs.path.sel(depth=depth).isel(start_stop=window)
            for run in range(one.sizes["shown_run"]):
                a, b = one.isel(shown_run=run).T
                ax.plot(a, b, color=color, lw=1.2, alpha=0.85, zorder=5)
        share = runs.share.sel(depth=depth)
        for window, (color, where) in enumerate(((_EARLY, (9.7, 7.6)), (_LATE, (9.7, 8.5)))):
            mean, sd = float(share[window].mean()), float(share[window].std())
            name = ("early", "late")[window]
            text = f"{name}: B gets {mean:.2f} ± {sd:.2f}"
            ax.text(
                *where,
                text,
                color=color,
                ha="right",
                va="center",
                fontsize=9.5,
                zorder=7,
                bbox=_PATCH,
            )
        ax.text(
            9.7,
            9.4,
            f"$D={depth}$",
            ha="right",
            va="center",
            fontsize=12,
            zorder=7,
            bbox=_PATCH,
        )
    name = "$K_A+K_B=S$"
    look = {"color": COLORS["highlight"], "fontsize": 9.5, "bbox": _PATCH, **_ON_TOP}
    axes[0, 0].text(8.75, 1.75, name, rotation=-45, **look)
    _plane(axes)
    hands = [
        Line2D([], [], color=_CONTOUR, lw=1, label="contours of the handicap"),
        Line2D([], [], color=COLORS["theory"], lw=1.1, ls=(0, (3, 1.5)), label="undisturbed runs"),
        Line2D([], [], color=_EARLY, label="early deficit of B"),
        Line2D([], [], color=_LATE, label="late deficit of B"),
    ]
    fig.legend(handles=hands, loc="outside upper center", ncols=4, handlelength=1.8)
    return fig


@figure(
    "deep_linear/small-initialisation",
    needs={"runs": SMALL_INIT, "plane": BALANCED_PLANE},
    title="Small balanced starts: the official Euler map beside the exact flow",
    references=("kleinman2024critical",),
    rtol=1e-6,
    atol=1e-9,
)
def small_initialisation(runs: xr.Dataset, plane: xr.Dataset) -> Figure:
    """Euler steps of the official settings, and the contours that the flow ends on."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.42), sharex=True, sharey=True)
    for ax, depth in zip(axes, runs.depth.values, strict=True):
        _contours(ax, plane.sel(depth=depth))
        for window, color in ((0, _EARLY), (2, _LATE)):
            one = runs.sel(depth=depth).isel(start_stop=window)
            a, b = one.theory.values
            _contour_to(ax, plane.sel(depth=depth), a, b)
            ax.plot(
                *one.path.T, ls="none", marker="o", ms=4, mfc=COLORS["card"], mec=color, zorder=3
            )
            ax.plot(*one.path.T, color=color, lw=0.8, zorder=2)
            ax.plot(*one.final, marker="o", ms=8, color=color, zorder=6)
            ax.plot(a, b, marker="x", ms=7, mew=1.8, color=COLORS["theory"], zorder=7)
            where = (9.9, float(one.final[1]) + 1.15) if window == 0 else (5.4, 5.6)
            text = f"$K_B={float(one.final[1]):.2f}$"
            side = "right" if window == 0 else "left"
            ax.text(*where, text, color=color, ha=side, fontsize=9.5, zorder=7, bbox=_PATCH)
        ax.set_title(f"$D={depth}$", loc="center")
    _plane(axes[None])
    hands = [
        Line2D([], [], color=_EARLY, marker="o", mfc=COLORS["card"], label="Euler map, early"),
        Line2D([], [], color=_LATE, marker="o", mfc=COLORS["card"], label="Euler map, late"),
        Line2D([], [], color=COLORS["theory"], lw=1.3, label="flow after the deficit"),
        Line2D([], [], color=COLORS["theory"], marker="x", ls="none", mew=1.8, label="flow, end"),
    ]
    fig.legend(handles=hands, loc="outside upper center", ncols=4, handlelength=1.8)
    return fig


def _contours(ax: Axes, plane: xr.Dataset) -> None:
    k, f = plane.strength_grid.values, plane.potential.values
    gap = f[None, :] - f[:, None]
    levels = np.sort(plane.level.values)
    ax.contour(k, k, gap, levels, colors=[_CONTOUR], linewidths=0.8, linestyles="-")
    ax.plot([0, _S], [_S, 0], color=COLORS["highlight"], lw=1.4, zorder=3)


def _contour_to(ax: Axes, plane: xr.Dataset, a: float, b: float) -> None:
    k, f = plane.strength_grid.values, plane.potential.values
    gap = np.where(np.add.outer(k, k) < _S, f[None, :] - f[:, None], np.nan)
    level = np.interp(a, k, f) - np.interp(b, k, f)
    ax.contour(k, k, gap, [level], colors=[COLORS["theory"]], linewidths=1.3, zorder=5)


def _plane(axes: np.ndarray) -> None:
    for ax in axes.flat:
        ax.set(xlim=(0, _S), ylim=(0, _S), aspect="equal")
        ax.set_xticks([0, 5, 10])
        ax.set_yticks([0, 5, 10])
        ax.grid(False)
    for ax in axes[-1]:
        ax.set_xlabel("strength of pathway A, $K_A$")
    for ax in axes[:, 0]:
        ax.set_ylabel("strength of pathway B, $K_B$")
