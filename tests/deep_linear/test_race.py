"""The race: potentials, the final allocation, and the numbers that depend on them."""

import inspect
from itertools import pairwise

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from theorylab import symbolic
from theorylab.deep_linear import (
    Deficit,
    allocate,
    final_allocation,
    layer_strength,
    max_stable_lr,
    race_invariant,
    race_potential,
    race_potential_inverse,
    sharpness,
    solve_modes,
)

DEPTHS = range(1, 9)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("imbalance", [0.0, 0.5, 1.0])
def test_slope_of_the_potential_cancels_the_speed(depth, imbalance):
    p = jnp.array([0.2, 0.9, 2.5]) * (jnp.array([-1.0, 1.0, 1.0]) if imbalance else 1.0)
    slope = jax.vmap(jax.grad(lambda p: race_potential(p, depth, imbalance)))(p)
    np.testing.assert_allclose(slope, (p**2 + imbalance) ** (-(depth - 1) / 2), rtol=1e-12)


@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("imbalance", [0.0, 1.0])
def test_inverse_gives_back_the_strength(depth, imbalance):
    p = jnp.array([0.05, 0.4, 1.0, 3.0])
    f = race_potential(p, depth, imbalance)
    np.testing.assert_allclose(race_potential_inverse(f, depth, imbalance), p, rtol=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 4, 5, 8, 13])
def test_unequal_potential_is_the_integral(depth):
    for p in (-1.3, 0.2, 4.0):
        exact = mpmath.quad(lambda x: (x**2 + 1) ** (-(depth - 1) / 2), [0, p])
        assert float(race_potential(p, depth, 1.0)) == pytest.approx(float(exact), rel=1e-12)


def test_unequal_potential_of_four_is_the_compiled_form():
    p = jnp.array([-2.0, 0.3, 1.7])
    compiled = symbolic.compiled("deep_linear/potential/four", args=("p", "lambda"))
    np.testing.assert_allclose(race_potential(p, 4, 0.5), compiled(p, jnp.full(3, 0.5)), rtol=1e-13)


@pytest.mark.parametrize(("depth", "lam"), [(3, 1e-9), (8, 1e-4), (13, 1e-4), (8, 4.0)])
def test_tiny_imbalance_loses_no_digits(depth, lam):
    """The potentials themselves agree in all digits: they are near the end of the race."""
    k = jnp.array([[1.0], [2.0]])
    c = race_invariant(k, depth, lam)
    ends = [mpmath.mpf(float(p)) for p in layer_strength(k, depth, lam).ravel()]
    mpmath.mp.dps = 30
    exact = mpmath.quad(lambda p: (p * p + lam) ** (-mpmath.mpf(depth - 1) / 2), ends[::-1])
    np.testing.assert_allclose(float(c[0, 0]), float(exact), rtol=1e-13)
    np.testing.assert_allclose(allocate(c[:, 0], 3.0, depth, lam), k[:, 0], rtol=1e-11)
    np.testing.assert_allclose(race_invariant(-k[::-1], depth, lam), c, rtol=1e-13)


def test_tiny_imbalance_is_a_small_change_of_the_balanced_end():
    p0, s = jnp.array([[0.3], [0.4]]), jnp.array([3.0])
    ends = [final_allocation(p0, s, 8, Deficit("freeze", 1, 0.0, 5.0), x) for x in (0.0, 1e-9)]
    np.testing.assert_allclose(*ends, rtol=1e-5)


@pytest.mark.parametrize("depth", [2, 3, 6])
def test_a_pathway_decays_while_a_frozen_one_holds_more_than_the_target(depth):
    """Closed form of the slow decay; afterwards the invariants decide, whatever the wait."""
    p0, s = jnp.array([[0.1], [6.0]]) ** (1 / depth), jnp.array([3.0])

    def end(stop):
        return final_allocation(p0, s, depth, Deficit("freeze", 1, 0.0, stop))[:, 0]

    assert end(jnp.inf).tolist() == [0.0, pytest.approx(6.0, rel=1e-12)]
    slope = float(jax.grad(lambda stop: end(stop)[0])(0.5))
    apart = float(end(0.5 + 1e-4)[0] - end(0.5 - 1e-4)[0])
    assert slope == pytest.approx(apart / 2e-4, rel=1e-4)
    for stop in (0.5, 5.0, 5e3):
        ours = end(stop)
        assert float(ours.sum()) == pytest.approx(3.0, rel=1e-9)
        rate = float(p0[0, 0] ** depth)  # A holds so little that the residual is all but -3
        if depth == 2:
            share = rate * np.exp(-6 * stop) / 6
            assert float(ours[0] / ours[1]) == pytest.approx(share, rel=0.05)
        else:
            assert 0 <= float(ours[0]) < 0.05


