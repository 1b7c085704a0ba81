"""Rows on initial connectivity with structure from experiments, and on measures of rank."""

import numpy as np

from theorylab.lab import Measurement, Row
from theorylab.lab.judges import near
from theorylab.rich_lazy.experiments.initialisers import RANK_TABLE, STRUCTURED
from theorylab.rich_lazy.experiments.rnn import GUESSING
from theorylab.rich_lazy.ledger.common import beyond, difference, least, own_row, paper_row

SETTING = (
    "Recipes of ours for Dale's law, distance, chains and types of cell; 2AF, 64 units, 2000 "
    "updates, six pairs with a Gaussian matrix"
)


def _richer(size: str, name: str, sign: int):
    """The least difference, in standard errors, from Gaussian connectivity, of lower rank.

    Of all structured kinds whose effective rank by eigenvalues is below 0.9 of the Gaussian one,
    and of which at least four networks learned to decide; of those that did.
    """

    def measure(structured) -> Measurement:
        one = structured.sel(size=size, matrix="structured").isel(step=-1)
        rank = one.eig_rank.mean("seed", skipna=False)
        gaussian = one.sel(connectivity="Gaussian")
        found = []
        for kind in one.connectivity.values:
            this = one.sel(connectivity=kind)
            learned = (this.loss < GUESSING) & (gaussian.loss < GUESSING)
            lower = rank.sel(connectivity=kind) < 0.9 * gaussian.eig_rank.mean()
            if bool(lower) and int(learned.sum()) >= 4:
                pair = (gaussian[name][learned], this[name][learned])[::sign]
                found.append(difference(*pair))
        return least(found) if found else Measurement(float("nan"), float("nan"))

    return measure


def _failed(structured) -> Measurement:
    one = structured.sel(size="fro", matrix="structured").isel(step=-1)
    return Measurement(int((~(one.loss < GUESSING)).sum()))


def _orders(table) -> Measurement:
    """In how many orders the definitions put the connectivities."""
    ranks = table.effective_rank.mean("seed", skipna=False).transpose("kind", "connectivity")
    if not np.isfinite(ranks.values).all():
        return Measurement(float("nan"))
    return Measurement(len({tuple(np.argsort(row)) for row in ranks.values}))


def _row(name: str, locator: str, claim: str, measure, note: str) -> Row:
    return paper_row(
        f"structured-{name}",
        locator,
        claim,
        {"structured": STRUCTURED},
        measure,
        beyond(2),
        difference=SETTING,
        note=note,
    )


_LEAST = (
    "The least difference in standard errors, over kinds of lower effective rank that all learned"
)
ROWS: tuple[Row, ...] = (
    _row(
        "representation",
        "abstract",
        "Structured connectivity of lower effective rank turns the representation more, at one "
        "Frobenius norm.",
        _richer("fro", "representation_alignment", 1),
        _LEAST,
    ),
    _row(
        "kernel",
        "abstract",
        "It turns the kernel more, at one Frobenius norm.",
        _richer("fro", "kernel_alignment", 1),
        _LEAST
        + ". All signs agree with the claim, but six pairs decide it for balanced Dale's law "
        "alone",
    ),
    _row(
        "weights",
        "abstract",
        "It changes the weights more, at one Frobenius norm.",
        _richer("fro", "weight_change", -1),
        _LEAST + ". All signs agree with the claim; chain motifs vary widely",
    ),
    _row(
        "radius",
        "abstract",
        "It turns the kernel more, at one spectral radius.",
        _richer("radius", "kernel_alignment", 1),
        _LEAST + ". Positive weights that fall with distance are lazier than a Gaussian matrix, "
        "clearly so, though their rank is lower",
    ),
    own_row(
        "structure",
        "all-trained",
        "At one Frobenius norm all kinds of structured connectivity can be trained.",
        {"structured": STRUCTURED},
        _failed,
        near(0, 0),
        "Networks, of 42, that do no better than waiting and guessing. All that obey Dale's law "
        "without balance or have positive weights only are among them: activity grows with time",
    ),
    own_row(
        "structure",
        "rank-order",
        "All five definitions of effective rank put kinds of connectivity in one order.",
        {"table": RANK_TABLE},
        _orders,
        near(1, 0),
        "The number of orders. Results on one definition do not carry over to another",
    ),
)
