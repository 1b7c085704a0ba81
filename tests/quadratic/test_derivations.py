"""The chapter's derivations: the numbers they give, and the errors they would notice."""

from dataclasses import replace
from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest
from sympy import Rational, Symbol, symbols
from sympy.core.function import AppliedUndef

from theorylab.quadratic.derivations import DERIVATIONS
from theorylab.quadratic.derivations.ranks import exact_rank
from theorylab.quadratic.derivations.tower import tower_polynomial
from theorylab.symbolic import claim, compiled
from theorylab.symbolic.decide import look_for_counterexample

# What the pages and the numerics call by name.
STABLE = {
    "neuron": "product gradient-r gradient-g gradient-b input-gradient gauge conventional "
    "reference-r reference-g reference-input tangent-weights tangent-biases dead",
    "quadratic-form": "mixed pure slope value polarization difference-of-squares",
    "inclusion": "conventional square passes-squares identity halves",
    "xor": "square product signs no-line",
    "ring": "score no-line",
    "tower": "inactive height chebyshev zero slope height-outside sturm degree parameters",
    "pieces": "quadratic conventional one-layer chain chain-slope",
    "spline": "knot unit one-sided linear-error quadratic-error",
    "regions": "lines ellipses ellipses-by-euler hyperbolas",
    "neuron-dimension": "direction disjoint cycle gauge many-inputs room few-inputs ranks "
    "three-inputs",
    "shallow-dimension": "square square-full quadratic quadratic-full matched",
    "moments": "second fourth symmetric half product length tail",
    "collapse": "length ratio-map ratio-above ratio-below contraction fixed-ratio squaring "
    "closed-form log-length fixed-point log-slope",
    "blow-up": "length reference-ratio growth solution in-depths design layer-by-layer",
    "conservation": "rate-r rate-g conserved with-decay drift",
    "relinear": "pull-closed-form balance threshold adam plain-decay-closed-form",
}


@cache
def _derivation(name):
    return next(d for d in DERIVATIONS if d.name == f"quadratic/{name}")


def test_there_is_one_entry_for_each_derivation():
    assert set(STABLE) == {d.name.split("/")[1] for d in DERIVATIONS}


@pytest.mark.parametrize("derivation", STABLE)
def test_the_names_that_others_rely_on_exist(derivation):
    for name in STABLE[derivation].split():
        item = claim(f"quadratic/{derivation}/{name}")
        assert item.kind == "step" and item.latex()


@pytest.mark.parametrize("derivation", STABLE)
def test_no_index_in_print_is_raised_or_lowered_twice(derivation):
    """`v^2_r` squared would print as `v^2_r^2`, which is no LaTeX."""
    for item in _derivation(derivation).items.values():
        tex = item.latex().replace(" ", "")
        assert "}^{2}_{" not in tex and "}_{r}^{2}^{" not in tex and "^^" not in tex


def test_general_claims_are_not_listed_cases():
    general = (
        "tower/chebyshev tower/slope pieces/quadratic neuron-dimension/many-inputs "
        "neuron-dimension/gauge neuron-dimension/three-inputs collapse/closed-form "
        "collapse/contraction conservation/conserved regions/ellipses shallow-dimension/matched"
    )
    for path in general.split():
        derivation, name = path.split("/")
        whole = _derivation(derivation)
        for used in (name, *whole.rests_on(name)):
            assert whole.items[used].cases is None, used


def test_listed_cases_say_so():
    for path in ("shallow-dimension/quadratic", "tower/sturm", "neuron-dimension/ranks"):
        assert claim(f"quadratic/{path}").cases


m, n = symbols("m n", integer=True, positive=True)
A, B, C = symbols("A B C", nonnegative=True)


def _named(expr, name):
    atoms = expr.free_symbols | expr.atoms(AppliedUndef)
    return next(a for a in atoms if (getattr(a, "name", None) or a.func.__name__) == name)


