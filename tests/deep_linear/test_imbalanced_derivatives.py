"""The imbalanced race differentiates: bisection alone would give derivatives of zero."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear import allocate, layer_strength, mode_rhs, race_potential


def slope(function, x, h=1e-5):
    return (function(x + h) - function(x - h)) / (2 * h)


@pytest.mark.parametrize("depth", [2, 3])
def test_allocate_in_target_and_invariant(depth):
    for function, at in (
        (lambda s: allocate(jnp.array([0.05]), s, depth, 0.7)[1], 2.0),
        (lambda c: allocate(jnp.array([1.0]) * c, 2.0, depth, 0.7)[1], 0.05),
        (lambda c: allocate(jnp.array([1.0]) * c, 2.0, depth, 0.7)[1], 0.0),  # a tie
    ):
        assert float(jax.grad(function)(at)) == pytest.approx(float(slope(function, at)), rel=1e-6)


@pytest.mark.parametrize("imbalance", [1.0, 100.0])
def test_allocate_finds_strengths_far_below_the_imbalance(imbalance):
    """p is then some 1e-9 of sqrt(lambda): an absolute bisection loses it."""
    k = 1e-3 * np.array([0.7, 0.2999, 1e-4])
    f = race_potential(layer_strength(jnp.array(k), 8, imbalance), 8, imbalance)
    np.testing.assert_allclose(allocate(f[0] - f[1:], k.sum(), 8, imbalance), k, rtol=1e-6)


def test_strength_and_speed_at_zero():
    """dp/dK = lambda^(-(D-1)/2) at K = 0, and a balanced mode's speed is smooth there."""
    assert float(jax.grad(lambda k: layer_strength(k, 3, 4.0))(0.0)) == pytest.approx(1 / 4)
    two = jnp.ones((2, 1))
    for depth, imbalance, expected in ((3, 0.0, 0.0), (2, 0.0, 4.0), (3, 1.0, -2.0)):
        speed = lambda k: mode_rhs(k * two, jnp.array([2.0]), depth, imbalance=imbalance)[0, 0]  # noqa: B023, E731
        assert float(jax.grad(speed)(0.0)) == pytest.approx(expected)
