"""Patterns: every subset is equally likely, and each noise model does what its name says."""

import math
from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binom, chisquare, hypergeom

from theorylab.sdr import (
    apply_noise,
    as_packed,
    overlaps,
    pack,
    random_patterns,
    subsample,
    to_dense,
    unpack,
)

KEY = jax.random.key(1)


def shared(one, other):
    """Size of the intersection, row by row."""
    pairs = zip(np.asarray(one).tolist(), np.asarray(other).tolist(), strict=True)
    return np.array([len((set(x) & set(y)) - {-1}) for x, y in pairs])


@pytest.mark.parametrize(("n", "a"), [(6, 3), (5, 1), (5, 5), (33, 2), (7, 6)])
def test_every_subset_is_equally_likely(n, a):
    drawn = np.sort(np.asarray(random_patterns(KEY, n, a, 20_000)), axis=1)
    seen = Counter(map(tuple, drawn.tolist()))
    assert all(len(set(row)) == a and row[0] >= 0 and row[-1] < n for row in seen)
    possible = math.comb(n, a)
    assert len(seen) == possible
    if possible > 1:
        assert chisquare(list(seen.values())).pvalue > 1e-3


def test_patterns_do_not_depend_on_how_many_follow_the_key():
    again = random_patterns(KEY, 100, 7, 50)
    np.testing.assert_array_equal(again, random_patterns(KEY, 100, 7, 50))
    assert not np.array_equal(again, random_patterns(jax.random.key(2), 100, 7, 50))


def test_subsamples_are_uniform_subsets_of_their_pattern():
    rows = random_patterns(KEY, 50, 5, 20_000)
    chosen = subsample(jax.random.key(2), rows, 2)
    assert (shared(rows, chosen) == 2).all()
    places = np.argmax(np.asarray(rows)[:, None, :] == np.asarray(chosen)[:, :, None], axis=2)
    pairs = Counter(map(tuple, np.sort(places, axis=1).tolist()))
    assert len(pairs) == 10
    assert chisquare(list(pairs.values())).pvalue > 1e-3
    assert subsample(KEY, rows, 0).shape == (20_000, 0)


N, A, V, T = 40, 8, 3, 20_000


@pytest.mark.parametrize("kind", ["swap", "drop", "swap_readd", "bernoulli"])
def test_noise_keeps_the_number_of_cells_its_model_says(kind):
    rows = random_patterns(KEY, N, A, T)
    noisy = np.asarray(apply_noise(jax.random.key(2), rows, N, V, kind))
    kept, silent = shared(rows, noisy), (noisy == -1).sum(axis=1)
    distinct = np.array([len(set(row) - {-1}) for row in noisy.tolist()])
    assert noisy.max() < N and noisy.min() >= -1
    np.testing.assert_array_equal(distinct + silent, A)
    if kind in ("swap", "drop"):
        assert (kept == A - V).all()
        assert (silent == (V if kind == "drop" else 0)).all()
        return
    # What is left is random: R of the V silenced cells come back, or each falls alone.
    law = hypergeom(N - A + V, V, V) if kind == "swap_readd" else binom(A, 1 - V / A)
    low = A - V if kind == "swap_readd" else 0
    values = np.arange(low, A + 1)
    expected = T * law.pmf(values - low)
    seen = np.array([(kept == value).sum() for value in values])
    assert seen.sum() == T
    big = expected > 5
    stray = (seen[~big].sum(), expected[~big].sum())
    f_seen, f_expected = np.append(seen[big], stray[0]), np.append(expected[big], stray[1])
    full = f_expected > 0
    assert chisquare(f_seen[full], f_expected[full] * T / f_expected[full].sum()).pvalue > 1e-3


def test_noise_changes_every_cell_alike():
    rows = jnp.broadcast_to(jnp.arange(A, dtype=jnp.int32), (T, A))
    noisy = apply_noise(KEY, rows, N, V, "swap")
    counts = np.asarray(to_dense(noisy, N)).sum(axis=0)
    assert chisquare(counts[:A]).pvalue > 1e-3  # silenced
    assert chisquare(counts[A:]).pvalue > 1e-3  # switched on
    assert counts[:A].sum() == T * (A - V)


def test_no_noise_changes_nothing():
    rows = random_patterns(KEY, N, A, 5)
    assert apply_noise(KEY, rows, N, 0) is rows


def test_packing_and_overlaps_agree_with_sets():
    for n in (32, 33):
        rows, other = random_patterns(KEY, n, 9, 4), random_patterns(jax.random.key(5), n, 11, 6)
        dense = to_dense(rows, n)
        np.testing.assert_array_equal(unpack(pack(dense), n), dense)
        found = overlaps(pack(dense), as_packed(other, n))
        one, two = np.asarray(rows).tolist(), np.asarray(other).tolist()
        expected = [[len(set(r) & set(o)) for r in one] for o in two]
        np.testing.assert_array_equal(found, expected)
        for form in (rows, dense, pack(dense), np.asarray(rows)):
            np.testing.assert_array_equal(as_packed(form, n), pack(dense))


def test_silent_places_belong_to_no_cell():
    dense = to_dense(jnp.array([[-1, 2], [-1, -1]]), 4)
    assert dense.tolist() == [[False, False, True, False], [False] * 4]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: random_patterns(KEY, 5, 6, 1), "a is 6; allowed: a whole number at least 0 and"),
        (lambda: random_patterns(KEY, 5, 2, 0), "count is 0"),
        (lambda: subsample(KEY, jnp.zeros((1, 3), int), 4), "s is 4"),
        (lambda: apply_noise(KEY, jnp.zeros((1, 3), int), 9, 4), "v is 4"),
        (lambda: apply_noise(KEY, jnp.zeros((1, 3), int), 4, 2), "n is 4"),
        (lambda: to_dense(jnp.array([4]), 4), "patterns holds"),
        (lambda: as_packed(np.zeros(3), 3), "patterns holds float64"),
        (lambda: as_packed(np.zeros(3, bool), 4), "patterns has shape"),
        (lambda: unpack(jnp.zeros(2, jnp.uint32), 65), "n is 65"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_such_noise():
    with pytest.raises(Exception, match="flip"):
        apply_noise(KEY, jnp.zeros((1, 3), int), 9, 1, "flip")
