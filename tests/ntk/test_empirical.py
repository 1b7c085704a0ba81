"""Empirical tangent kernels: three routes, one formula by layers, and what training shows."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
from flax import linen, nnx

from theorylab.ntk.empirical import (
    empirical_ntk,
    functional,
    layerwise_ntk,
    ntk_vector_product,
)
from theorylab.ntk.learning import kernel_predict
from theorylab.ntk.linearized import centered_alignment, kernel_drift, linearize, taylor_expand
from theorylab.ntk.networks import MLP
from theorylab.ntk.training import gradient_descent, gradient_flow


def inputs(n, d=3, seed=0):
    return jax.random.normal(jax.random.key(seed), (n, d))


def network(outputs=2, b_std=0.3, **settings):
    model = MLP((3, 7, 5, outputs), jnp.tanh, rngs=nnx.Rngs(1), w_std=1.3, b_std=b_std, **settings)
    return model, *functional(model)


def by_hand(f, params, x, z):
    """The definition: all derivatives of the whole batch, one parameter after another."""
    flat, restore = jax.flatten_util.ravel_pytree(params)
    left, right = (jax.jacfwd(lambda p, x=x: f(restore(p), x))(flat) for x in (x, z))
    return np.einsum("njp,mkp->nmjk", left, right)


@pytest.mark.parametrize(
    "options",
    [
        dict(method="jacobian"),
        dict(method="products", batch_size=3),
        dict(method="products", batch_size=100),
        dict(method="blocks", batch_size=2),
        dict(method="blocks", batch_size=3),
        dict(method="blocks"),
    ],
)
def test_three_routes_to_the_definition(options):
    """Also where the sizes do not divide: 5 and 4 inputs in blocks of 2 and 3."""
    _, f, params = network()
    x, z = inputs(5), inputs(4, seed=1)
    exact = by_hand(f, params, x, z)
    found = empirical_ntk(f, params, x, z, **options)
    assert found.shape == (5, 4, 2, 2)
    np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-12)
    trace = empirical_ntk(f, params, x, z, trace_outputs=True, **options)
    np.testing.assert_allclose(trace, np.einsum("nmjj->nm", exact) / 2, rtol=1e-10, atol=1e-12)
    own = empirical_ntk(f, params, x, **options)
    np.testing.assert_allclose(own, own.transpose(1, 0, 3, 2), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("b_std", [0.0, 0.4])
@pytest.mark.parametrize("scaling", ["scaled", "sphere"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_layer_by_layer_is_exact(b_std, scaling, outputs):
    model, f, params = network(outputs, b_std, inputs=scaling)
    x, z = inputs(5), inputs(4, seed=1)
    for other in (None, z):
        exact = empirical_ntk(f, params, x, other)
        found = layerwise_ntk(model, x, other)
        np.testing.assert_allclose(found, exact, rtol=1e-11, atol=1e-13)
        trace = layerwise_ntk(model, x, other, trace_outputs=True)
        np.testing.assert_allclose(
            trace, np.einsum("nmjj->nm", exact) / outputs, rtol=1e-11, atol=1e-13
        )


def test_networks_of_flax_linen_and_of_plain_functions():
    """Convolution with shared weights, through linen's own `apply`."""

    class Convolution(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.Conv(3, (3,), param_dtype=float)(x)
            return linen.Dense(2, param_dtype=float)(jnp.tanh(x).mean(axis=1))

    x = jax.random.normal(jax.random.key(3), (3, 4, 2))
    model = Convolution()
    with jax.numpy_rank_promotion("allow"):  # linen's, not ours
        variables = model.init(jax.random.key(0), x)
        exact = by_hand(model.apply, variables, x, x)
        for method in ("jacobian", "products", "blocks"):
            found = empirical_ntk(model.apply, variables, x, method=method)
            np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-12)


def test_products_with_a_vector():
    _, f, params = network()
    x, z, v = inputs(5), inputs(4, seed=1), inputs(4, 2, seed=2)
    full = empirical_ntk(f, params, x, z)
    expected = jnp.einsum("nmjk,mk->nj", full, v)
    np.testing.assert_allclose(ntk_vector_product(f, params, x, v, z), expected, rtol=1e-11)


def test_the_kernel_is_the_velocity_of_the_outputs():
    """One small step of gradient descent moves the outputs by -lr K (f - y), to first order."""
    _, f, params = network()
    x, z, y = inputs(5), inputs(4, seed=1), inputs(5, 2, seed=2)
    slope = ntk_vector_product(f, params, z, f(params, x) - y, x)
    gaps = []
    for lr in (1e-3, 5e-4):
        gradient = jax.grad(lambda p: 0.5 * jnp.sum((f(p, x) - y) ** 2))(params)
        moved = f(jax.tree.map(lambda p, g: p - lr * g, params, gradient), z) - f(params, z)  # noqa: B023
        gaps.append(float(jnp.abs(moved / lr + slope).max()))
    assert gaps[0] > 1e-4
    assert gaps[0] / gaps[1] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_taylor_expansion_has_its_order(order):
    """Half the distance, an error smaller by 2 to the power of order + 1."""
    _, f, params = network()
    x = inputs(4)
    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(5), len(leaves))
    way = tree.unflatten(
        [jax.random.normal(k, leaf.shape) for k, leaf in zip(keys, leaves, strict=True)]
    )
    g = taylor_expand(f, params, order)
    errors = []
    for s in (0.04, 0.02):
        near = jax.tree.map(lambda p, d: p + s * d, params, way)  # noqa: B023
        errors.append(float(jnp.abs(g(near, x) - f(near, x)).max()))
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order + 1, abs=0.3)


