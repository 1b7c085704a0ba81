"""Rows of the matrix completion experiments, at the official size."""

import numpy as np

from theorylab.deep_linear.experiments.completion import OFFICIAL, SWITCH, case
from theorylab.deep_linear.ledger.common import PAPER, UNSEEN
from theorylab.deep_linear.ledger.measures import damage
from theorylab.lab import Measurement, Row
from theorylab.lab.judges import above, below, between


def _flat(official) -> Measurement:
    error = case(official, 1, 10, 2000, 2000).test.values
    return Measurement(float(np.ptp(error)))


def _by_depth(official) -> Measurement:
    return Measurement(float(np.diff([damage(official, depth, 10) for depth in (1, 2, 3)]).min()))


def _reversed(official) -> Measurement:
    error = {depth: case(official, depth, 10, 2000, 2000).test for depth in (2, 3)}
    at = {depth: float(e.sel(pretrain=10_000) - e.sel(pretrain=0)) for depth, e in error.items()}
    return Measurement(at[2] - at[3])


def _mild(official) -> Measurement:
    return Measurement(max(damage(official, 3, rank1) for rank1 in (2, 5)))


def _steep(official) -> Measurement:
    return Measurement(min(damage(official, 3, rank1) for rank1 in (10, 15)))


def _subset(official) -> Measurement:
    return Measurement(damage(official, 3, 5, 1500, 1000))


def _subset_depth(official) -> Measurement:
    return Measurement(abs(damage(official, 1, 5, 1500, 1000)))


def _velocity_gap(switch) -> Measurement:
    gap = np.abs(switch.measured - switch.theory)
    return Measurement(float(gap.mean() / np.abs(switch.theory).mean()))


_ONE_SEED = "One seed, ours: the official random numbers are not the same"
ROWS = (
    Row(
        id="deep_linear/completion-flat",
        paper=PAPER,
        locator="matrix completion, depth",
        claim="Depth 1: pre-training does nothing to the second matrix.",
        needs={"official": OFFICIAL},
        measure=_flat,
        judge=below(0.002),
        difference=_ONE_SEED,
        note=f"Spread of the error over all pre-training lengths. {UNSEEN}",
    ),
    Row(
        id="deep_linear/completion-depth",
        paper=PAPER,
        locator="matrix completion, depth",
        claim="Depths 1, 2, 3, rank 10 to 5: after long pre-training, deeper is damaged more.",
        needs={"official": OFFICIAL},
        measure=_by_depth,
        judge=above(0.05),
        difference=_ONE_SEED,
        note="Smallest rise of the damage from one depth to the next, after 100 000 steps; see the "
        "next row for shorter pre-training",
    ),
    Row(
        id="deep_linear/completion-depth-reversed",
        paper="theorylab",
        locator="matrix completion, depth",
        claim="After 10 000 steps of pre-training depth 2 is damaged more than depth 3.",
        needs={"official": OFFICIAL},
        measure=_reversed,
        judge=above(0.05),
        note="Error at depth 2 minus depth 3, each less its value without pre-training: depth 3 is "
        "still on its plateau. That deeper is worse is no general rule",
    ),
    Row(
        id="deep_linear/completion-rank-low",
        paper=PAPER,
        locator="matrix completion, rank",
        claim="Depth 3: a first matrix of rank at most that of the second does little damage.",
        needs={"official": OFFICIAL},
        measure=_mild,
        judge=between(-0.05, 0.2),
        difference=_ONE_SEED,
        note="Larger damage of ranks 2 and 5, before rank 5",
    ),
    Row(
        id="deep_linear/completion-rank-high",
        paper=PAPER,
        locator="matrix completion, rank",
        claim="Depth 3: a first matrix of higher rank does great damage.",
        needs={"official": OFFICIAL},
        measure=_steep,
        judge=above(0.5),
        difference=_ONE_SEED,
        note="Smaller damage of ranks 10 and 15; an error of 1 is that of predicting zero",
    ),
    Row(
        id="deep_linear/completion-subset",
        paper=PAPER,
        locator="matrix completion, number of entries",
        claim="Depth 3: seeing 1000 entries of the same matrix first, then 1500, does damage.",
        needs={"official": OFFICIAL},
        measure=_subset,
        judge=above(0.01),
        difference=_ONE_SEED,
        note=f"Error after the longest first phase, less that without. {UNSEEN}",
    ),
    Row(
        id="deep_linear/completion-subset-depth",
        paper=PAPER,
        locator="matrix completion, number of entries, depth",
        claim="Depth 1: seeing fewer entries first does nothing.",
        needs={"official": OFFICIAL},
        measure=_subset_depth,
        judge=below(0.002),
        difference=_ONE_SEED,
    ),
    Row(
        id="deep_linear/completion-supplement",
        paper=PAPER,
        locator="supplement: scale of the start, seeds 2 to 4, 1000 to 4000 entries",
        claim="The completion results hold for other starts, seeds and numbers of entries.",
        out_of_reach="Not run at the official size, for its cost; the small family has five seeds",
    ),
    Row(
        id="deep_linear/singular-values",
        paper=PAPER,
        locator="supplement, singular values",
        claim="Singular values follow the equations of motion of deep factorisation.",
        needs={"switch": SWITCH},
        measure=_velocity_gap,
        judge=below(0.05),
        difference="Smaller: 40 rows, rank 4 to 2; velocities compared, not integrated",
        note="Mean difference of velocities over one update, relative to their mean size",
    ),
)
