"""Numbers of the experiments: published settings, recorded runs, and the simulations' errors."""

import numpy as np
import pytest

from theorylab.lab import Plan
from theorylab.sdr import exact
from theorylab.sdr.experiments import counts, design, memory, paper
from theorylab.sdr.published import published, source_of


@pytest.fixture
def run(figure_store):
    return lambda plan: plan.run(figure_store)


def test_a_slice_of_the_recorded_comparisons_comes_out_again(run):
    """1e7 of the 1e8 comparisons of one point, count for count."""
    recorded = run(counts.COMPARISONS)
    assert int(recorded.counts.isel(a_n=0).sum()) == 10**8
    index = counts.COMPARISONS.plan.axes[0].values.index((64, 300))
    again = Plan(counts.OverlapCounts(a=64, n=300), seeds=(3,)).run()
    expected = recorded.counts.isel(a_n=index).sel(seed=3)
    np.testing.assert_array_equal(again.counts.values.ravel(), expected.values)


def test_a_slice_of_the_recorded_noise_comes_out_again(run):
    again = Plan(counts.SilencedCounts(v=64)).run()
    expected = run(counts.SILENCED).counts.sel(v=64)
    np.testing.assert_array_equal(again.counts.values.ravel(), expected.values)


def test_a_slice_of_the_recorded_memory_comes_out_again(run):
    recorded = run(memory.CROWDED)
    again = Plan(memory.CrowdedPrediction(n=400)).run()
    expected = recorded.sel(n=400)
    assert float(again.accuracy) == pytest.approx(float(expected.accuracy), rel=1e-9)
    gap = np.abs(recorded.accuracy - recorded.theory)
    assert float(gap.max()) < 0.02


def test_segments_that_learn_again_end_up_matching_everything():
    """In a small memory: reuse makes false predictions, and only where accidents are common."""
    few = {"a": 16, "s": 10, "theta": 6, "cells": 24, "shown": 40}
    crowded = Plan(memory.ReusedSegments(n=100, transitions=900, **few)).run()
    roomy = Plan(memory.ReusedSegments(n=400, transitions=900, **few)).run()
    fresh = -np.expm1(900 * 16 / 100 * np.log1p(-float(exact.fp(100, 16, 10, 6))))
    assert float(crowded.false.mean()) > 0.5 > 3 * fresh
    assert float(roomy.false.mean()) < 0.02


def test_grids_of_the_threshold_study():
    assert len(paper._grid(paper.NARROW_N)) * len(paper.FIG6_S) == 210
    assert len(paper._grid(paper.WIDE_N)) * len(paper.FIG6_S) == 420
    assert paper._grid([1000]) == [(1000, a) for a in (5, 10, 15, 20, 25, 30)]


def test_exponents_and_the_floor(run):
    """Local exponents at a = 128, and the rise at 3.2 % activity, of the chapter's brief."""
    fixed = run(paper.FIXED_A).sel(a=128)
    expected = {500: -8.62, 20_000: -11.93}
    for n, slope in expected.items():
        at = fixed.exponent.interp(n=n)
        assert float(at) == pytest.approx(slope, abs=0.02)
    rising = run(paper.FIXED_P)
    at = {int(n): float(np.exp(p)) for n, p in zip(rising.n, rising.log_p, strict=True)}
    for n, p in {
        500: 1.0060e-14,
        1000: 2.4894e-13,
        16_000: 1.9349e-12,
        256_000: 2.1605e-12,
    }.items():
        assert at[n] == pytest.approx(p, rel=1e-4)
    floor = float(np.exp(run(paper.FLOOR).log_p.values[0]))
    assert floor == pytest.approx(2.17636e-12, rel=1e-5)
    assert np.all(np.diff(rising.log_p) > 0) and at[256_000] < floor


def test_fewest_synapses(run):
    """Synapses and thresholds for errors of 1e-9 and 1e-3, n = 10,000."""
    table = run(design.FEWEST)
    expected = {50: [9, 12, 15, 18, 22], 200: [12, 16, 22, 29, 38], 500: [16, 21, 29, 40, 55]}
    thresholds = {50: [5, 6, 6, 6, 6], 200: [7, 8, 9, 10, 11], 500: [10, 11, 13, 15, 17]}
    for a in expected:
        assert table.s.sel(a=a).values.tolist() == expected[a]
        assert table.low.sel(a=a).values.tolist() == thresholds[a]
    np.testing.assert_array_equal(table.low, table.high)
    errors = run(design.ERRORS).sel(s=30)
    assert int(errors.best) == 8
    assert float(np.exp(errors.log_cost)) == pytest.approx(1.0044e-7, rel=1e-4)


def test_neurons_need_the_law_of_their_own_noise(run):
    negative = run(paper.NEGATIVE).sel(theta=12)
    seen = published("fig4b-neuron", "observed", 12)[9]  # 60 % of 128 cells, rounded down
    assert paper.NEURON_V[9] == 76
    swapped, readded = (float(np.exp(negative[k].sel(v=76))) for k in ("log_p", "log_readded"))
    assert seen == pytest.approx(0.35247)
    assert abs(readded - seen) < 0.002 < 0.03 < abs(swapped - seen)
    literal = run(counts.READDED)
    share = float((literal.overlap.sel(v=76) < 12).mean())
    assert share == pytest.approx(readded, abs=4 * np.sqrt(readded * (1 - readded) / 20_000))


def test_published_numbers_are_found_by_name():
    assert published("fig5a", "theory", "dashed").size == 99
    assert source_of("fig6").startswith("official")
    with pytest.raises(KeyError, match=r"did you mean .*fig4a"):
        published("fig4", "observed", 64)
    with pytest.raises(KeyError, match="curve of fig4a"):
        published("fig4a", "observed", 63)
    with pytest.raises(KeyError, match="list of fig4a"):
        published("fig4a", "guess")
