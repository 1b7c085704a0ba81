"""The exact dynamics of balanced networks, against an adaptive integrator."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from theorylab.rich_lazy import lambda_balanced, lambda_balanced_flow, linear_kernel
from theorylab.symbolic import compiled

TIMES = np.array([0.0, 0.5, 2.0, 5.0, 20.0])
SIZES = {0.0: [(4, 4, 4), (3, 5, 2)], 1.5: [(4, 4, 4), (2, 3, 5)], -1.5: [(4, 4, 4), (5, 3, 2)]}
CASES = [(lam, sizes) for lam, listed in SIZES.items() for sizes in listed]


def _balanced(seed, lam, inputs, hidden, outputs, scale=0.4):
    rng = np.random.default_rng(seed)
    if lam < 0:
        w2, w1 = _balanced(seed, -lam, outputs, hidden, inputs, scale)
        return w1.T, w2.T
    w1 = scale * rng.normal(size=(hidden, inputs))
    k = min(hidden, outputs)
    if lam == 0:
        u, s, vt = np.linalg.svd(w1)
        k = min(inputs, hidden, outputs)
        w1 = (u[:, :k] * s[:k]) @ vt[:k]
    values, vectors = np.linalg.eigh(w1 @ w1.T + lam * np.eye(hidden))
    frame = np.linalg.qr(rng.normal(size=(outputs, k)))[0]
    roots = np.sqrt(np.maximum(values[-k:], 0))
    return w1, (frame * roots) @ vectors[:, -k:].T


def _adaptive(w1, w2, s):
    """Gradient flow of the weights by DOP853."""
    shape = w1.shape

    def velocity(_, x):
        a, b = x[: w1.size].reshape(shape), x[w1.size :].reshape(w2.shape)
        e = s - b @ a
        return np.concatenate([(b.T @ e).ravel(), (e @ a.T).ravel()])

    start = np.concatenate([w1.ravel(), w2.ravel()])
    run = solve_ivp(velocity, (0, TIMES[-1]), start, "DOP853", TIMES, rtol=2.3e-14, atol=1e-18).y.T
    return [(x[: w1.size].reshape(shape), x[w1.size :].reshape(w2.shape)) for x in run]


@pytest.mark.parametrize(("lam", "sizes"), CASES)
def test_exact_for_long_times(lam, sizes):
    w1, w2 = _balanced(3, lam, *sizes)
    s = np.random.default_rng(5).normal(size=(sizes[2], sizes[0]))
    assert np.allclose(w2.T @ w2 - w1 @ w1.T, lam * np.eye(sizes[1]))
    exact = lambda_balanced_flow(w1, w2, s, TIMES)
    for n, weights in enumerate(_adaptive(w1, w2, s)):
        for found, wanted in zip(exact, linear_kernel(*weights), strict=True):
            assert np.abs(found[n] - wanted).max() < 1e-11


def test_neither_one_stride_nor_the_whole_matrix_would_do():
    # both are the same in exact arithmetic; the first loses digits with time, and the second
    # lets rounding raise the rank of P where the hidden layer is narrow
    w1, w2 = _balanced(3, 1.5, 2, 3, 5)
    s = np.random.default_rng(5).normal(size=(5, 2))
    low, high = np.eye(2), np.eye(5)
    rates, basis = np.linalg.eigh(np.block([[-0.75 * low, s.T], [s, 0.75 * high]]))
    q = basis.T @ np.vstack([w1.T, w2])

    def stride(p, h):
        grown, growth = np.exp(rates * h), np.expm1(2 * rates * h) / (2 * rates)
        p = grown[:, None] * np.linalg.solve(np.eye(7) + p * growth, p) * grown
        return (p + p.T) / 2

    def error(p, n):
        return np.abs((basis @ p @ basis.T)[2:, :2] - exact.b[n]).max()

    exact = lambda_balanced_flow(w1, w2, s, jnp.array([0.5, 20.0]))
    assert error(stride(q @ q.T, 0.5), 0) < 1e-12
    assert error(stride(q @ q.T, 20.0), 1) > 1e-3
    p = q @ q.T
    for _ in range(80):
        p = stride(p, 0.25)
    assert error(p, 1) > 1e-9
    assert np.linalg.matrix_rank(q @ q.T) == 3 < np.linalg.matrix_rank(p)


def test_without_lambda_it_is_the_formula_of_two_balanced_layers():
    # one aligned mode, logistic
    logistic = compiled("deep_linear/two-layer/logistic", args=("S", "K_0", "t"))
    ts = jnp.linspace(0.0, 4.0, 9)
    w = jnp.array([[0.2]])
    found = lambda_balanced_flow(w, w, jnp.array([[1.7]]), ts).b[:, 0, 0]
    assert np.allclose(found, logistic(1.7, 0.04, ts), atol=1e-13)


def test_at_short_times_it_is_the_printed_formula():
    """With F^{-1}, as braun2022exact gives it for no lambda: fine while e^{Ft} is small."""
    w1, w2 = _balanced(3, 0.0, 4, 4, 4)
    s = np.random.default_rng(5).normal(size=(4, 4))
    f, q = np.block([[np.zeros((4, 4)), s.T], [s, np.zeros((4, 4))]]), np.vstack([w1.T, w2])
    exact = lambda_balanced_flow(w1, w2, s, TIMES)
    for n, t in enumerate(TIMES[:3]):
        e, back = expm(f * t), np.linalg.inv(f)
        middle = np.eye(4) + q.T @ (e @ back @ e - back) @ q / 2
        p = e @ q @ np.linalg.solve(middle, q.T @ e)
        assert np.abs(p[:4, :4] - exact.a[n]).max() < 1e-9
        assert np.abs(p[4:, :4] - exact.b[n]).max() < 1e-9


@pytest.mark.parametrize("lam", [0.0, 1.5, -1.5])
def test_the_kernel_of_one_mode_is_a_function_of_its_strength(lam):
    squared = compiled("rich_lazy/balanced-flow/kernel-of-strength", args=("lambda", "p"))
    a = 0.3
    w1, w2 = (a, np.sqrt(a**2 + lam)) if lam >= 0 else (np.sqrt(a**2 - lam), a)
    w1, w2, s = (np.full((1, 1), value) for value in (w1, w2, 2.0))
    flow = lambda_balanced_flow(w1, w2, s, np.linspace(0, 5, 11))
    kernel, strength = (flow.a + flow.d)[:, 0, 0], flow.b[:, 0, 0]
    assert np.allclose(kernel**2, squared(lam, strength), atol=1e-12)
    assert np.isclose(strength[-1], 2, atol=1e-4)


def test_it_jits_and_vmaps():
    starts = [_balanced(seed, 1.5, 2, 3, 4) for seed in range(3)]
    w1, w2 = (np.stack(layer) for layer in zip(*starts, strict=True))
    s = np.random.default_rng(0).normal(size=(4, 2))
    together = jax.jit(jax.vmap(lambda a, b: lambda_balanced_flow(a, b, s, TIMES[:3])))(w1, w2)
    for n in range(3):
        alone = lambda_balanced_flow(w1[n], w2[n], s, TIMES[:3])
        assert np.allclose(together.b[n], alone.b, atol=1e-13)


def test_derivatives_where_eigenvalues_agree():
    one, way = jnp.eye(2), jnp.array([[1.0, 2.0], [0.5, -1.0]])

    def learned(a):
        return lambda_balanced_flow(one / 2, one / 2, one + a * way, jnp.array([0.5, 9.0])).b

    slope = jax.jvp(learned, (0.0,), (1.0,))[1]
    assert np.allclose(slope, (learned(1e-5) - learned(-1e-5)) / 2e-5, atol=1e-8)


def test_from_a_saddle_rounding_is_learned_at_last():
    # w2 = -w1: the product goes to zero and stays, but for rounding, which grows as exp(2 s t)
    w, s = jnp.array([[0.3]]), jnp.array([[2.0]])
    strength = lambda_balanced_flow(w, -w, s, jnp.array([8.0, 40.0])).b[:, 0, 0]
    assert abs(strength[0]) < 1e-6 and np.isclose(strength[1], 2)


def test_a_network_with_one_output_can_be_balanced_where_the_first_layer_is_wide():
    w1, w2 = lambda_balanced(jax.random.key(0), 4, 3, 1, lam=-1.0)
    s = np.random.default_rng(2).normal(size=(1, 4))
    exact = lambda_balanced_flow(w1, w2, s, TIMES)
    for n, weights in enumerate(_adaptive(np.asarray(w1), np.asarray(w2), s)):
        assert np.abs(exact.a[n] - linear_kernel(*weights).a).max() < 1e-11


def test_what_would_run_for_ever_or_overflow_is_refused():
    one = jnp.eye(2)
    with pytest.raises(ValueError, match="strides; allowed: at most 1e8"):
        lambda_balanced_flow(one, one, 1e30 * one, TIMES)
    with pytest.raises(ValueError, match="have the squared length"):
        lambda_balanced_flow(1e100 * one, 1e100 * one, one, TIMES)


def test_unbalanced_weights_are_refused():
    with pytest.raises(ValueError, match="allowed: balanced weights"):
        lambda_balanced_flow(jnp.eye(2), jnp.diag(jnp.array([1.0, 2.0])), jnp.eye(2), TIMES)
    with pytest.raises(ValueError, match="ts decreases"):
        lambda_balanced_flow(jnp.eye(2), jnp.eye(2), jnp.eye(2), jnp.array([1.0, 0.0]))
    tiny = 1e-17 * jnp.eye(2)
    with pytest.raises(ValueError, match="allowed: balanced weights"):
        lambda_balanced_flow(tiny, tiny * jnp.array([[1.0, 2.0]]), jnp.eye(2), TIMES)
