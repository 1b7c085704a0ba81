"""Rows of Figs. 1 and 7: one mode, by the official Euler maps."""

from collections.abc import Callable

import numpy as np

from theorylab.deep_linear.experiments.paper import LARGE_INIT, SMALL_INIT
from theorylab.deep_linear.ledger.common import PAPER, SCRIPT, UNSEEN
from theorylab.lab import Measurement, Row
from theorylab.lab.judges import below, near


def _large(depth: int, window: int) -> Callable:
    def measure(large) -> Measurement:
        share = large.share.isel(start_stop=window).sel(depth=depth)
        spread = float(share.std() / np.sqrt(share.size))
        return Measurement(float(share.mean()), spread)

    return measure


def _late_gap(large) -> Measurement:
    late = large.share.isel(start_stop=1).sel(depth=[5, 8, 13]).mean("run")
    return Measurement(float(np.abs(late - 0.5).max()))


def _late_two(large) -> Measurement:
    return Measurement(float(large.share.isel(start_stop=1).sel(depth=2).mean()))


def _theory_gap(large) -> Measurement:
    gap = np.abs(large.share.mean("run") - large.theory.mean("run"))
    return Measurement(float(gap.max()))


def _small(depth: int, window: int) -> Callable:
    def measure(small) -> Measurement:
        final = small.final.isel(start_stop=window).sel(depth=depth)
        return Measurement(float(final.sel(pathway="B") / final.sum("pathway")))

    return measure


def _half_step(depth: int) -> Callable:
    def measure(small) -> Measurement:
        step = small.half_step.sel(depth=depth).isel(start_stop=0)
        return Measurement(float(step), unit="step")

    return measure


_LARGE = (
    *(
        Row(
            id=f"deep_linear/fig1-{name}-d{depth}",
            paper=PAPER,
            locator="Fig. 1",
            claim=f"Depth {depth}, {name} window: mean final share of B over the starts.",
            needs={"large": LARGE_INIT},
            measure=_large(depth, window),
            judge=near(value, 0.02 if name == "early" or depth < 8 else 0.05),
            note=f"{SCRIPT}, {value}. {UNSEEN}",
        )
        for name, window, values in (
            ("early", 0, {2: 0.431, 5: 0.177, 8: 0.090, 13: 0.044}),
            ("late", 1, {2: 0.447, 5: 0.497, 8: 0.492, 13: 0.505}),
        )
        for depth, value in values.items()
    ),
    Row(
        id="deep_linear/fig1-late-negligible",
        paper=PAPER,
        locator="Fig. 1, caption",
        claim="A late deficit is negligible (depths 5, 8, 13).",
        needs={"large": LARGE_INIT},
        measure=_late_gap,
        judge=below(0.05),
        note="Largest distance of the mean share of B from one half",
    ),
    Row(
        id="deep_linear/fig1-late-negligible-d2",
        paper=PAPER,
        locator="Fig. 1, caption",
        claim="A late deficit is negligible (depth 2).",
        needs={"large": LARGE_INIT},
        measure=_late_two,
        judge=near(0.5, 0.03),
        note="At depth 2 the official late window comes while most of the error is still there; "
        "a later one is harmless",
    ),
    Row(
        id="deep_linear/fig1-invariant",
        paper="theorylab",
        locator="Fig. 1 of the paper, by theory",
        claim="The race invariant gives the mean shares of Fig. 1 without integrating.",
        needs={"large": LARGE_INIT},
        measure=_theory_gap,
        judge=below(0.02),
        note="Largest difference; the official windows act for 14 and 15 updates of 0.001",
    ),
)

_SMALL = (
    *(
        Row(
            id=f"deep_linear/fig7-early-d{depth}",
            paper=PAPER,
            locator="Fig. 7",
            claim=f"Depth {depth}, small start, window of 5 steps at the start: final share of B.",
            needs={"small": SMALL_INIT},
            measure=_small(depth, 0),
            judge=near(value, 0.01),
            note=f"{SCRIPT}, {value}: its window acts for 4 updates, not 5. {UNSEEN}",
        )
        for depth, value in {2: 0.3181, 3: 0.1625, 4: 0.0976}.items()
    ),
    *(
        Row(
            id=f"deep_linear/fig7-late-d{depth}",
            paper=PAPER,
            locator="Fig. 7",
            claim=f"Depth {depth}, small start, late window: the feature is shared.",
            needs={"small": SMALL_INIT},
            measure=_small(depth, 2),
            judge=near(0.5, 0.01),
            note=f"{SCRIPT}, 0.5. {UNSEEN}",
        )
        for depth in (2, 3, 4)
    ),
    *(
        Row(
            id=f"deep_linear/fig7-half-d{depth}",
            paper=PAPER,
            locator="Fig. 7",
            claim=f"Depth {depth}: number of steps to half of the feature.",
            needs={"small": SMALL_INIT},
            measure=_half_step(depth),
            judge=near(value, 0.01 * value + 1),
            note=f"{SCRIPT}, {value}. {UNSEEN}",
        )
        for depth, value in {2: 66, 3: 2002, 4: 200_008}.items()
    ),
)

ROWS = (*_LARGE, *_SMALL)
