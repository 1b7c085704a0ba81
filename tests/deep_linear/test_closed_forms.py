"""Closed forms against independent integration, exact series and gradient descent."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from theorylab import symbolic
from theorylab.deep_linear import (
    balanced_init,
    half_time,
    mode_at,
    time_to,
    train_gd,
    two_layer_exact,
    unlearn,
)
from theorylab.deep_linear.closed_forms import rise

DEPTHS = range(1, 9)
S, K0 = 2.0, 1e-2


@pytest.mark.parametrize("depth", DEPTHS)
def test_time_agrees_with_an_adaptive_solver(depth):
    """Acceptance A3: 1e-9 relative, DOP853 at 1e-12."""
    levels = np.array([0.02, 0.3, 1.0, 1.7, 1.99])
    solved = solve_ivp(
        lambda k, _: 1 / (depth * k ** (2 - 2 / depth) * (S - k)),
        (K0, levels[-1]),
        [0.0],
        method="DOP853",
        rtol=1e-12,
        atol=1e-14,
        t_eval=levels,
    ).y[0]
    np.testing.assert_allclose(time_to(levels, K0, S, depth), solved, rtol=1e-9)


@pytest.mark.parametrize("depth", DEPTHS)
def test_strength_inverts_time_up_to_both_ends(depth):
    k = jnp.array([K0, 0.011, 0.5, 1.0, 1.9, 2.0 - 1e-9])
    np.testing.assert_allclose(mode_at(time_to(k, K0, S, depth), K0, S, depth), k, rtol=1e-12)
    assert mode_at(1e6, K0, S, depth) == pytest.approx(S, abs=1e-12)
    for t in (0.0, 1e-9, 3.0):
        assert mode_at(t, S, S, depth) == pytest.approx(S, abs=1e-12)


@pytest.mark.parametrize("depth", DEPTHS)
def test_strength_obeys_the_mode_equation(depth):
    t = jnp.linspace(0.1, 3.0, 5) * half_time(K0, S, depth)
    velocity = jax.vmap(jax.grad(lambda t: mode_at(t, K0, S, depth)))(t)
    k = mode_at(t, K0, S, depth)
    # S - k is known to rounding only: its error is multiplied by the gain, at most 30.
    np.testing.assert_allclose(
        velocity, depth * k ** (2 - 2 / depth) * (S - k), rtol=1e-7, atol=1e-13
    )


@pytest.mark.parametrize("depth", DEPTHS)
def test_derivatives_hold_at_the_half_time_where_the_inversion_changes_variable(depth):
    half = half_time(K0, S, depth)
    gain = depth * (S / 2) ** (2 - 2 / depth)
    by_time, by_start = jax.grad(lambda t, k0: mode_at(t, k0, S, depth), (0, 1))(
        half, jnp.asarray(K0)
    )
    start_speed = depth * K0 ** (2 - 2 / depth) * (S - K0)
    assert by_time == pytest.approx(gain * S / 2, rel=1e-10)
    assert by_start == pytest.approx(gain * S / 2 / start_speed, rel=1e-10)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
@pytest.mark.parametrize("depth", DEPTHS)
def test_strength_stays_at_the_target_however_late(depth, dtype):
    """Where 1 - z is below the smallest float, the mode must not fall back."""
    late = jnp.array([2.0, 5.0, 30.0, 1e4], dtype) * half_time(1e-3, 3.0, depth).astype(dtype)
    k = mode_at(late, jnp.asarray(1e-3, dtype), jnp.asarray(3.0, dtype), depth)
    assert k[0] > 2.0
    np.testing.assert_allclose(k[2:], 3.0, rtol=1e-6)
    slope = jax.grad(lambda t: mode_at(t, 1e-3, 3.0, depth))(jnp.float64(late[-1]))
    assert slope == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_single_precision_holds_over_plateau_and_saturation(depth):
    t = jnp.array([0.0, 0.5, 0.99, 1.5, 4.0]) * half_time(1e-3, 3.0, depth)
    single = mode_at(t.astype(jnp.float32), jnp.float32(1e-3), jnp.float32(3.0), depth)
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, mode_at(t, 1e-3, 3.0, depth), rtol=2e-3)


@pytest.mark.parametrize("depth", [3, 4, 5, 8])
def test_rise_is_the_series_of_the_derivation(depth):
    """Claims plateau/geometric and plateau/series-term: sum of x^(2+jD)/(2+jD)."""
    for x in (0.05, 0.6, 0.999):
        with mpmath.workdps(25):  # the series itself converges too slowly near 1
            ends = [end for end in (0, 0.9, 0.99) if end < x] + [mpmath.mpf(x)]
            exact = mpmath.quad(lambda u: u / (1 - u**depth), ends)
            if x < 0.9:
                terms = (mpmath.mpf(x) ** (2 + j * depth) / (2 + j * depth) for j in range(200))
                assert abs(sum(terms) - exact) < 1e-20
        ours = rise(depth * jnp.log(x), depth)
        np.testing.assert_allclose(float(ours), float(exact), rtol=1e-11, atol=1e-15)


def test_rise_is_the_compiled_closed_form():
    x = jnp.linspace(0.1, 0.95, 7)
    for name, depth in (("rise-three", 3), ("rise-four", 4)):
        compiled = symbolic.compiled(f"deep_linear/plateau/{name}", args=("x",))
        np.testing.assert_allclose(rise(depth * jnp.log(x), depth), compiled(x), rtol=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_equal_pathways_learn_as_coupled_equations_say(depth):
    pathways, end = 3, 0.8 * float(half_time(3 * K0, S, depth, pathways=3))
    solved = solve_ivp(
        lambda _, k: depth * k ** (2 - 2 / depth) * (S - k.sum()),
        (0, end),
        np.full(pathways, K0),
        method="DOP853",
        rtol=1e-11,
        atol=1e-13,
    ).y[:, -1]
    total = mode_at(end, pathways * K0, S, depth, pathways=pathways)
    np.testing.assert_allclose(total, solved.sum(), rtol=1e-8)


@pytest.mark.parametrize("depth", [1, 2, 3, 6])
def test_unlearning_agrees_with_an_adaptive_solver(depth):
    ts = np.array([0.1, 1.0, 20.0])
    solved = solve_ivp(
        lambda _, k: -depth * k ** (3 - 2 / depth),
        (0, 20),
        [1.3],
        method="DOP853",
        rtol=1e-12,
        atol=1e-20,
        t_eval=ts,
    ).y[0]
    np.testing.assert_allclose(unlearn(ts, 1.3, depth), solved, rtol=1e-9)
    assert unlearn(1.0, 0.0, depth) == 0.0


def test_two_layers_exactly_against_gradient_descent_with_first_order_error():
    """Acceptance A6: an unaligned 7 x 5 target; the error is proportional to the step."""
    sigma = jax.random.normal(jax.random.key(3), (7, 5))
    ((w1, w2),) = params = balanced_init(jax.random.key(4), (7, 5), depth=2, scale=0.3, pathways=1)
    errors = []
    for lr in (1e-2, 1e-3):
        steps = round(1.0 / lr)
        history = train_gd(params, sigma, lr, steps, record_every=steps, check_stability=False)
        ((v1, v2),) = history.params
        exact = two_layer_exact(w1, w2, sigma, jnp.array([steps * lr]))[0]
        errors.append(float(jnp.abs(v2 @ v1 - exact).max() / jnp.abs(sigma).max()))
    assert errors[1] < 2e-3
    assert 8 < errors[0] / errors[1] < 12.5


def test_two_layers_start_where_they_are_and_never_overflow():
    sigma = jax.random.normal(jax.random.key(3), (4, 6))
    ((w1, w2),) = balanced_init(jax.random.key(4), (4, 6), depth=2, scale=0.05, pathways=1)
    start, early, late = two_layer_exact(w1, w2, sigma, jnp.array([0.0, 1e-9, 300.0]))
    np.testing.assert_allclose(start, w2 @ w1, atol=1e-15)
    np.testing.assert_allclose(early, start, atol=1e-8)
    np.testing.assert_allclose(late, sigma, atol=1e-8)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mode_at(-1.0, K0, S, 2), "t "),
        (lambda: mode_at(1.0, 0.0, S, 3), "k0 "),
        (lambda: mode_at(1.0, 3.0, S, 3), "s - k0"),
        (lambda: mode_at(1.0, K0, -S, 3), "s "),
        (lambda: mode_at(1.0, K0, S, 0), "depth"),
        (lambda: time_to(S, K0, S, 3), "s - k"),
        (lambda: time_to(K0 / 2, K0, S, 3), "k - k0"),
        (lambda: unlearn(1.0, -1.0, 2), "k0"),
        (lambda: two_layer_exact(jnp.eye(2), 2 * jnp.eye(2), jnp.eye(2), jnp.ones(1)), "imbalance"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
