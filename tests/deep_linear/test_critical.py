"""Critical-period curves: closed form, mode equations and gradient descent against each other."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear import (
    aligned_init,
    closing_time,
    critical_period_curve,
    critical_period_map,
    deficit_dose,
    half_time,
    mode_at,
    pathway_error,
    sensitivity_kernel,
    share_after_dose,
    susceptibility,
)

S, K0 = jnp.array([3.0]), 1e-3


def unit(depth):
    return half_time(2 * K0, 3.0, depth, pathways=2)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_closed_form_agrees_with_the_mode_equations(depth):
    onsets = jnp.array([0.0, 0.7, 1.0, 1.3]) * unit(depth)
    window = jnp.array([0.1]) * unit(depth)
    exact, ode = (
        critical_period_curve(S, depth, K0, onsets, window, method) for method in ("exact", "ode")
    )
    np.testing.assert_allclose(exact, ode, atol=2e-5)


@pytest.mark.parametrize("depth", [2, 3])
def test_gradient_descent_approaches_theory_at_first_order(depth):
    """Acceptance A2: error at eta and eta/4, whose ratio is 4 for a first-order method."""
    onsets = jnp.array([0.0, 0.8, 1.0, 1.2]) * unit(depth)
    window = jnp.array([0.1]) * unit(depth)
    exact = critical_period_curve(S, depth, K0, onsets, window)
    errors = []
    for eta in (0.05, 0.0125):
        lr = eta / (depth * 3.0 ** (2 - 2 / depth))
        # Windows are whole steps: compare where they are exactly representable.
        on = jnp.round(onsets / lr) * lr
        length = jnp.round(window / lr) * lr
        exact = critical_period_curve(S, depth, K0, on, length)
        gd = critical_period_curve(S, depth, K0, on, length, "gd", lr=lr)
        errors.append(float(jnp.abs(gd - exact).max()))
    assert errors[0] < 0.01
    assert errors[1] < 0.0025
    assert 3.5 < errors[0] / errors[1] < 4.5


def test_the_initial_scale_drops_out_but_depth_does_not():
    """Brief section 2: shares .142, .0796, .0582, .0403 whatever the scale."""
    window = (jnp.array([0.0]), jnp.array([0.3]))
    for depth, share in ((2, 0.142), (3, 0.0796), (4, 0.0582), (6, 0.0403)):
        by_dose = share_after_dose(deficit_dose(0.3, 3.0, depth), depth)
        assert float(by_dose) == pytest.approx(share, abs=5e-4)
        for k0 in (1e-5, 1e-7):
            exact = critical_period_curve(S, depth, k0, *window)[0, 0, 0]
            np.testing.assert_allclose(exact, by_dose, rtol=2e-3)


@pytest.mark.parametrize("depth", [2, 3, 5])
def test_a_brief_deficit_costs_what_the_kernel_says(depth):
    tau = 1e-5 * unit(depth)
    onsets = jnp.array([0.2, 0.9, 1.1]) * unit(depth)
    share = critical_period_curve(S, depth, K0, onsets, tau[None])[:, 0, 0]
    loss = 3.0 * (0.5 - share) / tau
    np.testing.assert_allclose(loss, sensitivity_kernel(onsets, K0, 3.0, depth), rtol=2e-3)


def test_susceptibility_of_the_brief():
    ours = [float(susceptibility(3.0, depth)) for depth in (1, 2, 3, 4, 5, 6)]
    np.testing.assert_allclose(ours, [0.5, 1.5, 2.576, 3.674, 4.783, 5.897], atol=5e-4)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_the_window_closes_when_the_residual_has_fallen(depth):
    t = closing_time(K0, 3.0, depth, level=0.2)
    left = 3.0 - mode_at(t, 2 * K0, 3.0, depth, pathways=2)
    np.testing.assert_allclose(left, 0.2 * (3.0 - 2 * K0), rtol=1e-9)


def test_the_edge_sharpens_with_depth():
    """Width from 90 % to 10 % in units of the half-time: .60, .16, .075, .055, .040."""
    onsets = jnp.linspace(0.3, 1.7, 2001)
    for depth, width in ((2, 0.60), (3, 0.16), (4, 0.075), (5, 0.055), (6, 0.040)):
        damage = 0.5 - critical_period_map(3.0, (depth,), K0, onsets, jnp.array([0.1]))[0, :, 0]
        first = (
            0.5 - critical_period_map(3.0, (depth,), K0, jnp.zeros(1), jnp.array([0.1]))[0, 0, 0]
        )
        crossing = [float(onsets[jnp.argmax(damage < level * first)]) for level in (0.9, 0.1)]
        assert crossing[1] - crossing[0] == pytest.approx(width, abs=0.025)


def test_map_is_finite_monotone_in_duration_and_even_when_late():
    share = critical_period_map(
        3.0, (1, 2, 3, 4, 5, 6), K0, jnp.linspace(0.0, 3.0, 31), jnp.linspace(0.0, 1.0, 11)
    )
    assert bool(jnp.all(jnp.isfinite(share)))
    assert bool(jnp.all(jnp.diff(share, axis=2) <= 1e-12))
    np.testing.assert_allclose(share[1:, -1], 0.5, atol=2e-3)
    np.testing.assert_allclose(share[:, :, 0], 0.5, atol=1e-9)


def test_curve_differentiates_and_batches():
    def share(onset):
        return critical_period_curve(S, 3, K0, onset[None], jnp.array([0.3]))[0, 0, 0]

    onsets = jnp.array([0.5, 2.5])
    slopes = jax.vmap(jax.grad(share))(onsets)
    h = 1e-5
    np.testing.assert_allclose(
        slopes, [(share(t + h) - share(t - h)) / (2 * h) for t in onsets], rtol=1e-4, atol=1e-8
    )


def test_pathway_error_sees_what_the_loss_does_not():
    sigma = jnp.diag(jnp.array([3.0, 2.0]))
    k = jnp.array([[3.0, 1.0], [0.0001, 1.0]])
    params = aligned_init(sigma, 3, 4, k, jax.random.key(0))
    error = pathway_error(params, sigma)
    np.testing.assert_allclose(error, [1 / 13, 10 / 13], rtol=1e-3)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"s": jnp.array([-1.0])}, "s "),
        ({"k0": 0.0}, "k0"),
        ({"k0": 2.0}, "s / 2 - k0"),
        ({"onsets": jnp.array([-0.1])}, "onsets"),
        ({"durations": jnp.array([-0.1])}, "durations"),
        ({"method": "guess"}, "method"),
        ({"depth": 0}, "depth"),
    ],
)
def test_bad_input_is_named(changes, words):
    good = {"s": S, "depth": 3, "k0": K0, "onsets": jnp.zeros(1), "durations": jnp.ones(1)}
    with pytest.raises(ValueError, match=words):
        critical_period_curve(**{**good, **changes})
