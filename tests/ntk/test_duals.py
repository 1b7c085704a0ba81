"""Dual activations against 60-digit formulas, near the diagonal too, and against each other."""

import math

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from tests.ntk.highprec import DUALS, slope
from theorylab.ntk import (
    Activation,
    dual,
    dual_correlation,
    dual_eps,
    dual_error,
    get_activation,
    hermite_coefficients,
    moments,
    second_moment,
)
from theorylab.ntk.duals import dual_parts
from theorylab.symbolic import compiled

COVARIANCES = [(1.0, 0.3, 1.0), (0.4, -0.2, 1.7), (2.0, 1.2, 0.9), (0.8, 0.79, 0.8)]
SMOOTH = [name for name in DUALS if name not in ("step", "sign")]


@pytest.mark.parametrize("name", DUALS)
def test_closed_forms_at_any_covariance(name):
    c = jnp.array(COVARIANCES)
    k, kdot = dual(name, c[:, 0], c[:, 1], c[:, 2])
    for i, covariance in enumerate(COVARIANCES):
        exact = [mp.mpf(v) for v in covariance]
        assert float(k[i]) == pytest.approx(float(DUALS[name](*exact)), rel=2e-14)
        assert float(kdot[i]) == pytest.approx(float(slope(DUALS[name], *exact)), rel=2e-13)


@pytest.mark.parametrize("name", DUALS)
@pytest.mark.parametrize(("dtype", "close"), [(np.float64, 4e-15), (np.float32, 2e-6)])
def test_distance_from_the_diagonal_keeps_its_digits(name, dtype, close):
    """1 - 1e-30 is 1 in any float; the distance is still right to rounding."""
    eps = np.array([1e-30, 1e-16, 1e-9, 1e-4, 0.019, 0.021, 0.4, 1.0, 1.6], dtype)
    found = dual_eps(name, jnp.array(eps))
    assert found.dtype == dtype
    one = mp.mpf(1)
    for e, value in zip(eps, found, strict=True):
        e = mp.mpf(float(e))
        with mp.workdps(100):
            exact = DUALS[name](one, one, one) - DUALS[name](one, one - e, one)
        assert float(value) == pytest.approx(float(exact), rel=close)


@pytest.mark.parametrize("steps", [0, 1, 2, 7, 10**4, 10**9])
def test_opposite_points_keep_their_digits(steps):
    """So many roundings from the antipode, where the ReLU dual is of order (2 - eps)^{3/2}."""
    eps = 2 - steps * np.finfo(float).eps
    one = jnp.ones(())
    found = dual_parts(get_activation("relu"), one, one, jnp.array(1 - eps), jnp.array(eps))
    with mp.workdps(60):
        left = mp.acos(1 - (2 - mp.mpf(eps)))  # pi - theta
        k = (mp.sin(left) - left * mp.cos(left)) / (2 * mp.pi)
        kdot = left / (2 * mp.pi)
    assert float(found.kdot) == pytest.approx(float(kdot), abs=1e-15)
    assert float(found.k) == pytest.approx(float(k), abs=1e-15)


@pytest.mark.parametrize("name", ["erf", "sin", "hermite:2", "gelu", "relu"])
def test_gap_at_other_variances(name):
    eps = jnp.array([1e-20, 1e-8, 0.1])
    q = jnp.full_like(eps, 0.6)
    found = dual_parts(get_activation(name), q, q, 1 - eps, eps).gap
    for e, value in zip(eps, found, strict=True):
        q = mp.mpf(0.6)
        exact = DUALS[name](q, q, q) - DUALS[name](q, q * (1 - mp.mpf(float(e))), q)
        assert float(value) == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.parametrize(
    ("path", "args", "name"),
    [
        ("ntk/duals/step", (), "step"),
        ("ntk/duals/relu", (), "relu"),
        ("ntk/duals/absolute", (), "abs"),
        ("ntk/duals/leaky-relu", (0.2,), "leaky"),
        ("ntk/duals/sine", (1.0,), "sin"),
        ("ntk/duals/cosine", (1.0,), "cos"),
        ("ntk/duals/erf", (2 / 3,), "erf"),
    ],
)
def test_against_the_checked_formulas(path, args, name):
    names = {"ntk/duals/leaky-relu": ("xi", "b"), "ntk/duals/erf": ("xi", "tau")}
    names = names.get(path, ("xi", "a")[: 1 + len(args)])
    act = get_activation("leaky_relu", 0.2) if name == "leaky" else get_activation(name)
    xi = jnp.linspace(-0.999, 0.999, 41)
    formula = compiled(path, args=names)(xi, *(jnp.full_like(xi, a) for a in args))
    formula = formula / compiled(path, args=names)(1.0, *args)
    np.testing.assert_allclose(dual_correlation(act.normalized(), xi), formula, atol=3e-15)


@pytest.mark.parametrize("name", [*SMOOTH, "tanh", "softplus"])
def test_price(name):
    """E phi' phi' is the derivative of E phi phi'."""
    c11, c12, c22 = 0.9, 0.35, 1.3
    by_hand = jax.grad(lambda c: dual(name, c11, c, c22)[0])(c12)
    assert float(by_hand) == pytest.approx(float(dual(name, c11, c12, c22)[1]), rel=1e-11)


