"""Training on matrices: its gradient, its decoupling, its order, its record."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear import (
    Deficit,
    aligned_init,
    balanced_init,
    drift,
    euler_map,
    gaussian_init,
    gd_map,
    gradient_flow,
    layer_strength,
    solve_modes,
    train_gd,
)
from theorylab.deep_linear.gradient import descent, products

TWO_MODES = jnp.zeros((6, 5)).at[0, 0].set(3.0).at[1, 1].set(2.0)


def start(depth, k0=0.05, imbalance=0.0, dtype=float):
    """Twelve hidden units, two modes, pathways that start apart."""
    k = jnp.array([[k0, 0.8 * k0], [0.7 * k0, k0]], dtype)
    return k, aligned_init(TWO_MODES.astype(dtype), depth, 12, k, jax.random.key(0), imbalance)


def bounded_step(depth, eta=0.2):
    """The learning rate at which the strongest mode's sharpness is eta."""
    return eta / (depth * 3.0 ** (2 - 2 / depth))


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_descent_is_minus_the_gradient_of_the_loss(depth):
    params = gaussian_init(jax.random.key(depth), (4, 3), depth, 5, scale=1.0)
    sigma = jax.random.normal(jax.random.key(9), (4, 3))

    def loss(params):
        total = sum(products(layers)[-1] for layers in params)
        return 0.5 * jnp.sum((sigma - total) ** 2)

    rest = sigma - sum(products(layers)[-1] for layers in params)
    down = tuple(descent(layers, products(layers), rest) for layers in params)
    expected = jax.grad(loss)(params)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, -b, atol=1e-13), down, expected)


@pytest.mark.parametrize(
    ("depth", "dtype", "tolerance"),
    [(depth, jnp.float64, 1e-10) for depth in (1, 2, 4, 6)] + [(3, jnp.float32, 1e-5)],
)
def test_a1_matrices_follow_the_mode_map(depth, dtype, tolerance):
    """Aligned starts decouple: equal to rounding, in either precision, deficits included."""
    deficits = (
        Deficit("freeze", 1, 0.0, 0.4),
        Deficit("decorrelate", 0, 1.0, 1.5, (1,), 0.5),
        Deficit("lesion", 1, 2.0, 2.4, (0,)),
    )
    lr, steps = bounded_step(depth), 600
    k, params = start(depth, dtype=dtype)
    sigma = TWO_MODES.astype(dtype)
    history = train_gd(params, sigma, lr, steps, deficits, 20)
    p0 = layer_strength(k, depth)
    s = jnp.array([3.0, 2.0], dtype)
    modes = gd_map(p0, s, depth, lr, steps, deficits, record_every=20)
    assert history.k.dtype == modes.dtype == dtype
    assert history.params[0][0].dtype == dtype
    assert float(jnp.max(jnp.abs(history.k[:, :, :2] - modes))) <= tolerance * 3.0
    assert float(jnp.max(history.leak)) <= tolerance * 3.0
    assert float(jnp.ptp(modes)) > 1.0


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a1_imbalanced(depth):
    k, params = start(depth, imbalance=1.0)
    lr, deficit = 0.002, Deficit("freeze", 1, 0.0, 0.05)
    history = train_gd(params, TWO_MODES, lr, 400, deficit, 10)
    p0, s = layer_strength(k, depth, 1.0), jnp.array([3.0, 2.0])
    modes = gd_map(p0, s, depth, lr, 400, deficit, 1.0, 10)
    np.testing.assert_allclose(history.k[:, :, :2], modes, atol=3e-10)
    reduced = euler_map(p0, s, depth, lr, 400, deficit, 1.0, 10)
    gap = float(jnp.max(jnp.abs(reduced - modes)))
    assert gap < 1e-12 if depth == 1 else 1e-4 < gap < 0.1


def test_euler_and_gradient_descent_part_in_proportion_to_lr():
    p0, s = jnp.full((2, 1), 0.01), jnp.array([3.0])
    gaps = []
    for lr, steps in ((0.002, 200), (0.001, 400)):
        a, b = (f(p0, s, 3, lr, steps, (), 1.0)[-1, 0, 0] for f in (gd_map, euler_map))
        gaps.append(abs(float(a - b)))
    np.testing.assert_allclose(gaps[0] / gaps[1], 2, atol=0.1)


