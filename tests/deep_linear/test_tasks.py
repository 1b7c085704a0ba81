"""Tasks and starting points against what defines them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear import (
    aligned_init,
    balanced_init,
    balancedness,
    gaussian_init,
    hierarchical_tree,
    imbalanced,
    layer_strength,
    low_rank,
    task_pair,
    task_svd,
)

TREE = [
    [1, 1, 1, 1, 1, 1, 1, 1],
    [1, 1, 1, 1, 0, 0, 0, 0],
    [0, 0, 0, 0, 1, 1, 1, 1],
    [1, 1, 0, 0, 0, 0, 0, 0],
    [0, 0, 1, 1, 0, 0, 0, 0],
    [0, 0, 0, 0, 1, 1, 0, 0],
    [0, 0, 0, 0, 0, 0, 1, 1],
    *np.eye(8, dtype=int).tolist(),
]


def test_tree_is_the_published_one():
    np.testing.assert_array_equal(hierarchical_tree(4), TREE)


@pytest.mark.parametrize("levels", [1, 2, 3, 5])
def test_tree_spectrum_at_any_size(levels):
    squared = np.linalg.svd(hierarchical_tree(levels), compute_uv=False) ** 2
    expected = [2**levels - 1.0]
    for level in range(1, levels):
        expected += [2.0 ** (levels - level) - 1] * 2 ** (level - 1)
    np.testing.assert_allclose(squared, expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(15, 8), (3, 7), (5, 5)])
def test_task_svd_is_a_signed_svd(shape):
    sigma = jax.random.normal(jax.random.key(1), shape)
    u, s, v = task_svd(sigma)
    r = min(shape)
    np.testing.assert_allclose((u * s[None, :]) @ v.T, sigma, atol=1e-12)
    np.testing.assert_allclose(u.T @ u, np.eye(r), atol=1e-12)
    np.testing.assert_allclose(v.T @ v, np.eye(r), atol=1e-12)
    assert np.all(np.diff(s) <= 0)
    for column in np.asarray(v).T:
        first = np.argmax(np.abs(column) > 0.5 * np.abs(column).max())
        assert column[first] > 0
    flipped, _, same = task_svd(-sigma)
    np.testing.assert_allclose(same, v, atol=1e-12)
    np.testing.assert_allclose(flipped, -u, atol=1e-12)


def test_low_rank_has_its_rank_and_norm():
    m = low_rank(jax.random.key(0), 12, 3)
    assert np.linalg.matrix_rank(m) == 3
    np.testing.assert_allclose(np.linalg.norm(m), 12)
    np.testing.assert_allclose(np.linalg.norm(low_rank(jax.random.key(0), 12, 3, fro=2.0)), 2)


@pytest.mark.parametrize("shared", [0, 1, 2])
def test_task_pair_shares_exactly_so_many_dimensions(shared):
    a, b = task_pair(jax.random.key(0), 12, 3, 2, shared)
    assert (np.linalg.matrix_rank(a), np.linalg.matrix_rank(b)) == (3, 2)
    assert np.linalg.matrix_rank(np.hstack([a, b])) == 5 - shared
    assert np.linalg.matrix_rank(np.vstack([a, b])) == 5 - shared


@pytest.mark.parametrize("imbalance", [0.0, 1.0])
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_aligned_start_has_the_strengths_and_the_imbalance(depth, imbalance):
    sigma = hierarchical_tree(3)
    k0 = jnp.array([[0.01, 0.02, 0.03], [0.3, 0.2, 0.1]])
    params = aligned_init(sigma, depth, 6, k0, jax.random.key(0), imbalance)
    u, _, v = task_svd(sigma)
    for layers, strengths in zip(params, k0, strict=True):
        assert len(layers) == depth
        omega = layers[0]
        for layer in layers[1:]:
            omega = layer @ omega
        expected = (u[:, :3] * strengths[None, :]) @ v[:, :3].T
        np.testing.assert_allclose(omega, expected, atol=1e-12)
    # only the first layer differs, by lambda in each of the three modes
    expected = np.zeros((2, depth - 1))
    expected[:, :1] = imbalance * np.sqrt(3)
    np.testing.assert_allclose(balancedness(params), expected, atol=1e-12)


def test_spare_directions_fill_the_middle_layers_only():
    k0 = jnp.full((1, 2), 0.008)
    spare = jnp.array([0.001, 0.027])
    sigma = jnp.diag(jnp.array([2.0, 1.0]))
    ((first, middle, last),) = aligned_init(sigma, 3, 4, k0, jax.random.key(0), spare=spare)
    singular = np.linalg.svd(middle, compute_uv=False)
    np.testing.assert_allclose(singular, [0.3, 0.2, 0.2, 0.1], atol=1e-12)
    np.testing.assert_allclose(last @ middle @ first, 0.008 * np.eye(2), atol=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_random_starts_have_the_gain_asked_for(depth):
    shape, scale = (40, 60), 0.02
    for init in (gaussian_init, balanced_init):
        params = init(jax.random.key(0), shape, depth, 50, scale, pathways=2)
        x = jax.random.normal(jax.random.key(1), (60, 300))
        for layers in params:
            y = x
            for layer in layers:
                y = layer @ y
            gain = np.sqrt(np.mean(y**2))
            assert 0.8 * scale < gain < 1.2 * scale
    assert float(jnp.max(balancedness(params), initial=0)) < 1e-12


@pytest.mark.parametrize("depth", [1, 2, 3, 6, 13])
@pytest.mark.parametrize("imbalance", [0.0, 0.01, 1.0])
def test_layer_strength_inverts_the_product(depth, imbalance):
    k = jnp.array([0.0, 1e-12, 1e-4, 0.3, 1.0, 10.0])
    if imbalance or depth == 1:
        k = jnp.concatenate([-k, k])
    p, q = imbalanced(layer_strength(k, depth, imbalance), imbalance)
    np.testing.assert_allclose(p * q ** (depth - 1), k, rtol=1e-10, atol=1e-300)
    np.testing.assert_allclose(q**2 - p**2, imbalance, atol=1e-10)


def test_layer_strength_with_a_traced_imbalance():
    k = jnp.array([0.2, 3.0])
    traced = jax.jit(lambda lam: layer_strength(k, 4, lam))
    for lam in (0.0, 1.0):
        np.testing.assert_allclose(traced(lam), layer_strength(k, 4, lam), rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda e: aligned_init(e, 2, 4, jnp.ones((2, 4)), jax.random.key(0)), "number of modes"),
        (lambda e: aligned_init(e, 2, 1, jnp.ones((2, 2)), jax.random.key(0)), "width is 1"),
        (lambda e: aligned_init(e, 2, 4, jnp.zeros((2, 2)), jax.random.key(0)), "never learns"),
        (lambda e: aligned_init(e, 2, 4, -jnp.ones((2, 2)), jax.random.key(0)), "k0 holds"),
        (lambda e: gaussian_init(jax.random.key(0), (2, 2), 0), "depth is 0"),
        (lambda e: balanced_init(jax.random.key(0), (3, 2), 2, width=1), "width is 1"),
        (lambda e: low_rank(jax.random.key(0), 3, 4), "rank is 4"),
        (lambda e: task_pair(jax.random.key(0), 4, 2, 3, shared=3), "shared is 3"),
    ],
)
def test_bad_arguments_are_named(call, said):
    with pytest.raises(ValueError, match=said):
        call(jnp.eye(3))


def test_zero_strength_is_fine_where_it_learns():
    aligned_init(jnp.eye(2), 1, 2, jnp.zeros((2, 2)), jax.random.key(0))
    aligned_init(jnp.eye(2), 3, 2, jnp.zeros((2, 2)), jax.random.key(0), imbalance=1.0)
