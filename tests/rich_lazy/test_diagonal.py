"""The limit of the diagonal network: optimality, gradient flow, and the two ends."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import linprog

from theorylab.rich_lazy import diagonal_kkt_gap, diagonal_net_limit, diagonal_penalty

RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(3, 6)), RNG.normal(size=3)
ALPHAS = (1e-4, 0.01, 0.1, 1.0, 10.0)


def _least_l1():
    both = np.hstack([X, -X])
    found = linprog(np.ones(12), A_eq=both, b_eq=Y, bounds=(0, None))
    return found.x[:6] - found.x[6:]


@pytest.mark.parametrize("alpha", ALPHAS)
def test_it_fits_and_satisfies_the_conditions(alpha):
    beta = diagonal_net_limit(X, Y, alpha)
    assert np.abs(X @ beta - Y).max() < 1e-10
    assert diagonal_kkt_gap(beta, X, alpha) < 1e-9
    # any other solution has a larger penalty, and fails the condition
    null = np.linalg.svd(X)[2][3:].T
    for seed in range(5):
        way = null @ np.random.default_rng(seed).normal(size=3)
        other = beta + 0.1 * way
        assert diagonal_penalty(other, alpha) > diagonal_penalty(beta, alpha)
        assert diagonal_kkt_gap(other, X, alpha) > 1e-4


@pytest.mark.parametrize("alpha", [0.01, 0.3, 1.0])
def test_gradient_flow_ends_there(alpha):
    def velocity(_, w):
        u, v = w[:6], w[6:]
        rho = X.T @ (Y - X @ (u**2 - v**2))
        return np.concatenate([2 * u * rho, -2 * v * rho])

    run = solve_ivp(velocity, (0, 400), np.full(12, alpha), "LSODA", rtol=1e-10, atol=1e-14)
    u, v = run.y[:6, -1], run.y[6:, -1]
    assert np.allclose(u * v, alpha**2, rtol=1e-6)
    assert np.abs(u**2 - v**2 - diagonal_net_limit(X, Y, alpha)).max() < 1e-5


def test_from_the_least_l1_to_the_least_l2():
    betas = np.stack([diagonal_net_limit(X, Y, alpha) for alpha in ALPHAS])
    l1, l2 = np.abs(betas).sum(axis=1), np.linalg.norm(betas, axis=1)
    assert np.all(np.diff(l1) > 0) and np.all(np.diff(l2) < 0)
    assert np.abs(betas[-1] - np.linalg.pinv(X) @ Y).max() < 1e-4
    least = np.abs(_least_l1()).sum()
    assert 0 <= l1[0] - least < 1e-3 and l1[-1] > 1.1 * least


def test_the_penalty_keeps_its_digits():
    beta = jnp.array([0.3, -2.0])
    for alpha in (10.0, 1e3, 1e5):
        quadratic = float(jnp.sum(beta**2)) / (4 * alpha**2)
        assert np.isclose(diagonal_penalty(beta, alpha) / quadratic, 1, rtol=1 / alpha**2 + 1e-12)
    small = 1e-6
    l1 = diagonal_penalty(jnp.array([1.0, 0.0]), small) / diagonal_penalty(
        jnp.array([0.5, -0.5]), small
    )
    assert 1 < l1 < 1.05


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_small_starts_and_sparse_truths_in_either_precision(dtype):
    x = jnp.asarray(X, dtype)
    for alpha in (1e-3, 1e-6) if dtype == "float32" else (1e-3, 1e-6, 1e-9, 1e-12):
        for y in (jnp.asarray(Y, dtype), x[:, 1], 1e8 * x[:, 0]):
            beta = diagonal_net_limit(x, y, alpha)  # else it says that it failed
            assert diagonal_kkt_gap(beta, x, alpha) < 2e3 * jnp.finfo(dtype).eps
            smallest = diagonal_penalty(beta, alpha)
            least = jnp.asarray(np.linalg.pinv(X), dtype) @ y
            assert jnp.isfinite(smallest) and smallest < diagonal_penalty(least, alpha)


def test_rounding_does_not_stop_the_search_short():
    """In single precision the objective no longer shows the last improvements."""
    x = jax.random.normal(jax.random.key(0), (64, 3, 6), jnp.float32)
    y = jnp.array([1.0, -2.0, 0.5], jnp.float32)
    beta = jax.jit(jax.vmap(lambda x: diagonal_net_limit(x, y, 1e-6)))(x)
    rest = jnp.abs(jnp.einsum("kij,kj->ki", x, beta) - y[None, :]).max(axis=1)
    assert float(rest.max()) < 1e-4, rest


def test_what_the_data_scale_to():
    """beta(c X, y) and beta(X, c y) are those of other alphas."""
    beta = diagonal_net_limit(X, Y, 0.1)
    assert np.allclose(diagonal_net_limit(1e200 * X, 1e200 * Y, 0.1), beta, rtol=1e-12)
    assert np.allclose(diagonal_net_limit(X, 1e8 * Y, 1e4 * 0.1), 1e8 * beta, rtol=1e-9)
    assert np.allclose(diagonal_net_limit(X, 0 * Y, 0.1), 0)
    assert float(diagonal_kkt_gap(np.zeros(6), X, 0.1)) == 0


def test_the_penalty_against_many_digits():
    with mpmath.workdps(60):
        for beta, alpha in ((1.0, 1e-3), (1e-5, 1e-9), (3.0, 1e-200), (1e150, 1e-3), (1e-9, 2.0)):
            z = mpmath.mpf(beta) / mpmath.mpf(alpha) ** 2
            want = mpmath.mpf(alpha) ** 2 * (2 - mpmath.sqrt(4 + z**2) + z * mpmath.asinh(z / 2))
            found = float(diagonal_penalty(jnp.array([0.0, -beta]), alpha))
            assert found == pytest.approx(float(want), rel=1e-13)


def test_the_limit_has_the_derivative_of_the_implicit_function():
    beta = np.asarray(diagonal_net_limit(X, Y, 0.3))
    weights = np.sqrt(beta**2 + 4 * 0.3**4)  # one over the curvature of the penalty
    want = (weights[:, None] * X.T) @ np.linalg.inv((X * weights) @ X.T)
    slope = jax.jacrev(lambda y: diagonal_net_limit(X, y, 0.3))
    assert np.allclose(slope(jnp.asarray(Y)), want, atol=1e-10)
    assert np.isfinite(slope(jnp.zeros(3))).all()


@pytest.mark.parametrize("x", [X[[0, 1, 0]], 0 * X, X.T[[0, 1, 2, 3]]])
def test_data_that_cannot_be_fitted_are_refused(x):
    y = np.arange(1.0, 1 + len(x))
    with pytest.raises(ValueError, match="are not fitted"):
        diagonal_net_limit(x, y, 0.1)


def test_bad_input():
    with pytest.raises(ValueError, match="beta holds"):
        diagonal_penalty(np.full(3, np.nan), 1.0)
    with pytest.raises(ValueError, match=r"alpha is 1e.200; allowed: above 0 and with its square"):
        diagonal_penalty(Y, 1e200)
    with pytest.raises(ValueError, match="alpha is 0"):
        diagonal_net_limit(X, Y, 0.0)
    with pytest.raises(ValueError, match="y holds"):
        diagonal_net_limit(X, np.full(3, np.nan), 1.0)
