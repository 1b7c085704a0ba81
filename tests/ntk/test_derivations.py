"""The chapter's derivations: every step follows, and no wrong step would."""

from dataclasses import replace
from functools import cache

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from sympy import Rational, Symbol, cosh, lambdify, log, sinh, sqrt
from sympy.core.function import AppliedUndef

from theorylab.ntk.derivations import DERIVATIONS
from theorylab.symbolic import claim, compiled
from theorylab.symbolic.decide import look_for_counterexample

# What the pages and the numerics call by name.
STABLE = {
    "hermite": "derivative orthonormal mehler-tilt mehler dual at-zero slope-at-zero at-one slope "
    "slope-at-one",
    "duals": "step relu relu-slope-at-one absolute leaky-relu relu-coefficients relu-series "
    "erf-mean erf erf-slope sine-mean sine cosine-mean cosine sine-slope-at-zero "
    "sine-slope-at-one",
    "recursion": "tangent factored closed-form diagonal-sum diagonal-critical",
    "fixed-points": "excess term quotient quotient-at-one quotient-falls slope",
    "schroder": "series series-eight power-law exponent in-distance alpha alpha-moments "
    "log-periodic next-order",
    "optimal": "normalised nonnegative mean-two exponent fixed-points epsilon-map activation-slope",
    "optimal-circle": "slope exponent epsilon-map activation-slope",
    "families": "sine means sine-slope erf-slope sine-excess erf two-terms",
    "depth": "layer correction normalised limit log-slope excess-near excess-in-distance shallow "
    "local-exponent",
    "majority": "sherman-morrison predictor tangent-fixed tangent-approach",
    "critical": "power-law tangent-growth predictor ratio-rectifier predictor-rectifier "
    "ratio-smooth predictor-smooth relu-near-one relu-rate",
    "nearest": "iterate ratio tangent",
    "ordered": "approach solves sum-of-weights predictor ridge",
    "variance": "triple slope optimal sine",
    "order-chaos": "correlation-slope erf-slope erf-susceptibility erf-edge-weights erf-edge "
    "sine-edge-weights sine-edge relu-edge depth-scale",
}


@cache
def _derivation(name):
    return next(derivation for derivation in DERIVATIONS if derivation.name == name)


@pytest.mark.parametrize("derivation", STABLE)
def test_the_names_that_others_rely_on_exist(derivation):
    for name in STABLE[derivation].split():
        item = claim(f"ntk/{derivation}/{name}")
        assert item.kind == "step" and item.latex()


def test_general_claims_are_not_listed_cases():
    """The exponent, the limits and the finite-depth correction hold for every dual."""
    general = (
        "hermite/mehler-tilt hermite/slope-at-one fixed-points/excess fixed-points/slope "
        "recursion/closed-form schroder/alpha optimal/exponent depth/correction "
        "majority/sherman-morrison critical/tangent-growth ordered/predictor"
    )
    for path in general.split():
        derivation, name = path.split("/")
        whole = _derivation(f"ntk/{derivation}")
        for used in (name, *whole.rests_on(name)):
            assert whole.items[used].cases is None, used


p_1, mean, u = (Symbol(name, positive=True) for name in ("p_1", "B'", "u"))
a, q, xi = (Symbol(name, positive=True) for name in ("a", "q", "xi"))
tau = Symbol("tau", positive=True)
L = Symbol("L", integer=True, nonnegative=True)

# Errors that a person would make, each in a formula that looks right.
WRONG = {
    # the mean of the derivative taken for its square
    "schroder/alpha": lambda rhs: 2 * rhs,
    # the moment taken for its square
    "schroder/alpha-moments": lambda rhs: rhs / 2,
    # the ambient dimension
    "optimal/exponent": lambda rhs: rhs + 1,
    # one layer less
    "recursion/diagonal-sum": lambda rhs: (mean**L - 1) / (mean - 1),
    # the angle instead of its supplement
    "duals/step": lambda rhs: 1 - rhs,
    # the dual of the rectifier without the odd part
    "duals/relu": lambda rhs: rhs - xi / 2,
    # the mean instead of the normalised dual
    "duals/erf": lambda rhs: rhs.subs(xi, xi / tau),
    # cosine for sine
    "duals/sine": lambda rhs: cosh(a * xi) / cosh(a),
    "families/sine": lambda rhs: 2 * log(sinh(a) / a) / log(a * cosh(a)),
    # the crossover of one instead of two
    "depth/local-exponent": lambda rhs: (rhs + Symbol("alpha", positive=True)) / 2,
    # epsilon for the squared distance
    "depth/excess-in-distance": lambda rhs: rhs / 2,
    # the limits of rectifier and smooth activation exchanged
    "critical/ratio-rectifier": lambda rhs: Rational(1, 3),
    "critical/ratio-smooth": lambda rhs: Rational(1, 4),
    "critical/relu-rate": lambda rhs: rhs / 2,
    # the NNGP value for the tangent kernel
    "majority/predictor": lambda rhs: rhs.subs(Symbol("n", integer=True, positive=True), 1),
    # k per layer instead of the k-th power
    "nearest/iterate": lambda rhs: xi ** (Symbol("k", integer=True, positive=True) * L),
    # a layer less than there are
    "nearest/tangent": lambda rhs: rhs / Symbol("k", integer=True, positive=True),
    # the constant alone: majority vote
    "ordered/predictor": lambda rhs: rhs.subs(Symbol("q", positive=True), 0),
    # equal signs taken for granted
    "variance/optimal": lambda rhs: rhs.subs(Symbol("s", real=True), 1),
    # the variance at the edge without biases
    "order-chaos/erf-edge": lambda rhs: q - sqrt(1 + 4 * q) / 2,
}


