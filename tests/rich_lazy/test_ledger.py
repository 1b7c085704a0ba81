"""Every row can fail: it says what the data say, and other data change its verdict."""

from functools import cache

import numpy as np
import pytest
import xarray as xr

from tests.ledgers import HOLDS, short, verdict
from theorylab.lab import Measurement, Verdict, evaluate
from theorylab.lab.reference import read_reference
from theorylab.rich_lazy.ledger import LEDGER
from theorylab.rich_lazy.ledger.common import PAPER, beyond, difference, least
from theorylab.symbolic import Derivation, Status

MEASURED = [row for row in LEDGER if row.needs]
BY_CLAIM = [row for row in LEDGER if not (row.needs or row.out_of_reach)]
PARTS = {  # where our results part from the claim
    "every-start",
    "aligned-short-readout",
    "weights-dms",
    "weights-cxt",
    "representation-dms-300",
    "weights-dms-300",
    "weights-cxt-300",
    "steps-representation",
    "kernel-size",
    "structured-kernel",
    "structured-weights",
    "structured-radius",
    "all-trained",
    "rank-order",
}


#: Where the committed data of figures are those of the rows' plans, or of shorter ones.
FIGURES = {
    "theorem": "expected-alignment",
    "starts": "beyond-the-limit",
    "exception": "aligned-exception",
    "silent": "silent-alignment",
    "balanced": "balanced",
    "path": "l1-to-l2",
    "table": "rank-measures",
}


@pytest.fixture(scope="module")
def real():
    """A function from a row to its data: recorded, or committed with the figures."""

    @cache
    def known(need, plan):
        if need not in FIGURES:
            return plan.run()
        (data,) = read_reference(f"rich_lazy/{FIGURES[need]}").values()
        # the figure leaves it out: it is rounding
        return data.assign(kkt=0 * data.l1 + 1e-15) if need == "path" else data

    def datasets(row):
        return {need: known(need, plan).copy(deep=True) for need, plan in row.needs.items()}

    return datasets


@pytest.mark.parametrize("row", MEASURED, ids=short)
def test_verdicts(row, real):
    held = verdict(row, real(row)) in HOLDS
    assert held is (short(row) not in PARTS)


@pytest.mark.parametrize("row", MEASURED, ids=short)
def test_missing_data_never_hold(row, real):
    nothing = {need: data.astype(float) * np.nan for need, data in real(row).items()}
    assert verdict(row, nothing) is Verdict.NOT_REPRODUCED


def put(name, value, **where):
    """Set some entries of a variable, in every dataset that has it."""

    def change(datasets):
        for data in datasets.values():
            if name in data and set(where) <= set(data[name].dims):
                values = data[name].astype(float)
                values.loc[where] = value
                data[name] = values

    return change


def scaled(name, factor, **where):
    """Multiply some entries of a variable, in every dataset that has it."""

    def change(datasets):
        for data in datasets.values():
            if name in data and set(where) <= set(data[name].dims):
                values = data[name].astype(float)
                values.loc[where] = values.loc[where] * factor
                data[name] = values

    return change


def turned(name, dim, need=None):
    """A variable read backwards along a dimension, in one dataset or the only one."""

    def change(datasets):
        data = datasets[need or next(iter(datasets))]
        back = data[name].isel({dim: slice(None, None, -1)})
        data[name] = data[name].copy(data=back.values)

    return change


def level(name, dim):
    """A variable without differences along a dimension: those at its end, for all."""

    def change(datasets):
        for data in datasets.values():
            data[name] = data[name].copy(data=(0 * data[name] + data[name].isel({dim: -1})).values)

    return change


def gaussian_last(name, sign):
    """All kinds of connectivity on one side of the Gaussian one, by much more than the spread."""

    def change(datasets):
        (data,) = datasets.values()
        shift = xr.where(data.connectivity == "Gaussian", sign * 9.0, 0.0)
        data[name] = data[name].copy(data=(data[name] + shift).transpose(*data[name].dims).values)

    return change


def one_order(datasets):
    """Every definition says what the first says."""
    (table,) = datasets.values()
    first = table.effective_rank.isel(kind=0, drop=True)
    values = (0 * table.effective_rank + first).transpose(*table.effective_rank.dims)
    table["effective_rank"] = table.effective_rank.copy(data=values.values)


def slow(datasets):
    """Kernels of a small start that turn when a large one's would: late, beside the loss."""
    (silent,) = datasets.values()
    silent.direction.loc[{"sigma": 1e-3}] = 1 - silent.loss.sel(sigma=1e-3)


def theory_everywhere(datasets):
    """Starts of any size that do what a small one does."""
    datasets["starts"]["alignment"] = datasets["starts"].theory


def weights(task, rank=64):
    return scaled("weight_change", 0.1, task=task, rank=rank)


