"""Activations whose deep limit is consistent: the exponent equals the dimension."""

from sympy import (
    Derivative,
    Function,
    Matrix,
    Rational,
    Symbol,
    expand_log,
    log,
    powsimp,
    simplify,
    sqrt,
)

from theorylab.ntk.derivations.symbols import (
    alpha,
    d,
    dual,
    eps,
    mean,
    p_1,
    p_2,
    p_3,
    xi,
    z,
)
from theorylab.symbolic import Bound, Derivation, Interval, Rewrite

_phi = Function("varphi", real=True)(z)
_p_7 = Symbol("p_7", positive=True)
_h_2, _h_3 = (z**2 - 1) / sqrt(2), (z**3 - 3 * z) / sqrt(6)
_h_6 = (z**6 - 15 * z**4 + 45 * z**2 - 15) / (12 * sqrt(5))
_h_7 = (z**7 - 21 * z**5 + 105 * z**3 - 105 * z) / (12 * sqrt(35))
_next = Symbol("varepsilon_1", positive=True)

_DOMAIN = {
    xi: Interval(0, 1),
    eps: Interval(0, 1),
    z: Interval(-3, 3),
    p_1: Interval(0, Rational(1, 2)),
    p_2: Interval(0, 1),
    p_3: Interval(0, Rational(1, 2)),
    _p_7: Interval(0, 1),
    mean: Interval(1, 5),
    alpha: Interval(Rational(1, 2), 16),
    dual: Interval(0, 1),
    _phi: Interval(-9, 9),
    _next: Interval(0, 1),
}

OPTIMAL = Derivation(
    "ntk/optimal",
    title="Optimal activations in two and more dimensions",
    about=(
        "A classifier that stays consistent whatever the data needs a singular kernel whose "
        "exponent is the dimension of the sphere. Three Hermite coefficients are enough to build "
        "one for every dimension from two on."
    ),
    domain={d: Interval(2, 16), **_DOMAIN},
)

OPTIMAL_CIRCLE = Derivation(
    "ntk/optimal-circle",
    title="An optimal activation in one dimension",
    about=(
        "On the circle the recipe for higher dimensions would need a negative weight. Two Hermite "
        "polynomials of degree one and seven do it."
    ),
    domain=_DOMAIN,
)


def _higher(c: Derivation) -> None:
    c.assume(
        "weights",
        Matrix([p_1, p_2, p_3]),
        Matrix([2 ** (-d / 2), 1 - 2 ** (1 - d / 2), 2 ** (-d / 2)]),
        why="The squared Hermite coefficients of degree one, two and three; all others are zero.",
        source="radhakrishnan2023wide, official code",
    )
    c.step(
        "normalised",
        p_1 + p_2 + p_3,
        1,
        by=Rewrite(how=_powers),
        using=("weights",),
        why="They add up to one.",
    )
    c.step(
        "nonnegative",
        2 ** (1 - d / 2),
        1,
        relation="<=",
        by=Bound(along=(d, 2)),
        why="The second weight is not negative from dimension two on, where it vanishes. In "
        "dimension one it would be negative.",
    )
    c.assume("mean", mean, p_1 + 2 * p_2 + 3 * p_3, why="The mean of the distribution.")
    c.step(
        "mean-two",
        mean,
        2,
        by=Rewrite(how=_powers),
        using=("mean", "weights"),
        why="It is two in every dimension: near equal inputs each layer doubles "
        "$\\varepsilon = 1-\\xi$.",
    )
    c.assume(
        "alpha",
        alpha,
        -2 * log(p_1) / log(mean),
        why="The exponent of the singular kernel, as derived from Schröder's equation; it needs "
        "$A = 0$, $0 < p_1 < 1$ and $B' > 1$.",
        source="radhakrishnan2023wide",
    )
    c.step(
        "exponent",
        alpha,
        d,
        by=Rewrite(how=_logarithms),
        using=("alpha", "mean-two", "weights"),
        why="The exponent is the dimension.",
        source="radhakrishnan2023wide",
    )
    c.assume("dual", dual(xi), p_1 * xi + p_2 * xi**2 + p_3 * xi**3, why="The dual activation.")
    c.step(
        "fixed-points",
        dual(xi) - xi,
        -xi * (1 - xi) * (1 - p_1 + p_1 * xi),
        by=Rewrite(how=_powers),
        using=("dual", "weights"),
        why="There is no fixed point between 0 and 1.",
    )
    c.assume("near-one", xi, 1 - eps, why="The distance of the correlation from 1.")
    c.assume("next", _next, 1 - dual(xi), why="The same after one layer.")
    c.step(
        "epsilon-map",
        _next,
        2 * eps - (1 + 2 ** (-d / 2)) * eps**2 + 2 ** (-d / 2) * eps**3,
        by=Rewrite(how=_powers),
        using=("next", "dual", "near-one", "weights"),
        why="In this form a layer can be computed without losing digits when inputs are close.",
    )
    c.assume(
        "activation",
        _phi,
        2 ** (-d / 4) * (z + _h_3) + sqrt(1 - 2 ** (1 - d / 2)) * _h_2,
        why="One activation with these squared coefficients; every choice of signs gives another.",
        source="radhakrishnan2023wide, official code",
    )
    c.step(
        "activation-slope",
        Derivative(_phi, z),
        2 ** (-d / 4) * (1 + sqrt(3) * _h_2) + sqrt(2) * sqrt(1 - 2 ** (1 - d / 2)) * z,
        by=Rewrite(),
        using=("activation",),
        why="Its derivative, in Hermite polynomials again.",
    )


