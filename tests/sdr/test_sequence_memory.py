"""Memories: literal prediction has the accuracy of one segment, and contexts keep apart."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import binom

from theorylab.sdr import (
    apply_noise,
    crowded_jaccard,
    exact,
    jaccard,
    learn_sequences,
    learn_transitions,
    log_false_negative,
    predict,
    random_patterns,
    replay,
    to_dense,
)

KEY = jax.random.key(4)


def test_cells_are_missed_as_often_as_segments_fail():
    theta, v = 6, 8
    n, a, s, transitions = 1000, 20, 12, 400
    before, after = (random_patterns(jax.random.key(i), n, a, transitions) for i in (1, 2))
    memory = learn_transitions(jax.random.key(3), before, after, s)
    assert (
        np.sort(memory.sources, axis=2)[..., 1:] > np.sort(memory.sources, axis=2)[..., :-1]
    ).all()
    noisy = apply_noise(KEY, before, n, v, "swap")
    found = predict(memory, to_dense(noisy, n), theta)
    wanted = to_dense(after, n)
    right = int((found & wanted).sum())
    law = -np.expm1(float(log_false_negative(a, s, v, theta)))
    # Every cell has its own segment; a few are helped by a segment of another transition.
    cells = transitions * a
    assert binom.cdf(right, cells, law) > 1e-4
    assert binom.sf(right - 1, cells, law + 5e-3) > 1e-4
    assert (
        binom.sf(right - 1, cells, float(-np.expm1(log_false_negative(a, s, v + 1, theta)))) < 1e-4
    )


def test_crowding_is_the_ensemble_of_a_cells_segments():
    n, a, s, theta, stored = 120, 16, 10, 6, 600
    false, accuracy = [], []
    for seed in range(12):
        draw, grow = jax.random.split(jax.random.key(seed))
        patterns = random_patterns(draw, n, a, stored + 1)
        memory = learn_transitions(grow, patterns[:-1], patterns[1:], s)
        shown = to_dense(patterns[:101], n)
        found, wanted = predict(memory, shown[:-1], theta), shown[1:]
        false.append(float((found & ~wanted).sum() / (100 * (n - a))))
        accuracy.append(float(jaccard(found, wanted).mean()))
    one = float(exact.fp(n, a, s, theta))
    law = [1 - (1 - one) ** (number * a / n) for number in (stored, stored // 2)]
    # The formula has mean numbers in place of their distributions: the mean number of segments
    # of a cell, which makes it predict a little too much, and the mean number of false cells,
    # which makes its ratio a little too small. Both are Jensen's inequality.
    share, error = np.mean(false) / law[0], np.std(false, ddof=1) / law[0] / 12**0.5
    assert 0.95 < share < 1 + 3 * error
    assert np.mean(false) > 1.5 * law[1]  # the number of transitions matters
    gap = np.mean(accuracy) - float(crowded_jaccard(n, a, s, theta, stored))
    assert 3 * np.std(accuracy, ddof=1) / 12**0.5 < gap < 0.025


def test_the_official_formula_in_whole_numbers():
    for n, printed in ((500, 0.6044889510), (700, 0.9678829427), (1000, 0.9988068068)):
        false = 1 - (1 - float(exact.fp(n, 64, 20, 10))) ** (20_000 * 64 / n)
        assert 64 / (64 + false * (n - 64)) == pytest.approx(printed, abs=2e-10)
        assert float(crowded_jaccard(n, 64, 20, 10, 20_000)) == pytest.approx(printed, abs=2e-10)


def test_jaccard_of_sets():
    one = jnp.array([[True, True, False], [False, False, False], [True, False, False]])
    other = jnp.array([[True, False, False], [False, False, False], [False, True, False]])
    assert jaccard(one, other).tolist() == [0.5, 1.0, 0.0]


def test_context_decides_what_follows():
    columns, a, s, theta = 256, 16, 12, 10
    words = random_patterns(jax.random.key(2), columns, a, 6)
    first, last = [0, 1, 2, 3], [4, 1, 2, 5]  # ABCD and XBCY
    both = jnp.stack([words[jnp.array(first)], words[jnp.array(last)]])
    ends = to_dense(both[:, 3], columns)
    for per_column in (1, 8):
        learnt = learn_sequences(jax.random.key(3), both, per_column, s)
        assert ((learnt.cells // per_column) == both).all()
        for row in (0, 1):
            inputs = to_dense(both[row, :3], columns)
            shown, cells = replay(learnt.memory, inputs, theta, per_column, columns)
            assert int(cells[0].sum()) == a * per_column  # the first step bursts
            right, wrong = ((shown[-1] & end).sum() for end in (ends[row], ends[1 - row]))
            assert int(right) == a
            if per_column == 1:
                assert int(wrong) == a
            else:
                assert int(cells[2].sum()) == a
                assert int(wrong) == int((ends[0] & ends[1]).sum())


def test_bad_arguments_are_named():
    before = jnp.zeros((2, 3), int)
    with pytest.raises(Exception, match="after"):
        learn_transitions(KEY, before, jnp.zeros((3, 3), int), 2)
    with pytest.raises(ValueError, match="s is 4"):
        learn_transitions(KEY, before, before, 4)
    with pytest.raises(ValueError, match="transitions is -1"):
        crowded_jaccard(100, 10, 5, 3, -1)
    with pytest.raises(ValueError, match="per_column is 0"):
        learn_sequences(KEY, jnp.zeros((1, 2, 3), int), 0, 2)
