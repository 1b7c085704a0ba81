"""What steps of finite size do to the conserved handicap."""

from sympy import Integral, Rational, Symbol, symbols

from theorylab.deep_linear.derivations.symbols import D, eta, exponents
from theorylab.symbolic import Bound, Derivation, Integers, Interval, Rewrite, Series

_x, _p, _pA, _pB, _r = symbols("x p p_A p_B r", positive=True)
_nextA, _nextB = symbols("p_A^{+} p_B^{+}", positive=True)
_n = Symbol("n", integer=True, nonnegative=True)
_LAYER = Interval(Rational(1, 10), 2)

DISCRETE_STEPS = Derivation(
    "deep_linear/discrete-steps",
    title="Steps of finite size",
    about=(
        "Gradient descent moves in steps, $p \\to p + \\eta\\,p^{D-1} r$. With one or two matrices "
        "the handicap is conserved by every step, however large; with three or more it leaks, and "
        "always towards equality."
    ),
    domain={
        D: Integers(1, 9),
        _n: Integers(0, 6),
        eta: Interval(Rational(1, 1000), Rational(1, 10)),
        _r: Interval(Rational(1, 10), 3),
        _p: _LAYER,
        _pB: Interval(Rational(1, 10), 1),
        _pA: Interval(_pB, 2),
        _nextA: _LAYER,
        _nextB: _LAYER,
    },
)


def _moved(layer, depth=D):
    return layer + eta * layer ** (depth - 1) * _r


def _advance(layer):
    """By how much one step advances the potential."""
    return Integral(_x ** (1 - D), (_x, layer, _moved(layer)))


def _second(layer):
    return (D - 1) * eta**2 * _r**2 * layer ** (D - 2) / 2


def _drift(d: Derivation) -> None:
    d.step(
        "advance",
        _advance(_p),
        eta * _r - _second(_p),
        by=Series(eta, 0, order=3, how=(_no_width, exponents)),
        why="The potential of the race is the integral of $p^{1-D}$. Up to terms of order "
        "$\\eta^3$ one step advances it by $\\eta r$, as the flow does, less a term that is larger "
        "for the stronger pathway.",
    )
    d.step(
        "drift",
        _advance(_pA) - _advance(_pB),
        _second(_pB) - _second(_pA),
        by=Series(eta, 0, order=3, how=(_no_width, exponents)),
        why="So one step changes the handicap by an amount of second order in $\\eta$; over a "
        "fixed time, in a number of steps that grows as $1/\\eta$, the error is of first order.",
    )
    d.assume("deep", D, _n + 3, why="Three or more matrices.")
    d.step(
        "towards-equality",
        _second(_pA),
        _second(_pB),
        relation=">",
        by=Bound(along=(_pA, _pB)),
        using=("deep",),
        why="Where pathway A is ahead, $p_A > p_B$, it loses more than pathway B: its lead "
        "shrinks, finite steps heal, if slowly.",
    )


def _exact(d: Derivation) -> None:
    for name, layer, after in (("a", _pA, _nextA), ("b", _pB, _nextB)):
        d.assume(
            f"step-{name}",
            after,
            _moved(layer),
            why=f"One step of gradient descent on a layer of pathway {name.upper()}.",
        )
    d.assume("one-matrix", D, 1, why="Pathways of one matrix.")
    d.step(
        "exact-one",
        _nextA - _nextB,
        _pA - _pB,
        by=Rewrite(),
        using=("step-a", "step-b", "one-matrix"),
        why="One matrix: every step keeps the difference exactly, however large it is.",
    )
    d.assume("two-matrices", D, 2, why="Pathways of two matrices.")
    d.step(
        "exact-two",
        _nextA / _nextB,
        _pA / _pB,
        by=Rewrite(),
        using=("step-a", "step-b", "two-matrices"),
        why="Two matrices: every step keeps the ratio exactly, however large it is.",
    )


def _no_width(expr):
    """An integral from a point to itself is nothing."""
    return expr.replace(
        lambda node: isinstance(node, Integral) and node.limits[0][1] == node.limits[0][2],
        lambda node: node * 0,
    )


_drift(DISCRETE_STEPS)
_exact(DISCRETE_STEPS)
