"""The chapter's derivations: every step follows, and no wrong step would."""

from dataclasses import replace
from functools import cache

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
from sympy import Rational, Symbol, exp, lambdify, tanh
from sympy.core.function import AppliedUndef

from theorylab.deep_linear.derivations import DERIVATIONS
from theorylab.symbolic import claim, compiled
from theorylab.symbolic.decide import look_for_counterexample

# What the pages and the numerics call by name.
STABLE = {
    "gradient-flow": "gradient balance rotation modes",
    "modes": "layer-growth imbalance speed official-form balanced-speed",
    "one-mode": "depth-one depth-two time-one time-two half-time-two",
    "peak-speed": "peak",
    "plateau": "time rise-three rise-four geometric series-term orthogonality roots root-term "
    "plateau-growth plateau-length",
    "race": "race conservation balanced-race balanced-conservation balanced-race-two "
    "balanced-conservation-two",
    "potential": "balanced balanced-two balanced-inverse two three four recursion lengths",
    "two-pathways": "shares frozen-growth riccati riccati-solution",
    "deficit": "handicap-rate handicap-change one-root allocation-one allocation-two response "
    "susceptibility",
    "dose": "dose-law dose-law-two",
    "closing": "kernel edge width",
}


@cache
def _derivation(name):
    return next(derivation for derivation in DERIVATIONS if derivation.name == name)


@pytest.mark.parametrize("derivation", STABLE)
def test_the_names_that_others_rely_on_exist(derivation):
    for name in STABLE[derivation].split():
        item = claim(f"deep_linear/{derivation}/{name}")
        assert item.kind == "step" and item.latex()


def test_general_claims_are_not_listed_cases():
    """The statements for all depths rest on nothing that was checked depth by depth."""
    for path in ("race/race", "race/conservation", "plateau/time", "potential/recursion"):
        derivation, name = path.split("/")
        whole = _derivation(f"deep_linear/{derivation}")
        for used in (name, *whole.rests_on(name)):
            assert whole.items[used].cases is None, used


t = Symbol("t", nonnegative=True)
D = Symbol("D", integer=True, positive=True)
S, K_0, lam = (Symbol(name, positive=True) for name in ("S", "K_0", "lambda"))


# Errors that a person would make, each in a formula that looks right.
WRONG = {
    # the exponent counts neuron layers instead of matrices
    "modes/balanced-speed": lambda rhs: rhs.replace(
        lambda node: node.is_Pow and node.exp == 2 - 2 / D,
        lambda node: node.base ** (2 - 2 / (D + 1)),
    ),
    # the factor 2 of two matrices is forgotten in the exponential
    "one-mode/depth-two": lambda rhs: rhs.subs(exp(-2 * S * t), exp(-S * t)),
    # one layer grows as the other shrinks
    "gradient-flow/balance": lambda rhs: -rhs,
    # the lower end of the rise
    "plateau/time": lambda rhs: rhs.subs(K_0, 2 * K_0),
    # the peak at half of the target for every depth
    "peak-speed/peak": lambda rhs: S / 2,
    # the potential of one matrix less
    "race/balanced-race": lambda rhs: rhs * (D - 1) / (D - 2),
    # asinh without its scale
    "potential/two": lambda rhs: rhs.subs(lam, 1),
    # tanh at half the rate
    "two-pathways/riccati-solution": lambda rhs: rhs.replace(tanh, lambda x: tanh(x / 2)),
    # A's gates and B's gates in the wrong order
    "deficit/handicap-rate": lambda rhs: -rhs,
    # an average of the gains instead of their harmonic sum
    "deficit/response": lambda rhs: rhs / 2,
    # the susceptibility without its half
    "deficit/susceptibility": lambda rhs: 2 * rhs,
    # the dose in the wrong power of the target
    "dose/dose-law": lambda rhs: rhs / S ** Rational(1, 2),
    # the closing takes twice as long
    "closing/width": lambda rhs: 2 * rhs,
}


