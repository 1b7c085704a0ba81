"""Tables of kernels against the recursion, at a stated error."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.ntk import (
    deep_kernels_log,
    get_activation,
    kernel_profile,
    mlp_kernels,
    optimal_activation,
)


def sphere(n, dimension, key=0, dtype=jnp.float64):
    x = jax.random.normal(jax.random.key(key), (n, dimension), dtype)
    return x / jnp.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize("b_std", [0.0, 0.4])
def test_a_deep_relu_network(b_std):
    act = get_activation("relu").normalized()
    profile = kernel_profile(act, 20, b_std=b_std, tol=1e-12)
    x, z = sphere(40, 3), jnp.concatenate([sphere(5, 3, 1), sphere(40, 3)[:2] * -1])
    for points in (None, z):
        found = profile(x, points, block=7)
        exact = mlp_kernels(x, points, activation=act, depth=20, b_std=b_std, inputs="sphere")
        # At the antipode the kernel is as steep as sqrt(2 - eps), and eps is known to rounding.
        low, high = (profile.ntk(eps=jnp.array(eps)) for eps in (2.0, 2.0 - 1e-15))
        opposite = jnp.isclose(x @ (x if points is None else points).T, -1.0, rtol=0, atol=1e-14)
        atol = jnp.where(opposite, jnp.abs(high - low), 0.0)
        assert int(opposite.sum()) == (0 if points is None else 2)
        gap = jnp.abs(found.ntk - exact.ntk)
        assert bool(jnp.all(gap <= 3e-12 * exact.ntk + atol))
        np.testing.assert_allclose(found.nngp, exact.nngp, rtol=3e-12)
        np.testing.assert_allclose(found.var2, exact.var2, rtol=1e-14)


def test_single_precision_loses_nothing_beside_rounding():
    act = get_activation("relu").normalized()
    x = sphere(30, 4, dtype=jnp.float32)
    profile = kernel_profile(act, 50, dtype="float32")
    found = profile(x, get="ntk")
    assert found.nngp is None and found.ntk.dtype == jnp.float32
    exact = mlp_kernels(x.astype(jnp.float64), activation=act, depth=50, inputs="sphere")
    np.testing.assert_allclose(found.ntk, exact.ntk, rtol=2e-5)


def test_a_sharp_peak():
    """The tangent kernel of a chaotic network: 2^40 at the diagonal, down over 20 decades."""
    act = optimal_activation(2)
    profile = kernel_profile(act, 40)
    assert bool(jnp.isfinite(profile.delta)) and float(profile.error) <= 1e-10
    eps = jnp.geomspace(1e-20, 0.9, 60)
    exact = deep_kernels_log(act, 40, eps=eps)
    np.testing.assert_allclose(jnp.log(profile.nngp(eps=eps)), exact[0], atol=1e-9)
    np.testing.assert_allclose(jnp.log(profile.ntk(eps=eps)), exact[1], atol=1e-9)


def test_tolerance_chooses_the_number_of_cells():
    coarse, fine = (kernel_profile("erf", 3, tol=tol) for tol in (1e-4, 1e-13))
    assert coarse.table.shape[1] < fine.table.shape[1]
    assert float(coarse.error) <= 1e-4 and float(fine.error) <= 1e-13


def test_it_is_a_pytree_that_jits_vmaps_and_differentiates():
    profile = kernel_profile("erf", 3)
    xi = jnp.array([0.2, 0.7])
    slope = jax.jit(jax.vmap(jax.grad(lambda p, x: p.ntk(x), argnums=1), (None, 0)))(profile, xi)
    h = 1e-5
    by_difference = (profile.ntk(xi + h) - profile.ntk(xi - h)) / (2 * h)
    np.testing.assert_allclose(slope, by_difference, rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kernel_profile("step", 2), "its NTK is infinite"),
        (lambda: kernel_profile("erf", -1), "depth is -1"),
        (lambda: kernel_profile("erf", 1, tol=0.0), "tol is 0.0"),
        (lambda: kernel_profile("erf", 1, dtype="int8"), "dtype is 'int8'"),
        (lambda: kernel_profile("erf", 1)(jnp.ones((2, 2))), "length of the rows"),
        (lambda: kernel_profile("erf", 1)(sphere(2, 2), get="ntp"), "get is 'ntp'"),
        (lambda: kernel_profile("erf", 1)(sphere(2, 2, dtype=jnp.float32)), "dtype of x"),
        (lambda: kernel_profile("erf", 1).ntk(), "give one of the two"),
        (lambda: kernel_profile("erf", 1).ntk(1.5), "xi is"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