@pytest.mark.parametrize("path", WRONG)
def test_a_plausible_error_is_refuted(path):
    item = claim(f"ntk/{path}")
    wrong = WRONG[path](item.rhs)
    assert wrong != item.rhs
    derivation = _derivation(item.path.rsplit("/", 1)[0])
    residuals = item.rule.residuals(replace(item, rhs=wrong), derivation.premises(item))
    found = [look_for_counterexample(residual, item.domain, item.path) for residual in residuals]
    assert any(evidence.counterexample is not None for evidence in found)


# Everything the numerics compile: arguments, and random ranges that reach the ends of use.
COMPILED = {
    "duals/step": {"xi": (0, 1)},
    "duals/relu": {"xi": (0, 1)},
    "duals/absolute": {"xi": (0, 1)},
    "duals/leaky-relu": {"xi": (0, 1), "b": (0, 1)},
    "duals/tau": {"sigma": (0.05, 20)},
    "duals/erf": {"xi": (0, 1), "tau": (0.01, 0.99)},
    "duals/erf-slope": {"xi": (0, 0.99), "tau": (0.01, 0.99)},
    "duals/sine": {"xi": (0, 1), "a": (0.05, 15)},
    "duals/cosine": {"xi": (0, 1), "a": (0.05, 15)},
    "duals/sine-slope-at-zero": {"a": (0.05, 15)},
    "duals/sine-slope-at-one": {"a": (0.05, 15)},
    "recursion/diagonal-sum": {"B'": (1.2, 4), "L": (0, 60)},
    "schroder/alpha": {"p_1": (0.05, 0.95), "B'": (1.1, 6)},
    "schroder/alpha-moments": {"A'": (0.05, 0.95), "B'": (1.1, 6)},
    "schroder/correction": {"D": (0.1, 3), "gamma": (0.1, 5), "B'": (1.1, 6)},
    "optimal/epsilon-map": {"varepsilon": (0, 1), "d": (2, 16)},
    "optimal/activation": {"z": (-4, 4), "d": (2, 16)},
    "optimal/activation-slope": {"z": (-4, 4), "d": (2, 16)},
    "optimal-circle/epsilon-map": {"varepsilon": (0, 1)},
    "optimal-circle/activation": {"z": (-3, 3)},
    "families/sine": {"a": (0.3, 15)},
    "families/erf": {"theta": (0.2, 1.5)},
    "depth/excess-in-distance": {"alpha": (0.5, 10), "B'": (1.1, 6), "u": (1e-4, 1.4)},
    "depth/local-exponent": {
        "alpha": (0.5, 10),
        "c": (0.5, 40),
        "L": (0, 1e6),
        "u": (1e-4, 1.4),
    },
    "majority/fixed": {"c": (0.05, 0.95), "s": (0, 0.95)},
    "critical/ratio": {"s": (0.25, 2)},
    "critical/predictor": {"s": (0.25, 2), "n": (1, 1e5), "Y": (-10, 10)},
    "critical/relu-rate": {"l": (1, 1e5)},
    "variance/sine": {"a": (0.1, 15), "q": (0.25, 4)},
    "order-chaos/erf-edge": {"q": (0.5, 6)},
    "order-chaos/sine-edge": {"q": (0.5, 6)},
    "order-chaos/depth-scale": {"chi": (0.05, 0.95)},
}


@pytest.mark.parametrize("path", COMPILED)
def test_a_compiled_formula_is_the_claim(path):
    ranges = COMPILED[path]
    function = compiled(f"ntk/{path}", args=tuple(ranges))
    rng = np.random.default_rng([7, sum(map(ord, path))])
    columns = [rng.uniform(low, high, 20) for low, high in ranges.values()]
    values = function(*map(jnp.asarray, columns))
    assert np.allclose(values, _evaluated(path, ranges, columns), rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("path", COMPILED)
def test_a_compiled_formula_is_finite_at_its_ends_in_single_precision(path):
    ranges = COMPILED[path]
    function = compiled(f"ntk/{path}", args=tuple(ranges))
    corners = np.stack(np.meshgrid(*ranges.values()), axis=-1).reshape(-1, len(ranges))
    columns = [jnp.asarray(column, jnp.float32) for column in corners.T]
    values = function(*columns)
    assert values.dtype == jnp.float32
    values = np.asarray(values, float)
    exact = _evaluated(path, ranges, [np.asarray(column, float) for column in columns])
    assert np.all(np.abs(values - exact) <= 2e-3 * np.maximum(np.abs(exact), 1e-3))


def _evaluated(path, ranges, columns):
    """The claim's right side by mpmath, independently of the compiler."""
    rhs = claim(f"ntk/{path}").rhs
    atoms = rhs.free_symbols | rhs.atoms(AppliedUndef)
    named = {getattr(atom, "name", None) or atom.func.__name__: atom for atom in atoms}
    dummies = [Symbol(f"x{n}") for n in range(len(ranges))]
    plain = rhs.xreplace({named[name]: x for name, x in zip(ranges, dummies, strict=True)})
    evaluate = lambdify(dummies, plain, modules="mpmath")
    with mpmath.workdps(30):
        rows = zip(*columns, strict=True)
        return np.array([float(evaluate(*map(mpmath.mpf, map(float, row)))) for row in rows])
