"""Nearest neighbours: a dual that starts with a higher power, iterated."""

from sympy import (
    Function,
    Integer,
    Rational,
    Symbol,
    expand_power_base,
    factor,
    powdenest,
    powsimp,
    simplify,
    symbols,
)

from theorylab.ntk.derivations.symbols import L, xi
from theorylab.symbolic import Derivation, Induction, Integers, Interval, Rewrite

_p = Symbol("p_k", positive=True)
_k = Symbol("k", integer=True, positive=True)
_f, _K = (Function(name, positive=True) for name in "fK")
_near, _far, _xi_1, _xi_2 = symbols("w_1 w_2 xi_1 xi_2", positive=True)
_GROWN = (_k**L - 1) / (_k - 1)

NEAREST = Derivation(
    "ntk/nearest",
    title="Nearest neighbours",
    about=(
        "If the dual has neither a constant nor a linear term, a layer raises a small correlation "
        "to a power. Repeated, this makes the largest correlation decide alone, for the tangent "
        "kernel as for the NNGP kernel."
    ),
    domain={
        xi: Interval(Rational(1, 2), 1),
        _xi_1: Interval(Rational(1, 2), 1),
        _xi_2: Interval(Rational(1, 2), 1),
        _p: Interval(Rational(1, 2), 1),
        _k: Integers(2, 4),
        L: Integers(0, 3),
        _f: Interval(Rational(1, 10), 1),
        _K: Interval(Rational(1, 10), 9),
        _near: Interval(Rational(1, 10), 1),
        _far: Interval(Rational(1, 10), 1),
    },
)


def _iterates(d: Derivation) -> None:
    d.assume(
        "power",
        _f(L + 1),
        _p * _f(L) ** _k,
        why="The first power of the dual, $k \\ge 2$. The others change this by a factor "
        "$1 + O(f_L)$.",
    )
    d.assume("start", _f(Integer(0)), xi, why="The correlation of the inputs.")
    d.step(
        "iterate",
        _f(L),
        _p**_GROWN * xi ** (_k**L),
        by=Induction(L, how=_powers),
        using=("power", "start"),
        why="By induction over the layers: doubly exponential in the depth.",
    )
    d.assume("first", _near, _p**_GROWN * _xi_1 ** (_k**L), why="One training point.")
    d.assume("second", _far, _p**_GROWN * _xi_2 ** (_k**L), why="Another one.")
    d.step(
        "ratio",
        _near / _far,
        (_xi_1 / _xi_2) ** (_k**L),
        by=Rewrite(how=_powers),
        using=("first", "second"),
        why="The weight of one training point over that of another: the larger correlation wins.",
    )


def _tangent(d: Derivation) -> None:
    d.assume(
        "ntk",
        _K(L + 1),
        _f(L + 1) + _k * _f(L + 1) / _f(L) * _K(L),
        why="The recursion of the tangent kernel; the slope of a power is $k$ times its value "
        "over its argument.",
    )
    d.assume("ntk-start", _K(Integer(0)), _f(Integer(0)), why="Without hidden layers.")
    d.step(
        "tangent",
        _K(L),
        _f(L) * (_k ** (L + 1) - 1) / (_k - 1),
        by=Induction(L, how=_powers),
        using=("ntk", "ntk-start"),
        why="The tangent kernel of a pure power is a multiple of the NNGP kernel, the same for "
        "all pairs of inputs.",
    )


def _powers(expr):
    """One power of each base, with its exponent as one fraction."""
    flat = expand_power_base(powdenest(expr, force=True), force=True)
    joined = powsimp(flat, force=True)
    return simplify(joined.replace(lambda e: e.is_Pow, lambda e: e.base ** factor(e.exp)))


_iterates(NEAREST)
_tangent(NEAREST)
