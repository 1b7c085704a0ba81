"""Unions of patterns: the exact chain against whole numbers, the approximations as themselves."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.sdr import (
    bloom_optimum,
    exact,
    log_false_negative,
    log_false_positive,
    log_union_fn,
    log_union_fp,
    log_union_size_pmf,
    plugin_size,
    union_capacity,
    union_size_moments,
)
from theorylab.sdr.unions import METHODS

# (n, a, s, M, theta), exact false positive, plug-in over exact, variance of the size
PUBLISHED = [
    ((1000, 200, 25, 2, 15), 5.07733632e-2, 0.9334, 0.5947),
    ((10000, 200, 25, 10, 15), 1.28566230e-4, 0.9884, 2.7069),
    ((20000, 200, 25, 10, 15), 3.25777544e-8, 1.0198, 1.3796),
    ((20000, 100, 25, 10, 15), 1.69837324e-12, 1.0214, 1.3796),
    ((1000, 30, 20, 5, 10), 2.52388145e-4, 0.9815, 3.4766),
    ((4000, 30, 20, 10, 10), 7.95046649e-7, 1.0170, 4.1684),
]


@pytest.mark.parametrize(("case", "value", "ratio", "variance"), PUBLISHED)
def test_large_cases(case, value, ratio, variance):
    n, _, s, patterns, _ = case
    ours = math.exp(log_union_fp(*case))
    assert ours == pytest.approx(float(exact.union(*case)), rel=1e-12)
    assert ours == pytest.approx(value, rel=1e-8)
    plugin = math.exp(log_union_fp(*case, method="plugin"))
    assert plugin / ours == pytest.approx(ratio, abs=6e-5)
    assert float(union_size_moments(n, s, patterns)[1]) == pytest.approx(variance, abs=6e-5)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_every_small_case(n):
    a, theta = np.meshgrid(np.arange(n + 1), np.arange(-1, n + 2), indexing="ij")
    for s, patterns in itertools.product(range(n + 1), range(4)):
        sizes = exact.union_sizes(n, s, patterns)
        np.testing.assert_allclose(
            np.exp(log_union_size_pmf(n, s, patterns)), np.array(sizes, float), atol=1e-14
        )
        mean = sum(u * p for u, p in enumerate(sizes))
        variance = sum((u - mean) ** 2 * p for u, p in enumerate(sizes))
        moments = union_size_moments(n, s, patterns)
        assert [float(x) for x in moments] == pytest.approx(
            [float(mean), float(variance)], abs=1e-13
        )
        values = np.exp(log_union_fp(n, a, s, patterns, theta))
        expected = [
            float(exact.union(n, x, s, patterns, t))
            for x, t in zip(a.ravel().tolist(), theta.ravel().tolist(), strict=True)
        ]
        np.testing.assert_allclose(values.ravel(), expected, atol=1e-13)
        for method in ("plugin", "bloom"):
            assert not np.isnan(log_union_fp(n, a, s, patterns, theta, method)).any()


def test_moments_of_the_distribution():
    for n, s, patterns in ((1000, 25, 10), (4000, 20, 40), (300, 200, 3)):
        pmf = np.exp(log_union_size_pmf(n, s, patterns))
        mean, variance = map(float, union_size_moments(n, s, patterns))
        u = np.arange(n + 1)
        assert pmf.sum() == pytest.approx(1, abs=1e-12)
        assert pmf @ u == pytest.approx(mean, rel=1e-10)
        assert pmf @ (u - mean) ** 2 == pytest.approx(variance, rel=1e-10)


def test_published_means_and_plugin_values():
    mean, _ = union_size_moments(1000, np.array([20, 25, 30]), 10)
    np.testing.assert_allclose(mean, [182.927193, 223.670379, 262.575873], rtol=1e-8)
    n, patterns = np.array([[1000], [10000], [20000]]), np.array([1, 5, 10])
    values = np.exp(log_union_fp(n, 200, 25, patterns, 15, method="plugin"))
    published = [
        [1.00140315e-5, 0.991079537, 1.0],
        [5.30352419e-20, 2.27921916e-8, 1.270804414e-4],
        [1.75826329e-24, 2.03826024e-12, 3.32242568e-8],
    ]
    np.testing.assert_allclose(values, published, rtol=6e-9)
    assert np.isfinite(log_union_fp(n, 200, 25, patterns, 15)).all()


def test_one_pattern_is_no_union():
    for method in ("exact", "plugin"):
        value = float(log_union_fp(2000, 40, 20, 1, 10, method))
        assert value == pytest.approx(float(log_false_positive(2000, 40, 20, 10)), rel=1e-13)
    assert log_union_fp(2000, 40, 20, 0, 10) == -jnp.inf


def test_inclusion_and_exclusion_in_floats_is_noise():
    n, a, s, patterns, theta = 20000, 100, 25, 10, 15
    miss = 0.0
    for b in range(theta):
        alternating = 0.0
        for j in range(b + 1):
            one = math.prod((n - a + b - j - i) / (n - i) for i in range(s))
            alternating += (-1) ** j * math.comb(b, j) * one**patterns
        miss += math.comb(a, b) * alternating
    expected = float(exact.union(n, a, s, patterns, theta))
    assert abs((1 - miss) - expected) > 100 * expected
    assert math.exp(log_union_fp(n, a, s, patterns, theta)) == pytest.approx(expected, rel=1e-12)


def test_halves_are_rounded_up():
    """E[U] = 12 (1 - (1 - 6/12)^M) is 10.5 at M = 3; bankers would say 10."""
    assert plugin_size(12, 6, 3) == 11
    assert plugin_size(20000, 25, 10) == 249
    n, s, m = 500, 10, np.arange(200)
    mean = np.asarray(union_size_moments(n, s, m)[0])
    np.testing.assert_array_equal(plugin_size(n, s, m), np.floor(mean + 0.5))


def test_bloom_filter():
    """Exact matches: (1 - (1 - a/n)^M)^a, and what it is an approximation of."""
    n, w, patterns = 1024, 20, 20
    value = math.exp(log_union_fp(n, w, w, patterns, w, method="bloom"))
    assert value == pytest.approx((1 - (1 - w / n) ** patterns) ** w, rel=1e-12)
    assert value == pytest.approx(1.835e-10, rel=3e-4)
    assert math.exp(log_union_fp(n, w, w, patterns, w)) == pytest.approx(1.328682e-10, rel=4e-7)
    assert math.exp(log_union_fp(n, w, w, patterns, w, "plugin")) == pytest.approx(
        1.2532e-10, rel=5e-5
    )


def test_bloom_optimum_is_the_best_size():
    n, patterns = 2000, 25
    best = float(bloom_optimum(n, patterns))
    assert best == pytest.approx(n / patterns * math.log(2), rel=1e-14)

    def confusion(a):
        return a * jnp.log(-jnp.expm1(-a * patterns / n))

    assert float(jax.grad(confusion)(best)) == pytest.approx(0, abs=1e-12)
    sizes = np.arange(1, 200)
    exactly = np.asarray(log_union_fp(n, sizes, sizes, patterns, sizes, method="bloom"))
    assert abs(sizes[np.argmin(exactly)] - best) < 2


def test_published_tables_of_unions():
    """Rows with theta below w, computed in print with C(n - w, w - b) for C(n - U, w - b)."""
    for (n, w, theta, patterns), value in {
        (64, 4, 3, 10): 0.26039,
        (64, 8, 7, 10): 0.31260,
        (1024, 20, 18, 20): 1.19338e-7,
        (1024, 20, 16, 20): 1.51973e-5,
        (65536, 40, 28, 1000): 1.63795e-3,
    }.items():
        ours = math.exp(log_union_fp(n, w, w, patterns, theta, method="plugin"))
        assert ours == pytest.approx(value, rel=2e-5)


@pytest.mark.parametrize("method", METHODS)
def test_capacity(method):
    bloom = method == "bloom"
    assert union_capacity(20000, 200, 25, 15, 1e-6, method) == (12 if bloom else 13)
    assert union_capacity(20000, 200, 25, 15, 1e-9, method) == 7
    assert union_capacity(65536, 40, 20, 10, 1e-12, method) == 27
    for patterns, safe in ((7, True), (8, False)):
        fp = math.exp(log_union_fp(20000, 200, 25, patterns, 15, method))
        assert (fp <= 1e-9) == safe
    assert union_capacity(100, 50, 40, 10, 1e-3, method) == 0


def test_misses_of_a_union():
    for n, a in ((8, 4), (7, 3), (4, 2), (6, 6)):
        v, theta = np.meshgrid(np.arange(min(a, n - a) + 1), np.arange(-1, a + 2), indexing="ij")
        for s, patterns in itertools.product(range(a + 1), (1, 2, 3)):
            values = np.exp(log_union_fn(n, a, s, v, patterns, theta))
            expected = [
                float(exact.union_fn(n, a, s, x, patterns, t))
                for x, t in zip(v.ravel().tolist(), theta.ravel().tolist(), strict=True)
            ]
            np.testing.assert_allclose(values.ravel(), expected, atol=1e-13)


def test_mixing_adds_no_misses():
    alone = float(log_false_negative(200, 25, 100, 15))
    assert float(log_union_fn(20000, 200, 25, 100, 1, 15)) == pytest.approx(alone, rel=1e-12)
    mixed = [float(log_union_fn(20000, 200, 25, 100, m, 15)) for m in (2, 5, 10)]
    assert alone > mixed[0] > mixed[1] > mixed[2]
    dropped = float(log_union_fn(20000, 200, 25, 100, 10, 15, noise="drop"))
    assert mixed[2] < dropped < alone


def test_threshold_and_activity_may_be_traced():
    value = jax.jit(lambda a, t: log_union_fp(1000, a, 20, 5, t))(30, 10)
    assert float(value) == pytest.approx(float(log_union_fp(1000, 30, 20, 5, 10)), rel=1e-12)
    slope = jax.grad(lambda a: log_union_fp(1000, a, 20, 5, 10))(30.0)
    steps = [float(log_union_fp(1000, a, 20, 5, 10)) for a in (29, 31)]
    assert float(slope) == pytest.approx((steps[1] - steps[0]) / 2, rel=1e-2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: log_union_fp(10, 4, 11, 2, 2), "s is 11 where n is 10"),
        (lambda: log_union_fp(0, 0, 0, 2, 2), "n is 0"),
        (lambda: log_union_fp(10, 4, 3, 2.5, 2), "patterns is 2.5"),
        (lambda: jax.jit(lambda n: log_union_fp(n, 4, 3, 2, 2))(10), "n is traced"),
        (lambda: union_capacity(100, 10, 10, 11, 1e-3), "theta is 11"),
        (lambda: union_capacity(100, 10, 10, 5, 1.0), "eps is 1.0"),
        (lambda: log_union_fn(10, 6, 3, 5, 2, 2), "v is 5"),
        (lambda: log_union_fn(10, 6, 3, 2, 0, 2), "patterns is 0"),
        (lambda: bloom_optimum(10, 0), "patterns is 0"),
    ],
)
def test_arguments_outside_the_model(call, message):
    with pytest.raises(ValueError, match=message):
        call()
