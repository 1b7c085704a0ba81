"""Importance sampling: unbiased, with an error that its interval states, at any depth."""

import math
from fractions import Fraction

import jax
import numpy as np
import pytest

from theorylab.sdr import is_false_positive
from theorylab.sdr.importance import _summary


def exact(n, a, s, theta):
    """The false positive probability with whole numbers, as a logarithm."""
    ways = sum(math.comb(s, b) * math.comb(n - s, a - b) for b in range(theta, min(a, s) + 1))
    p = Fraction(ways, math.comb(n, a))
    return math.log(p.numerator) - math.log(p.denominator)


DEPTHS = [
    (16_000, 4000, 24, 12),  # 7e-3
    (4000, 128, 24, 12),  # 1e-12
    (20_000, 128, 24, 12),  # 7e-21
    (20_000, 128, 24, 20),  # 3e-41
    (200_000, 2000, 24, 24),  # 9e-49
    (2000, 40, 20, 20),  # 4e-37
]


@pytest.mark.parametrize("case", DEPTHS)
def test_one_percent_at_any_depth(case):
    found = is_false_positive(jax.random.key(3), *case, draws=100_000)
    assert found.rel_se <= 0.01
    assert abs(found.log_p - exact(*case)) < 3.5 * found.rel_se
    assert found.log_lo < found.log_p < found.log_hi
    assert 1000 < found.ess < 100_000


@pytest.mark.parametrize("case", [(20_000, 128, 24, 12), (100_000, 1000, 24, 24)])
def test_the_interval_covers_as_often_as_it_says(case):
    """At 7e-21, and at 8e-49."""
    found = [is_false_positive(jax.random.key(seed), *case, draws=4000) for seed in range(100)]
    truth = exact(*case)
    covered = np.mean([one.log_lo <= truth <= one.log_hi for one in found])
    assert 0.88 <= covered <= 0.99
    spread = np.std([math.exp(one.log_p - truth) for one in found])
    assert spread == pytest.approx(np.mean([one.rel_se for one in found]), rel=0.25)
    # A threshold that is one off, or a sample that is drawn with replacement, is refuted.
    mean = np.mean([math.exp(one.log_p - truth) for one in found])
    assert abs(mean - 1) < 0.02


def test_chunks_make_one_estimate():
    case = (2000, 40, 20, 10)
    one = is_false_positive(jax.random.key(0), *case, draws=9000, chunk=3000)
    assert one == is_false_positive(jax.random.key(0), *case, draws=9000, chunk=3000)
    assert abs(one.log_p - exact(*case)) < 4 * one.rel_se < 0.1


def test_error_falls_as_the_square_root_of_the_draws():
    case = (4000, 128, 24, 12)
    few = is_false_positive(jax.random.key(1), *case, draws=10_000).rel_se
    many = is_false_positive(jax.random.key(1), *case, draws=160_000).rel_se
    assert few / many == pytest.approx(4.0, rel=0.15)


def test_certain_events_and_empty_samples():
    assert is_false_positive(jax.random.key(0), 10, 8, 5, 3).log_p == 0.0
    nothing = _summary(-math.inf, -math.inf, 10)
    assert nothing.log_p == -math.inf and nothing.log_hi == math.inf and nothing.ess == 0.0


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="theta is 6; allowed: a whole number at most 5"):
        is_false_positive(jax.random.key(0), 100, 10, 5, 6)
    with pytest.raises(ValueError, match="draws is 1"):
        is_false_positive(jax.random.key(0), 100, 10, 5, 3, draws=1)
