"""Log-space tails against whole numbers, 60-digit arithmetic and SciPy."""

import itertools
import math
from fractions import Fraction

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from theorylab.sdr import (
    exact,
    log1mexp,
    log_binomial_tail,
    log_false_positive,
    log_overlap_pmf,
    log_poisson_tail,
    overlap_pmf_table,
)
from theorylab.sdr.tails import log_ratio, sum_length

SMALL = np.array(
    [
        (n, a, s, theta)
        for n in range(9)
        for a, s in itertools.product(range(n + 1), repeat=2)
        for theta in range(-1, n + 2)
    ]
).T


def _log(fraction):
    """Natural logarithm of a fraction, also of one that no float holds."""
    if fraction == 0:
        return -mp.inf
    with mp.workdps(60):
        return mp.log(mp.mpf(fraction.numerator) / fraction.denominator)


def _reference(n, a, s, theta):
    """log FP to about 50 digits; log-gamma and a sum of positive terms."""
    with mp.workdps(60):
        b, top = max(theta, a + s - n, 0), min(a, s)
        if b > top:
            return -mp.inf
        log_term = sum(
            sign * mp.loggamma(x + 1)
            for sign, x in (
                (1, s), (-1, b), (-1, s - b), (1, n - s), (-1, a - b), (-1, n - s - a + b),
                (-1, n), (1, a), (1, n - a),
            )
        )  # fmt: skip
        term = total = mp.mpf(1)
        for x in range(b, top):
            term = term * (s - x) * (a - x) / ((x + 1) * (n - s - a + x + 1))
            total += term
        return log_term + mp.log(total)


def _grid():
    for n, share, s in itertools.product(
        (300, 1000, 4000, 20_000, 200_000), (0.005, 0.02, 0.1, 0.25), (10, 24, 50, 100)
    ):
        a = int(share * n)
        for theta in range(1, min(a, s) + 1, 1 + s // 9):
            yield n, a, s, theta


def _gaps(values, references):
    """|d ln P|, where both are finite, and relative to 1 + |ln P|."""
    gaps, scaled = [], []
    for value, reference in zip(np.asarray(values), references, strict=True):
        gap = abs(float(mp.mpf(float(value)) - reference))
        gaps.append(gap)
        scaled.append(gap / (1 + abs(float(reference))))
    return max(gaps), max(scaled)


@pytest.fixture(scope="module")
def deep():
    """Cases with ln P down to -600, and their references."""
    cases = list(_grid())
    assert len(cases) >= 500
    references = [_reference(*case) for case in cases]
    assert min(references) < -500
    return np.array(cases).T, references


def test_the_reference_is_right(deep):
    cases, references = deep
    for case, reference in list(zip(cases.T.tolist(), references, strict=True))[:400:13]:
        assert abs(reference - _log(exact.fp(*case))) < 1e-40


def test_double_precision(deep):
    cases, references = deep
    gap, scaled = _gaps(log_false_positive(*cases), references)
    assert gap <= 5e-12
    assert scaled <= 1e-14


def test_single_precision(deep):
    cases, references = deep
    values = log_false_positive(*(jnp.asarray(x, jnp.float32) for x in cases))
    assert values.dtype == jnp.float32
    assert _gaps(values, references)[0] <= 3e-4


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-14), ("float32", 3e-6)])
def test_every_small_case(dtype, tolerance):
    """All of n <= 8: empty patterns, full ones, thresholds outside the range of the overlap."""
    values = log_false_positive(*SMALL.astype(dtype))
    expected = [float(exact.fp(*case)) for case in SMALL.T.tolist()]
    assert values.dtype == dtype
    np.testing.assert_allclose(np.exp(values), expected, rtol=0, atol=tolerance)
    impossible = np.equal(expected, 0)
    np.testing.assert_array_equal(np.isneginf(values), impossible)
    pmf = np.exp(log_overlap_pmf(*SMALL.astype(dtype)))
    np.testing.assert_allclose(
        pmf, [float(exact.pmf(*case)) for case in SMALL.T.tolist()], rtol=0, atol=tolerance
    )


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_random_cases_against_fractions(data):
    n = data.draw(st.integers(1, 3000))
    a, s = (data.draw(st.integers(0, min(n, 200))) for _ in range(2))
    theta = data.draw(st.integers(-1, min(a, s) + 1))
    expected = _log(exact.fp(n, a, s, theta))
    value = float(log_false_positive(n, a, s, theta))
    assert value == expected or abs(value - expected) <= 1e-14 * (1 + abs(expected))