def test_theory_predicts_the_trained_linearised_network():
    """Gradient descent on the parameters against the closed form of its own kernel: rounding."""
    model, f, params = network(1)
    x, z, y = inputs(5), inputs(4, seed=1), inputs(5, 1, seed=2)
    g = linearize(f, params)
    lr, steps = 0.02, 150
    loss = jax.grad(lambda p: 0.5 * jnp.sum((g(p, x) - y) ** 2))

    def step(p, _):
        return jax.tree.map(lambda a, b: a - lr * b, p, loss(p)), None

    end, _ = jax.lax.scan(step, params, length=steps)
    k_tt = layerwise_ntk(model, x)[:, :, 0, 0]
    k_st = layerwise_ntk(model, z, x)[:, :, 0, 0]
    start = f(params, x), f(params, z)
    exact = gradient_descent(k_tt, k_st, y, lr, steps, *start)
    np.testing.assert_allclose(g(end, z), exact, rtol=1e-9, atol=1e-11)
    assert float(jnp.abs(exact - start[1]).max()) > 0.1
    flow = gradient_flow(k_tt, k_st, y, lr * steps, *start)
    assert 1e-6 < float(jnp.abs(flow - exact).max()) < 0.05
    limit = start[1] + kernel_predict(k_tt, k_st, y - start[0]).mean
    settled = gradient_flow(k_tt, k_st, y, 1e6, *start)
    np.testing.assert_allclose(settled, limit, rtol=1e-6, atol=1e-8)


def test_drift_of_a_trained_network_falls_as_one_over_width():
    """Relative change of the tangent kernel after a fixed time of training."""
    x = inputs(6) / jnp.sqrt(3.0)
    y = jnp.sign(x[:, :1])

    @jax.jit
    def change(model):
        f, params = functional(model)
        descent = jax.grad(lambda p: 0.5 * jnp.sum((f(p, x) - y) ** 2))

        def step(p, _):
            return jax.tree.map(lambda a, b: a - 0.1 * b, p, descent(p)), None

        end, _ = jax.lax.scan(step, params, length=30)
        return empirical_ntk(f, params, x, trace_outputs=True), empirical_ntk(
            f, end, x, trace_outputs=True
        )

    drifts = []
    widths = (16, 64, 256)
    for width in widths:
        runs = [
            kernel_drift(*change(MLP((3, width, 1), jnp.tanh, rngs=nnx.Rngs(seed))))
            for seed in range(6)
        ]
        drifts.append(np.mean([float(run.relative) for run in runs]))
        assert all(0.9 < float(run.alignment) <= 1 for run in runs)
    slope = np.polyfit(np.log(widths), np.log(drifts), 1)[0]
    assert -1.25 < slope < -0.35, (slope, drifts)


def test_alignment_ignores_scale_and_a_constant():
    a = inputs(6)
    k = a @ a.T
    assert float(centered_alignment(k, 3.0 * k + 2.0)) == pytest.approx(1.0, abs=1e-12)
    other = inputs(6, seed=9)
    assert float(centered_alignment(k, other @ other.T)) < 0.95
    series = kernel_drift(k, jnp.stack([k, 2.0 * k]))
    np.testing.assert_allclose(series.relative, [0.0, 1.0], atol=1e-12)
    np.testing.assert_allclose(series.scale, [1.0, 2.0], rtol=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda f, p, x: empirical_ntk(f, p, x, method="fast"), "method is 'fast'"),
        (lambda f, p, x: empirical_ntk(f, p, x, batch_size=2), "batch_size is for"),
        (lambda f, p, x: empirical_ntk(f, p, x, method="blocks", batch_size=0), "batch_size is 0"),
        (lambda f, p, x: empirical_ntk(f, p, x.at[0, 0].set(jnp.nan)), "x holds"),
        (lambda f, p, x: empirical_ntk(f, p, x, x[:, :2]), "z has examples of shape"),
        (lambda f, p, x: empirical_ntk(lambda p, x: f(p, x)[:, 0], p, x), "f returns"),
        (lambda f, p, x: ntk_vector_product(f, p, x, x), "v has shape"),
        (lambda f, p, x: layerwise_ntk(network()[0], x[:, :2]), "x has shape"),
        (lambda f, p, x: taylor_expand(f, p, -1), "order is -1"),
        (lambda f, p, x: kernel_drift(jnp.eye(3), jnp.eye(2)), "the shape of kt"),
        (lambda f, p, x: centered_alignment(jnp.ones((2, 2)), jnp.eye(2)), "zero once centred"),
    ],
)
def test_bad_input_is_named(call, said, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    _, f, params = network()
    with pytest.raises(ValueError, match=said):
        call(f, params, inputs(4))
