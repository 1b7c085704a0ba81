"""Nonlinear pathways: the linear limit, the derivative, and the paper's control experiment."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear import (
    Deficit,
    aligned_init,
    gaussian_init,
    hierarchical_tree,
    train_gd,
    train_nonlinear,
)


def test_tanh_of_small_weights_is_linear_and_differs_to_third_order():
    sigma = 0.01 * hierarchical_tree(3)
    gaps = []
    for size in (1.0, 0.5):
        params = gaussian_init(jax.random.key(0), sigma.shape, 1, pathways=2, scale=0.2 * size)
        a = train_nonlinear(params, size * sigma, 0.05, 20, Deficit("freeze", 1, 0.0, 0.5))
        b = train_gd(params, size * sigma, 0.05, 20, Deficit("freeze", 1, 0.0, 0.5))
        gaps.append(float(jnp.max(jnp.abs(a.k - b.k))))
    np.testing.assert_allclose(gaps[0] / gaps[1], 8, rtol=0.05)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_one_update_by_hand(activation):
    phi, slope = {
        "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
        "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0).astype(float)),
    }[activation]
    sigma = np.array(hierarchical_tree(2))
    params = gaussian_init(jax.random.key(1), (3, 2), 2, 4, scale=1.0)
    history = train_nonlinear(
        params, sigma, 0.1, 1, Deficit("freeze", 0, 0.0, 0.1), activation=activation
    )
    y = [phi(np.array(w2) @ phi(np.array(w1))) for w1, w2 in params]
    w1, w2 = map(np.array, params[1])
    rest = (sigma - sum(y)) * slope(w2 @ phi(w1))
    np.testing.assert_allclose(history.params[1][1], w2 + 0.1 * rest @ phi(w1).T, atol=1e-12)
    inner = (w2.T @ rest) * slope(w1)
    np.testing.assert_allclose(history.params[1][0], w1 + 0.1 * inner, atol=1e-12)
    np.testing.assert_array_equal(history.params[0][0], params[0][0])
    np.testing.assert_allclose(history.loss[0], 0.5 * np.sum((sigma - sum(y)) ** 2))
    error = [np.sum((sigma - one) ** 2) / np.sum(sigma**2) for one in y]
    np.testing.assert_allclose(history.error[0], error)


def test_early_freezing_hurts_the_frozen_tanh_pathway_and_late_freezing_does_not():
    """Figs 11 and 12 of the seed paper in small: tree data, D = 3, K0 = 0.01, lr 0.01."""
    sigma, k0 = hierarchical_tree(4), 0.01
    params = aligned_init(
        sigma, 3, 30, jnp.full((2, 8), k0), jax.random.key(0), spare=jnp.full(22, k0)
    )
    shares = []
    for onset in (0.0, 7.5):
        deficit = Deficit("freeze", 1, onset, onset + 1.5)
        k = train_nonlinear(params, sigma, 0.01, 1000, deficit, "tanh", 1000).k[-1]
        shares.append(np.asarray(k[1] / k.sum(axis=0)))
    early, late = shares
    assert np.all(early[:4] < 0.1) and np.all(early < 0.35) and np.all(late > 0.45)


def test_only_freezing_of_whole_pathways_is_offered():
    sigma = hierarchical_tree(2)
    params = gaussian_init(jax.random.key(1), (3, 2), 2, 4, scale=1.0)
    for deficit, said in (
        (Deficit("blur", 1), "kind of a deficit"),
        (Deficit("freeze", 1, modes=(0,)), "modes of a deficit"),
        (Deficit("freeze", 2), "pathway of a deficit"),
    ):
        with pytest.raises(ValueError, match=said):
            train_nonlinear(params, sigma, 0.1, 1, deficit)
    with pytest.raises(ValueError, match="activation is 'sine'"):
        train_nonlinear(params, sigma, 0.1, 1, activation="sine")
