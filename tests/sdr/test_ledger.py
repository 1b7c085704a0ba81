"""Every row of the ledger can fail: on missing data it never holds, on wrong data not either.

The data are those of the experiments, computed once in a session.
"""

import numpy as np
import pytest

from tests.ledgers import HOLDS, computed_once, short, verdict
from theorylab.lab import Measurement, Verdict
from theorylab.lab.judges import above, below, between
from theorylab.sdr.ledger import LEDGER
from theorylab.sdr.ledger.common import least_pvalue, worst

ERRORS = {
    "fig4a-first-256",
    "fig4b-smallest",
    "fig5a-dashed",
    "fig5a-positions",
    "fig7b-third",
    "faster-than-exponential",
    "fixed-sparsity",
    "dense-exponential",
    "scalar-exponential",
    "union-ones",
    "table4-64-4-3",
    "table4-64-8-7",
    "table4-1024-20-18",
    "table4-1024-20-16",
    "table4-65536-40-28",
    "neuron-twenty",
    "notebook-40-10",
}
FAIL = {"neuron-noise", "fig6-nine", "million-segments", "memory-size-observed"}


@pytest.fixture(scope="module")
def real(figure_store):
    return computed_once(figure_store)


JUDGED = [row for row in LEDGER if row.measure]
MEASURED = [row for row in JUDGED if row.needs]


@pytest.mark.parametrize("row", JUDGED, ids=short)
def test_verdicts(row, real):
    found = verdict(row, real(row))
    if short(row) in ERRORS:
        assert found is Verdict.PUBLISHED_ERROR
    elif short(row) in FAIL:
        assert found is Verdict.NOT_REPRODUCED
    else:
        assert found in HOLDS


@pytest.mark.parametrize("row", MEASURED, ids=short)
def test_missing_data_never_hold(row, real):
    nothing = {need: data.astype(float) * np.nan for need, data in real(row).items()}
    assert verdict(row, nothing) is Verdict.NOT_REPRODUCED


def is_log(array):
    return array.name.startswith("log_") or array.name == "thinned"


def changed(datasets, change, only=None):
    """Every floating variable changed, or one alone, given as (need, name)."""

    def apply(need, array):
        skip = array.dtype.kind != "f" or only not in (None, (need, array.name))
        return array if skip else change(array)

    return {
        need: data.map(lambda array, need=need: apply(need, array), keep_attrs=True)
        for need, data in datasets.items()
    }


def by(factor):
    """Probabilities multiplied: their logarithms shifted by as much."""
    return lambda array: array + np.log(factor) if is_log(array) else array * factor


def steeper(array):
    """Probabilities to a power: every exponent of a power law off by a tenth."""
    return array * 1.1 if is_log(array) else array


def turned(array):
    """A slope or an order: two thresholds, populations or numbers of patterns exchanged."""
    return array.copy(data=array.values[::-1]) if array.ndim else array


@pytest.mark.parametrize("row", [row for row in MEASURED if short(row) not in FAIL], ids=short)
def test_wrong_data_change_the_verdict(row, real):
    data = real(row)
    before = verdict(row, data)
    wrong = [changed(data, by(factor)) for factor in (1.1, 0.6, 100.0, 0.01)]
    wrong += [changed(data, steeper), {n: d.map(turned, keep_attrs=True) for n, d in data.items()}]
    # One variable alone, for rows that compare two.
    wrong += [changed(data, by(1.5), (need, str(name))) for need in data for name in data[need]]
    assert any(verdict(row, one) is not before for one in wrong)


def test_a_count_that_is_off_is_noticed():
    trials, law = 10**8, np.array([0.292, 1e-5, 1e-8])
    hits = np.round(trials * law)
    assert least_pvalue(hits, trials, law) > 0.5
    assert least_pvalue(hits * [1.001, 1, 1], trials, law) < 1e-6
    assert least_pvalue(hits + np.array([0, 0, 9]), trials, law) < 1e-4
    assert np.isnan(least_pvalue(hits, trials, law * np.nan))
    assert worst([1.0, 2.0], [1.0, 2.002]) == pytest.approx(1e-3, rel=2e-3)
    assert worst([5.0, 2.0], [0.0, 2.0]) == 0.0  # nothing is printed there
    assert np.isnan(worst([np.nan, 2.0], [1.0, 2.0]))


def test_judges_refuse_what_is_just_outside():
    for judge, inside, outside in (
        (below(1.0), (0.0, 1.0), (-0.1, 1.1)),
        (above(1.0), (1.0, 2.0), (0.9, float("inf"))),
        (between(3.5, 4.5), (3.6, 4.5), (3.4, 4.6)),
    ):
        assert all(judge(Measurement(value)) for value in inside)
        assert not any(judge(Measurement(value)) for value in (*outside, float("nan")))


def test_the_ledger_is_complete():
    said = " ".join(row.locator for row in LEDGER)
    for place in ("4A", "4B", "5A", "5B", "6", "7A", "7B"):
        assert f"Fig. {place}" in said
    for table in (1, 2, 3, 4):
        assert f"Table {table}" in said
    assert {short(row) for row in LEDGER} >= ERRORS | FAIL
    papers = {row.paper for row in LEDGER}
    assert len(papers) == 5  # four, and our own
