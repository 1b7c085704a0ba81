"""Completion and transfer: one update by hand, Arora's law, and permanent damage in small."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear import (
    balanced_init,
    completion_gradient,
    completion_init,
    effective_rank,
    fit_completion,
    gaussian_init,
    low_rank,
    observe,
    sv_velocity,
    task_pair,
    transfer_curve,
)


def product(factors):
    w = factors[0]
    for layer in factors[1:]:
        w = layer @ w
    return w


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_updates_descend_the_mean_loss_over_observed_entries(depth):
    m = low_rank(jax.random.key(0), 6, 2)
    mask = observe(jax.random.key(1), 6, 15)
    factors = completion_init(jax.random.key(2), 6, depth, scale=0.5)

    def loss(factors):
        return 0.5 * jnp.mean((product(factors) - m)[np.nonzero(np.asarray(mask))] ** 2)

    expected, losses = factors, [loss(factors)]
    for _ in range(3):
        slopes = jax.grad(loss)(expected)
        expected = tuple(w - 0.3 * g for w, g in zip(expected, slopes, strict=True))
        losses.append(loss(expected))
    fit = fit_completion(factors, m, mask, 0.3, 3)
    for w, e in zip(fit.factors, expected, strict=True):
        np.testing.assert_allclose(w, e, atol=1e-13)
    np.testing.assert_allclose(fit.train / 2, losses, rtol=1e-12)
    np.testing.assert_allclose(fit.test[-1], np.mean((product(expected) - m) ** 2), rtol=1e-12)
    singular = np.linalg.svd(product(expected), compute_uv=False)
    np.testing.assert_allclose(fit.singular_values[-1], singular, rtol=1e-10)


def test_observe_draws_without_replacement_and_uniformly():
    n, m = 6, 9
    masks = jax.vmap(lambda key: observe(key, n, m))(jax.random.split(jax.random.key(0), 2000))
    np.testing.assert_array_equal(masks.sum(axis=(1, 2)), m)
    counts = np.asarray(masks.sum(axis=0))
    assert np.all(np.abs(counts - 500) < 5 * np.sqrt(2000 * 0.25 * 0.75))
    outer = observe(jax.random.key(1), n, 20)
    inner = observe(jax.random.key(2), n, 20, subset_of=outer)
    np.testing.assert_array_equal(inner, outer)


def test_transfer_is_training_on_one_task_and_then_on_the_other():
    """One pass with checkpoints gives what separate runs give."""
    m1, m2 = task_pair(jax.random.key(0), 8, 3, 2)
    mask1 = observe(jax.random.key(1), 8, 40)
    mask2 = observe(jax.random.key(3), 8, 30, subset_of=mask1)
    key, pretrain, steps = jax.random.key(2), (0, 30, 120), 80
    curve = transfer_curve(key, m1, m2, mask1, mask2, 3, pretrain, steps, 0.4, 0.1)
    for i, count in enumerate(pretrain):
        factors = completion_init(key, 8, 3, 0.1)
        if count:
            factors = fit_completion(factors, m1, mask1, 0.4, count, count).factors
        fit = fit_completion(factors, m2, mask2, 0.4, steps, steps)
        np.testing.assert_allclose(curve.test[i], fit.test[-1], rtol=1e-9)
        np.testing.assert_allclose(curve.train[i], fit.train[-1], rtol=1e-9)
        np.testing.assert_allclose(curve.singular_values[i], fit.singular_values[-1], rtol=1e-9)
    assert float(jnp.ptp(curve.test)) > 1e-3


def test_effective_rank_counts_equal_values_and_ignores_scale():
    for k in (1, 3, 7):
        s = jnp.concatenate([jnp.full(k, 2.5), jnp.zeros(4)])
        np.testing.assert_allclose(effective_rank(s), k, rtol=1e-12)
    s = np.array([[3.0, 1.0], [1.0, 1.0]])
    expected = np.exp(-(0.75 * np.log(0.75) + 0.25 * np.log(0.25)))
    np.testing.assert_allclose(effective_rank(jnp.array(10 * s)), [expected, 2.0])


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_aroras_law_by_the_derivative_along_the_flow(depth):
    """Singular values move as Theorem 3 says, if and only if the factors are balanced."""
    m = low_rank(jax.random.key(0), 7, 3)
    mask = observe(jax.random.key(1), 7, 30)

    def velocities(factors):
        def loss(factors):
            return 0.5 * jnp.sum(jnp.where(mask, product(factors) - m, 0.0) ** 2) / 30

        def singular(factors):
            return jnp.linalg.svd(product(factors), compute_uv=False)

        flow = jax.tree.map(jnp.negative, jax.grad(loss)(factors))
        _, measured = jax.jvp(singular, (factors,), (flow,))
        return measured, sv_velocity(factors, completion_gradient(product(factors), m, mask))

    (factors,) = balanced_init(jax.random.key(2), (7, 7), depth, scale=1.0, pathways=1)
    measured, predicted = velocities(factors)
    np.testing.assert_allclose(predicted, measured, atol=1e-10)
    (factors,) = gaussian_init(jax.random.key(2), (7, 7), depth, scale=1.0, pathways=1)
    measured, predicted = velocities(factors)
    gap = float(jnp.max(jnp.abs(predicted - measured)))
    assert gap < 1e-12 if depth == 1 else gap > 1e-3


def medians(depth, r1, seeds=5, n=20):
    """Median error of task 2 over seeds, without and with 2000 updates on task 1."""

    def one(key):
        tasks, seen, draw = jax.random.split(key, 3)
        m1, m2 = task_pair(tasks, n, r1, 1)
        mask = observe(seen, n, 140)
        return transfer_curve(draw, m1, m2, mask, mask, depth, (0, 2000), 2000, lr=1.0).test

    test = jax.vmap(one)(jax.random.split(jax.random.key(0), seeds))
    return np.median(test, axis=0), np.asarray(test)


def test_a9_depth_one_transfers_the_same_whenever():
    """At D = 1 the unobserved entries never move."""
    _, test = medians(1, 3)
    assert np.all(np.abs(test[:, 1] - test[:, 0]) <= 0.002)
    assert np.all(test > 0.3)


def test_a9_depth_two_is_damaged_for_good():
    (fresh, late), _ = medians(2, 3)
    assert fresh < 0.01 and late >= 5 * fresh and late > 0.1


def test_a9_damage_at_depth_three_needs_a_first_task_of_higher_rank():
    (fresh, low), _ = medians(3, 1)
    (_, high), _ = medians(3, 3)
    assert fresh < 1e-3 and low < 1e-3 and high > 10 * low and high > 0.005


def test_precision_follows_the_matrix():
    m = low_rank(jax.random.key(0), 6, 1).astype(jnp.float32)
    mask = observe(jax.random.key(1), 6, 20)
    assert transfer_curve(jax.random.key(2), m, m, mask, mask, 2, (0,), 5).test.dtype == m.dtype
    factors = completion_init(jax.random.key(2), 6, 2, dtype=jnp.float32)
    assert fit_completion(factors, m, mask, 0.1, 2).train.dtype == m.dtype


def test_bad_arguments_are_named():
    key = jax.random.key(0)
    m, mask = low_rank(key, 6, 1), observe(key, 6, 20)
    factors = completion_init(key, 6, 2)
    for call, said in (
        (lambda: observe(key, 6, 37), "m is 37"),
        (lambda: observe(key, 6, 21, subset_of=mask), "m is 21"),
        (lambda: transfer_curve(key, m, m, mask, mask, 0, (0,), 5), "depth is 0"),
        (lambda: transfer_curve(key, m, m, mask, mask, 2, (5, 0), 5), "rising whole numbers"),
        (lambda: transfer_curve(key, m, m, mask, mask, 2, (), 5), "rising whole numbers"),
        (lambda: transfer_curve(key, m, m, mask, mask, 2, (0,), 0), "steps is 0"),
        (lambda: fit_completion(factors, m, mask, 0.0, 5), "lr is 0.0"),
        (lambda: fit_completion(factors, m, mask, 0.1, 5, 2), "divisor of steps"),
        (lambda: fit_completion(factors, m, mask & ~mask, 0.1, 5), "mask observes no entry"),
    ):
        with pytest.raises(ValueError, match=said):
            call()
