"""Hermite polynomials, Mehler's formula, and the dual activation as a power series."""

from sympy import (
    Derivative,
    Function,
    Integer,
    KroneckerDelta,
    Rational,
    Sum,
    Symbol,
    exp,
    expand,
    pi,
    powdenest,
    simplify,
    sqrt,
    symbols,
)

from theorylab.ntk.derivations.symbols import (
    HermiteH,
    HermitePair,
    N,
    i,
    j,
    k,
    weight,
    xi,
    z,
)
from theorylab.symbolic import Derivation, Enumerate, Integers, Interval, Limit, Rewrite

_s, _t, _x, _y = symbols("s t u v", real=True)
_rho = Symbol("rho", real=True)
_n = Symbol("n", integer=True, positive=True)
_a = Function("a", real=True)
_A = symbols("a_0:12", real=True)
_P = symbols("p_0:5", positive=True)

HERMITE = Derivation(
    "ntk/hermite",
    title="Hermite polynomials and the dual activation",
    about=(
        "What an infinitely wide layer does to the correlation of two inputs depends on its "
        "activation only through the squares of its Hermite coefficients: they are the "
        "coefficients of a power series, the dual activation."
    ),
    domain={
        _s: Interval(-2, 2),
        _t: Interval(-2, 2),
        _x: Interval(-3, 3),
        _y: Interval(-3, 3),
        z: Interval(-3, 3),
        _rho: Interval(Rational(-9, 10), Rational(9, 10)),
        xi: Interval(0, 1),
        _n: Integers(1, 9),
        N: Integers(0, 7),
        i: Integers(0, 9),
        j: Integers(0, 9),
        k: Integers(0, 9),
        **dict.fromkeys(_A, Interval(-2, 2)),
        **dict.fromkeys(_P, Interval(0, 1)),
        _a: Interval(-2, 2),
        weight: Interval(0, 1),
    },
)


def _density(first, second):
    form = (first**2 - 2 * _rho * first * second + second**2) / (1 - _rho**2)
    return exp(-form / 2) / (2 * pi * sqrt(1 - _rho**2))


def _mehler(d: Derivation) -> None:
    d.step(
        "derivative",
        Derivative(HermiteH(_n, z), z),
        sqrt(_n) * HermiteH(_n - 1, z),
        by=Enumerate({_n: range(1, 10)}),
        why="Differentiation lowers the degree, as for powers.",
    )
    d.step(
        "orthonormal",
        HermitePair(i, j, Integer(1)),
        KroneckerDelta(i, j),
        by=Enumerate({i: range(9), j: range(9)}),
        why="Under a Gaussian the polynomials are orthonormal; here by its moments, degree by "
        "degree.",
    )
    d.step(
        "mehler-tilt",
        exp(_s * _x - _s**2 / 2) * exp(_t * _y - _t**2 / 2) * _density(_x, _y),
        exp(_rho * _s * _t) * _density(_x - _s - _rho * _t, _y - _t - _rho * _s),
        by=Rewrite(how=_merged),
        why="The generating functions $e^{su-s^2/2} = \\sum_i s^i h_i(u)/\\sqrt{i!}$ of the "
        "polynomials, times the joint density of $u$ and $v$, are that density, shifted, times a "
        "number. Integrated over the plane, the left side has the mean "
        "$\\E[e^{su-s^2/2}e^{tv-t^2/2}]$, and it is $e^{\\rho st}$: Mehler's formula for all "
        "degrees at once.",
        source="derived here",
    )
    d.step(
        "mehler",
        HermitePair(i, j, _rho),
        KroneckerDelta(i, j) * _rho**i,
        by=Enumerate({i: range(7), j: range(7)}),
        why="Coefficient by coefficient: polynomials of different degree stay orthogonal, and "
        "those of equal degree have the covariance $\\rho^i$. Here by the moments of $u$ and $v = "
        "\\rho u + \\sqrt{1-\\rho^2}\\,g$.",
    )


def _dual(d: Derivation) -> None:
    d.step(
        "dual",
        Sum(_a(i) * _a(j) * HermitePair(i, j, xi), (i, 0, N), (j, 0, N)),
        Sum(_a(k) ** 2 * xi**k, (k, 0, N)),
        by=Enumerate({N: range(6)}, functions={_a: lambda index: _A[int(index)]}, how=expand),
        why="The left side is $\\E[\\varphi(u)\\varphi(v)]$ for $\\varphi = \\sum_i a_i h_i$, "
        "multiplied out. Only pairs of equal degree are left: the dual is a power series with "
        "nonnegative coefficients, and the signs of the Hermite coefficients have disappeared.",
        source="daniely2016toward",
    )


def _values(d: Derivation) -> None:
    series = Sum(weight(k) * xi**k, (k, 0, N))
    short = sum(value * xi**power for power, value in enumerate(_P))
    d.step(
        "at-zero",
        short,
        _P[0],
        by=Limit(xi, 0),
        cases="degree at most four",
        why="With $p_k = a_k^2$. At 0 the dual is the squared mean $A^2$ of the activation.",
        source="daniely2016toward",
    )
    d.step(
        "slope-at-zero",
        Derivative(short, xi),
        _P[1],
        by=Limit(xi, 0, how=_carried_out),
        cases="degree at most four",
        why="Its slope there is the squared mean $A'^2$ of the derivative of the activation.",
        source="daniely2016toward",
    )
    d.step(
        "at-one",
        series,
        Sum(weight(k), (k, 0, N)),
        by=Limit(xi, 1, dir="-"),
        why="At 1 it is the mean square of the activation, normalised to 1: identical inputs stay "
        "identical.",
    )
    d.step(
        "slope",
        Derivative(series, xi),
        Sum(k * weight(k) * xi ** (k - 1), (k, 0, N)),
        by=Rewrite(),
        why="Since $\\varphi' = \\sum_k \\sqrt k\\,a_k h_{k-1}$, the right side is the dual of the "
        "derivative of the activation: differentiation and duality commute.",
        source="daniely2016toward",
    )
    d.step(
        "slope-at-one",
        Derivative(series, xi),
        Sum(k * weight(k), (k, 0, N)),
        by=Limit(xi, 1, dir="-", how=_carried_out),
        why="The slope at 1 is the mean square $B'$ of the derivative of the activation, and the "
        "mean of the distribution of the $p_k$.",
    )


def _carried_out(expr):
    return expr.doit(sums=False)


def _merged(expr):
    return simplify(powdenest(simplify(expr)))


_mehler(HERMITE)
_dual(HERMITE)
_values(HERMITE)
