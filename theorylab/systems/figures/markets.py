"""A market of markets is a market: wealth, price and regret."""

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from theorylab.lab.figures import figure
from theorylab.lab.style import COLORS, cycle, size
from theorylab.systems.experiments.markets import MARKET, first_wealth


@figure(
    "systems/market",
    needs={"run": MARKET},
    title="A market of two markets is one market of their members, and its regret is bounded",
    references=("shapiro2022dynamic",),
    rtol=1e-5,
    atol=1e-9,
    reduce=lambda run: {"run": run.isel(tick=_sparse(run.sizes["tick"], 60))},
)
def market(run: xr.Dataset) -> Figure:
    """Wealth nested and flat; price beside truth and best forecaster; loss over the best."""
    fig, axes = plt.subplots(1, 3, figsize=size(0.44))
    seen = run.isel(tick=_sparse(run.sizes["tick"], 24))
    for n, look in enumerate(cycle(run.sizes["forecaster"])):
        line = {"color": look["color"], "linestyle": look["linestyle"], "lw": 1.2}
        name = str(run.forecaster.values[n])
        axes[0].plot(run.tick + 1, run.nested[:, n], label=name, **line)
        axes[0].plot(seen.tick + 1, seen.flat[:, n], "k.", ms=3.5, zorder=4)
    axes[0].plot([], [], "k.", ms=3.5, label="flat")
    axes[0].set(ylabel="wealth", ylim=(-0.02, 1.02))
    axes[0].legend(loc="upper left", fontsize=8.5, title="nested", title_fontsize=8.5)
    _price(axes[1], run)
    _regret(axes[2], run)
    for ax in axes:
        ax.set_xscale("log")
        ax.set(xlabel="outcome number", xlim=(1, run.sizes["tick"]))
    return fig


def _price(ax: Axes, run: xr.Dataset) -> None:
    best = run.losses[-1].argmin("forecaster")
    for n, look in enumerate(cycle(run.sizes["outcome"])):
        ax.plot(run.tick + 1, run.price[:, n], color=look["color"], lw=1.5)
        ax.axhline(run.truth_was[n], color=look["color"], ls=":", lw=1.1)
        right = run.sizes["tick"]
        value = float(run.given[best, n])
        ax.plot([right], [value], "D", color=look["color"], ms=6, mfc="none", clip_on=False)
    look = {"color": COLORS["muted"]}
    ax.plot([], [], lw=1.5, label="price", **look)
    ax.plot([], [], ls=":", lw=1.1, label="truth", **look)
    ax.plot([], [], "D", ms=6, mfc="none", label="best forecaster", **look)
    ax.set(ylabel="probability", ylim=(0, 0.68))
    ax.legend(loc="upper right", fontsize=8.5)


def _regret(ax: Axes, run: xr.Dataset) -> None:
    best = int(run.losses[-1].argmin("forecaster"))
    first = first_wealth()[best]
    name = str(run.forecaster.values[best])
    excess = run.loss - run.losses[:, best]
    ax.plot(run.tick + 1, excess, color=COLORS["simulation"], lw=1.3, label=f"against {name}")
    bound = f"bound, $-\\log\\,{first:.2f}$"
    ax.axhline(-np.log(first), ls="--", color=COLORS["theory"], lw=1.3, label=bound)
    ax.set(ylabel="excess loss (nats)", ylim=(float(excess.min()) - 0.9, 1.7))
    ax.legend(loc="lower right", fontsize=8.5)


def _sparse(ticks: int, count: int) -> np.ndarray:
    """About so many ticks, evenly spaced on a logarithmic axis."""
    return np.unique(np.geomspace(1, ticks, count).astype(int)) - 1
