"""Rows of the abstract's claims."""

import numpy as np

from theorylab.deep_linear.experiments.completion import OFFICIAL, case
from theorylab.deep_linear.experiments.paper import LARGE_INIT, LESION, TREE
from theorylab.deep_linear.ledger.common import PAPER
from theorylab.deep_linear.ledger.measures import EARLY, LATE, MIDDLE, STRONG, WEAK, damage, shares
from theorylab.lab import Measurement, Row
from theorylab.lab.judges import above, between


def _linear(matrices) -> Measurement:
    return Measurement(float((shares(matrices, LATE) - shares(matrices, EARLY)).min()))


def _falls_with_depth(large) -> Measurement:
    early = large.share.isel(start_stop=0).mean("run").sortby("depth").values
    return Measurement(float(-np.diff(early).max()))


def _data_structure(matrices) -> Measurement:
    middle = shares(matrices, MIDDLE)
    return Measurement(float(middle[STRONG].min() - middle[WEAK].max()))


def _competition(lesion) -> Measurement:
    b = lesion.k.isel(time=-1, strength=1).sel(pathway="B")
    return Measurement(float(b.sel(lesion=1) / b.strength - b.sel(lesion=-1) / b.strength))


def _transfer(official) -> Measurement:
    error = case(official, 3, 10, 2000, 2000).test.values
    return Measurement(float(error[-1] / error[0]))


def _related(official) -> Measurement:
    low, high = ([damage(official, 3, rank1) for rank1 in ranks] for ranks in ((2, 5), (10, 15)))
    return Measurement(min(high) - max(low))


ROWS = (
    Row(
        id="deep_linear/linear-networks",
        paper=PAPER,
        locator="abstract",
        claim="Critical periods occur without any nonlinearity: an early deficit costs pathway B "
        "its features, a late one does not.",
        needs={"matrices": TREE},
        measure=_linear,
        judge=above(0.4),
        note="Least gain in B's share when the deficit comes late instead of early; depth 4",
    ),
    Row(
        id="deep_linear/depth",
        paper=PAPER,
        locator="abstract",
        claim="Critical periods depend on depth: deeper, an early deficit leaves B less.",
        needs={"large": LARGE_INIT},
        measure=_falls_with_depth,
        judge=above(0.02),
        note="Smallest fall of B's share from one depth to the next: 2, 5, 8, 13; the same window",
    ),
    Row(
        id="deep_linear/data-structure",
        paper=PAPER,
        locator="abstract",
        claim="Critical periods depend on the data: each feature has a window of its own.",
        needs={"matrices": TREE},
        measure=_data_structure,
        judge=above(0.2),
        note="Gap in B's share between strong features (learnt before the middle deficit) and the "
        "weakest (not yet learnt)",
    ),
    Row(
        id="deep_linear/competition",
        paper=PAPER,
        locator="abstract",
        claim="Features are won by competition: without a competitor, B recovers.",
        needs={"lesion": LESION},
        measure=_competition,
        judge=between(0.9, 1.01),
        note="Gain in B's share of the second feature when A cannot represent it",
    ),
    Row(
        id="deep_linear/transfer",
        paper=PAPER,
        locator="abstract",
        claim="Long pre-training on one task damages transfer to another, lastingly.",
        needs={"official": OFFICIAL},
        measure=_transfer,
        judge=above(10.0),
        difference="One seed, ours",
        note="Error after the longest pre-training over the error without; depth 3, rank 10 to 5",
    ),
    Row(
        id="deep_linear/task-relation",
        paper=PAPER,
        locator="abstract",
        claim="The damage to transfer depends on the relation of the tasks.",
        needs={"official": OFFICIAL},
        measure=_related,
        judge=above(0.5),
        difference="One seed, ours",
        note="Least damage, after the longest pre-training, by first matrices of rank 10 and 15, "
        "less the most by those of rank 2 and 5; the second has rank 5",
    ),
)