def test_symmetry_and_normalisation():
    cases = np.array(list(_grid())).T
    n, a, s, theta = cases
    np.testing.assert_allclose(
        log_false_positive(n, a, s, theta), log_false_positive(n, s, a, theta), rtol=2e-14
    )
    table = overlap_pmf_table(4000, 300, 60)
    assert table.shape == (61,)
    assert float(jax.nn.logsumexp(table)) == pytest.approx(0, abs=1e-14)
    assert float(jnp.exp(table) @ jnp.arange(61.0)) == pytest.approx(60 * 300 / 4000, rel=1e-13)


def test_tail_is_the_sum_of_the_table():
    n, a, s = 500, 100, 40
    tail = np.flip(np.logaddexp.accumulate(np.flip(np.asarray(overlap_pmf_table(n, a, s)))))
    np.testing.assert_allclose(log_false_positive(n, a, s, np.arange(s + 1)), tail, atol=1e-12)


@pytest.mark.parametrize(
    ("case", "published"),
    [
        ((300, 64, 24, 12), 1.0946166233e-3),
        ((500, 128, 24, 12), 7.36788303358e-3),
        ((300, 256, 24, 12), 0.999997973443),
        ((1700, 256, 24, 12), 5.30069204544e-5),
        ((4000, 128, 24, 12), 1.34323936472554e-12),
        ((2000, 32, 30, 15), 3.26957224042626e-21),
        ((4000, 32, 30, 15), 1.03307534135054e-25),
        ((16000, 512, 30, 15), 3.07765573247024e-15),
        ((16000, 4000, 30, 15), 2.72515634577904e-3),
        ((10000, 300, 30, 12), 2.279079e-11),
        ((200_000, 2000, 10, 10), 9.77936e-21),
        ((200_000, 2000, 20, 10), 1.64990e-15),
        ((100_000, 2000, 240, 20), 1.07990763946553e-7),
        ((1024, 20, 20, 14), 9.93621e-23),
        ((64, 32, 32, 16), 0.59857385),
        ((1024, 9, 9, 9), 3.03651e-22),
    ],
)
def test_published_values(case, published):
    digits = len(f"{published:.15g}".split("e")[0].replace(".", "").lstrip("0"))
    assert math.exp(log_false_positive(*case)) == pytest.approx(published, rel=10.0 ** (1 - digits))


def test_threshold_is_inclusive():
    n, a, s = 10_000, 64, 24
    reached = math.exp(log_false_positive(n, a, s, 12))
    assert reached == pytest.approx(hypergeom.sf(11, n, a, s), rel=1e-10)
    assert reached == pytest.approx(4.0416e-21, rel=1e-4)
    assert math.exp(log_false_positive(n, a, s, 13)) == pytest.approx(1.953e-23, rel=1e-3)


def test_order_of_arguments_is_population_active_synapses():
    """SciPy's is (k, population, marked, drawn): sf(theta - 1, n, a, s)."""
    ours = np.exp(log_false_positive(300, 128, 24, np.arange(25)))
    np.testing.assert_allclose(ours, hypergeom.sf(np.arange(25) - 1, 300, 128, 24), rtol=1e-10)


def test_one_minus_cdf_would_be_zero():
    assert 1 - hypergeom.cdf(11, 10_000, 64, 24) == 0
    assert log_false_positive(10_000, 64, 24, 12) > -50


def test_log_gamma_would_not_do_in_single_precision():
    n, a, s, b = (jnp.asarray(x, jnp.float32) for x in (200_000, 2000, 20, 10))
    g = jax.scipy.special.gammaln

    def choose(x, k):
        return g(x + 1) - g(k + 1) - g(x - k + 1)

    naive = choose(s, b) + choose(n - s, a - b) - choose(n, a)
    true = float(_log(exact.pmf(200_000, 2000, 20, 10)))
    assert abs(float(naive) - true) > 0.05
    assert abs(float(log_overlap_pmf(n, a, s, b)) - true) < 1e-4


def test_beyond_the_smallest_float():
    case = (10**6, 1000, 150, 150)
    assert hypergeom.sf(149, *case[:3]) == 0
    assert float(log_false_positive(*case)) == pytest.approx(float(_reference(*case)), rel=1e-14)


def test_gradient_agrees_with_finite_differences():
    """Real n and a: binomials of real numbers, whose logarithms mpmath knows."""

    def reference(n, a, s, theta):
        choose = mp.binomial
        return mp.log(
            sum(choose(s, b) * choose(n - s, a - b) for b in range(theta, s + 1)) / choose(n, a)
        )

    with mp.workdps(40):
        for n, a, s, theta in ((4000.0, 128.0, 24, 12), (300.0, 90.5, 10, 2), (50.25, 7.5, 6, 5)):
            by_n, by_a = jax.grad(log_false_positive, argnums=(0, 1))(n, a, s, theta)
            slope_n = mp.diff(lambda x: reference(x, a, s, theta), n)  # noqa: B023
            slope_a = mp.diff(lambda x: reference(n, x, s, theta), a)  # noqa: B023
            assert float(by_n) == pytest.approx(float(slope_n), rel=1e-9)
            assert float(by_a) == pytest.approx(float(slope_a), rel=1e-9)


