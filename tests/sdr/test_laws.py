"""The laws of one step in fractions, and the two limits of a large population."""

import itertools
import math
import random

import numpy as np
import pytest

from theorylab.sdr import (
    exact,
    fixed_sparsity_approach,
    fixed_sparsity_limit,
    local_exponent,
    log_false_positive,
    step_law_a,
    step_law_n,
    step_law_s,
    step_law_theta,
)

SMALL = [
    (n, a, s, theta)
    for n in range(1, 9)
    for a, s in itertools.product(range(n + 1), repeat=2)
    for theta in range(-1, n + 2)
]
LAWS = {
    "n": (step_law_n, 0, -1),
    "a": (step_law_a, 1, 1),
    "s": (step_law_s, 2, 1),
    "theta": (step_law_theta, 3, -1),
}


def _stepped(case, place):
    return tuple(x + (i == place) for i, x in enumerate(case))


@pytest.mark.parametrize("name", LAWS)
def test_every_small_case(name):
    law, place, sign = LAWS[name]
    cases = [c for c in SMALL if place in (0, 3) or c[place] < c[0]]
    changes = [exact.fp(*_stepped(c, place)) - exact.fp(*c) for c in cases]
    assert all(sign * change >= 0 for change in changes)
    values = np.exp(law(*np.array(cases).T))
    np.testing.assert_allclose(values, [abs(float(c)) for c in changes], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", LAWS)
def test_deep_tails(name):
    """Where floats could not tell FP(n) from FP(n + 1)."""
    law, place, sign = LAWS[name]
    draw = random.Random(1)
    cases = []
    while len(cases) < 40:
        n = draw.randint(300, 20_000)
        a, s = draw.randint(20, 200), draw.randint(10, 60)
        cases.append((n, a, s, draw.randint(1, min(a, s))))
    changes = [sign * (exact.fp(*_stepped(c, place)) - exact.fp(*c)) for c in cases]
    assert min(changes) < 1e-30
    expected = [math.log(c.numerator) - math.log(c.denominator) for c in changes]
    np.testing.assert_allclose(law(*np.array(cases).T), expected, rtol=1e-13)


def test_laws_in_fractions():
    """The same laws, exactly, on 200 random cases."""
    draw = random.Random(2)
    for _ in range(200):
        n = draw.randint(2, 400)
        a, s = draw.randint(0, n - 1), draw.randint(0, n - 1)
        theta = draw.randint(0, min(a, s) + 1)
        fp, p = exact.fp(n, a, s, theta), exact.pmf(n, a, s, theta)
        before = exact.pmf(n, a, s, theta - 1)
        assert (n + 1) * (fp - exact.fp(n + 1, a, s, theta)) == theta * p
        assert (n - a) * (exact.fp(n, a + 1, s, theta) - fp) == (s - theta + 1) * before
        assert (n - s) * (exact.fp(n, a, s + 1, theta) - fp) == (a - theta + 1) * before
        assert fp - exact.fp(n, a, s, theta + 1) == p


def test_local_exponents():
    n = np.array([300, 500, 1000, 2000, 4000, 20000])
    exponent = np.asarray(local_exponent(n, 128, 24, 12))
    published = [-5.19, -8.62, -10.53, -11.31, -11.67, -11.93]
    np.testing.assert_allclose(exponent * n / (n + 1), published, atol=6e-3)
    fp, after = (np.exp(log_false_positive(x, 128, 24, 12)) for x in (n, n + 1))
    np.testing.assert_allclose(exponent, (after - fp) / fp * (n + 1), rtol=1e-9)
    assert float(local_exponent(10**7, 128, 24, 12)) == pytest.approx(-12, abs=1e-3)
    assert float(local_exponent(100, 10, 5, 0)) == 0
    assert float(local_exponent(100, 10, 5, 7)) == -7


def test_power_law_at_fixed_activity():
    """FP n^theta tends to C(s, theta) a (a-1) ... (a-theta+1), with an error like 1/n."""
    a, s, theta = 40, 20, 6
    limit = math.log(math.comb(s, theta) * math.perm(a, theta))
    n = np.array([10**5, 10**6, 10**7])
    gap = np.asarray(log_false_positive(n, a, s, theta)) + theta * np.log(n) - limit
    np.testing.assert_allclose(gap[:-1] / gap[1:], 10, rtol=5e-3)
    # The first term's own correction, and the share of the next overlap.
    own = (2 * a * s - 2 * a * theta - 2 * s * theta + theta**2 + theta) / 2
    following = (s - theta) * (a - theta) / (theta + 1)
    assert gap[-1] * n[-1] == pytest.approx(following - own, rel=1e-2)


def test_floor_at_fixed_sparsity():
    """At 3.2 % the false-positive probability rises with n, to the binomial tail."""
    n = np.array([500, 1000, 2000, 4000, 16000, 256000])
    values = np.exp(log_false_positive(n, (0.032 * n).astype(int), 24, 12))
    published = [1.0060e-14, 2.4894e-13, 8.0020e-13, 1.3432e-12, 1.9349e-12, 2.1605e-12]
    np.testing.assert_allclose(values, published, rtol=5e-5)
    floor = math.exp(fixed_sparsity_limit(24, 0.032, 12))
    assert floor == pytest.approx(2.17636e-12, rel=3e-6)
    assert (np.diff(values) > 0).all() and values[-1] < floor
    slope = float(fixed_sparsity_approach(24, 0.032, 12))
    rest = values - floor - slope / n
    assert abs(rest[-1]) < 2e-4 * floor
    n = np.array([125_000, 250_000, 500_000])
    gap = np.exp(log_false_positive(n, 32 * n // 1000, 24, 12)) - floor
    error = gap * n - slope
    np.testing.assert_allclose(error[:-1] / error[1:], 2, rtol=5e-3)  # of order 1/n


def test_pattern_of_fixed_size_is_not_independent_activity():
    """(4000, 128, 24, 12): the binomial is 1.62 times the hypergeometric tail."""
    gap = fixed_sparsity_limit(24, 0.032, 12) - log_false_positive(4000, 128, 24, 12)
    assert math.exp(gap) == pytest.approx(1.620, abs=5e-4)


def test_arguments_outside_the_model():
    for law, message in ((step_law_a, "n - a"), (step_law_s, "n - s")):
        with pytest.raises(ValueError, match=f"{message} is 0"):
            law(10, 10, 10, 3)
    with pytest.raises(ValueError, match="theta is 7 where s is 5"):
        fixed_sparsity_approach(5, 0.1, 7)
    with pytest.raises(ValueError, match="p is 0"):
        fixed_sparsity_approach(5, 0.0, 2)
    with pytest.raises(ValueError, match="a is 20 where n is 10"):
        step_law_n(10, 20, 3, 1)