# Errors that a person would make, each in a formula that looks right.
WRONG = {
    # the product rule with one term
    "neuron/input-gradient": lambda rhs: rhs - _named(rhs, "r") * _named(rhs, "w_g"),
    # the squares with the wrong power of gamma
    "neuron/tangent-weights": lambda rhs: rhs.subs(_named(rhs, "gamma"), _named(rhs, "gamma") ** 2),
    # half the product
    "quadratic-form/polarization": lambda rhs: 2 * rhs,
    # the sign of the exclusive or
    "xor/signs": lambda rhs: -rhs,
    # the angle grows by one with every layer instead of doubling
    "tower/height": lambda rhs: rhs.subs(
        2 ** Symbol("L", integer=True, positive=True), Symbol("L", integer=True, positive=True)
    ),
    # one root less
    "tower/sturm": lambda rhs: rhs - 1,
    # the degree of the last layer in every layer
    "pieces/one-layer": lambda rhs: rhs + m,
    # the jump of the second derivative taken for the coefficient
    "spline/knot": lambda rhs: 2 * rhs,
    # every two ellipses meet twice, as circles do
    "regions/ellipses": lambda rhs: m * (m - 1) + 2,
    # the line at infinity forgotten
    "regions/hyperbolas": lambda rhs: 2 * m * (m - 1) + 2,
    # the rescaling forgotten
    "neuron-dimension/many-inputs": lambda rhs: rhs + 1,
    "neuron-dimension/ranks": lambda rhs: rhs + 1,
    # the symmetric rank counted as a plain one
    "shallow-dimension/square": lambda rhs: m * n,
    # the diagonal counted twice
    "shallow-dimension/quadratic": lambda rhs: rhs + n,
    # a product of Gaussians taken for a Gaussian
    "moments/product": lambda rhs: rhs / 3,
    "moments/fourth": lambda rhs: rhs - 12 * A**2 * Symbol("b", real=True) ** 2 * B,
    # the rectifier forgotten
    "moments/length": lambda rhs: 2 * rhs,
    # the mean square grows by a factor: an ordinary exponential
    "collapse/log-length": lambda rhs: rhs.subs(
        2 ** Symbol("L", integer=True, positive=True), Symbol("L", integer=True, positive=True)
    ),
    "collapse/ratio-map": lambda rhs: rhs + 3,
    # a kurtosis of 3, as before the rectifier
    "blow-up/growth": lambda rhs: rhs * Rational(5, 8),
    # exponential growth
    "blow-up/in-depths": lambda rhs: rhs * (1 + _named(rhs, "l")),
    # gamma on the wrong side
    "conservation/conserved": lambda rhs: (
        rhs / _named(claim("quadratic/conservation/rate-g").rhs, "gamma")
    ),
    # first order
    "conservation/drift": lambda rhs: rhs / _named(rhs, "eta"),
    # scaling taken for a slower step
    "relinear/adam": lambda rhs: rhs * Rational(1, 10),
}


@pytest.mark.parametrize("path", WRONG)
def test_a_plausible_error_is_refuted(path):
    item = claim(f"quadratic/{path}")
    wrong = WRONG[path](item.rhs)
    assert wrong != item.rhs
    derivation = _derivation(path.split("/")[0])
    residuals = item.rule.residuals(replace(item, rhs=wrong), derivation.premises(item))
    found = [look_for_counterexample(residual, item.domain, item.path) for residual in residuals]
    assert any(evidence.counterexample is not None for evidence in found)


def _value(path, **values):
    return np.asarray(compiled(f"quadratic/{path}", args=tuple(values))(*values.values()))


@pytest.mark.parametrize("depth", (1, 2, 3, 5))
def test_the_tower_is_a_chebyshev_polynomial(depth):
    """Against NumPy's own, and with one piece more than roots."""
    coefficients = [float(c) for c in tower_polynomial(depth).all_coeffs()[::-1]]
    unit = np.zeros(2**depth + 1)
    unit[-1] = 1
    assert np.array_equal(coefficients, np.polynomial.chebyshev.cheb2poly(unit))
    assert tower_polynomial(depth).count_roots(-1, 1) + 1 == 2**depth + 1


def test_pieces_and_regions_are_counted_as_in_small_drawings():
    for name, counts in {
        "lines": (2, 4, 7, 11),
        "ellipses": (2, 6, 14, 26),
        "hyperbolas": (3, 9, 19, 33),
    }.items():
        assert np.allclose([_value(f"regions/{name}", m=m) for m in (1, 2, 3, 4)], counts)
    assert _value("pieces/one-layer", m=7) == 15


def test_dimensions_of_neuron_and_layer():
    from math import comb

    wide = [int(_value("neuron-dimension/many-inputs", n=n)) for n in (4, 5, 6)]
    assert wide == [14, 17, 20]
    assert [comb(n + 2, 2) for n in (1, 2, 3)] == [3, 6, 10]
    quadratic = [_value("shallow-dimension/quadratic", n=n, m=m) for n, m in ((8, 1), (8, 2))]
    assert quadratic == [23, 34]
    square = [_value("shallow-dimension/square", n=n, m=m) for n, m in ((8, 3), (8, 6))]
    assert square == [21, 33]
    # with equal numbers of weights the order turns round: 74 against 81
    assert (exact_rank(16, 2, True), exact_rank(16, 6, False)) == (74, 81)
    assert [exact_rank(n + 1, 1, True) for n in range(1, 7)] == [3, 6, 10, *wide]
    assert [_value("shallow-dimension/matched", n=16, m=m) for m in (1, 2, 3)] == [-2, 7, 11]


