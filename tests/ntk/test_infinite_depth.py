"""Limits of infinite depth against 200-digit iterations, exact equations and known values."""

import math

import jax
import jax.numpy as jnp
import mpmath as mp
import numpy as np
import pytest

from tests.ntk.highprec import optimal_map, power_map
from tests.ntk.highprec import schroder as reference
from theorylab.ntk import (
    Activation,
    classify_activation,
    deep_kernels_log,
    depth_correction,
    dual_correlation,
    get_activation,
    hermite_activation,
    infinite_depth_kernel,
    mlp_kernels,
    optimal_activation,
    required_depth,
    schroder,
    schroder_elasticity,
    singular_exponent,
    singular_profile,
)
from theorylab.ntk.hermite import moments
from theorylab.ntk.infinite_depth import deep_diagonal_log
from theorylab.symbolic import claim, compiled

TWO = optimal_activation(2)


@pytest.mark.parametrize(
    ("d", "xi", "value"),
    [
        (1, 0.5, 0.50795072796),
        (2, 0.5, 0.713599128289),
        (2, 0.99, 60.0622281108),
        (4, 0.9, 128.495854261),
        (8, 0.5, 45.6094629081),
    ],
)
def test_regression_values_of_psi(d, xi, value):
    assert float(schroder(optimal_activation(d), xi)) == pytest.approx(value, rel=5e-12)


@pytest.mark.parametrize("d", [1, 2, 4])
@pytest.mark.parametrize(
    ("dtype", "close", "slopes"), [(np.float64, 3e-13, 3e-12), (np.float32, 1e-6, 1e-4)]
)
def test_psi_elasticity_and_correction_against_brute_force(d, dtype, close, slopes):
    act = optimal_activation(d)
    a = mp.mpf(1) / 2 if d == 1 else mp.mpf(2) ** (-mp.mpf(d) / 2)
    f, df = optimal_map(d)
    eps = np.array([1e-15, 1e-6, 1e-2, 0.3, 0.8, 0.99], dtype)
    found = (
        schroder(act, eps=jnp.array(eps), log=True),
        schroder_elasticity(act, eps=jnp.array(eps)),
        depth_correction(act, eps=jnp.array(eps)),
    )
    for i, e in enumerate(eps):
        psi, elasticity, correction = reference(f, df, a, 1 - mp.mpf(float(e)))
        log = float(mp.log(psi))
        assert float(found[0][i]) == pytest.approx(log, abs=close * (1 + abs(log)))
        assert float(found[1][i]) == pytest.approx(float(elasticity), rel=slopes)
        assert float(found[2][i]) == pytest.approx(float(correction), rel=slopes, abs=close)


def test_other_known_values():
    four = optimal_activation(4)
    assert float(schroder_elasticity(four, 0.6)) == pytest.approx(4.19378963329557, rel=1e-13)
    for eps, value in ((0.9, 0.34939138), (0.5, 1.7677003), (0.1, 3.4365511), (0.001, 3.991041)):
        found = eps * float(depth_correction(four, eps=eps))
        assert found == pytest.approx(value, abs=5e-8)


@pytest.mark.parametrize("name", ["tanh", "selu", "sin", "erf", "centred relu"])
def test_schroders_equation_for_any_activation(name):
    """psi of the dual is a times psi, on both sides of the switch to the power series."""
    act = get_activation("relu").centered() if name == "centred relu" else get_activation(name)
    act = act.normalized()
    a = classify_activation(act).A1 ** 2
    xi = jnp.array([0.24, 0.26, 0.97])
    tiny = jnp.array([1e-9])
    points = jnp.concatenate([xi, dual_correlation(act, xi), tiny])
    before, after, near_zero = jnp.split(schroder(act, points, log=True), [3, 6])
    np.testing.assert_allclose(after - math.log(a), before, atol=3e-12)
    # near 0 it is xi itself
    np.testing.assert_allclose(near_zero, jnp.log(tiny), atol=1e-7)


@pytest.mark.parametrize(
    ("name", "alpha"),
    [
        ("tanh", 0.88070363),
        ("selu", 0.86093635),
        ("sin", 1.18556577),
        ("erf", 0.888214651283705937),
    ],
)
def test_exponents_of_common_activations(name, alpha):
    found = classify_activation(name)
    assert found.kind == "singular"
    assert found.alpha == pytest.approx(alpha, abs=6e-9)
    formula = compiled("ntk/schroder/alpha-moments", args=("A'", "B'"))
    assert found.alpha == pytest.approx(float(formula(found.A1, found.B1)), rel=1e-14)


