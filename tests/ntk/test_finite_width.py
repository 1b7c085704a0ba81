"""Finite networks approach the limit, at the predicted rates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from theorylab.ntk.finite_width import monte_carlo_kernels, width_scaling_fit
from theorylab.ntk.networks import MLP, forward, init_layers

WIDTHS = (32, 90, 256)


def points():
    """Four unit vectors in the plane, at angles of the first quadrant."""
    angle = jnp.array([0.0, 0.4, 0.9, 1.4])
    return jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)


def relu(x):
    return jnp.sqrt(2.0) * jax.nn.relu(x)


def exact(depth):
    """Kernels of depth L by the arc-cosine recursion, written out here."""
    x = points()
    xi = jnp.clip(x @ x.T, -1, 1)
    nngp = ntk = xi
    for _ in range(depth):
        theta = jnp.arccos(jnp.clip(nngp, -1, 1))
        ntk = ntk * (jnp.pi - theta) / jnp.pi
        nngp = (jnp.sin(theta) + (jnp.pi - theta) * jnp.cos(theta)) / jnp.pi
        ntk = ntk + nngp
    return nngp, ntk


@pytest.fixture(scope="module")
def sampled():
    return {
        width: monte_carlo_kernels(
            jax.random.key(0), relu, points(), width, 2, 300, inputs="sphere", batch_size=100
        )
        for width in WIDTHS
    }


def test_the_mean_is_the_limit_within_its_error(sampled):
    nngp, ntk = exact(2)
    found = sampled[256]
    error = found.ntk_std / np.sqrt(found.samples)
    # The mean of the NTK itself differs by O(1/width); three errors and that.
    assert np.all(np.abs(found.ntk - ntk) < 4 * error + 3 / 256)
    assert np.all(np.abs(found.nngp - nngp) < 4 * found.nngp_std / np.sqrt(300) + 3 / 256)
    assert float(jnp.abs(ntk - nngp).max()) > 0.5


@pytest.mark.parametrize("kernel", ["nngp", "ntk"])
def test_one_network_is_off_by_one_over_root_width(sampled, kernel):
    spread = [float(jnp.mean(getattr(sampled[width], f"{kernel}_std"))) for width in WIDTHS]
    fit = width_scaling_fit(jnp.array(WIDTHS), jnp.array(spread))
    assert abs(float(fit.exponent) + 0.5) < 0.08, fit
    variance = width_scaling_fit(jnp.array(WIDTHS), jnp.array(spread) ** 2)
    assert abs(float(variance.exponent) + 1.0) < 0.16, variance


def test_the_mean_is_off_by_one_over_width():
    """Bias of the NNGP kernel at small widths, where it stands clear of the noise."""
    nngp, _ = exact(3)
    widths = (3, 6, 12)
    bias = []
    for width in widths:
        found = monte_carlo_kernels(
            jax.random.key(1), relu, points(), width, 3, 20_000, inputs="sphere", batch_size=20_000
        )
        gap = np.abs(np.asarray(found.nngp - nngp))[0, 3]
        noise = float(found.nngp_std[0, 3]) / np.sqrt(found.samples)
        assert gap > 5 * noise
        bias.append(gap)
    fit = width_scaling_fit(jnp.array(widths), jnp.array(bias))
    assert abs(float(fit.exponent) + 1.0) < 0.2, (fit, bias)


def test_the_module_is_the_forward_pass():
    model = MLP((2, 16, 8, 3), relu, rngs=nnx.Rngs(0), w_std=1.5, b_std=0.2, inputs="sphere")
    x = points()
    h = x
    for index, (w, b) in enumerate(model.layers()):
        scale = 1.5 if index == 0 else 1.5 / np.sqrt(w.shape[1])
        a = scale * h @ w.T + 0.2 * b[None]
        h = relu(a)
    np.testing.assert_allclose(model(x), a, rtol=1e-13)
    out, hidden, values = forward(model.layers(), x, relu, 1.5, 0.2, "sphere")
    np.testing.assert_allclose(out, a, rtol=1e-13)
    assert [v.shape for v in hidden] == [(4, 2), (4, 16), (4, 8)]
    assert [v.shape for v in values] == [(4, 16), (4, 8), (4, 3)]


def test_the_module_trains_with_optax_and_keeps_its_dtype():
    import optax

    model = MLP((2, 16, 1), jnp.tanh, rngs=nnx.Rngs(0), dtype=jnp.float32)
    x = points().astype(jnp.float32)
    y = jnp.sign(x[:, :1] - 0.6)
    optimiser = nnx.Optimizer(model, optax.sgd(0.3), wrt=nnx.Param)

    def loss(model):
        return 0.5 * jnp.mean((model(x) - y) ** 2)

    before = float(loss(model))
    with jax.numpy_dtype_promotion("standard"):  # optax's own updates
        for _ in range(60):
            optimiser.update(model, nnx.grad(loss)(model))
    assert float(loss(model)) < 0.3 * before
    assert model(x).dtype == jnp.float32


def test_weights_are_standard_normal_and_independent():
    w, b = init_layers(jax.random.key(0), (400, 500))[0]
    assert abs(float(w.mean())) < 0.01
    assert float(w.std()) == pytest.approx(1.0, abs=0.01)
    assert float(b.std()) == pytest.approx(1.0, abs=0.15)


def test_fit_recovers_a_power_law_and_its_error():
    rng = np.random.default_rng(0)
    widths = jnp.array([10.0, 20, 40, 80, 160])
    hits = 0
    for _ in range(200):
        noisy = 3 * widths**-0.5 * jnp.asarray(np.exp(0.1 * rng.normal(size=5)))
        fit = width_scaling_fit(widths, noisy)
        hits += abs(float(fit.exponent) + 0.5) < 3.18 * float(fit.error)  # t, 3 degrees, 95 %
    assert 180 <= hits <= 199


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: MLP((3,), jnp.tanh, rngs=nnx.Rngs(0)), "widths is"),
        (lambda: MLP((3, 0, 1), jnp.tanh, rngs=nnx.Rngs(0)), "widths is 0"),
        (lambda: MLP((3, 2), jnp.tanh, rngs=nnx.Rngs(0), w_std=0.0), "w_std is 0.0"),
        (lambda: MLP((3, 2), jnp.tanh, rngs=nnx.Rngs(0), b_std=-1.0), "b_std is -1.0"),
        (lambda: MLP((3, 2), jnp.tanh, rngs=nnx.Rngs(0), inputs="ball"), "inputs is 'ball'"),
        (lambda: MLP((3, 2), 2.0, rngs=nnx.Rngs(0)), "activation is 2.0"),
        (
            lambda: monte_carlo_kernels(jax.random.key(0), jnp.tanh, points(), 8, 0, 4),
            "depth is 0",
        ),
        (
            lambda: monte_carlo_kernels(jax.random.key(0), jnp.tanh, points(), 8, 1, 1),
            "samples is 1",
        ),
        (lambda: width_scaling_fit(jnp.ones(2), jnp.ones(2)), "number of widths is 2"),
        (lambda: width_scaling_fit(jnp.ones(3), jnp.ones(3)), "all equal"),
        (lambda: width_scaling_fit(jnp.arange(1.0, 4), jnp.zeros(3)), "errors holds"),
    ],
)
def test_bad_input_is_named(call, said, monkeypatch):
    import jaxtyping

    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=said):
        call()
