"""Finite width: the length of a hidden representation, and the signs the kernels do not see."""

from sympy import (
    Derivative,
    Function,
    KroneckerDelta,
    Rational,
    Sum,
    Symbol,
    exp,
    expand,
    simplify,
    sqrt,
    symbols,
)

from theorylab.ntk.derivations.symbols import HermiteTriple, N, d, i, j, k, scale
from theorylab.symbolic import Derivation, Enumerate, Integers, Interval, Rewrite

_a = Function("a", real=True)
_A = symbols("a_0:14", real=True)
_first, _second, _third = symbols("a_1 a_2 a_3", real=True)
_q = Symbol("q", positive=True)
_V = Function("V", positive=True)(_q)
_slope = Symbol("V'", real=True)
_sign = Symbol("s", real=True)

VARIANCE = Derivation(
    "ntk/variance",
    title="Stability at finite width",
    about=(
        "In a network of finite width the length of a hidden representation fluctuates. Whether "
        "the next layers damp the fluctuation or blow it up is decided by the slope of the "
        "variance map at its fixed point, and there the signs of the Hermite coefficients matter."
    ),
    domain={
        i: Integers(0, 9),
        j: Integers(0, 9),
        k: Integers(0, 9),
        N: Integers(0, 7),
        d: Interval(2, 16),
        _a: Interval(-2, 2),
        **dict.fromkeys(_A, Interval(-2, 2)),
        _q: Interval(Rational(1, 2), 2),
        _V: Interval(Rational(1, 2), 2),
        _slope: Interval(-1, 5),
        _sign: Interval(-1, 1),
        scale: Interval(Rational(1, 10), 6),
    },
)


def _general(v: Derivation) -> None:
    v.step(
        "triple",
        HermiteTriple(i, j),
        sqrt(i + 1) * KroneckerDelta(i + 1, j) + sqrt(i) * KroneckerDelta(i - 1, j),
        by=Enumerate({i: range(7), j: range(7)}),
        why="Multiplication by $z$ moves a Hermite polynomial to its neighbours.",
    )
    v.step(
        "slope",
        Sum(sqrt(j) * _a(i) * _a(j) * HermiteTriple(i, j - 1), (i, 0, N), (j, 1, N)),
        Sum(k * _a(k) ** 2, (k, 0, N))
        + Sum(sqrt((k + 1) * (k + 2)) * _a(k) * _a(k + 2), (k, 0, N - 2)),
        by=Enumerate({N: range(2, 5)}, functions={_a: lambda index: _A[int(index)]}, how=_plain),
        why="The slope of the variance map $V(q) = \\E\\,\\varphi(\\sqrt q\\,z)^2$ at $q=1$ is "
        "$\\E[z\\,\\varphi\\,\\varphi']$; the left side is this mean, multiplied out. The first "
        "sum is $B'$, the second depends on the signs of the coefficients.",
    )


def _optimal(v: Derivation) -> None:
    v.assume("first", _first, 2 ** (-d / 4), why="The optimal activation.")
    v.assume("second-squared", _second**2, 1 - 2 ** (1 - d / 2), why="The optimal activation.")
    v.assume(
        "third",
        _third,
        _sign * 2 ** (-d / 4),
        why="With a sign $s = \\pm1$, which no kernel sees.",
    )
    v.assume("sign", _sign**2, 1, why="A sign.")
    v.assume(
        "three-terms",
        _slope,
        _first**2 + 2 * _second**2 + 3 * _third**2 + sqrt(6) * _first * _third,
        why="The slope for Hermite polynomials of degree one to three.",
    )
    v.step(
        "optimal",
        _slope,
        2 + _sign * sqrt(6) * 2 ** (-d / 2),
        by=Rewrite(how=_powers),
        using=("three-terms", "first", "second-squared", "third", "sign"),
        why="With equal signs the fixed point $q=1$ is always unstable. With the third sign "
        "flipped it is stable in dimension two.",
    )


def _sine(v: Derivation) -> None:
    v.assume(
        "sine-variance",
        _V,
        (1 - exp(-2 * scale * _q)) / (1 - exp(-2 * scale)),
        why="The variance map of the normalised sine of $\\sqrt a\\,z$.",
    )
    v.step(
        "sine",
        Derivative(_V, _q),
        2 * scale * exp(-2 * scale * _q) / (1 - exp(-2 * scale)),
        by=Rewrite(),
        using=("sine-variance",),
        why="Its slope: at $q = 1$ it is below one for every $a$, since $e^{2a} > 1 + 2a$.",
    )


def _plain(expr):
    return expand(simplify(expr))


def _powers(expr):
    expr = expand(expr).subs(_sign**2, 1)
    return simplify(expr)


_general(VARIANCE)
_optimal(VARIANCE)
_sine(VARIANCE)
