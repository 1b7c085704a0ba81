"""What is conserved, on weights and strengths whose values are known by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear import (
    Deficit,
    aligned_init,
    balancedness,
    drift,
    layer_strength,
    race_invariant,
    solve_modes,
    train_gd,
)


def test_balancedness_of_known_weights():
    w1 = jnp.array([[1.0, 2.0], [0.0, 1.0], [0.0, 0.0]])
    w2 = jnp.array([[1.0, 1.0, 0.0]])
    expected = np.linalg.norm(np.array(w2.T @ w2 - w1 @ w1.T))
    np.testing.assert_allclose(balancedness(((w1, w2), (w1, 2 * w2)))[0], expected)
    assert balancedness(((w1,), (w1,))).shape == (2, 0)


def test_drift_is_the_largest_change_and_not_the_last():
    history = train_gd(
        aligned_init(jnp.eye(2), 2, 3, jnp.full((1, 2), 0.1), jax.random.key(0)),
        jnp.eye(2),
        0.1,
        4,
    )
    wave = jnp.array([0.3, 0.1, 0.9, 0.5, 0.3]).reshape(5, 1, 1)
    np.testing.assert_allclose(drift(history._replace(balance=wave)), [[0.6]])


@pytest.mark.parametrize(("depth", "imbalance"), [(1, 0.0), (2, 0.0), (4, 0.0), (3, 1.0)])
def test_race_invariant_is_kept_and_a_window_adds_the_error_integrated_over_it(depth, imbalance):
    """dF/dt = r for all, so freezing B during w adds the integral of r over w to C."""
    k0 = jnp.array([[0.3, 0.2], [0.4, 0.1], [0.2, 0.3]])
    p0, s = layer_strength(k0, depth, imbalance), jnp.array([2.0, 1.0])
    tau = 0.5
    ts = jnp.concatenate([jnp.linspace(0.0, tau, 201), jnp.array([1.5, 3.0])])
    k = solve_modes(p0, s, depth, ts, Deficit("freeze", 1, 0.0, tau), imbalance, steps=50)
    c = race_invariant(k, depth, imbalance)
    assert c.shape == (203, 2, 2)
    r = np.asarray(s) - np.asarray(k)[:201].sum(axis=1)
    weights = np.ones(201)
    weights[1:-1:2], weights[2:-1:2] = 4, 2
    integral = (weights[:, None] * r).sum(axis=0) * tau / 600
    np.testing.assert_allclose(c[-1, 0] - c[0, 0], integral, atol=1e-8)
    np.testing.assert_allclose(c[200:, 0], np.broadcast_to(c[200, 0], (3, 2)), atol=1e-8)
    np.testing.assert_allclose(c[:, 1], np.broadcast_to(c[0, 1], (203, 2)), atol=1e-8)


def test_race_invariant_in_closed_form():
    k = jnp.array([[2.0], [0.5]])
    np.testing.assert_allclose(race_invariant(k, 1), [[1.5]])
    np.testing.assert_allclose(race_invariant(k, 2), [[0.5 * np.log(4.0)]])
    expected = -(2.0**-0.5 - 0.5**-0.5) / 2
    np.testing.assert_allclose(race_invariant(k, 4), [[expected]])