def test_a5_gradient_descent_drifts_from_balance_in_proportion_to_lr():
    sigma = jax.random.normal(jax.random.key(1), (5, 4))
    params = balanced_init(jax.random.key(2), (5, 4), 3, 6, scale=0.1)
    deficit = Deficit("decorrelate", 1, 0.5, 1.0)
    drifts = []
    for lr in (0.01, 0.005):
        history = train_gd(params, sigma, lr, round(4 / lr), deficit)
        drifts.append(np.asarray(drift(history)))
    drifts = np.array(drifts)
    np.testing.assert_allclose(drifts[0] / drifts[1], 2, atol=0.1)


def test_a5_gradient_flow_keeps_the_balance():
    sigma = jax.random.normal(jax.random.key(1), (5, 4))
    deficit = Deficit("decorrelate", 1, 0.5, 1.0)
    balanced = balanced_init(jax.random.key(2), (5, 4), 3, 6, scale=0.1)
    history = gradient_flow(balanced, sigma, 1e-3, 4000, deficit, 100)
    assert float(jnp.max(drift(history))) <= 1e-9
    assert float(jnp.ptp(history.loss)) > 1
    unbalanced = gaussian_init(jax.random.key(2), (5, 4), 3, 6, scale=0.1)
    history = gradient_flow(unbalanced, sigma, 1e-3, 4000, deficit, 100)
    assert float(jnp.max(drift(history))) <= 1e-9
    assert float(jnp.min(history.balance)) > 1e-2


def final_maps(history):
    return jnp.stack([products(layers)[-1] for layers in history.params])


def test_gradient_descent_meets_the_flow_to_first_order_and_rk4_to_fourth():
    """Errors at t = 2 on unaligned weights, with an edge of a deficit inside."""
    sigma = jax.random.normal(jax.random.key(1), (4, 3))
    params = balanced_init(jax.random.key(2), (4, 3), 2, 5, scale=0.5)
    deficit = Deficit("blur", 1, 0.5, 1.0, strength=0.6)

    def end(train, h):
        return final_maps(train(params, sigma, h, round(2 / h), deficit, round(2 / h)))

    exact = end(gradient_flow, 1 / 512)
    for train, steps, order in (
        (train_gd, (1 / 128, 1 / 256), 1),
        (gradient_flow, (1 / 32, 1 / 64), 4),
    ):
        errors = [float(jnp.max(jnp.abs(end(train, h) - exact))) for h in steps]
        rates = np.log2(np.divide(errors[:-1], errors[1:]))
        np.testing.assert_allclose(rates, order, atol=0.15 * order)


def test_flow_on_matrices_is_the_flow_of_the_modes():
    k, params = start(3, k0=0.1)
    deficits = Deficit("freeze", 1, 0.0, 0.5)
    history = gradient_flow(params, TWO_MODES, 1 / 256, 512, deficits, 128)
    p0, s = layer_strength(k, 3), jnp.array([3.0, 2.0])
    modes = solve_modes(p0, s, 3, history.t, deficits, steps=200)
    np.testing.assert_allclose(history.k[:, :, :2], modes, atol=1e-6)


def test_weight_decay_on_matrices_is_weight_decay_on_modes():
    k, params = start(3, k0=0.5)
    lr, s = bounded_step(3), jnp.array([3.0, 2.0])
    history = train_gd(params, TWO_MODES, lr, 200, (), 20, decay=0.3)
    modes = gd_map(layer_strength(k, 3), s, 3, lr, 200, (), 0.0, 20, decay=0.3)
    np.testing.assert_allclose(history.k[:, :, :2], modes, atol=1e-10)
    kept = gd_map(layer_strength(k, 3), s, 3, lr, 200, (), 0.0, 20)
    assert float(jnp.max(jnp.abs(modes[-1] - kept[-1]))) > 0.1