def test_any_quadratic_of_three_inputs_is_one_neuron():
    rng = np.random.default_rng(3)
    matrix, beta = rng.normal(size=(3, 3)), rng.normal(size=3)
    matrix = matrix + matrix.T
    names = {f"A_{{{i + 1}{j + 1}}}": matrix[i, j] for i, j in ((0, 1), (0, 2), (1, 2))}
    names |= {f"beta_{i + 1}": beta[i] for i in range(3)}
    w_r = np.stack(
        compiled("quadratic/neuron-dimension/choice", args=tuple(names))(*names.values())
    )
    w_b = np.diag(matrix) - w_r * beta
    inputs = rng.normal(size=(50, 3))
    neuron = (inputs @ w_r + 1) * (inputs @ beta) + inputs**2 @ w_b + 0.3
    form = np.einsum("ei,ij,ej->e", inputs, matrix, inputs) + inputs @ beta + 0.3
    assert np.allclose(neuron, form, atol=1e-10)


def test_moments_agree_with_random_numbers():
    rng = np.random.default_rng(5)
    values = dict(A=0.7, B=0.4, C=0.3, b=0.8)
    u, v, s = (np.sqrt(values[name]) * rng.normal(size=2_000_000) for name in "ABC")
    z = u * (values["b"] + v) + s
    for name, power, errors in (("second", 2, 5), ("fourth", 4, 5)):
        spread = np.std(z**power) / np.sqrt(z.size)
        assert abs(np.mean(z**power) - _value(f"moments/{name}", **values)) < errors * spread
    assert np.isclose(_value("moments/second", **values), 0.7 * (0.64 + 0.4) + 0.3)


def test_he_on_all_weights_explodes_as_a_tower_of_squares():
    q, m_4 = 1.0, 3.0
    seen = []
    for _ in range(4):
        values = dict(q=q, m_4=m_4, v_r=2.0, v_g=2.0, v_b=2.0, b=0.0)
        q, m_4 = (float(_value(f"moments/{name}", **values)) for name in ("length", "tail"))
        seen.append(q)
    assert np.allclose(seen, [5, 248, 5.22e5, 2.36e12], rtol=2e-3)


def test_the_ratio_settles_where_the_prototype_found_it():
    ratio = 3.0
    for _ in range(60):
        ratio = float(_value("collapse/ratio-map", rho=ratio, alpha=4.0, beta=2.0))
    assert np.isclose(ratio, 6.642615, atol=1e-6)
    kappa = float(_value("collapse/kappa", rho=ratio, alpha=4.0, beta=2.0))
    assert np.isclose(kappa, 8.642615, atol=1e-6)
    assert np.isclose(1 / kappa, 0.115706, atol=1e-6)
    # the iterates of the squaring map, and their logarithm far beyond what a float holds
    q = 0.2
    for depth in range(1, 5):
        q = kappa * q**2
        assert np.isclose(_value("collapse/log-length", L=depth, kappa=kappa, q_0=0.2), np.log(q))
    assert np.isfinite(_value("collapse/log-length", L=60, kappa=kappa, q_0=0.2))


def test_the_blow_up_depth_is_where_the_exact_recursion_runs_away():
    def first_above(eps, level):
        q, m_4, depth = 1.0, 6.0, 0
        while q < level:
            values = dict(q=q, m_4=m_4, v_r=2.0, v_g=2 * eps**2, v_b=2 * eps**2, b=1.0)
            q, m_4 = (float(_value(f"moments/{name}", **values)) for name in ("length", "tail"))
            depth += 1
        return depth

    found = {eps: (first_above(eps, 100), first_above(eps, 2)) for eps in (0.05, 0.1)}
    assert found == {0.05: (52, 26), 0.1: (15, 7)}
    assert np.isclose(_value("blow-up/depth", varepsilon=0.05, q_0=1.0), 50)
    assert np.isclose(_value("blow-up/depth", varepsilon=0.1, q_0=1.0), 12.5)


def test_compiled_claims_keep_single_precision():
    for path, values in {
        "collapse/log-length": dict(L=20.0, kappa=8.6, q_0=0.1),
        "blow-up/in-depths": {"q_0": 1.0, "l": 3.0, r"\ell_*": 50.0},
        "moments/tail": dict(q=1.0, m_4=6.0, v_r=2.0, v_g=0.1, v_b=0.1, b=1.0),
    }.items():
        args = [jnp.float32(value) for value in values.values()]
        found = compiled(f"quadratic/{path}", args=tuple(values))(*args)
        assert found.dtype == jnp.float32 and jnp.isfinite(found)
