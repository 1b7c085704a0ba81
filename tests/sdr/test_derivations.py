"""The chapter's derivations: every step follows, and no wrong step would."""

from dataclasses import replace
from functools import cache

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from sympy import Rational, Symbol, lambdify, symbols
from sympy.core.function import AppliedUndef

from theorylab.sdr.derivations import DERIVATIONS
from theorylab.symbolic import claim, compiled
from theorylab.symbolic.decide import look_for_counterexample
from theorylab.symbolic.items import map_side

NAMES = [derivation.name for derivation in DERIVATIONS]

# What the pages and the numerics call by name.
STABLE = {
    "counting": "patterns example silenced noise-example intersections union-example",
    "overlap": "ratio ratio-falls symmetry absorption normalisation moments mean variance",
    "scaling": "sum-n law-n law-a law-s law-theta local-exponent",
    "bounds": "first-term-bound gaps ratio-bound sandwich-upper subset-bound bonferroni "
    "subset-ratio replacement",
    "power-law": "slope-lower slope-upper slope-limit amplitude amplitude-lower falling-power "
    "first-term-slope",
    "floor": "correction approach floor-slope",
    "chernoff": "generating dominated markov bound-any tilt value bound half",
    "deviations": "identity deviance prefactor ratio-limit bahadur-rao",
    "noise": "kept match-slope conditional thinning independent-noise",
    "unions": "miss-one miss-two mean pairs variance capacity alternating inversion intersection "
    "overcount union-bound",
    "bloom": "bloom bloom-optimum bloom-minimum",
    "thresholds": "exact likelihood-ratio line threshold-of-gap chernoff-point",
    "poisson": "zero ratio same-ratio",
}


@cache
def _derivation(name):
    return next(derivation for derivation in DERIVATIONS if derivation.name == name)


@pytest.mark.parametrize("derivation", STABLE)
def test_the_names_that_others_rely_on_exist(derivation):
    for name in STABLE[derivation].split():
        item = claim(f"sdr/{derivation}/{name}")
        assert item.kind == "step" and item.latex()


def test_general_claims_are_not_listed_cases():
    """Only the worked example is established for listed cases."""
    for derivation in DERIVATIONS:
        for item in derivation.items.values():
            assert derivation.name == "sdr/counting" or item.cases is None, item.path


n, a, s = symbols("n a s", integer=True, positive=True)
theta = Symbol("theta", integer=True, positive=True)
b = Symbol("b", integer=True, nonnegative=True)
p, q = symbols("p q", positive=True)


def _put(old, new):
    return lambda side: side.subs(old, new)


def _times(factor):
    return lambda side: factor * side


