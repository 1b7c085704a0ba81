"""What is written by hand, for careful numerics, against what is compiled from the derivation."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import sympy as sp

from theorylab import symbolic
from theorylab.sdr import (
    bloom_optimum,
    bounds,
    chernoff_point,
    divergence,
    log_ensemble,
    union_size_moments,
)

DTYPES = [("float64", 1e-13), ("float32", 1e-4)]


def exactly(path, **values):
    """The checked right side itself, to forty digits."""
    expr = symbolic.claim(path).rhs
    names = {symbol.name: symbol for symbol in expr.free_symbols}
    return expr.subs({names[name]: value for name, value in values.items() if name in names})


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_divergence_is_the_compiled_one_wherever_that_is_a_number(dtype, tolerance):
    share = np.concatenate([np.logspace(-6, -1, 11), np.linspace(0.15, 0.85, 15), [0.99, 0.9999]])
    q, p = (x.ravel().astype(dtype) for x in np.meshgrid(share, share))
    own = divergence(q, p)
    compiled = symbolic.compiled("sdr/chernoff/divergence", args=("q", "p"))(q, p)
    assert own.dtype == compiled.dtype == dtype
    # Near q = p both cancel: to rounding of the two terms.
    size = np.abs(q * np.log(q / p)) + np.abs((1 - q) * np.log((1 - q) / (1 - p)))
    assert np.all(np.abs(own - compiled) <= 4 * np.finfo(dtype).eps * (size + np.abs(own)))
    for x, y in itertools.product((0.001, 0.02, 0.5, 0.9), repeat=2):
        truth = float(exactly("sdr/chernoff/divergence", q=sp.Rational(x), p=sp.Rational(y)).n(40))
        assert float(divergence(np.asarray(x, dtype), y)) == pytest.approx(
            truth, rel=tolerance, abs=float(np.finfo(dtype).eps)
        )
    # At the ends the compiled one has 0 log 0.
    assert np.isnan(symbolic.compiled("sdr/chernoff/divergence", args=("q", "p"))(0.0, 0.5))
    assert np.all(np.isfinite(divergence(np.array([0.0, 1.0], dtype), np.asarray(0.5, dtype))))


def test_moments_of_a_union_are_those_of_the_theorem():
    """Where the theorem's formula cancels (few patterns, large n), ours keeps its digits."""
    for n, s, patterns in itertools.product((12, 1000, 200_000), (1, 5, 12), (0, 1, 2, 10, 1000)):
        whole = {"n": sp.Integer(n), "s": sp.Integer(s), "M": sp.Integer(patterns)}
        mean = exactly("sdr/unions/mean", **whole)
        p0 = (1 - sp.Rational(s, n)) ** patterns
        p00 = exactly("sdr/unions/miss-two", **whole) ** patterns
        variance = exactly("sdr/unions/variance", **whole, p_0=p0, **{"p_{00}": p00})
        found = [float(x) for x in union_size_moments(n, s, patterns)]
        assert found[0] == pytest.approx(float(mean.n(40)), rel=1e-12)
        assert found[1] == pytest.approx(float(variance.n(40)), rel=1e-11, abs=1e-14)


def test_an_ensemble_is_the_compiled_one_where_that_has_digits():
    p, m = (x.ravel() for x in np.meshgrid(np.logspace(-4, -0.01, 20), [1.0, 2.0, 30.0, 500.0]))
    compiled = symbolic.compiled("sdr/unions/ensemble", args=("F", "M"))(p, m)
    np.testing.assert_allclose(np.exp(log_ensemble(np.log(p), m)), compiled, rtol=1e-11)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_compiled_forms_keep_their_digits_at_the_ends_of_their_domain(dtype, tolerance):
    """The Chernoff point, Bloom's optimum and the sharpened bound are the compiled objects."""
    for p, nu in itertools.product((1e-5, 0.02, 0.4), (1e-3, 0.3, 0.59)):
        values = {"p": sp.Rational(p), "nu": sp.Rational(nu)}
        truth = float(exactly("sdr/thresholds/chernoff-point", **values).n(40))
        found = chernoff_point(np.asarray(p, dtype), np.asarray(nu, dtype))
        assert found.dtype == dtype and float(found) == pytest.approx(truth, rel=tolerance)
    for n, m in itertools.product((1, 2048, 200_000), (1, 40, 10_000)):
        found = bloom_optimum(np.asarray(n, dtype), np.asarray(m, dtype))
        assert float(found) == pytest.approx(n / m * np.log(2), rel=tolerance)
    for n, a, s, theta in ((2000, 40, 20, 10), (200_000, 50_000, 100, 40), (10**5, 80, 60, 59)):
        q, p = sp.Rational(theta, s), sp.Rational(a, n)
        exponent = exactly("sdr/chernoff/divergence", q=q, p=p)
        truth = exactly("sdr/deviations/bahadur-rao", q=q, p=p, s=sp.Integer(s), D=exponent)
        found = bounds(*(np.asarray(x, dtype) for x in (n, a, s, theta)))["bahadur_rao"]
        assert float(found) == pytest.approx(float(truth.n(40)), rel=tolerance, abs=tolerance)


def test_gradients_of_the_compiled_forms_are_finite():
    slope = jax.grad(lambda p, nu: chernoff_point(p, nu), argnums=(0, 1))(0.02, 0.3)
    assert np.isfinite(slope).all()
    cells = [jnp.asarray(x) for x in (4000.0, 128.0, 24.0, 12.0)]
    for name in ("chernoff", "bahadur_rao"):
        slopes = jax.grad(lambda n, a, s, t, name=name: bounds(n, a, s, t)[name], argnums=(0, 1))
        assert np.isfinite(slopes(*cells)).all()
    # Where the bound does not apply its gradient is zero, not NaN.
    below = jax.grad(lambda a: bounds(100.0, a, 20.0, 10.0)["bahadur_rao"])(50.0)
    assert float(below) == 0.0
