"""Distances and correlations: exact where points are close."""

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from theorylab.ntk import pairwise_correlation, pairwise_eps


def exact_eps(x, z):
    with mp.workdps(50):
        x, z = ([mp.mpf(float(v)) for v in row] for row in (x, z))
        dot = mp.fsum(a * b for a, b in zip(x, z, strict=True))
        return 1 - dot / mp.sqrt(mp.fsum(a * a for a in x) * mp.fsum(b * b for b in z))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("u", [1e-1, 1e-3, 1e-5])
def test_near_pairs_keep_their_distance(dtype, u):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 5)).astype(dtype)
    z = (x + u * rng.normal(size=(6, 5))).astype(dtype)
    found = np.diagonal(pairwise_eps(jnp.array(x), jnp.array(z)))
    exact = np.array([float(exact_eps(a, b)) for a, b in zip(x, z, strict=True)])
    assert found.dtype == dtype
    worst = np.max(np.abs(found / exact - 1))
    assert worst < 8 * np.finfo(dtype).eps / u
    products = np.sum(x * z, 1) / np.sqrt(np.sum(x * x, 1) * np.sum(z * z, 1))
    if u == 1e-3:  # inner products lose the square of that
        assert np.max(np.abs((1 - products) / exact - 1)) > 20 * worst


def test_equal_points_are_exactly_equal():
    x = jax.random.normal(jax.random.key(0), (7, 3))
    assert (jnp.diag(pairwise_eps(x)) == 0).all()
    assert (jnp.diag(pairwise_correlation(x)) == 1).all()
    assert (pairwise_eps(x) == pairwise_eps(x).T).all()


@pytest.mark.parametrize("block", [1, 3, 7, 100])
def test_blocks_change_nothing(block):
    x, z = (jax.random.normal(jax.random.key(k), (7, 3)) for k in range(2))
    np.testing.assert_allclose(pairwise_eps(x, z, block=block), pairwise_eps(x, z), rtol=1e-14)


def test_antipodes_and_scale():
    x = jnp.array([[3.0, 0.0]])
    assert pairwise_eps(x, -2 * x).tolist() == [[2.0]]


def test_differentiates_at_equal_points():
    x = jax.random.normal(jax.random.key(0), (4, 3))
    slope = jax.grad(lambda x: pairwise_correlation(x).sum())(x)
    assert jnp.isfinite(slope).all()
    step = 1e-6 * jax.random.normal(jax.random.key(1), x.shape)
    change = pairwise_correlation(x + step).sum() - pairwise_correlation(x - step).sum()
    assert float(change) == pytest.approx(2 * float((slope * step).sum()), rel=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pairwise_eps(jnp.ones(3)), "x has shape"),
        (lambda: pairwise_eps(jnp.ones((2, 3)), jnp.ones((2, 4))), "z has shape"),
        (lambda: pairwise_eps(jnp.zeros((2, 3))), "length of the rows of x"),
        (lambda: pairwise_eps(jnp.ones((2, 3)), sphere=True), "length of the rows of x"),
        (lambda: pairwise_eps(jnp.ones((2, 3)), jnp.ones((2, 3), jnp.float32)), "z has dtype"),
        (lambda: pairwise_eps(jnp.ones((2, 3)), block=0), "block is 0"),
        (lambda: pairwise_eps(jnp.array([[jnp.nan, 1.0]])), "x holds .*nan"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
