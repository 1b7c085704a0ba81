"""Counting: the urn draws the hypergeometric law, counts are whole numbers, intervals cover."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binom, chisquare, hypergeom

from theorylab.sdr import (
    clopper_pearson,
    mc_false_negative,
    mc_false_positive,
    mc_overlap_histogram,
    random_patterns,
    subsample,
    to_dense,
)
from theorylab.sdr.monte_carlo import scaled

KEY = jax.random.key(3)


def pvalue(counts, expected):
    """Of the chi-squared test, with the bins beyond an expected count of 5 pooled."""
    big = expected >= 5
    seen, wanted = (
        np.append(counts[big], counts[~big].sum()),
        np.append(expected[big], expected[~big].sum()),
    )
    full = wanted > 0
    return chisquare(seen[full], wanted[full] * seen.sum() / wanted[full].sum()).pvalue


@pytest.mark.parametrize(
    ("n", "a", "s"), [(2000, 256, 24), (200_000, 20_000, 24), (30, 20, 24), (300, 256, 24)]
)
def test_the_histogram_is_hypergeometric(n, a, s):
    trials = 2**19
    counts = mc_overlap_histogram(KEY, n, a, s, trials, chunk=2**17)
    assert counts.dtype == np.int64 and counts.sum() == trials
    expected = trials * hypergeom(n, a, s).pmf(np.arange(s + 1))
    assert pvalue(counts, expected) > 1e-3
    # The test would notice a population that is 2 % larger.
    assert (
        pvalue(counts, trials * hypergeom(math.ceil(1.02 * n), a, s).pmf(np.arange(s + 1))) < 1e-3
    )


def test_the_urn_agrees_with_literal_patterns():
    n, a, s, trials = 60, 20, 9, 20_000
    stored = random_patterns(jax.random.key(1), n, 12, trials)
    synapses = subsample(jax.random.key(2), stored, s)
    active = to_dense(random_patterns(jax.random.key(3), n, a, trials), n)
    overlap = np.asarray(jnp.take_along_axis(active, synapses, axis=1)).sum(axis=1)
    literal = np.bincount(overlap, minlength=s + 1)
    urn = mc_overlap_histogram(KEY, n, a, s, trials)
    both = np.stack([literal, urn])
    both = both[:, both.sum(axis=0) >= 10]
    expected = both.sum(axis=0) / 2
    assert chisquare(both.ravel(), np.tile(expected, 2), ddof=both.shape[1] - 1).pvalue > 1e-3


def test_the_result_depends_on_key_trials_and_chunk_alone():
    told = []
    one = mc_overlap_histogram(
        KEY, 100, 20, 6, 2500, chunk=1000, progress=lambda *done: told.append(done)
    )
    np.testing.assert_array_equal(one, mc_overlap_histogram(KEY, 100, 20, 6, 2500, chunk=1000))
    assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]
    first = mc_overlap_histogram(KEY, 100, 20, 6, 1000, chunk=1000)
    assert (first <= one).all()  # whole chunks are the same, whatever follows


def test_a_random_word_scaled_below_m():
    rng = np.random.default_rng(0)
    words = rng.integers(0, 2**32, 3000, dtype=np.uint64)
    for m in (1, 7, 2**16 - 1, 2**16, 2**16 + 1, 200_000, 2**31 - 1):
        found = scaled(jnp.asarray(words, jnp.uint32), jnp.uint32(m))
        np.testing.assert_array_equal(np.asarray(found, np.uint64), words * np.uint64(m) >> 32)


@pytest.mark.parametrize("theta", [8, 12, 16])
def test_false_negatives_of_the_paper(theta):
    exact = {8: 0.0896352007, 12: 0.664766152, 16: 0.983735005}[theta]  # exact integers
    found = mc_false_negative(KEY, 128, 30, 83, theta, 200_000, level=0.999)
    assert found.lo < exact < found.hi
    assert found.hi - found.lo < 0.008


def test_no_error_where_none_is_possible():
    found = mc_false_negative(KEY, 128, 30, 22, 8, 50_000)
    assert found.hits == 0 and found.p == 0.0 and 0 < found.hi < 1e-4
    assert mc_false_positive(KEY, 10, 4, 5, 0, 100).p == 1.0
    assert mc_false_positive(KEY, 10, 4, 5, 5, 1000).hits == 0


def test_clopper_pearson_covers_and_is_not_wasteful():
    for trials, truth in ((50, 0.03), (200, 0.3), (1000, 0.001), (20, 0.5)):
        law = binom(trials, truth)
        ends = np.array([clopper_pearson(hits, trials, 0.95) for hits in range(trials + 1)])
        covered = law.pmf(np.arange(trials + 1)) @ ((ends[:, 0] <= truth) & (truth <= ends[:, 1]))
        assert covered >= 0.95
    hits, trials = 7, 1000
    low, high = clopper_pearson(hits, trials, 0.95)
    np.testing.assert_allclose(binom(trials, low).sf(hits - 1), 0.025, rtol=1e-9)
    np.testing.assert_allclose(binom(trials, high).cdf(hits), 0.025, rtol=1e-9)
    assert clopper_pearson(trials, trials)[1] == 1.0


def test_whole_numbers_count_where_single_precision_loses():
    """A float32 counter of 500 hits a pattern, 200,000 times, ends at .99737 of the truth."""
    counter = np.float32(0)
    hits = np.full(200_000, 500, np.float32)
    for block in np.split(hits, 200):
        for hit in block:
            counter = counter + hit
    assert float(counter) / 1e8 == pytest.approx(0.99737, abs=2e-6)
    counts = mc_overlap_histogram(KEY, 3, 3, 1, 2**19, chunk=2**18)
    assert counts.tolist() == [0, 2**19]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"a": 11}, "a is 11"),
        ({"s": 11}, "s is 11"),
        ({"trials": 0}, "trials is 0"),
        ({"n": 2**31}, "n is"),
        ({"theta": 0.5}, "theta is 0.5"),
        ({"level": 1.0}, "level is 1.0"),
    ],
)
def test_bad_arguments_are_named(change, message):
    given = {"n": 10, "a": 4, "s": 5, "theta": 3, "trials": 10} | change
    if "theta" in change:
        with pytest.raises(Exception, match="theta"):
            mc_false_positive(KEY, **given)
        return
    with pytest.raises(ValueError, match=message):
        mc_false_positive(KEY, **given)