@settings(deadline=None, max_examples=40)
@given(
    depth=st.integers(1, 8),
    s=st.floats(0.3, 8.0),
    c=st.lists(st.floats(-2.0, 2.0), min_size=1, max_size=4),
)
def test_allocation_solves_its_two_equations(depth, s, c):
    k = allocate(jnp.array(c), s, depth)
    np.testing.assert_allclose(k.sum(), s, rtol=1e-12)
    if depth > 1:
        f = race_potential(k ** (1 / depth), depth)
        np.testing.assert_allclose(f[0] - f[1:], jnp.array(c), rtol=1e-8, atol=1e-9)
    else:
        np.testing.assert_allclose(k[0] - k[1:], jnp.array(c), atol=1e-12)


@pytest.mark.parametrize("depth", [2, 3, 5, 8])
def test_unequal_allocation_solves_its_two_equations(depth):
    c = jnp.array([[0.05], [-0.1]])
    k = allocate(c, jnp.array([4.0, 10.0]), depth, imbalance=1.0)
    np.testing.assert_allclose(k.sum(-1), [4.0, 10.0], rtol=1e-9)
    f = race_potential(layer_strength(k, depth, 1.0), depth, 1.0)
    np.testing.assert_allclose(f[:, :1] - f[:, 1:], c, atol=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 6])
def test_hopeless_handicaps_neither_overflow_nor_become_nan(depth):
    k = allocate(jnp.array([[1e6], [-1e6], [700.0]]), 2.0, depth)
    assert bool(jnp.all(jnp.isfinite(k)) & jnp.all(k >= 0))
    np.testing.assert_allclose(k.sum(-1), 2.0, rtol=1e-12)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_derivative_of_the_allocation_is_the_linear_response(depth):
    """Claim deficit/response."""
    c, s = 0.1, 3.0
    slope = jax.grad(lambda c: allocate(c[None], s, depth)[1])(jnp.array(c))
    k = allocate(jnp.array([c]), s, depth)
    gain = depth * k ** (2 - 2 / depth)
    np.testing.assert_allclose(slope, -gain[0] * gain[1] / gain.sum(), rtol=1e-9)


WINDOWS = [
    (Deficit("freeze", 1, 0.1, 0.9),),
    (Deficit("silence", 1, 0.2, 0.9),),
    (Deficit("blur", 1, 0.0, 1.1, strength=0.7),),
    (Deficit("blur", 1, 0.0, 40.0, strength=0.7),),
    (Deficit("decorrelate", 0, 0.3, 1.2, strength=0.5),),
    (Deficit("freeze", 1, 0.1, 0.5), Deficit("silence", 0, 0.4, 0.7)),
    (Deficit("lesion", 0, modes=(1,)), Deficit("freeze", 1, 0.0, 0.5)),
]


@pytest.mark.parametrize("deficits", WINDOWS, ids=lambda d: "+".join(x.kind for x in d))
@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_final_allocation_is_where_an_independent_solver_ends(depth, deficits):
    s = np.array([3.0, 1.5])
    k0 = np.array([[0.05, 0.08], [0.06, 0.05]])
    p0 = k0 ** (1 / depth)
    times = [e for d in deficits for e in (d.start, d.stop) if np.isfinite(e) and e > 0]
    legs = np.concatenate([[0.0], np.sort(times), [120.0]])
    p = p0.ravel()
    for a, b in pairwise(legs):
        o, q, g = _gates_by_hand(deficits, (a + b) / 2)

        def velocity(_, p, o=o, q=q, g=g):
            k = p.reshape(2, 2) ** depth
            r = g * (o * (s - (o * k).sum(0) + o * k) - q * k)
            return (p.reshape(2, 2) ** (depth - 1) * r).ravel()

        p = solve_ivp(velocity, (a, b), p, method="LSODA", rtol=1e-11, atol=1e-13).y[:, -1]
    ours = final_allocation(jnp.array(p0), jnp.array(s), depth, deficits)
    np.testing.assert_allclose(ours, p.reshape(2, 2) ** depth, atol=3e-6)


SETTLED = [
    (),
    (Deficit("freeze", 1),),
    (Deficit("freeze", 1, 50.0, 60.0),),
    (Deficit("blur", 1, strength=0.5),),
    (Deficit("silence", 1, 0.0, 100.0),),
    (Deficit("lesion", 0, 0.0, 200.0),),
]


@pytest.mark.parametrize("deficits", SETTLED, ids=lambda d: "+".join(x.kind for x in d) or "none")
@pytest.mark.parametrize(("depth", "imbalance"), [(1, 0.0), (2, 0.0), (3, 1.0), (5, 0.0)])
def test_final_allocation_in_single_precision(depth, imbalance, deficits):
    """Runs that settle inside a window: the residual then ends at rounding, not at zero."""
    p0, s = np.full((2, 2), 0.2), np.array([3.0, 1.0])
    single, double = (
        final_allocation(jnp.array(p0, t), jnp.array(s, t), depth, deficits, imbalance)
        for t in (jnp.float32, jnp.float64)
    )
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, double, atol=2e-5)


