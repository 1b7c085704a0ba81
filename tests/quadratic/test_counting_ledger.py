"""Every row on expressivity can fail: on missing data it never holds, on wrong data not either."""

import numpy as np
import pytest

from tests.ledgers import HOLDS, computed_once, short, verdict
from theorylab.lab import Verdict
from theorylab.quadratic.ledger.counting import ROWS

MEASURED = [row for row in ROWS if row.needs]


@pytest.fixture(scope="module")
def real(figure_store):
    return computed_once(figure_store)


@pytest.mark.parametrize("row", MEASURED, ids=short)
def test_rows_hold(row, real):
    assert verdict(row, real(row)) in HOLDS


@pytest.mark.parametrize("row", MEASURED, ids=short)
def test_missing_data_never_hold(row, real):
    nothing = {need: data.astype(float) * np.nan for need, data in real(row).items()}
    assert verdict(row, nothing) is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize("row", MEASURED, ids=short)
def test_wrong_data_change_the_verdict(row, real):
    changed = [verdict(row, made(real(row))) for made in (_first_up, _grown, _reversed, _equal)]
    assert Verdict.NOT_REPRODUCED in changed


def _change(datasets, change):
    return {
        need: data.map(lambda v: v.copy(data=change(v.values)), keep_attrs=True)
        for need, data in datasets.items()
    }


def _first_up(datasets):
    """The first measured quantity alone, doubled."""
    out = dict(datasets)
    need = next(iter(out))
    name = next(iter(out[need].data_vars))
    out[need] = out[need].assign({name: 2 * out[need][name]})
    return out


def _grown(datasets):
    return _change(datasets, lambda v: v * np.linspace(1, 3, v.size).reshape(v.shape))


def _reversed(datasets):
    """In every dimension: neurons, depths and widths exchanged."""
    return _change(datasets, lambda v: v[(slice(None, None, -1),) * v.ndim])


def _equal(datasets):
    return _change(datasets, np.ones_like)


def test_nothing_is_said_of_the_paper_but_its_abstract():
    ours = [row for row in ROWS if row.paper == "fan2023expressivity"]
    assert len(ours) == 3
    for row in ours:
        assert row.published is None
        assert row.locator == "abstract" or row.out_of_reach
        assert row.difference or row.out_of_reach