def test_the_record_is_a_thinned_path():
    _, params = start(2)
    full = train_gd(params, TWO_MODES, 0.02, 60)
    thin = train_gd(params, TWO_MODES, 0.02, 60, (), 15)
    assert full.k.shape == (61, 2, 5) and full.balance.shape == (61, 2, 1)
    np.testing.assert_allclose(full.t, 0.02 * np.arange(61), atol=1e-14)
    for every, each in zip(full[:-1], thin[:-1], strict=True):
        np.testing.assert_allclose(each, every[::15], atol=1e-12)
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, atol=1e-12), full.params, thin.params
    )


def test_leak_is_what_lies_outside_the_modes():
    sigma = jnp.diag(jnp.array([3.0, 2.0]))
    params = ((jnp.array([[1.0, 0.3], [-0.4, 2.0]]),),)
    history = train_gd(params, sigma, 0.1, 1)
    np.testing.assert_allclose(history.leak[0], 0.5)
    np.testing.assert_allclose(history.k[0], [[1.0, 2.0]])
    np.testing.assert_allclose(history.loss[0], 0.5 * (4 + 0.25))


def test_onsets_vmap_and_do_not_recompile():
    _, params = start(2)
    lr, steps = 0.02, 150
    events = []
    count = lambda name, *_, **__: events.append(name)  # noqa: E731
    jax.monitoring.register_event_duration_secs_listener(count)

    def final(onset, length, strength):
        deficit = Deficit("blur", 1, onset, onset + length, strength=strength)
        return train_gd(params, TWO_MODES, lr, steps, deficit, steps).k[-1]

    one = [final(onset, 0.5, 0.9) for onset in (0.0, 0.3)]
    before = len([e for e in events if "backend_compile" in e])
    one.append(final(1.0, 0.75, 0.4))
    assert len([e for e in events if "backend_compile" in e]) == before > 0
    many = jax.vmap(final)(
        jnp.array([0.0, 0.3, 1.0]), jnp.array([0.5, 0.5, 0.75]), jnp.array([0.9, 0.9, 0.4])
    )
    np.testing.assert_allclose(many, jnp.stack(one), atol=1e-12)
    assert float(jnp.ptp(many[:, 1, 0])) > 0.1


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_the_limit_of_the_learning_rate_is_the_limit_of_stability(depth):
    """A single winner stays just below 2/(D S^(2-2/D)) and leaves just above."""
    sigma = jnp.array([[3.0]])
    limit = 2 / (depth * 3.0 ** (2 - 2 / depth))
    near = jnp.array([[3.0 + 1e-6]])
    params = aligned_init(sigma, depth, 1, near, jax.random.key(0))
    stays = train_gd(params, sigma, 0.97 * limit, 400)
    assert float(jnp.max(jnp.abs(stays.k[-1] - 3.0))) < 1e-8
    with pytest.raises(ValueError, match=f"allowed: below {limit:.4g}"):
        train_gd(params, sigma, 1.03 * limit, 400)
    leaves = train_gd(params, sigma, 1.03 * limit, 200, check_stability=False)
    assert float(jnp.max(jnp.abs(leaves.k[-20:] - 3.0))) > 1e-3


def test_bad_arguments_are_named():
    _, params = start(2)
    fine = dict(params=params, sigma=TWO_MODES, lr=0.01, steps=10)
    odd = (params[0], (params[1][0],))
    silent = (params[0], tuple(jnp.zeros_like(w) for w in params[1]))
    for change, said in (
        (dict(lr=-0.1), "lr is -0.1"),
        (dict(steps=0), "steps is 0"),
        (dict(record_every=3), "divisor of steps = 10"),
        (dict(sigma=jnp.eye(3)), "a chain of matrices from 3 inputs to 3 outputs"),
        (dict(params=odd), "the same depth in all pathways"),
        (dict(params=silent), "it never learns"),
        (dict(params=()), "at least one"),
        (dict(deficits=Deficit("freeze", 2)), "pathway of a deficit is 2"),
        (dict(deficits=Deficit("freeze", 1, modes=(5,))), "modes of a deficit"),
    ):
        with pytest.raises(ValueError, match=said):
            train_gd(**(fine | change))
    with pytest.raises(ValueError, match=r"step is 0\.5; allowed: below"):
        gradient_flow(params, TWO_MODES, 0.5, 10)