# For each claim the side that is changed, and an error that a person would make.
WRONG = {
    # more than the threshold instead of at least
    "counting/example": ("rhs", _put(Rational(11, 42), Rational(1, 42))),
    # without replacement forgotten
    "overlap/ratio": ("rhs", _put(n - s - a + b + 1, n - s - a + 1)),
    # the pattern with itself exchanged
    "overlap/symmetry": ("rhs", _put(a, a + 1)),
    # powers instead of falling powers
    "overlap/variance": ("rhs", lambda rhs: rhs * (n - 1) / n),
    # cells drawn with replacement
    "overlap/absorption": ("rhs", _put(n, n - 1)),
    # the threshold counted exclusively
    "scaling/law-n": ("rhs", lambda rhs: rhs * (theta + 1) / theta),
    # the old population in the denominator
    "scaling/sum-n": ("rhs", _put(n + 1, n)),
    # at the threshold instead of just below
    "scaling/law-a": ("rhs", _put(theta - 1, theta)),
    # active cells for synapses
    "scaling/sum-s": ("rhs", _put(a - theta + 1, s - theta + 1)),
    "scaling/law-theta": ("rhs", _times(-1)),
    # a lower bound taken for an upper one
    "bounds/subset-bound": ("rhs", _times(Rational(1, 2))),
    # every ratio larger than the first
    "bounds/ratio-bound": ("lhs", _times(2)),
    # the second inequality without its factor
    "bounds/bonferroni": ("lhs", _put(Symbol(r"S_{\theta+1}", positive=True), 0)),
    "bounds/subset-ratio": ("rhs", lambda rhs: rhs * (theta + 1) / theta),
    # exponent one too large
    "power-law/slope-limit": ("rhs", _put(theta, theta + 1)),
    # the correction with the wrong sign
    "power-law/first-term-slope": ("rhs", _put(n, -n)),
    "power-law/amplitude": ("rhs", _put(a, s)),
    # from above
    "floor/approach": ("rhs", _times(-1)),
    # the correction of sampling with replacement
    "floor/correction": ("rhs", _put(n, 2 * n)),
    "floor/floor-slope": ("rhs", lambda rhs: rhs * s / theta),
    # the tilt without its odds
    "chernoff/tilt": ("rhs", lambda rhs: rhs / 2),
    "chernoff/half": ("rhs", _times(2)),
    "chernoff/dominated": ("rhs", _put(p, p / 2)),
    # entropies of the wrong population
    "deviations/identity": ("rhs", _put(n - s, n)),
    "deviations/bahadur-rao": ("rhs", _put(1 - q, q)),
    "deviations/deviance": ("rhs", _times(-1)),
    "noise/match-slope": ("rhs", _times(2)),
    "noise/thinning": ("rhs", _times(2)),
    "noise/kept": ("rhs", _times(2)),
    # every pattern brings s new cells
    "unions/mean": ("rhs", lambda rhs: s * Symbol("M", integer=True, nonnegative=True)),
    # missed cells taken as independent
    "unions/variance": (
        "rhs",
        _put(
            Symbol("p_{00}", positive=True),
            Symbol("p_0", positive=True) ** 2,
        ),
    ),
    "unions/intersection": ("rhs", _put(b, b + 1)),
    "unions/union-bound": ("rhs", _times(Rational(1, 2))),
    # a quarter full
    "bloom/bloom-optimum": ("rhs", _times(2)),
    "thresholds/chernoff-point": ("rhs", lambda rhs: 1 - rhs),
    "thresholds/exact": ("rhs", _times(-1)),
    "poisson/ratio": ("rhs", _put(b, b + 1)),
}


def test_every_derivation_has_a_wrong_variant():
    assert {f"sdr/{path.split('/')[0]}" for path in WRONG} == set(NAMES)


@pytest.mark.parametrize("path", WRONG)
def test_a_plausible_error_is_refuted(path):
    side, change = WRONG[path]
    item = claim(f"sdr/{path}")
    wrong = map_side(getattr(item, side), change)
    assert wrong != getattr(item, side)
    derivation = _derivation(item.path.rsplit("/", 1)[0])
    residuals = item.rule.residuals(replace(item, **{side: wrong}), derivation.premises(item))
    found = [look_for_counterexample(residual, item.domain, item.path) for residual in residuals]
    assert any(evidence.counterexample is not None for evidence in found)


