"""Bounds enclose on thousands of random cells; approximations are as far off as published."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.sdr import bounds, divergence, exact, log_false_positive

BELOW = ("lower", "bonferroni")
ABOVE = ("upper", "subset", "chernoff")


def _random_cells(count, seed=0):
    draw = np.random.default_rng(seed)
    n = np.exp(draw.uniform(np.log(2), np.log(200_000), count)).astype(int)
    a = np.minimum(n, np.exp(draw.uniform(0, np.log(n + 1))).astype(int))
    s = np.minimum(n, draw.integers(0, 120, count))
    theta = draw.integers(-1, np.minimum(a, s) + 3)
    return n, a, s, theta


def _check(cells):
    exactly = np.asarray(log_false_positive(*cells))
    enclosed = {name: np.asarray(value) for name, value in bounds(*cells).items()}
    assert not any(np.isnan(value).any() for value in enclosed.values())
    slack = 1e-12 * (1 + np.abs(np.where(np.isfinite(exactly), exactly, 0)))
    for name in BELOW:
        assert (enclosed[name] <= exactly + slack).all(), name
    for name in ABOVE:
        assert (enclosed[name] >= exactly - slack).all(), name
    return exactly, enclosed


def test_enclosed_on_ten_thousand_random_cells():
    exactly, enclosed = _check(_random_cells(10_000))
    assert np.isneginf(exactly).sum() > 100 and (exactly == 0).sum() > 100
    # The sandwich is useful: below the mean aside, it is mostly within a factor of 2.
    deep = np.isfinite(exactly) & (exactly < -10)
    assert np.mean(enclosed["upper"][deep] - enclosed["lower"][deep] < math.log(2)) > 0.95
    # Both certain bounds could have failed: each is nearly attained somewhere.
    for name in ("lower", "upper", "subset"):
        assert np.abs(enclosed[name][deep] - exactly[deep]).min() < 1e-3


def test_enclosed_on_every_small_cell():
    cells = [
        (n, a, s, theta)
        for n in range(1, 9)
        for a, s in itertools.product(range(n + 1), repeat=2)
        for theta in range(-1, n + 2)
    ]
    _, enclosed = _check(np.array(cells).T)
    for (n, a, s, theta), value in zip(cells, enclosed["subset"], strict=True):
        if max(0, a + s - n) < theta <= min(a, s):
            expected = math.comb(s, theta) * float(exact.fp(n, a, theta, theta))
            assert math.exp(value) == pytest.approx(min(1.0, expected), rel=1e-12)
    single = bounds(*np.array(cells, np.float32).T)
    assert not any(np.isnan(value).any() for value in single.values())


@pytest.mark.parametrize(
    ("case", "ratios"),
    [
        ((2000, 40, 20, 10), (0.98606, 1.0, 1.1482, 0.99086, 17.7, 3.23, 3.19, 40.7)),
        ((4000, 128, 24, 12), (0.97239, 1.0001, 1.3864, 0.93972, 9.75, 1.642, 1.620, 32.3)),
        ((10000, 300, 30, 12), (0.95904, 1.0002, 1.6246, 0.84628, 7.91, 1.233, 1.2175, 11.3)),
        ((20000, 128, 24, 12), (0.99461, 1.0, 1.0666, 0.99802, 10.4, 1.704, 1.685, 44.3)),
        ((20000, 200, 250, 15), (0.86259, 1.0017, 7.77, 0, 10.9, 1.491, 1.463, 1.97)),
        ((16000, 4000, 24, 12), (0.70974, 1.0242, 22.24, 0, 4.42, 1.081, 1.0056, 2.81)),
    ],
)
def test_tightness(case, ratios):
    exactly = float(log_false_positive(*case))
    enclosed = bounds(*case)
    names = ("lower", "upper", "subset", "bonferroni", "chernoff")
    names += ("bahadur_rao", "binomial", "poisson")
    ours = [math.exp(float(enclosed[name]) - exactly) for name in names]
    assert ours == pytest.approx(ratios, rel=4e-3)


def test_the_better_order_of_the_two_chernoff_bounds():
    n, a, s, theta = 20000, 200, 250, 15
    chernoff = float(bounds(n, a, s, theta)["chernoff"])
    orders = [-s * divergence(theta / s, a / n), -a * divergence(theta / a, s / n)]
    assert chernoff == pytest.approx(float(min(orders)), rel=1e-13)


def test_no_information_at_or_below_the_mean():
    enclosed = bounds(100, 50, 20, 10)
    assert float(enclosed["chernoff"]) == 0 and float(enclosed["bahadur_rao"]) == 0
    assert float(bounds(100, 50, 20, 5)["upper"]) == 0


def test_divergence():
    """At half: -log(4 p (1 - p)) / 2. Zero at q = p, convex, log(1/p) at q = 1."""
    p = jnp.array([0.01, 0.2, 0.5])
    np.testing.assert_allclose(divergence(0.5, p), -np.log(4 * p * (1 - p)) / 2, atol=1e-15)
    np.testing.assert_allclose(divergence(p, p), 0, atol=1e-16)
    np.testing.assert_allclose(divergence(1.0, p), -np.log(p), rtol=1e-15)
    np.testing.assert_allclose(divergence(0.0, p), -np.log1p(-p), rtol=1e-14)
    curvature = jax.vmap(jax.grad(jax.grad(divergence)), (0, None))
    q = jnp.array([0.1, 0.3, 0.7])
    np.testing.assert_allclose(curvature(q, 0.2), 1 / (q * (1 - q)), rtol=1e-12)


def test_compiled():
    case = (4000, 128, 24, 12)
    plain, compiled = bounds(*case), jax.jit(bounds)(*map(float, case))
    for name, value in plain.items():
        assert float(compiled[name]) == pytest.approx(float(value), rel=1e-13)


def test_arguments_outside_the_model():
    with pytest.raises(ValueError, match="a is 11 where n is 10"):
        bounds(10, 11, 3, 2)
    with pytest.raises(ValueError, match="n is 0"):
        bounds(0, 0, 0, 0)
    with pytest.raises(ValueError, match="q is 2"):
        divergence(2.0, 0.5)