def test_centring_changes_the_class():
    assert classify_activation("relu").kind == "majority"
    centred = get_activation("relu").centered()
    assert singular_exponent(centred) == pytest.approx(1.61786624717785145, rel=1e-13)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hermite:2", "one_nn"),
        ("hermite:5", "one_nn"),
        ("hermite:1", "linear"),
        ("relu", "majority"),
        ("abs", "majority"),
        ("elu", "majority"),
        ("gelu", "majority"),
        ("exp", "majority"),
        ("sigmoid", "rank_one"),
        ("softplus", "rank_one"),
        ("cos", "rank_one"),
        ("gaussian", "rank_one"),
    ],
)
def test_classes(name, kind):
    found = classify_activation(name)
    assert found.kind == kind and found.alpha is None
    at_edge = name in ("relu", "abs", "exp")
    share = {"relu": 0.5, "abs": 0.5, "exp": 1.0}.get(name)
    ratio = at_edge and float(compiled("ntk/critical/ratio", args=("s",))(share))
    assert found.critical_ratio == (pytest.approx(ratio) if at_edge else None)


def test_fixed_point_of_a_chaotic_dual():
    """The dual exp(2 (xi - 1)): p_k is Poisson, and c = 0.2031878... solves it."""
    p = [math.exp(-2) * 2**k / math.factorial(k) for k in range(40)]
    act = hermite_activation(np.sqrt(p).tolist())
    phase = classify_activation(act)
    assert phase.kind == "majority"
    assert phase.fixed_point == pytest.approx(0.203187869979979953838, rel=1e-13)
    nngp, ntk = deep_kernels_log(act, 200, 0.5)
    assert float(jnp.exp(nngp)) == pytest.approx(0.203187869979979953838, rel=1e-12)
    limit = compiled("ntk/majority/fixed", args=("c", "s"))(
        phase.fixed_point, 2 * phase.fixed_point
    )
    assert float(limit) == pytest.approx(0.342283635723167527, rel=1e-13)
    assert float(jnp.exp(ntk)) == pytest.approx(float(limit), rel=1e-12)


def test_the_ntk_at_finite_depth_is_its_limit_and_a_correction():
    eps = jnp.array([0.05, 0.4, 0.9])
    four = optimal_activation(4)
    log_psi = schroder(four, eps=eps, log=True)
    correction = depth_correction(four, eps=eps)
    for depth in (100, 1000):
        nngp, ntk = deep_kernels_log(four, depth, eps=eps, rescaled=True)
        np.testing.assert_allclose(nngp, log_psi, atol=1e-12)
        np.testing.assert_allclose(ntk, log_psi + jnp.log1p(correction / (depth + 1)), atol=1e-12)


def test_finite_depth_equals_the_kernels():
    x = jnp.array([[1.0, 0.0]])
    z = jnp.array([[math.cos(t), math.sin(t)] for t in (1e-3, 0.4, 1.3)])
    eps = jnp.sum((x - z) ** 2, axis=1) / 2
    for act in (TWO, get_activation("gelu").normalized(), get_activation("selu")):
        k = mlp_kernels(x, z, activation=act, depth=6, inputs="sphere")
        nngp, ntk = deep_kernels_log(act, 6, eps=eps)
        np.testing.assert_allclose(jnp.exp(nngp), k.nngp[0], rtol=1e-12)
        np.testing.assert_allclose(jnp.exp(ntk), k.ntk[0], rtol=1e-12)


def test_single_precision_loses_what_it_says_with_depth():
    act = optimal_activation(8)
    eps = np.logspace(-15, -0.01, 40).astype(np.float32)
    single, double = jnp.asarray(eps), jnp.asarray(eps, float)
    for depth, close in ((10, 1e-5), (100, 5e-4), (1000, 1e-2)):
        found = deep_kernels_log(act, depth, eps=single, rescaled=True)
        exact = deep_kernels_log(act, depth, eps=double, rescaled=True)
        assert found[0].dtype == jnp.float32
        np.testing.assert_allclose(found, exact, rtol=0, atol=close)


def test_logarithms_where_numbers_end():
    nngp, ntk = deep_kernels_log("hermite:3", 40, 0.9)
    assert float(nngp) == pytest.approx(3.0**40 * math.log(0.9), rel=1e-12)
    assert float(ntk) > float(nngp)  # by about L log 3
    _, diagonal = deep_kernels_log(optimal_activation(1), 2000, 1.0)
    assert float(diagonal) == pytest.approx(2000 * math.log(4) + math.log(4 / 3), rel=1e-13)


@pytest.mark.parametrize("d", [1, 2])
def test_the_profile_is_bounded_and_log_periodic(d):
    act = optimal_activation(d)
    period = math.sqrt(classify_activation(act).B1)
    u = 1e-4 * period ** -jnp.linspace(0, 2, 41)
    r = singular_profile(act, u)
    np.testing.assert_allclose(r[20:], r[:21], rtol=3e-7)
    swing = float((r.max() - r.min()) / r.mean())
    expected = {1: 1.35e-3, 2: 1.05e-7}[d]
    drift = 3e-8  # of the next order, in u^2
    assert swing == pytest.approx(expected, rel=0.02, abs=drift)