RUNS = ("2af", "dms", "cxt", "2af-300", "dms-300", "cxt-300", "digits")
KA, RA, DW = "kernel_alignment", "representation_alignment", "weight_change"
CHANGES = {
    "aligned-simulated": put("alignment", 0.9, start="aligned"),
    "within-errors": scaled("theory", 1.01, rank=1),
    "within-hundredth": scaled("theory", 1.02),
    "one-task": put("gap", 2e-5, rank=3, ratio=0.3),
    "full-rank-lazier": turned("alignment", "rank"),
    "every-start": theory_everywhere,
    "aligned-exact": put("alignment", 1 - 1e-5, start="aligned", kappa=2.0),
    "partly-aligned": turned("alignment", "kappa"),
    "balanced": put("gap", 2e-8, lam=0.0),
    "silent": slow,
    "diagonal-limit": put("kkt", 1e-7, alpha=10.0),
    "diagonal-sparse": turned("l1", "alpha"),
    **{f"kernel-{run}": turned(KA, "rank") for run in RUNS},
    **{f"representation-{run}": turned(RA, "rank") for run in RUNS},
    **{f"weights-{run}": turned(DW, "rank") for run in ("2af", "2af-300", "digits")},
    "representation-dms-300": put(RA, 0.9, task="DMS", rank=1, seed=[1, 5]),
    "weights-dms-300": weights("DMS", 300),
    "weights-cxt-300": weights("CXT", 300),
    "weights-dms": weights("DMS"),
    "weights-cxt": weights("CXT"),
    "small-gain": turned(KA, "rank", "ranks"),
    "gain-of-figures": put(KA, 0.1, gain=1.5, rank=64),
    "every-gain": put(KA, 0.4, gain=0.5),
    "control": put(KA, 0.9, gain=0.5, rank=64),
    "gate-kernel": level(KA, "rank"),
    "gate-pairs": turned(KA, "rank"),
    "gate-representation": turned(RA, "rank"),
    "gate-cka": turned("linear_cka", "rank"),
    "gate-accuracy": put("accuracy", 0.8, rank=1, task="2AF"),
    "gate-full-rank": put("eig_rank", 1.0, rank=64),
    "gate-rank-one": scaled("eig_rank", 2.0, rank=1),
    "equal-loss": turned(KA, "rank"),
    "spectral-norm": put(KA, 0.9, match="spectral"),
    "spectral-radius": put(KA, 0.9, match="radius"),
    "width": scaled(KA, 0.5),
    "steps-kernel": put(KA, 0.1, rank=8),
    "steps-representation": put(RA, 0.7, rank=1),
    "kernel-size": scaled("kernel_change", 0.01, rank=[2, 4, 8, 16, 32, 64]),
    "low-rank-change": scaled("change_rank", 3.0, task="DMS"),
    "ideal-observer": scaled("accuracy", 1.05),
    "structured-representation": turned(RA, "connectivity"),
    "structured-kernel": gaussian_last(KA, 1),
    "structured-weights": gaussian_last(DW, -1),
    "structured-radius": gaussian_last(KA, 1),
    "all-trained": put("loss", 0.04),
    "rank-order": one_order,
}


@pytest.mark.parametrize("row", MEASURED, ids=short)
def test_other_data_change_the_verdict(row, real):
    datasets = real(row)
    if short(row) == "kernel-size":  # a change that is the same in every pair
        put("kernel_change", 1.0)(datasets)
        datasets["ranks"]["kernel_change"] += 1e-3 * datasets["ranks"].seed
    if short(row) == "steps-representation":  # a rise from each rank to the next
        wobble = 1e-3 * np.sin(datasets["ranks"].seed * datasets["ranks"]["rank"])
        rise = 0 * datasets["ranks"][RA] + datasets["ranks"]["rank"] / 100 + wobble
        datasets["ranks"][RA] = rise.transpose(*datasets["ranks"][RA].dims)
    else:
        CHANGES[short(row)](datasets)
    assert (verdict(row, datasets) in HOLDS) is (short(row) in PARTS)


def test_every_measured_row_is_tried():
    assert {short(row) for row in MEASURED} == set(CHANGES)


@pytest.mark.parametrize("row", BY_CLAIM, ids=short)
def test_rows_by_claim(row):
    assert (evaluate(row).verdict in HOLDS) is (short(row) not in PARTS)


@pytest.mark.parametrize("row", BY_CLAIM, ids=short)
def test_a_claim_that_is_only_tested_decides_nothing(row, monkeypatch):
    """A weaker status of the claims, or another formula for those that are evaluated."""
    if short(row) == "aligned-short-readout":
        monkeypatch.setattr(
            "theorylab.rich_lazy.alignment.expected_alignment", lambda gram, omega: 0.1
        )
        assert evaluate(row).verdict in HOLDS
        return
    monkeypatch.setattr(Derivation, "strength", lambda self, name: Status.TESTED)
    assert evaluate(row).verdict is Verdict.NOT_REPRODUCED


def test_a_formula_that_falls_with_the_rank_is_noticed(monkeypatch):
    (row,) = (row for row in LEDGER if short(row) == "initial-alignment")
    monkeypatch.setattr("theorylab.symbolic.compiled", lambda *a, **k: lambda pr, d: 1 / pr)
    assert evaluate(row).verdict is Verdict.NOT_REPRODUCED


def test_nothing_is_printed_as_a_number_of_the_paper():
    ours = [row for row in LEDGER if row.paper == PAPER]
    assert all(row.published is None for row in LEDGER)
    assert all(row.difference or row.out_of_reach for row in ours)


def test_what_rows_share():
    assert beyond(2)(Measurement(1.0, 0.4)) and not beyond(2)(Measurement(1.0, 0.6))
    assert beyond(-2)(Measurement(-1.0, 0.6)) and not beyond(-2)(Measurement(-1.0, 0.4))
    nan = float("nan")
    assert not beyond(2)(Measurement(nan, 0.1)) and not beyond(2)(Measurement(1.0, nan))
    one, two = Measurement(1.0, 0.1), Measurement(0.5, 0.01)
    assert least([two, one]) == one
    assert np.isnan(least([one, Measurement(nan, 1.0)]).value)
    pairs = xr.DataArray([1.0, 2.0, nan])
    assert np.isnan(difference(pairs, 0 * pairs).value)