def test_gradient_is_the_local_exponent():
    slope = jax.jit(jax.grad(log_false_positive))
    assert 4000 * float(slope(4000.0, 128, 24, 12)) == pytest.approx(-11.684, abs=5e-4)
    curvature = jax.jit(jax.grad(slope))(4000.0, 128, 24, 12)
    steps = [float(slope(4000.0 + h, 128, 24, 12)) for h in (-1, 1)]
    assert float(curvature) == pytest.approx((steps[1] - steps[0]) / 2, rel=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_gradients_are_finite_everywhere(dtype):
    """On every small case, impossible thresholds and full patterns included."""
    slope = jax.vmap(jax.grad(lambda *x: log_false_positive(*x, terms=8), argnums=(0, 1, 2)))
    for gradient in slope(*map(jnp.asarray, SMALL.astype(dtype))):
        assert bool(jnp.isfinite(gradient).all())


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_no_nan_inside_jit(dtype):
    """On every small case, and on traced values that no population has."""
    for kernel in (log_false_positive, log_overlap_pmf):
        inside = jax.jit(kernel)(*map(jnp.asarray, SMALL.astype(dtype)))
        np.testing.assert_allclose(
            np.exp(inside), np.exp(kernel(*SMALL.astype(dtype))), rtol=1e-5, atol=1e-12
        )
        wrong = np.array([(5, 7, 2, 1), (5, 2, 9, 3), (-3, 2, 2, 1), (5, -1, 2, 1), (0, 0, 0, 1)])
        outside = jax.jit(kernel)(*map(jnp.asarray, wrong.astype(dtype).T))
        assert not np.isnan(inside).any() and not np.isnan(outside).any()


def test_gradient_in_single_precision():
    cases = [x[::11] for x in map(np.array, zip(*_grid(), strict=True))]
    n, a, s, theta = cases
    slope = jax.vmap(jax.grad(lambda n, a, s, t: log_false_positive(n, a, s, t), argnums=(0, 1)))
    double = slope(*(jnp.asarray(x, jnp.float64) for x in (n, a, s, theta)))
    single = slope(*(jnp.asarray(x, jnp.float32) for x in (n, a, s, theta)))
    for one, other, at in zip(double, single, (n, a), strict=True):
        # As exponents: d log FP / d log n and d log FP / d log a.
        single_, double_ = (at * np.asarray(x, float) for x in (other, one))
        np.testing.assert_allclose(single_, double_, rtol=2e-3, atol=2e-2)


def test_compiled_batched_and_plain_agree():
    n, a, s, theta = np.array(list(_grid())[::7]).T
    plain = log_false_positive(n, a, s, theta)
    real = tuple(jnp.asarray(x, float) for x in (n, a, s, theta))
    np.testing.assert_allclose(jax.jit(log_false_positive)(*real), plain, rtol=1e-14)
    np.testing.assert_allclose(jax.vmap(log_false_positive)(*real), plain, rtol=1e-14)
    whole = jax.jit(lambda t: log_false_positive(4000, 128, 24, t) + log_false_positive(9, 3, 2, 1))
    assert float(whole(12)) == pytest.approx(
        float(log_false_positive(4000, 128, 24, 12) + log_false_positive(9, 3, 2, 1)), rel=1e-14
    )


@pytest.mark.parametrize("kind", [int, np.int64, np.int32, np.uint8, jnp.int32, jnp.asarray])
def test_any_kind_of_whole_number(kind):
    value = log_false_positive(*map(kind, (200, 40, 20, 10)))
    assert float(value) == pytest.approx(float(_log(exact.fp(200, 40, 20, 10))), rel=1e-13)
    assert value.dtype == jnp.float64


def test_shapes_broadcast():
    value = log_false_positive(
        np.array([[500], [1000]]), 40, jnp.array([20, 24, 30]), np.full((4, 1, 1), 8)
    )
    assert value.shape == (4, 2, 3)
    # To rounding: compiled code depends on the length of what it works on.
    alone = float(log_false_positive(1000, 40, 30, 8))
    assert float(value[3, 1, 2]) == pytest.approx(alone, rel=1e-14)
    assert log_false_positive(500, 40, np.zeros((0, 3), int), 8).shape == (0, 3)
    many = log_false_positive(np.arange(300, 300 + 40_000), 30, 20, 5)
    for index in (0, 16_383, 16_384, 35_001, 39_999):  # ends of chunks, and inside
        alone = float(log_false_positive(300 + index, 30, 20, 5))
        assert float(many[index]) == pytest.approx(alone, rel=1e-14)


def test_too_few_terms_give_nan_and_never_a_wrong_number():
    case = (10_000, 5000, 1000, 501)
    assert np.isnan(log_false_positive(*case, terms=8))
    expected = float(_reference(*case))
    assert float(log_false_positive(*case)) == pytest.approx(expected, rel=1e-12)
    for terms in (110, 160):  # about where the rest falls below rounding
        value = float(log_false_positive(*case, terms=terms))
        assert np.isnan(value) or value == pytest.approx(expected, rel=1e-12)


def test_the_default_number_of_terms_is_enough_at_its_limit():
    assert sum_length(2500) == 512 and sum_length(1024) <= 512
    for n, a, s in ((10**5, 5 * 10**4, 2500), (10**5, 10**4, 2500), (6000, 3000, 2500)):
        theta = s * a // n + 1
        value = jax.jit(log_false_positive)(*map(float, (n, a, s, theta)))
        assert float(value) == pytest.approx(float(_reference(n, a, s, theta)), rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((10, 4.5, 3, 2), "a is 4.5; allowed: a whole number at least 0"),
        ((10, -1, 3, 2), "a is -1"),
        ((10, 11, 3, 2), "a is 11 where n is 10; allowed: a at most n"),
        ((10, 3, np.array([2, 12]), 2), "s is 12 where n is 10; allowed: s at most n"),
        ((10, 3, 2, 1.5), "theta is 1.5; allowed: a whole number"),
        ((math.inf, 3, 2, 1), "n is inf"),
        ((10, np.array([3.0, math.nan]), 2, 1), "a holds"),
    ],
)
def test_arguments_outside_the_model(arguments, message):
    with pytest.raises(ValueError, match=message):
        log_false_positive(*arguments)