def _gates_by_hand(deficits, t):
    o, q, g = np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2))
    for d in deficits:
        if not d.start <= t < d.stop:
            continue
        left = np.ones(2)
        left[list(d.modes) if d.modes else slice(None)] = 1 - d.strength
        if d.kind == "freeze":
            g[d.pathway] *= left
        else:
            o[d.pathway] *= left
            power = {"silence": left, "decorrelate": np.ones(2)}.get(d.kind, left**2)
            q[d.pathway] *= power
    return o, q, g


def test_final_allocation_batches_over_windows_and_survives_a_long_plateau():
    """Depth 4 from p0 = 0.005: the plateau lasts 2000 units, the window 0.05."""
    p0, s = jnp.full((2, 1), 0.005), jnp.array([10.0])

    def end(start):
        return final_allocation(p0, s, 4, Deficit("freeze", 1, start, start + 0.05))[:, 0]

    early, late = jax.vmap(end)(jnp.array([0.0, 5000.0]))
    dose = 0.05 * 10.0**1.5
    from theorylab.deep_linear import share_after_dose

    np.testing.assert_allclose(early[1] / 10.0, share_after_dose(dose, 4), rtol=1e-4)
    np.testing.assert_allclose(late, [5.0, 5.0], rtol=1e-9)


@pytest.mark.parametrize("depth", [2, 3, 6])
def test_invariant_drifts_at_fourth_order_in_the_solver(depth):
    """Acceptance A4: what the exact flow conserves, Runge-Kutta keeps to fourth order."""
    p0 = jnp.array([[0.3], [0.25]]) ** (3 / depth)  # half-way up at the end, whatever the depth
    ts = jnp.array([0.0, 3.0])
    exact = race_potential(p0[0], depth) - race_potential(p0[1], depth)

    def drift(steps):
        p = solve_modes(p0, jnp.array([2.0]), depth, ts, steps=steps)[-1] ** (1 / depth)
        gap = race_potential(p[0], depth) - race_potential(p[1], depth)
        return float(jnp.abs(gap / exact - 1)[0])

    coarse, fine = drift(100), drift(200)
    if depth > 2:
        assert 12 < coarse / fine < 22
    assert fine < 1e-4


def test_sharpness_is_the_largest_eigenvalue_of_the_hessian():
    """Acceptance A7, against jax.hessian of the loss in all weights of one mode."""
    for depth in (1, 2, 3, 5):
        k = jnp.array([0.7, 2.3])
        weights = jnp.repeat(k ** (1 / depth), depth)

        def loss(w, depth=depth):
            return (3.0 - jnp.prod(w[:depth]) - jnp.prod(w[depth:])) ** 2 / 2

        eigenvalues = jnp.linalg.eigvalsh(jax.hessian(loss)(weights))
        np.testing.assert_allclose(eigenvalues[-1], sharpness(k, depth), rtol=1e-10)
        np.testing.assert_allclose(eigenvalues[:-1], 0.0, atol=1e-10)


def test_largest_stable_step_is_where_descent_stops_converging():
    for depth, pathways in ((3, 1), (4, 2)):
        limit = float(max_stable_lr(3.0, depth, pathways))
        start = jnp.full((pathways * depth,), (3.0 / pathways) ** (1 / depth)) * 1.0001

        def loss(w, depth=depth):
            return (3.0 - jnp.sum(jnp.prod(w.reshape(-1, depth), axis=1))) ** 2 / 2

        def run(lr, w=start, loss=loss):
            body = lambda _, w: w - lr * jax.grad(loss)(w)  # noqa: E731
            return float(loss(jax.lax.fori_loop(0, 200, body, w)))

        assert run(0.97 * limit) < loss(start) / 10
        assert run(1.03 * limit) > loss(start) * 10


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: race_potential(-0.1, 3), "p "),
        (lambda: race_potential(0.1, 0), "depth"),
        (lambda: race_potential(0.1, 3, -1.0), "imbalance"),
        (lambda: allocate(jnp.array([0.1]), -1.0, 3), "s "),
        (lambda: final_allocation(jnp.zeros((2, 1)), jnp.ones(1), 2), "p0"),
        # what a user sees: while testing, the annotated shapes would speak first
        (lambda: inspect.unwrap(final_allocation)(jnp.ones((2, 2)), jnp.ones(1), 2), "p0"),
        (lambda: final_allocation(jnp.ones((2, 1)), -jnp.ones(1), 2), "s "),
        (
            lambda: final_allocation(jnp.ones((2, 1)), jnp.ones(1), 2, Deficit("freeze", 2, 0, 1)),
            "pathway",
        ),
        (
            lambda: final_allocation(jnp.ones((2, 1)), jnp.ones(1), 2, Deficit("decorrelate", 1)),
            "stop",
        ),
        (lambda: sharpness(jnp.array([-1.0]), 2), "k "),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