@pytest.mark.parametrize("name", ["relu", "gelu", "erf", "sin", "exp", "tanh", "elu"])
def test_hermite_series(name):
    """Mehler: the dual is the power series of the squared Hermite coefficients."""
    xi = jnp.array([-0.4, 0.2, 0.5])
    a = np.asarray(hermite_coefficients(name, 60))
    series = np.sum(a**2 * np.asarray(xi)[:, None] ** np.arange(60), axis=1)
    np.testing.assert_allclose(dual_correlation(name, xi), series, atol=2e-13)


@pytest.mark.parametrize("name", ["relu", "erf", "gaussian", "rect_power:2"])
def test_quadrature_equals_closed_forms(name):
    """The rule with moving panels, at unequal variances, on activations whose dual is known."""
    act = get_activation(name)
    plain = Activation("plain", act.fn, act.dfn, kinks=act.kinks or (0.0,))
    eps = jnp.array([1e-9, 1e-3, 0.5, 1.2, 1.9])
    q1, q2 = jnp.full_like(eps, 0.7), jnp.array([0.7, 0.9, 0.7, 1.4, 0.5])
    xi = 1 - eps
    for closed, found in zip(
        dual_parts(act, q1, q2, xi, eps), dual_parts(plain, q1, q2, xi, eps), strict=True
    ):
        np.testing.assert_allclose(found, closed, rtol=2e-11, atol=1e-13)


def test_kinks_away_from_zero():
    """A hat, by quadrature, against its own Hermite series and its own moments."""
    hat = Activation(
        "hat", lambda z: jnp.maximum(1 - jnp.abs(z - 0.5), 0.0), kinks=(-0.5, 0.5, 1.5)
    )
    a = np.asarray(hermite_coefficients(hat, 40))
    xi = 0.3
    series = float(np.sum(a**2 * xi ** np.arange(40)))
    assert float(dual_correlation(hat, xi)) == pytest.approx(series, abs=1e-13)
    assert float(second_moment(hat, 0.8)) == pytest.approx(moments(hat, 0.8).square, abs=1e-13)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "softplus"])
def test_smooth_series_against_panels(name):
    act = get_activation(name)
    plain = Activation("plain", act.fn, act.dfn, kinks=(0.0,))
    eps = jnp.array([1e-10, 1e-3, 0.3, 1.0, 1.7])
    q1, q2 = jnp.full_like(eps, 1.1), jnp.array([1.1, 1.3, 1.1, 0.4, 0.6])
    for series, panels in zip(
        dual_parts(act, q1, q2, 1 - eps, eps), dual_parts(plain, q1, q2, 1 - eps, eps), strict=True
    ):
        np.testing.assert_allclose(series, panels, rtol=1e-8, atol=1e-14)


def test_error_estimates_bound_the_error():
    assert dual_error("relu") == 0.0
    assert dual_error("elu") < 1e-13
    low, high = dual_error("tanh", 1.0), dual_error("tanh", 6.0)
    assert low < 1e-14 < 1e-10 < high
    exact = moments("tanh", 6.0).slope_square
    found = float(dual("tanh", 6.0, 6.0, 6.0)[1])
    assert abs(found / exact - 1) <= 1.01 * high


def test_affine_changes():
    act = get_activation("erf").scaled(2.0)
    act = act.centered()  # no change: odd
    k, kdot = dual("erf", 0.9, 0.3, 0.7)
    found = dual(act, 0.9, 0.3, 0.7)
    assert float(found[0]) == pytest.approx(4 * float(k))
    assert float(found[1]) == pytest.approx(4 * float(kdot))
    relu = get_activation("relu")
    shifted = relu.centered(0.9)
    mean = math.sqrt(0.9 / (2 * math.pi))
    expected = float(dual(relu, 0.9, 0.3, 0.9)[0]) - mean**2
    assert float(dual(shifted, 0.9, 0.3, 0.9)[0]) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "sin", "hermite:3"])
def test_derivatives_at_the_diagonal_are_finite(name):
    slope = jax.grad(lambda e: dual_eps(name, e))
    at_zero = float(slope(0.0))
    assert at_zero == pytest.approx(moments(name).slope_square, rel=1e-12)
    assert all(math.isfinite(float(slope(e))) for e in (1e-12, 2.0))


def test_jit_vmap_and_broadcasting():
    c11, c12 = jnp.array([[1.0], [2.0]]), jnp.array([[0.1, -0.3, 0.6]])
    k, _ = jax.jit(lambda a, b: dual("gelu", a, b, 1.0))(c11, c12)
    each = jax.vmap(lambda b: dual("gelu", 2.0, b, 1.0)[0])(c12[0])
    np.testing.assert_allclose(k[1], each, rtol=1e-14)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dual("relu", -1.0, 0.0, 1.0), "c11 is"),
        (lambda: dual("relu", 1.0, 1.5, 1.0), "c12 exceeds"),
        (lambda: dual_correlation("relu", 1.5), "xi is"),
        (lambda: dual_eps("relu", -0.1), "eps is"),
        (lambda: second_moment("relu", -0.1), "q is"),
        (lambda: dual("swich", 1.0, 0.0, 1.0), "no activation"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