@pytest.mark.parametrize("path", WRONG)
def test_a_plausible_error_is_refuted(path):
    item = claim(f"deep_linear/{path}")
    wrong = WRONG[path](item.rhs)
    assert wrong != item.rhs
    derivation = _derivation(item.path.rsplit("/", 1)[0])
    residuals = item.rule.residuals(replace(item, rhs=wrong), derivation.premises(item))
    found = [look_for_counterexample(residual, item.domain, item.path) for residual in residuals]
    assert any(evidence.counterexample is not None for evidence in found)


# Everything the numerics compile: arguments, and random ranges that reach the ends of use.
COMPILED = {
    "one-mode/depth-one": {"t": (0, 60), "K_0": (1e-6, 0.5), "S": (0.5, 4)},
    "one-mode/depth-two": {"t": (0, 60), "K_0": (1e-6, 0.5), "S": (0.5, 4)},
    "one-mode/time-one": {"K": (0.6, 0.99), "K_0": (1e-6, 0.5), "S": (1, 4)},
    "one-mode/time-two": {"K": (0.6, 0.99), "K_0": (1e-6, 0.5), "S": (1, 4)},
    "one-mode/half-time-two": {"K_0": (1e-6, 0.2), "S": (0.5, 4)},
    "plateau/root-term": {"x": (1e-3, 0.999), "theta": (0.3, 6.0)},
    "plateau/rise-three": {"x": (1e-2, 0.999)},
    "plateau/rise-four": {"x": (1e-2, 0.999)},
    "potential/balanced": {"p": (0.05, 2), "p_0": (0.05, 2), "D": (3, 8)},
    "potential/balanced-two": {"p": (0.05, 2), "p_0": (0.05, 2)},
    "potential/balanced-inverse": {"F": (-2, -0.1), "p_0": (0.05, 2), "D": (3, 8)},
    "potential/two": {"p": (-5, 5), "lambda": (0.25, 2)},
    "potential/three": {"p": (-5, 5), "lambda": (0.25, 2)},
    "potential/four": {"p": (-5, 5), "lambda": (0.25, 2)},
    "closing/kernel": {"t": (0, 60), "K_0": (1e-6, 0.2), "S": (0.5, 4)},
    "deficit/allocation-two": {"C": (-30, 30), "S": (0.5, 4)},
    "deficit/susceptibility": {"D": (1, 9), "S": (0.5, 4)},
}


def _points(path, ranges, count, seed=0):
    rng = np.random.default_rng([seed, sum(map(ord, path))])
    columns = []
    for name, (low, high) in ranges.items():
        if name == "D":
            columns.append(rng.integers(low, high + 1, count).astype(float))
        else:
            columns.append(rng.uniform(low, high, count))
    return columns


@pytest.mark.parametrize("path", COMPILED)
def test_a_compiled_formula_is_the_claim(path):
    ranges = COMPILED[path]
    function = compiled(f"deep_linear/{path}", args=tuple(ranges))
    columns = _points(path, ranges, 20)
    values = function(*map(jnp.asarray, columns))
    exact = _evaluated(path, ranges, columns)
    assert np.allclose(np.asarray(values), exact, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("path", COMPILED)
def test_a_compiled_formula_is_finite_at_its_ends_in_single_precision(path):
    ranges = COMPILED[path]
    function = compiled(f"deep_linear/{path}", args=tuple(ranges))
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
    rhs = claim(f"deep_linear/{path}").rhs
    atoms = rhs.free_symbols | rhs.atoms(AppliedUndef)
    named = {getattr(atom, "name", None) or atom.func.__name__: atom for atom in atoms}
    dummies = [Symbol(f"a{n}") for n in range(len(ranges))]
    plain = rhs.xreplace({named[name]: a for name, a in zip(ranges, dummies, strict=True)})
    evaluate = lambdify(dummies, plain, modules="mpmath")
    with mpmath.workdps(30):
        rows = zip(*columns, strict=True)
        return np.array([float(evaluate(*map(mpmath.mpf, map(float, row)))) for row in rows])
