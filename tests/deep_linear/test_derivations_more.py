"""Forgetting, sharpness, decay, finite steps, matrices: wrong variants are refuted."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sympy import Mul, Rational, Symbol

from theorylab.deep_linear.derivations import DERIVATIONS
from theorylab.deep_linear.derivations.symbols import K_0, D, S, eta, mu, t
from theorylab.symbolic import Derivation, DerivationError, Status, compiled
from theorylab.symbolic.items import map_side

NAMES = (
    "unlearning",
    "sharpness",
    "weight-decay",
    "discrete-steps",
    "two-layer",
    "singular-values",
)
_P = Symbol("P", integer=True, positive=True)
_s = Symbol("s", positive=True)


@cache
def _derivation(name):
    return next(d for d in DERIVATIONS if d.name == f"deep_linear/{name}")


@pytest.mark.parametrize("name", NAMES)
def test_every_step_is_proved_in_general(name):
    derivation = _derivation(name)
    for item, verdict in derivation.check().items():
        assert verdict.status in (Status.PROVED, Status.ASSUMED), item
        assert not isinstance(derivation.items[item].cases, dict), item


def _put(old, new):
    return lambda side: side.subs(old, new)


def _times(factor):
    return lambda side: factor * side


# For each claim the side that is changed, and an error that a person would make.
WRONG = {
    # the gain of a shallower pathway
    "unlearning/decay": ("rhs", lambda rhs: rhs.subs(Rational(2) / D, Rational(3) / D)),
    # the quantity that grows, at twice its rate
    "unlearning/time": ("rhs", _times(2)),
    # depth counted in layers of neurons
    "unlearning/unlearning": ("rhs", _put(D, D + 1)),
    # the same half-life for every strength
    "unlearning/half-life": ("rhs", _put(K_0, 1)),
    # half the rate of forgetting
    "unlearning/unlearning-one": ("rhs", _put(t, t / 2)),
    # the square root without its factor of two
    "unlearning/deep": ("rhs", _put(_s, _s / 2)),
    # the strength taken for the residual
    "sharpness/hessian": ("rhs", _put(S, 0)),
    # one layer instead of D
    "sharpness/pathway": ("rhs", _times(1 / D)),
    # each pathway as sharp as the winner
    "sharpness/shared": ("rhs", _times(_P)),
    # curved at depth two as well
    "sharpness/along-splits": ("rhs", lambda rhs: rhs.subs(1 - 2 / D, 1 - 1 / D)),
    # the step must stay below 1/sharpness times sqrt(2)
    "sharpness/stable": ("rhs", _times(Rational(1, 2))),
    # every depth heals
    "weight-decay/curvature": ("rhs", _times(-1)),
    # the strength decays as fast as one layer
    "weight-decay/speed": ("rhs", _put(mu, mu / D)),
    # the handicap of deep pathways decays
    "weight-decay/handicap": ("rhs", _times(-1)),
    # the price without the number of pathways
    "weight-decay/price-of-sharing": ("rhs", _put(_P, 1)),
    # a step that overshoots
    "discrete-steps/advance": ("rhs", lambda rhs: -rhs.subs(eta, -eta)),
    # away from equality
    "discrete-steps/drift": ("rhs", _times(-1)),
    # the ratio turned round
    "discrete-steps/exact-two": ("lhs", lambda lhs: 1 / lhs),
    # the square without its half
    "two-layer/stacked-flow": ("rhs", _times(2)),
    # growth from one side only
    "two-layer/solution-solves": ("rhs", lambda rhs: rhs.args[0] + rhs.args[1]),
    # the exponential of w t instead of 2 w t
    "two-layer/growth": ("rhs", _put(t, t / 2)),
    # P taken for the product of the layers
    "two-layer/logistic": ("rhs", _put(K_0, 2 * K_0)),
    # the filters exchanged
    "singular-values/filters": ("rhs", lambda rhs: Mul(*reversed(rhs.args))),
    # one layer forgotten
    "singular-values/singular-value": ("rhs", _times((D - 1) / D)),
    # summed as if all singular values were equal
    "singular-values/off-diagonal": ("rhs", _times(D)),
    # the singular vectors turn the other way
    "singular-values/rotation": ("rhs", _times(-1)),
}


def _with_error(path):
    """The derivation up to the claim, with the wrong claim in its place."""
    name, claim = path.split("/")
    side, change = WRONG[path]
    whole = _derivation(name)
    copy = Derivation(whole.name, domain=whole.domain)
    for item in whole.items.values():
        sides = {"lhs": item.lhs, "rhs": item.rhs}
        if item.name == claim:
            sides[side] = map_side(sides[side], change)
            assert sides[side] != getattr(item, side)
        if item.kind == "assumption":
            copy.assume(item.name, **sides, relation=item.relation)
            continue
        copy.step(item.name, **sides, by=item.rule, using=item.using, relation=item.relation)
        if item.name == claim:
            return copy
    raise AssertionError(path)


def test_every_derivation_has_a_wrong_variant():
    assert {path.split("/")[0] for path in WRONG} == set(NAMES)


@pytest.mark.parametrize("path", WRONG)
def test_a_wrong_variant_is_refuted(path):
    with pytest.raises(DerivationError) as error:
        _with_error(path).check(path.split("/")[1])
    assert error.value.outcome == "REFUTED"


# The formulas against numbers that know nothing of them.


@pytest.mark.parametrize(("depth", "pathways"), [(1, 2), (2, 3), (3, 1), (4, 3)])
def test_sharpness_is_the_largest_eigenvalue_of_the_hessian(depth, pathways):
    s = 3.0
    layers = jnp.full((pathways, depth), (s / pathways) ** (1 / depth))
    hessian = jax.hessian(lambda p: (s - p.reshape(layers.shape).prod(1).sum()) ** 2 / 2)
    eigenvalues = np.linalg.eigvalsh(np.asarray(hessian(layers.ravel())))
    formula = compiled("deep_linear/sharpness/shared", args=("D", "P", "S"))
    assert eigenvalues[-1] == pytest.approx(float(formula(depth, pathways, s)), rel=1e-10)
    assert np.abs(eigenvalues[:-1]).max(initial=0.0) < 1e-12


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_singular_values_move_as_the_theorem_says(depth):
    u, _ = np.linalg.qr(np.random.default_rng(depth).normal(size=(5, 3)))
    v, _ = np.linalg.qr(np.random.default_rng(depth + 10).normal(size=(4, 3)))
    sigma = np.array([2.0, 1.1, 0.4])
    root = np.diag(sigma ** (1 / depth))
    layers = [root] * depth
    layers[0] = layers[0] @ v.T
    layers[-1] = u @ layers[-1]
    layers = [jnp.asarray(layer) for layer in layers]
    target = jnp.asarray(np.random.default_rng(99).normal(size=(5, 4)))

    def product(weights):
        total = weights[0]
        for weight in weights[1:]:
            total = weight @ total
        return total

    gradient = jax.grad(lambda ws: ((product(ws) - target) ** 2).sum() / 2)(layers)
    _, velocity = jax.jvp(product, (layers,), ([-g for g in gradient],))
    moved = np.diag(u.T @ np.asarray(velocity) @ v)
    slope = np.diag(u.T @ np.asarray(product(layers) - target) @ v)
    formula = compiled("deep_linear/singular-values/singular-value", args=("sigma", "g", "D"))
    expected = [float(formula(x, g, float(depth))) for x, g in zip(sigma, slope, strict=True)]
    np.testing.assert_allclose(moved, expected, rtol=1e-10)


def test_the_mode_with_target_zero_follows_the_formula():
    formula = compiled("deep_linear/unlearning/unlearning", args=("t", "K_0", "D"))
    for depth in (2.0, 3.0, 6.0):
        k, dt = 2.0, 1e-4
        for _ in range(10_000):  # the midpoint rule
            middle = k - dt / 2 * depth * k ** (3 - 2 / depth)
            k -= dt * depth * middle ** (3 - 2 / depth)
        assert float(formula(1.0, 2.0, depth)) == pytest.approx(k, rel=1e-6)