def test_required_depth_is_enough_and_not_more():
    for kernel in (0, 1):
        depth = required_depth(TWO, 0.05, 0.02, ("nngp", "ntk")[kernel])
        target = float(schroder(TWO, eps=0.05, log=True))

        def off(depth, kernel=kernel, target=target):
            found = deep_kernels_log(TWO, depth, eps=0.05, rescaled=True)[kernel]
            return abs(math.expm1(float(found) - target))

        assert off(depth) <= 0.02 < off(depth - 1)


def test_derivatives():
    four = optimal_activation(4)
    by_xi = jax.grad(lambda x: schroder(four, x, log=True))(0.6)
    assert float(by_xi) == pytest.approx(4.19378963329557 / 0.6, rel=1e-12)
    by_eps = jax.grad(lambda e: schroder(four, eps=e, log=True))(0.4)
    assert float(by_eps) == pytest.approx(-4.19378963329557 / 0.6, rel=1e-12)
    h = 1e-6
    by_difference = (schroder(four, 0.6 + h) - schroder(four, 0.6 - h)) / (2 * h)
    slope = jax.vmap(jax.grad(lambda x: schroder(four, x)))(jnp.array([0.6]))[0]
    assert float(slope) == pytest.approx(float(by_difference), rel=1e-8)


def test_kernel_matrix_on_the_orthant():
    x = jnp.abs(jax.random.normal(jax.random.key(0), (6, 3)))
    k = infinite_depth_kernel(TWO, x, log=True)
    assert (jnp.diag(k) == jnp.inf).all()
    unit = x / jnp.linalg.norm(x, axis=1, keepdims=True)
    assert float(k[0, 1]) == pytest.approx(
        float(schroder(TWO, float(unit[0] @ unit[1]), log=True)), rel=1e-10
    )
    blocks = infinite_depth_kernel(TWO, x, log=True, block=2)
    np.testing.assert_allclose(blocks, k, rtol=1e-13)


def test_ends():
    assert float(schroder(TWO, 0.0)) == 0.0
    assert float(schroder(TWO, eps=0.0)) == math.inf
    nngp, ntk = deep_kernels_log(TWO, 3, 0.0)
    assert float(nngp) == float(ntk) == -math.inf


def test_a_dual_with_a_small_linear_term():
    """p_1 = 1e-4: the power series starts late, and R swings by 82 %."""
    act = hermite_activation([0.0, 1e-2, 0.0, math.sqrt(1 - 1e-4)])
    f, df = power_map([0, mp.mpf("1e-4"), 0, 1 - mp.mpf("1e-4")])
    exact = reference(f, df, mp.mpf("1e-4"), mp.mpf(0.8))[0]
    assert float(schroder(act, 0.8, log=True)) == pytest.approx(float(mp.log(exact)), abs=2e-12)
    u = 1e-3 * math.sqrt(classify_activation(act).B1) ** -jnp.linspace(0, 1, 81)
    r = singular_profile(act, u)
    assert float(r.max() / r.min() - 1) == pytest.approx(0.82, abs=0.01)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: schroder("relu", 0.5), "'majority'"),
        (lambda: schroder("tanh"), "give one of the two"),
        (lambda: schroder("tanh", 0.5, eps=0.5), "give one of the two"),
        (lambda: schroder("tanh", -0.5), "xi is"),
        (lambda: singular_profile("tanh", 1.5), "u is"),
        (lambda: classify_activation("step"), "jumps"),
        (lambda: classify_activation(Activation("one", jnp.ones_like)), "constant"),
        (lambda: required_depth("tanh", 0.0), "eps_min is"),
        (lambda: required_depth("tanh", 0.1, kernel="gp"), "kernel is 'gp'"),
        (lambda: deep_kernels_log("tanh", -1, 0.5), "depth is -1"),
        (lambda: deep_kernels_log("relu", 3, 0.5, rescaled=True), "'majority'"),
        (lambda: infinite_depth_kernel("tanh", jnp.array([[1.0, 0], [-1, 0.1]])), "obtuse"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("name", ["tanh", "sin", "hermite:2", "sigmoid"])
@pytest.mark.parametrize("depth", [0, 1, 7, 60])
def test_the_diagonal_is_the_checked_sum(name, depth):
    mean = float(moments(get_activation(name).normalized()).B1)
    item = claim("ntk/recursion/diagonal-sum")
    symbols = sorted(map(str, item.rhs.free_symbols))
    checked = compiled("ntk/recursion/diagonal-sum", args=tuple(symbols))
    values = {"L": float(depth)}
    expected = checked(*(values.get(symbol, mean) for symbol in symbols))
    assert deep_diagonal_log(name, depth) == pytest.approx(float(jnp.log(expected)), rel=1e-12)


def test_the_diagonal_at_the_edge_and_where_it_overflows():
    assert deep_diagonal_log("relu", 1000) == pytest.approx(np.log(1001), rel=1e-12)
    assert deep_diagonal_log("hermite:2", 5000) == pytest.approx(5001 * np.log(2), rel=1e-12)