def _circle(c: Derivation) -> None:
    c.assume(
        "dual",
        dual(xi),
        (xi + xi**7) / 2,
        why="Half of the weight on degree one, half on degree seven.",
        source="radhakrishnan2023wide, official code",
    )
    c.step(
        "slope",
        Derivative(dual(xi), xi),
        (1 + 7 * xi**6) / 2,
        by=Rewrite(),
        using=("dual",),
        why="Its slope is $p_1 = 1/2$ at 0 and $B' = 4$ at 1.",
    )
    c.assume("first", p_1, Rational(1, 2), why="The slope at 0.")
    c.assume("mean", mean, (1 + 7) * p_1, why="The slope at 1.")
    c.assume(
        "alpha",
        alpha,
        -2 * log(p_1) / log(mean),
        why="The exponent of the singular kernel, as derived from Schröder's equation; it needs "
        "$A = 0$, $0 < p_1 < 1$ and $B' > 1$.",
        source="radhakrishnan2023wide",
    )
    c.step(
        "exponent",
        alpha,
        1,
        by=Rewrite(how=_logarithms),
        using=("alpha", "mean", "first"),
        why="The exponent is the dimension of the circle.",
        source="radhakrishnan2023wide",
    )
    c.assume("near-one", xi, 1 - eps, why="The distance of the correlation from 1.")
    c.assume("next", _next, 1 - dual(xi), why="The same after one layer.")
    c.step(
        "epsilon-map",
        2 * _next,
        8 * eps - 21 * eps**2 + 35 * eps**3 - 35 * eps**4 + 21 * eps**5 - 7 * eps**6 + eps**7,
        by=Rewrite(),
        using=("next", "dual", "near-one"),
        why="Near equal inputs each layer multiplies $\\varepsilon$ by four.",
    )
    c.assume(
        "activation",
        _phi,
        (z + _h_7) / sqrt(2),
        why="The activation itself.",
        source="radhakrishnan2023wide, official code",
    )
    c.step(
        "activation-slope",
        Derivative(_phi, z),
        (1 + sqrt(7) * _h_6) / sqrt(2),
        by=Rewrite(),
        using=("activation",),
        why="Its derivative.",
    )


def _powers(expr):
    return powsimp(expr.expand(), force=True).expand()


def _logarithms(expr):
    return simplify(expand_log(expr, force=True))


_higher(OPTIMAL)
_circle(OPTIMAL_CIRCLE)