def test_other_refusals():
    with pytest.raises(ValueError, match="terms is 0"):
        log_false_positive(10, 4, 5, 3, terms=0)
    with pytest.raises(ValueError, match=r"p is 1\.5"):
        log_binomial_tail(10, 1.5, 3)
    with pytest.raises(ValueError, match="mean is -1"):
        log_poisson_tail(-1.0, 3)


@pytest.mark.parametrize("p", [0, 1e-6, 0.032, 0.5, 0.9, 1])
def test_binomial_tail(p):
    for size, theta in itertools.product((0, 1, 5, 24, 300), (-1, 0, 1, 3, 12, 24, 25, 250, 301)):
        expected = _log(exact.binomial(size, Fraction(p), theta))
        value = float(log_binomial_tail(size, p, theta))
        assert value == expected or abs(value - expected) <= 1e-14 * (1 + abs(expected))


@pytest.mark.parametrize("mean", [0, 1e-3, 0.5, 1, 3, 50, 149])
def test_poisson_tail(mean):
    for theta in (-1, 0, 1, 2, 5, 50, 150, 300):
        if theta <= 0 or mean == 0:
            expected = mp.mpf(0) if theta <= 0 else -mp.inf
        else:
            with mp.workdps(40):
                expected = mp.log(mp.gammainc(theta, 0, mean, regularized=True))
        for value in (
            log_poisson_tail(mean, theta),
            jax.jit(log_poisson_tail)(float(mean), float(theta)),
        ):
            gap = 0 if float(value) == expected else abs(float(value) - expected)
            assert gap <= 1e-14 * (1 + abs(expected))


def test_complement_keeps_its_digits():
    x = np.concatenate([-np.logspace(-300, 2.8, 200), -np.linspace(0.3, 1.0, 300)])
    with mp.workdps(400):
        expected = [mp.log(-mp.expm1(mp.mpf(float(v)))) for v in x]
    assert _gaps(log1mexp(jnp.asarray(x)), expected)[1] <= 3e-16
    assert log1mexp(jnp.array(0.0)) == -jnp.inf and log1mexp(jnp.array(-jnp.inf)) == 0


def test_logarithm_of_a_ratio_keeps_its_digits():
    """XLA's log1p alone is off by up to 120 units in the last place near -0.4."""
    excess = np.linspace(-0.6, 0.8, 4001)
    with mp.workdps(40):
        expected = [mp.log1p(mp.mpf(float(v))) for v in excess]
    values = np.asarray(jax.jit(log_ratio)(jnp.asarray(excess), 1 + jnp.asarray(excess)))
    for value, reference in zip(values, expected, strict=True):
        assert abs(value - float(reference)) <= 5e-16 * abs(float(reference)) + 1e-300
