"""to_jax: the compiled function is the formula, in both precisions, with its derivative."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theorylab.symbolic import UnsupportedFunction, to_jax

x, y = sp.symbols("x y", positive=True)
R = sp.Rational

# (formula, range of x, range of y): every entry of the table, over a range that holds its ends
FORMULAS = [
    (sp.exp(-x) * sp.log(x) + x**y, (0.1, 5), (-2, 2)),
    (y / (1 + (y / x - 1) * sp.exp(-2 * y * 15)), (1e-3, 1), (0.5, 4)),
    (sp.sin(x) * sp.cos(y) - sp.tan(x / 9), (-3, 3), (-3, 3)),
    (sp.asin(x) + sp.acos(y), (-0.9, 0.9), (-0.9, 0.9)),
    (sp.atan(x * y) + sp.atan2(x, y), (0.1, 4), (0.1, 4)),
    (sp.sinh(x) - sp.cosh(y) * sp.tanh(x), (-3, 3), (-3, 3)),
    (sp.asinh(x) + sp.acosh(y), (-5, 5), (1.1, 5)),
    (sp.atanh(x) + sp.coth(y) + sp.sech(y), (-0.9, 0.9), (0.2, 4)),
    (sp.sqrt(x) / sp.sqrt(y) + x ** R(2, 3) - y**-3, (0.1, 9), (0.3, 9)),
    (sp.erf(x) + sp.erfc(y), (-3, 3), (-2, 3)),
    (sp.erfinv(x) * y, (-0.9, 0.9), (0, 1)),
    (sp.gamma(x) + sp.loggamma(y), (0.5, 6), (0.5, 9)),
    (sp.beta(x, y), (0.5, 4), (0.5, 4)),
    (sp.digamma(x) + sp.polygamma(2, y), (0.5, 6), (0.5, 6)),
    (sp.binomial(x, y), (6, 12), (0, 5)),
    (sp.ff(x, 3) + sp.rf(x, y), (4, 9), (0, 3)),
    (sp.factorial(x) / y, (0, 6), (1, 2)),
    (sp.zeta(x) + sp.zeta(x, y), (1.5, 8), (0.5, 3)),
    (sp.besseli(0, x) - sp.besseli(1, y), (0, 4), (0, 4)),
    (sp.LambertW(x), (-0.3, 40), (0, 1)),
    (sp.hyper((1, R(1, 2)), (R(3, 2),), x) + y, (-9, 0.95), (0, 1)),
    (sp.Piecewise((x**2, x < y), (x * y, True)), (0.2, 3), (0.2, 2)),
    (sp.Max(x, y) - sp.Min(x, y, 1), (0, 3), (0, 3)),
    (sp.Abs(x) * sp.sign(y) + sp.Heaviside(x), (-3, 3), (-3, 3)),
    (sp.Sum(x ** sp.Symbol("k"), (sp.Symbol("k"), 0, 4)) + y * sp.pi + 10**12, (-1, 1), (0, 1)),
]
IDS = [str(formula)[:40] for formula, _, _ in FORMULAS]


def exactly(formula, a, b):
    return float(formula.subs({x: sp.Float(a, 40), y: sp.Float(b, 40)}).doit().evalf(30))


def points(low, high, dtype):
    inner = np.random.default_rng(3).uniform(low, high, 5)
    return np.array([low, *inner, high], dtype)


@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 2e-11), ("float32", 3e-5)])
@pytest.mark.parametrize(("formula", "xs", "ys"), FORMULAS, ids=IDS)
def test_value_at_points_and_at_the_ends(formula, xs, ys, dtype, rtol):
    a, b = points(*xs, dtype), points(*ys, dtype)[::-1].copy()
    got = jax.jit(to_jax(formula, (x, y)))(a, b)
    assert got.dtype == dtype
    want = np.array([exactly(formula, float(p), float(q)) for p, q in zip(a, b, strict=True)])
    np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol)


@pytest.mark.parametrize(("formula", "xs", "ys"), FORMULAS, ids=IDS)
def test_gradient_is_the_compiled_derivative(formula, xs, ys):
    at = [np.mean(ends) + 0.137 * (ends[1] - ends[0]) for ends in (xs, ys)]
    precise = sp.lambdify((x, y), formula.doit(), "mpmath")
    for place in (0, 1):
        with mpmath.workdps(40):
            order = [0, 0]
            order[place] = 1
            want = float(mpmath.diff(precise, [mpmath.mpf(v) for v in at], tuple(order)))
        if place == 0 and formula.has(sp.zeta):
            continue  # JAX has no derivative of zeta in its first argument
        got = jax.grad(to_jax(formula, (x, y)), argnums=place)(*at)
        np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def test_compiled_derivative_is_the_derivative_of_the_compiled():
    formula = x**y * sp.log(x) / (1 + sp.exp(-x * y)) + sp.erf(x) * sp.atan(y)
    for place, symbol in enumerate((x, y)):
        got = jax.grad(to_jax(formula, (x, y)), argnums=place)(1.3, 0.7)
        want = to_jax(formula.diff(symbol), (x, y))(1.3, 0.7)
        np.testing.assert_allclose(got, want, rtol=1e-13)


@given(st.integers(0, 10_000), st.floats(0.3, 3), st.floats(0.3, 3))
@settings(max_examples=25, deadline=None)
def test_random_expressions(seed, a, b):
    """Whatever the tree: sums, products, powers and functions keep their places."""
    rng = np.random.default_rng(seed)

    def grow(depth):
        if depth == 0:
            return [x, y, sp.Integer(2), R(1, 3)][rng.integers(4)]
        left, right = grow(depth - 1), grow(depth - 1)
        kind = rng.integers(5)
        return (
            left + right,
            left * right,
            left - right,
            sp.exp(-(left**2)),
            left / (1 + right**2),
        )[kind]

    formula = grow(4)
    got = float(to_jax(formula, (x, y))(a, b))
    np.testing.assert_allclose(got, exactly(formula, a, b), rtol=1e-9, atol=1e-9)


def test_does_not_overflow_where_the_form_does_not():
    t, S, K0 = sp.symbols("t S K_0", positive=True)
    safe = to_jax(S / (1 + (S / K0 - 1) * sp.exp(-2 * S * t)), (t, S, K0))
    args = [jnp.asarray(v, jnp.float32) for v in (15.0, 3.0, 1e-3)]
    assert float(safe(*args)) == 3.0


def test_dtype_follows_the_inputs():
    f = to_jax(x * R(1, 3) + sp.pi, (x, y))
    single, double = jnp.ones(3, jnp.float32), jnp.ones(3, jnp.float64)
    assert f(single, 2.0).dtype == jnp.float32
    assert f(double, 2).dtype == jnp.float64
    assert f(single, jnp.arange(3)).dtype == jnp.float32  # whole numbers follow
    assert f(1, 2).dtype == jnp.float64


def test_broadcasts_by_itself():
    f = to_jax(x + y, (x, y))
    column, row = jnp.ones((4, 1)), jnp.ones(3)
    assert f(column, row).shape == (4, 3)
    assert to_jax(sp.Integer(7), (x,))(row).tolist() == [7.0, 7.0, 7.0]
    assert jax.vmap(f, (0, None))(row, 2.0).shape == (3,)


def test_matrices_and_tuples():
    matrix = sp.Matrix([[x, y, 1], [0, x * y, 2]])
    got = to_jax(matrix, (x, y))(jnp.array([2.0, 3.0]), 5.0)
    assert got.shape == (2, 2, 3)
    assert got[1].tolist() == [[3.0, 5.0, 1.0], [0.0, 15.0, 2.0]]
    both = to_jax((x + y, matrix), (x, y))(2.0, 5.0)
    assert float(both[0]) == 7.0 and both[1].shape == (2, 3)


def test_functions_of_time_are_arguments():
    t = sp.Symbol("t")
    p = sp.Function("p")(t)
    f = to_jax(p**2 + t, ("p", "t"))
    assert float(f(3.0, 1.0)) == 10.0
    assert float(to_jax(p**2, (p,))(3.0)) == 9.0


@pytest.mark.parametrize(
    ("formula", "named"),
    [
        (sp.polylog(2, x), "polylog"),
        (sp.Integral(sp.exp(-(x**2)) * y, (x, 0, y)) + x, "Integral"),
        (sp.besselj(0, x), "besselj"),
        (sp.besseli(3, x), "order 3"),
        (sp.hyper((1,), (2,), x), "1F1"),
        (sp.LambertW(x, -1), "branch -1"),
        (sp.I * x, "no real number"),
        (sp.Sum(x**y, (y, 0, sp.oo)), "Sum"),
        (sp.Derivative(sp.Function("f")(x), x), "Derivative"),
    ],
)
def test_what_the_table_lacks_raises_by_name(formula, named):
    arguments = (x, y, sp.Function("f")(x)) if formula.has(sp.Derivative) else (x, y)
    with pytest.raises(UnsupportedFunction, match=named):
        to_jax(formula, arguments)


def test_mistakes_in_the_arguments():
    with pytest.raises(ValueError, match=r"y must be among the arguments; given: x"):
        to_jax(x + y, (x,))
    with pytest.raises(ValueError, match="named twice"):
        to_jax(x, (x, x))
    with pytest.raises(TypeError, match=r"takes 2 arguments \(x, y\), 1 given"):
        to_jax(x + y, (x, y))(1.0)
    t, s = sp.symbols("t s")
    f = sp.Function("f")
    with pytest.raises(ValueError, match="ambiguous"):
        to_jax(f(t) + f(s), ("f",))
    with pytest.raises(Exception, match="promotion"):  # two precisions: the caller must decide
        to_jax(x + y, (x, y))(jnp.ones(2, jnp.float32), jnp.ones(2, jnp.float64))


SIGNED = [(-1.5, 1), (-1.5, 2), (-0.5, 3), (-3, 2), (-2, 3), (2.5, 2), (5, 6), (5, 2), (0, 0)]


@pytest.mark.parametrize("function", [sp.binomial, sp.FallingFactorial, sp.RisingFactorial])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_factorials_left_of_zero_have_their_sign(function, dtype):
    """exp(gammaln) alone is the absolute value."""
    x, k = sp.symbols("x k")
    lowered, fixed = to_jax(function(x, k), (x, k)), to_jax(function(x, 2), (x,))
    rtol = 2e-5 if dtype == jnp.float32 else 1e-12
    for a, b in SIGNED:
        exact = function(sp.nsimplify(a), b)
        value = lowered(jnp.asarray(a, dtype), jnp.asarray(b, dtype))
        assert value.dtype == dtype
        assert float(value) == pytest.approx(float(exact), rel=rtol, abs=1e-300)
        if b == 2:
            assert fixed(jnp.asarray(a, dtype)).dtype == dtype
            assert float(fixed(jnp.asarray(a, dtype))) == pytest.approx(float(exact), rel=rtol)


def test_beta_left_of_zero():
    x, y = sp.symbols("x y")
    lowered = to_jax(sp.beta(x, y), (x, y))
    assert float(lowered(-0.5, 3.0)) == pytest.approx(float(sp.beta(-0.5, 3)), rel=1e-12)


def test_zeta_with_a_number_first():
    x, y = sp.symbols("x y")
    assert float(to_jax(sp.zeta(3, y), (y,))(2.0)) == pytest.approx(float(sp.zeta(3, 2)))
    assert to_jax(sp.zeta(3, y), (y,))(jnp.float32(2)).dtype == jnp.float32
    assert float(to_jax(sp.zeta(x, y), (x, y))(3.0, 2.0)) == pytest.approx(float(sp.zeta(3, 2)))


@pytest.mark.parametrize("argument", [3, sp.Symbol("x") + 1])
def test_an_argument_is_a_symbol(argument):
    """x + 1 as an argument would silently replace x + 1 wherever it happens to stand."""
    with pytest.raises(ValueError, match="allowed: symbols"):
        to_jax(sp.Symbol("x") + 1, (argument,))


def test_a_constant_beyond_the_largest_double_is_refused():
    x = sp.Symbol("x")
    with pytest.raises(ValueError, match="beyond the largest double"):
        to_jax(sp.exp(x) + 10**400, (x,))
    big = to_jax(sp.Rational(10**400, 3 * 10**399) * x, (x,))
    assert float(big(2.0)) == pytest.approx(20 / 3)
