"""The chapter's derivations: no wrong step would follow, and what is compiled is the claim."""

from dataclasses import replace
from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest
from sympy import Rational, Symbol

from theorylab.symbolic import claim, compiled
from theorylab.symbolic.decide import look_for_counterexample
from theorylab.symbolic.items import map_side
from theorylab.systems.derivations import DERIVATIONS

STABLE = {
    "counting": "lenses hom positions currying",
    "learners": "target gradient-cosh update request-composes update-cosh update-any parallel",
    "backprop": "chain output-weights hidden-weights",
    "limits": "order-defect rescaling-defect",
    "markets": "same-price nested wealth-after share regret",
    "hebb": "grown series bound slow unbounded",
    "oscillators": "modes manifold order stationary stable critical square-flow solution",
}


@cache
def _derivation(name):
    return next(derivation for derivation in DERIVATIONS if derivation.name == name)


@pytest.mark.parametrize("derivation", STABLE)
def test_the_names_that_pages_rely_on_exist(derivation):
    for name in STABLE[derivation].split():
        item = claim(f"systems/{derivation}/{name}")
        assert (item.kind == "step" or name == "order") and item.latex()


def _put(old, new):
    return lambda side: side.subs(old, new)


def _times(factor):
    return lambda side: factor * side


_eps, _eta, _lam = (Symbol(name, positive=True) for name in ("epsilon", "eta", "lambda"))

# For each claim the side that is changed, and an error that a person would make.
WRONG = {
    # sums for products
    "counting/lenses": ("rhs", lambda rhs: rhs + 1),
    # the directions of all positions, where one was shown
    "counting/hom": ("rhs", lambda rhs: rhs * Symbol("x", integer=True, nonnegative=True)),
    # a step size in the request is a step size too many
    "learners/update": ("lhs", _put(_eps, _eps**2)),
    "learners/update-any": ("rhs", _put(_eps, -_eps)),
    "backprop/hidden-weights": ("lhs", _times(Rational(1, 2))),
    # of first order in the step
    "limits/order-defect": ("rhs", lambda rhs: rhs / _eps),
    "limits/rescaling-defect": ("rhs", _put(_lam, 1 / _lam)),
    # the wealth of the group forgotten
    "markets/nested": ("lhs", _put(Symbol("U_1", positive=True), 1)),
    # the first wealth forgotten
    "markets/regret": ("rhs", _put(Symbol("w_i", positive=True), 1)),
    "hebb/grown": ("rhs", _put(_lam, _lam / 2)),
    # one oscillator pulls at its neighbours in number, not in half of it
    "oscillators/modes": ("rhs", _times(2)),
    "oscillators/critical": ("rhs", _times(2)),
    "oscillators/solution": ("rhs", _put(Symbol("t", nonnegative=True), 0)),
}


def test_every_derivation_has_a_wrong_variant():
    assert {path.split("/")[0] for path in WRONG} == set(STABLE)
    assert {derivation.name for derivation in DERIVATIONS} == {f"systems/{n}" for n in STABLE}


@pytest.mark.parametrize("path", WRONG)
def test_a_plausible_error_is_refuted(path):
    side, change = WRONG[path]
    item = claim(f"systems/{path}")
    wrong = map_side(getattr(item, side), change)
    assert wrong != getattr(item, side)
    derivation = _derivation(item.path.rsplit("/", 1)[0])
    residuals = item.rule.residuals(replace(item, **{side: wrong}), derivation.premises(item))
    found = [look_for_counterexample(residual, item.domain, item.path) for residual in residuals]
    assert any(evidence.counterexample is not None for evidence in found)


def test_compiled_formulas_are_the_claims_and_hold_in_single_precision():
    grown = compiled("systems/hebb/grown", args=("C", "eta", "lambda", "T"))
    weight = 0.0
    for _ in range(20):
        weight += 0.1 * (0.5 - 0.7 * weight)
    assert np.isclose(grown(0.5, 0.1, 0.7, 20.0), weight, rtol=1e-12)
    solution = compiled("systems/oscillators/solution", args=("kappa", "u_0", "K", "t"))
    ends = jnp.array([0.0, 1e3], jnp.float32)
    full = [jnp.full(2, x, jnp.float32) for x in (1.0, 0.04, 2.0)]
    values = solution(*full, ends)
    assert values.dtype == jnp.float32
    np.testing.assert_allclose(values, [0.04, 0.5], rtol=1e-5)