# Everything the numerics compile: arguments, and random ranges that reach the ends of use.
COMPILED = {
    "overlap/ratio": {"n": (500, 2e5), "a": (60, 400), "s": (20, 50), "b": (0, 19)},
    "scaling/law-n": {"n": (300, 2e5), "theta": (1, 50), "P": (1e-30, 1)},
    "scaling/law-a": {
        "n": (500, 2e5),
        "a": (60, 400),
        "s": (20, 50),
        "theta": (1, 20),
        "P": (1e-30, 1),
    },
    "scaling/law-s": {
        "n": (500, 2e5),
        "a": (60, 400),
        "s": (20, 50),
        "theta": (1, 20),
        "P": (1e-30, 1),
    },
    "scaling/local-exponent": {"theta": (1, 50), "P": (1e-3, 0.5), "F": (0.5, 1)},
    "bounds/subset-ratio": {"n": (500, 2e5), "a": (60, 400), "s": (20, 50), "theta": (1, 20)},
    "power-law/first-term-slope": {
        "n": (500, 2e5),
        "a": (60, 400),
        "s": (20, 50),
        "theta": (1, 20),
    },
    "floor/floor-slope": {"s": (10, 40), "theta": (1, 10), "p": (0.005, 0.3)},
    "floor/approach": {"s": (10, 40), "theta": (1, 10), "p": (0.005, 0.3)},
    "chernoff/divergence": {"q": (0.1, 0.95), "p": (0.001, 0.9)},
    "chernoff/half": {"p": (1e-4, 0.45)},
    "chernoff/tilt": {"q": (0.3, 0.95), "p": (1e-4, 0.2)},
    "deviations/bahadur-rao": {"s": (10, 100), "q": (0.4, 0.9), "p": (1e-3, 0.3), "D": (0.01, 4)},
    "unions/mean": {"n": (500, 2e5), "s": (10, 60), "M": (0, 400)},
    "unions/capacity": {"u": (1, 400), "n": (500, 2e4), "w_1": (0.5, 0.99)},
    "unions/ensemble": {"F": (1e-3, 0.9), "M": (1, 50)},
    "bloom/bloom": {"a": (5, 60), "n": (1e3, 1e4), "M": (2, 100)},
    "bloom/bloom-optimum": {"n": (1e3, 1e5), "M": (1, 200)},
    "thresholds/chernoff-point": {"p": (1e-3, 0.1), "nu": (0.05, 0.6)},
}
WHOLE = {"n", "a", "s", "b", "theta", "M"}


def _points(path, ranges, count, seed=0):
    rng = np.random.default_rng([seed, sum(map(ord, path))])
    columns = []
    for name, (low, high) in ranges.items():
        if name in WHOLE:
            columns.append(rng.integers(low, high, count, endpoint=True).astype(float))
        else:
            columns.append(rng.uniform(low, high, count))
    return columns


@pytest.mark.parametrize("path", COMPILED)
def test_a_compiled_formula_is_the_claim(path):
    ranges = COMPILED[path]
    function = compiled(f"sdr/{path}", args=tuple(ranges))
    columns = _points(path, ranges, 20)
    values = function(*map(jnp.asarray, columns))
    exact = _evaluated(path, ranges, columns)
    assert np.allclose(np.asarray(values), exact, rtol=1e-10, atol=0)


@pytest.mark.parametrize("path", COMPILED)
def test_a_compiled_formula_is_finite_at_its_ends_in_single_precision(path):
    ranges = COMPILED[path]
    function = compiled(f"sdr/{path}", args=tuple(ranges))
    corners = np.stack(np.meshgrid(*ranges.values()), axis=-1).reshape(-1, len(ranges))
    columns = [jnp.asarray(column, jnp.float32) for column in corners.T]
    values = function(*columns)
    assert values.dtype == jnp.float32
    values = np.asarray(values, float)
    exact = _evaluated(path, ranges, [np.asarray(column, float) for column in columns])
    scale = np.maximum(np.abs(exact), 1e-3)
    assert np.all(np.abs(values - exact) <= 2e-3 * scale)


def _evaluated(path, ranges, columns):
    """The claim's right side by mpmath, independently of the compiler."""
    rhs = claim(f"sdr/{path}").rhs
    atoms = rhs.free_symbols | rhs.atoms(AppliedUndef)
    named = {getattr(atom, "name", None) or atom.func.__name__: atom for atom in atoms}
    for function in rhs.atoms(AppliedUndef):  # P stands for P(theta): its argument is no matter
        named[function.func.__name__] = function
    dummies = [Symbol(f"a{number}") for number in range(len(ranges))]
    given = {named[name]: slot for name, slot in zip(ranges, dummies, strict=True) if name in named}
    plain = rhs.xreplace(given)
    evaluate = lambdify(dummies, plain, modules=[{"binomial": mpmath.binomial}, "mpmath"])
    with mpmath.workdps(30):
        rows = zip(*columns, strict=True)
        return np.array([float(evaluate(*map(mpmath.mpf, map(float, row)))) for row in rows])
