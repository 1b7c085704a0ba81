"""The closed system against the weights, its invariants, and the tangent kernel."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.ntk import empirical_ntk
from theorylab.rich_lazy import (
    closed_kernel_flow,
    linear_kernel,
    linear_kernel_flow,
    linear_ntk,
    linear_weight_flow,
)

TS = jnp.linspace(0.0, 6.0, 13)


def _draw(seed, hidden, inputs, outputs, scale=0.6):
    keys = jax.random.split(jax.random.key(seed), 4)
    w1 = scale * jax.random.normal(keys[0], (hidden, inputs))
    w2 = scale * jax.random.normal(keys[1], (outputs, hidden))
    s = jax.random.normal(keys[2], (outputs, inputs))
    root = jax.random.normal(keys[3], (inputs, inputs)) / inputs**0.5
    return w1, w2, s, root @ root.T + 0.2 * jnp.eye(inputs)


@pytest.fixture(scope="module")
def one_output():
    w1, w2, s, _ = _draw(0, 7, 4, 1)
    weights = linear_weight_flow(w1, w2, s, TS, substeps=200)
    start = linear_kernel(w1, w2)
    k0 = start.a + start.d[0, 0] * jnp.eye(4)
    closed = closed_kernel_flow(k0, start.b[0], s[0], TS, substeps=200)
    return weights, closed, s[0]


def test_kernel_and_function_need_no_weights(one_output):
    (w1, w2), (k, g), _ = one_output
    after = jax.vmap(linear_kernel)(w1, w2)
    assert np.abs(g - after.b[:, 0]).max() < 1e-8
    kernel = after.a + after.d[:, :1] * jnp.eye(4)[None]
    assert np.abs(k - kernel).max() < 1e-8
    assert np.abs(k[-1] - k[0]).max() > 0.3


def test_invariants_and_the_norm_of_the_final_kernel(one_output):
    (w1, w2), (k, _), beta = one_output
    a, b, d = jax.vmap(linear_kernel)(w1, w2)
    s = d[:, 0, 0]
    first = jnp.trace(a, axis1=1, axis2=2) - s
    second = jnp.sum(a**2, axis=(1, 2)) - 2 * jnp.sum(b**2, axis=(1, 2)) + s**2
    assert np.abs(first / first[0] - 1).max() < 1e-8
    assert np.abs(second / second[0] - 1).max() < 1e-8
    assert np.ptp(s) > 0.1
    from theorylab.symbolic import compiled

    norm = compiled(
        "rich_lazy/kernel-flow/final-norm", args=("I_1", "I_2", r"\lVert\beta\rVert", "s", "d")
    )
    (w1,), (w2,) = linear_weight_flow(w1[-1], w2[-1], beta[None], jnp.array([30.0]), substeps=3000)
    end = linear_kernel(w1, w2)
    k = end.a + end.d[0, 0] * jnp.eye(4)
    predicted = norm(first[0], second[0], jnp.linalg.norm(beta), end.d[0, 0], 4)
    assert abs(predicted / jnp.sum(k**2) - 1) < 1e-8


@pytest.mark.parametrize("whitened", [True, False])
def test_several_outputs_and_correlated_inputs(whitened):
    w1, w2, s, sigma_x = _draw(1, 5, 3, 2)
    sigma_x = None if whitened else sigma_x
    weights = linear_weight_flow(w1, w2, s, TS, sigma_x, substeps=200)
    closed = linear_kernel_flow(linear_kernel(w1, w2), s, TS, sigma_x, substeps=200)
    for found, wanted in zip(closed, jax.vmap(linear_kernel)(*weights), strict=True):
        assert np.abs(found - wanted).max() < 1e-8
    end = linear_kernel_flow(linear_kernel(w1, w2), s, jnp.array([60.0]), sigma_x, substeps=2000)
    goal = s if whitened else s @ jnp.linalg.inv(sigma_x)
    assert np.abs(end.b[0] - goal).max() < 1e-4


def test_the_error_falls_with_the_fourth_power_of_the_step():
    w1, w2, s, _ = _draw(2, 4, 3, 2)
    ends = [
        linear_weight_flow(w1, w2, s, jnp.array([2.0]), substeps=n)[0] for n in (40, 80, 160, 1280)
    ]
    errors = [float(jnp.abs(end - ends[-1]).max()) for end in ends[:-1]]
    assert all(15 < a / b < 19 for a, b in pairwise(errors))


def test_the_tangent_kernel_is_that_of_any_network():
    w1, w2, _, _ = _draw(3, 5, 3, 2)
    x = jax.random.normal(jax.random.key(9), (4, 3))
    kernel = empirical_ntk(lambda p, x: x @ p[0].T @ p[1].T, (w1, w2), x)
    assert np.allclose(linear_ntk(linear_kernel(w1, w2), x), kernel, atol=1e-12)


def test_the_function_moves_at_the_speed_of_its_kernel():
    # on a batch, gradient flow of sum of squares / 2 n: df/dt = Theta (y - f) / n
    w1, w2, _, _ = _draw(4, 4, 3, 2)
    x, y = (jax.random.normal(jax.random.key(k), (6, n)) for k, n in ((1, 3), (2, 2)))
    theta = linear_ntk(linear_kernel(w1, w2), x)
    rate = jnp.einsum("mnjk,nk->mj", theta, y - x @ (w2 @ w1).T) / 6
    h = 1e-4
    moved = linear_weight_flow(w1, w2, y.T @ x / 6, jnp.array([h]), x.T @ x / 6)
    numeric = (x @ (moved[1][0] @ moved[0][0]).T - x @ (w2 @ w1).T) / h
    assert np.allclose(numeric, rate, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ts": jnp.array([1.0, 0.5])}, "ts decreases"),
        ({"ts": jnp.array([-1.0])}, "ts holds"),
        ({"substeps": 0}, "substeps is 0"),
        ({"ts": jnp.array([1e4])}, "substeps is 2, with which the steps diverge"),
        ({"sigma_x": -jnp.eye(3)}, "sigma_x has an eigenvalue -1"),
        ({"w1": jnp.full((2, 3), jnp.nan)}, "w1 holds"),
    ],
)
def test_bad_input(change, message):
    given = {
        "w1": jnp.ones((2, 3)),
        "w2": jnp.ones((1, 2)),
        "s": jnp.ones((1, 3)),
        "ts": jnp.ones(1),
        "substeps": 2,
    }
    with pytest.raises(ValueError, match=message):
        linear_weight_flow(**{**given, **change})


def test_kernels_that_are_none():
    skew = jnp.tri(2)
    with pytest.raises(ValueError, match="k0 differs from its transpose"):
        closed_kernel_flow(skew, jnp.ones(2), jnp.ones(2), TS)
    with pytest.raises(ValueError, match=r"start\.a differs from its transpose"):
        linear_kernel_flow(linear_kernel(skew, skew)._replace(a=skew), skew, TS)
