"""The mode equations against an adaptive solver, conserved quantities and exact statements."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from theorylab.deep_linear import (
    Deficit,
    couplings,
    euler_map,
    gates,
    gd_map,
    imbalanced,
    layer_strength,
    mode_rhs,
    solve_modes,
)

S = np.array([3.0, 1.7])


def adaptive(p0, depth, ts, deficits=(), imbalance=0.0, decay=0.0):
    """DOP853 from edge to edge, on the D layers one by one."""
    p0 = np.asarray(p0)
    q0 = np.sqrt(p0**2 + imbalance)
    state = np.stack([p0, *[q0] * (depth - 1)])
    edges = sorted({*ts, *(e for d in deficits for e in (d.start, d.stop))})
    edges = [e for e in edges if ts[0] <= e <= ts[-1]]
    found = [state]
    for a, b in pairwise(edges):
        m, c = map(np.asarray, couplings(gates(deficits, 0.5 * (a + b), *p0.shape)))

        def velocity(_, flat, m=m, c=c):
            layers = flat.reshape(depth, *p0.shape)
            r = m * S - np.einsum("abr,br->ar", c, layers.prod(axis=0))
            others = [np.delete(layers, l, axis=0).prod(axis=0) for l in range(depth)]
            return (np.stack(others) * r - decay * layers).ravel()

        step = solve_ivp(velocity, (a, b), state.ravel(), "DOP853", rtol=1e-12, atol=1e-14)
        state = step.y[:, -1].reshape(state.shape)
        if b in ts:
            found.append(state)
    return np.array(found).prod(axis=1)


FREEZE = Deficit("freeze", 1, 0.31, 0.97)


@pytest.mark.parametrize(
    ("depth", "imbalance", "decay", "deficits"),
    [
        (1, 0.0, 0.0, (FREEZE,)),
        (2, 0.0, 0.0, (FREEZE, Deficit("blur", 0, 0.6, 1.4, (1,), 0.5))),
        (3, 0.0, 0.1, (Deficit("silence", 1, 0.2, 1.1, None, 0.6),)),
        (4, 0.0, 0.0, (FREEZE,)),
        (6, 0.0, 0.0, (Deficit("decorrelate", 1, 0.2, 1.1, None, 0.6),)),
        (3, 1.0, 0.0, (FREEZE, Deficit("lesion", 0, modes=(1,)))),
        (5, 0.5, 0.05, (FREEZE,)),
    ],
)
def test_a4_segments_meet_an_adaptive_solver(depth, imbalance, decay, deficits):
    k0 = np.array([[0.3, 0.2], [0.25, 0.3]]) * (-1 if imbalance else 1)
    p0 = np.asarray(layer_strength(k0, depth, imbalance))
    ts = np.array([0.0, 0.5, 2.0])
    k = solve_modes(p0, S, depth, ts, deficits, imbalance, decay, steps=400)
    expected = adaptive(p0, depth, ts, deficits, imbalance, decay)
    np.testing.assert_allclose(k, expected, atol=1e-6 * S.max())


def test_a4_the_order_is_four_with_edges_off_the_grid():
    p0, ts = np.array([[0.6, 0.5], [0.5, 0.6]]), np.array([0.0, 2.0])
    exact = adaptive(p0, 4, ts, (FREEZE,))[-1]
    errors = []
    for steps in (40, 80):
        k = solve_modes(p0, S, 4, ts, FREEZE, steps=steps)[-1]
        errors.append(float(np.max(np.abs(k - exact))))
    rate = np.log2(errors[0] / errors[1])
    assert 3.7 < rate < 4.4
    assert errors[1] > 1e-12


def test_a4_the_race_invariant_drifts_at_fourth_order():
    """Without a deficit C = F(p_A) - F(p_B) stays, over t = 10, at depths 2 to 6."""

    def potential(k, depth):
        p = k ** (1 / depth)
        return np.log(p) if depth == 2 else -(p ** (2 - depth)) / (depth - 2)

    for depth in (2, 3, 6):
        k0 = np.array([[1e-3] * 3, [2e-3] * 3])
        s, drifts = np.array([3.0, 2.0, 1.0]), []
        for steps, bound in ((400, 1e-4), (800, 1e-5)):
            k = solve_modes(k0 ** (1 / depth), s, depth, np.array([0.0, 10.0]), steps=steps)
            a, b = potential(np.asarray(k), depth).swapaxes(0, 1)
            c = a - b
            drifts.append(np.max(np.abs(c[-1] / c[0] - 1)))
            assert drifts[-1] <= bound
        assert depth == 2 or drifts[0] / drifts[1] > 12


def test_an_edge_between_output_times_is_met_exactly():
    """Freezing B of depth 1 gives K_B = S exp(-tau)/2 from zero, wherever the window ends."""
    s, ts = jnp.array([2.0]), jnp.linspace(0.0, 30.0, 4)
    for tau in (0.123, 1.0, 7.89):
        deficit = Deficit("freeze", 1, 0.0, tau)
        k = solve_modes(jnp.zeros((2, 1)), s, 1, ts, deficit, steps=400)
        np.testing.assert_allclose(k[-1, 1], s * np.exp(-tau) / 2, rtol=1e-7)


def test_windows_vmap_and_differentiate():
    p0, s, ts = jnp.full((2, 1), 0.3), jnp.array([3.0]), jnp.array([0.0, 6.0])

    def share(onset):
        deficit = Deficit("freeze", 1, onset, onset + 0.2)
        return solve_modes(p0, s, 3, ts, deficit)[-1, 1, 0]

    onsets = jnp.linspace(0.0, 2.0, 9)
    curve = jax.vmap(share)(onsets)
    np.testing.assert_allclose(curve, jnp.stack([share(x) for x in onsets]), atol=1e-12)
    assert float(curve[0]) < 0.85 < 1.49 < float(curve[-1])
    slope = (share(0.5 + 1e-5) - share(0.5 - 1e-5)) / 2e-5
    np.testing.assert_allclose(jax.grad(share)(0.5), slope, rtol=1e-6)


def test_gradient_descent_meets_the_flow_in_proportion_to_lr():
    p0, s = jnp.array([[0.4], [0.45]]), jnp.array([3.0])
    deficit = Deficit("freeze", 1, 0.5, 0.75)
    exact = solve_modes(p0, s, 3, jnp.array([0.0, 4.0]), deficit, steps=2000)[-1]
    errors = []
    for steps in (800, 1600, 3200):
        k = gd_map(p0, s, 3, 4 / steps, steps, deficit, record_every=steps)[-1]
        errors.append(float(jnp.max(jnp.abs(k - exact))))
    np.testing.assert_allclose(np.divide(errors[:-1], errors[1:]), 2, atol=0.05)


def test_discrete_steps_keep_the_invariants_of_depth_one_and_two_only():
    """D=1 keeps K_A - K_B, D=2 keeps p_A / p_B; D=4 drifts to equality in proportion to lr."""
    p0, s = jnp.array([[0.5], [0.25]]), jnp.array([3.0])
    one = gd_map(p0, s, 1, 0.1, 100)
    np.testing.assert_allclose(one[:, 0] - one[:, 1], 0.25, atol=1e-14)
    two = gd_map(p0, s, 2, 0.1, 100)
    np.testing.assert_allclose(two[:, 0] / two[:, 1], 4.0, rtol=1e-13)
    drifts = []
    for lr, steps in ((0.02, 400), (0.01, 800)):
        p = gd_map(p0, s, 4, lr, steps, record_every=steps)[:, :, 0] ** 0.25
        c = -(p[:, 0] ** -2 - p[:, 1] ** -2) / 2
        drifts.append(float(c[0] - c[-1]))
    assert drifts[0] > 1e-3
    np.testing.assert_allclose(drifts[0] / drifts[1], 2, atol=0.1)


@pytest.mark.parametrize(
    ("depth", "expected"), [(1, (1.485, 1.485)), (2, (2.384, 0.596)), (3, (2.986, 0.0))]
)
def test_weight_decay_heals_keeps_or_selects(depth, expected):
    """From (2.4, 0.6), S = 3, mu = 0.02: shallow heals, depth 2 is indifferent, deep selects."""
    p0 = layer_strength(jnp.array([[2.4], [0.6]]), depth)
    ts = jnp.array([0.0, 1500.0])
    k = solve_modes(p0, jnp.array([3.0]), depth, ts, decay=0.02, steps=20000)[-1, :, 0]
    np.testing.assert_allclose(k, expected, atol=6e-4)


@pytest.mark.parametrize(
    ("depth", "steps", "expected"),
    [(2, 300, (6.819, 3.181)), (3, 3000, (8.375, 1.625)), (4, 210000, (9.024, 0.976))],
)
def test_euler_map_gives_the_official_small_initialisation(depth, steps, expected):
    """Script window (0, 5) in array indices that start at 1: four frozen updates."""
    lr = 0.01
    deficit = Deficit("freeze", 1, (0 - 1) * lr, (5 - 1) * lr)
    p0, s = jnp.full((2, 1), 0.005), jnp.array([10.0])
    k = euler_map(p0, s, depth, lr, steps, deficit, record_every=steps)[-1, :, 0]
    np.testing.assert_allclose(k, expected, atol=6e-4)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
@pytest.mark.parametrize("imbalance", [0.0, 1.0])
def test_mode_rhs_is_the_slope_of_the_solution(depth, imbalance):
    k0, h = jnp.array([[0.4, 0.2], [0.3, 0.5]]), 1e-5
    deficit = Deficit("blur", 1, strength=0.3)
    p0 = layer_strength(k0, depth, imbalance)
    ts = jnp.array([0.0, h, 2 * h])
    k = solve_modes(p0, S, depth, ts, deficit, imbalance, 0.1, steps=4)
    slope = (-3 * k[0] + 4 * k[1] - k[2]) / (2 * h)
    gate = gates(deficit, 0.0, 2, 2)
    np.testing.assert_allclose(mode_rhs(k0, S, depth, gate, imbalance, 0.1), slope, rtol=1e-6)
    if not imbalance:
        r = S - k0.sum(axis=0)
        expected = depth * k0 ** (2 - 2 / depth) * r[None]
        np.testing.assert_allclose(mode_rhs(k0, S, depth), expected, rtol=1e-12)


def test_mode_rhs_is_the_official_vector_field():
    """(K/p)^2 + (D-1) p (K/p)^((D-3)/(D-1)) K, times the residual, at lambda = 1."""
    k = jnp.array([[0.5, 2.0, 4.0], [0.3, 1.0, 5.0]])
    for depth in (2, 5, 8, 13):
        p, _ = imbalanced(layer_strength(k, depth, 1.0), 1.0)
        ratio = k / p
        gain = ratio**2 + (depth - 1) * p * ratio ** ((depth - 3) / (depth - 1)) * k
        expected = gain * (10 - k.sum(axis=0))[None]
        s = jnp.full(3, 10.0)
        np.testing.assert_allclose(mode_rhs(k, s, depth, imbalance=1.0), expected, rtol=1e-10)


def test_float32_stays_float32():
    p0, s = jnp.full((2, 1), 0.3, jnp.float32), jnp.array([3.0], jnp.float32)
    ts = jnp.array([0.0, 1.0], jnp.float32)
    assert solve_modes(p0, s, 3, ts, FREEZE).dtype == jnp.float32
    assert gd_map(p0, s, 3, 0.01, 4, FREEZE).dtype == jnp.float32
    assert mode_rhs(p0, s, 3).dtype == jnp.float32


def test_bad_arguments_are_named():
    p0, s, ts = jnp.full((2, 1), 0.3), jnp.array([3.0]), jnp.array([0.0, 1.0])
    for call, said in (
        (lambda: solve_modes(0 * p0, s, 2, ts), "a strength of 0 never learns"),
        (lambda: solve_modes(p0, s, 0, ts), "depth is 0"),
        (lambda: solve_modes(p0, s, 2, ts[::-1]), "spacing of ts"),
        (lambda: solve_modes(p0, s, 2, ts[:1]), "number of times"),
        (lambda: solve_modes(p0, -s, 2, ts), "s holds"),
        (lambda: solve_modes(p0, s, 2, ts, imbalance=-1.0), "imbalance is -1.0"),
        (lambda: solve_modes(p0, s, 2, ts, Deficit("freeze", 2)), "pathway of a deficit"),
        (lambda: solve_modes(p0, s, 4, 100 * ts, steps=400), "steps is 400; allowed: at least"),
        (lambda: gd_map(0 * p0, s, 3, 0.1, 10), "never learns"),
        (lambda: gd_map(p0, s, 3, -0.1, 10), "lr is -0.1"),
        (lambda: euler_map(p0, s, 3, 0.1, 10, record_every=4), "divisor of steps"),
    ):
        with pytest.raises(ValueError, match=said):
            call()
