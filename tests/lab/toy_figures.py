"""Two figures for the tests; one uses pyplot, the other does not."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from tests.lab.toys import Noisy, Single
from theorylab.lab import Plan, figure
from theorylab.lab.style import COLORS, cycle

NOISE = Plan(Noisy(), over={"mean": [0.0, 1.0, 2.0]}, seeds=4)
SINGLE = Plan(Single(), seeds=3)


@figure(
    "toy/with-pyplot",
    needs={"noise": NOISE, "single": SINGLE},
    title="Means & noise",
    references=("kleinman2024critical",),
    rtol=1e-6,
)
def with_pyplot(noise, single):
    """Averages against the mean."""
    fig, ax = plt.subplots()
    for look, seed in zip(cycle(4), noise.seed.values, strict=True):
        ax.plot(noise["mean"], noise.average.sel(seed=seed), label=f"seed {seed}", **look)
    ax.axhline(float(single.value.mean()), color=COLORS["theory"])
    ax.set(xlabel=r"mean $\mu$", ylabel="average")
    ax.legend()
    return fig


@figure("toy/plain", needs={"noise": NOISE}, title="Plain")
def plain(noise):
    """A histogram."""
    fig = Figure()
    fig.subplots().hist(noise.draws.values.ravel())
    return fig
