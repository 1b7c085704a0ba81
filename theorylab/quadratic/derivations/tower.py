"""The Chebyshev tower: one unit per layer, and twice as many pieces with every layer."""

from functools import cache

from sympy import Function, Poly, Sum, Symbol, cos, cosh, expand, pi, simplify, sin

from theorylab.quadratic.derivations.symbols import L, i, l, moduli, relu
from theorylab.symbolic import Derivation, Enumerate, Induction, Integers, Interval, Rewrite

_h, _hyperbolic = Function("h", real=True), Function("H", real=True)
_z = Function("z", real=True)
_roots, _degree = Function("N", integer=True), Function("d", integer=True)
_theta, _y = Symbol("theta", real=True), Symbol("y", real=True)
_root = Function("vartheta", real=True)
_k = Symbol("k", integer=True, positive=True)
_u = Symbol("u", real=True)
_x = Symbol("x", real=True)

TOWER = Derivation(
    "quadratic/tower",
    title="The Chebyshev tower",
    about=(
        "One quadratic neuron in each of $L$ layers computes the Chebyshev polynomial of degree "
        "$2^L$ before its last rectifier. The rectifier then cuts it at $2^L$ roots, so the number "
        "of pieces doubles with every layer, while a chain of conventional neurons never has more "
        "than three."
    ),
    domain={
        L: Integers(1, 5),
        l: Integers(1, 6),
        i: Integers(1, 5),
        _k: Integers(1, 2**L),
        _theta: Interval(0, 3),
        _y: Interval(0, 1),
        _u: Interval(-3, 3),
        _x: Interval(-2, 2),
        _h(L): Interval(0, 2),
        _hyperbolic(L): Interval(2, 9),
        _z(L): Interval(-1, 1),
        _root(_k): Interval(0, 3),
        _roots(L): Integers(0, 200),
        _degree(L): Integers(0, 200),
    },
)


def _angles(d: Derivation) -> None:
    d.assume(
        "first",
        _h(1),
        2 * cos(_theta) ** 2,
        why="The first layer, $(2x)\\cdot x$, at the input $x = \\cos\\theta$.",
    )
    d.assume(
        "layer",
        _h(L + 1),
        2 * (_h(L) - 1) ** 2,
        why="Every further layer, $(2h - 2)(h - 1)$.",
    )
    d.step(
        "inactive",
        relu(2 * (_u - 1) ** 2),
        2 * (_u - 1) ** 2,
        by=Rewrite(how=moduli),
        why="The rectifiers of these layers do nothing, whatever the input.",
    )
    d.step(
        "height",
        _h(L),
        1 + cos(2**L * _theta),
        by=Induction(L, 1, how=simplify),
        using=("first", "layer"),
        why="Every layer doubles the angle.",
    )
    d.assume(
        "last",
        _z(L),
        _h(L) - 1,
        why="The last layer subtracts one before its rectifier: $c = -1$.",
    )
    d.step(
        "chebyshev",
        _z(L),
        cos(2**L * _theta),
        by=Rewrite(),
        using=("last", "height"),
        why="The Chebyshev polynomial of degree $2^L$, by its definition.",
    )


def _crossings(d: Derivation) -> None:
    d.assume(
        "root",
        _root(_k),
        (2 * _k - 1) * pi / 2 ** (L + 1),
        why="The angles at which the last layer changes its sign, $k = 1, \\dots, 2^L$: all "
        "different, and between 0 and $\\pi$.",
    )
    d.step(
        "zero",
        cos(2**L * _root(_k)),
        0,
        by=Rewrite(how=simplify),
        using=("root",),
        why="There the last layer vanishes.",
    )
    d.step(
        "slope",
        -(2**L) * sin(2**L * _root(_k)),
        (-1) ** _k * 2**L,
        by=Rewrite(how=simplify),
        using=("root",),
        why="Its slope in the angle does not vanish there: $2^L$ simple roots, each of "
        "which is a kink of the network.",
    )
    d.assume(
        "first-outside",
        _hyperbolic(1),
        2 * cosh(_y) ** 2,
        why="The first layer at an input $x = \\pm\\cosh y$ outside $[-1, 1]$.",
    )
    d.assume(
        "layer-outside",
        _hyperbolic(L + 1),
        2 * (_hyperbolic(L) - 1) ** 2,
        why="Every further layer there.",
    )
    d.step(
        "height-outside",
        _hyperbolic(L),
        1 + cosh(2**L * _y),
        by=Induction(L, 1, how=simplify),
        using=("first-outside", "layer-outside"),
        why="Outside there are no roots: the last layer is $\\cosh(2^L y) \\ge 1$.",
    )


@cache
def tower_polynomial(depth):
    """What the tower computes before its last rectifier, multiplied out."""
    height = 2 * _x**2
    for _ in range(depth - 1):
        height = expand(2 * (height - 1) ** 2)
    return Poly(height - 1, _x)


@cache
def _count(depth):
    return tower_polynomial(int(depth)).count_roots(-1, 1)


def _counts(d: Derivation) -> None:
    depths = {L: tuple(range(1, 7))}
    d.step(
        "sturm",
        _roots(L),
        2**L,
        by=Enumerate(depths, functions={_roots: _count}),
        why="The roots in $[-1, 1]$ counted in exact arithmetic, by Sturm's theorem: a second "
        "argument that shares nothing with the first.",
    )
    d.step(
        "degree",
        _degree(L),
        2**L,
        by=Enumerate(depths, functions={_degree: lambda depth: tower_polynomial(depth).degree()}),
        why="The degree, from the polynomial multiplied out.",
    )
    d.step(
        "parameters",
        Sum(6, (i, 1, L)) + 2,
        6 * L + 2,
        by=Rewrite(how=lambda expr: expr.doit()),
        why="Six numbers for each unit, two for the output.",
    )


_angles(TOWER)
_crossings(TOWER)
_counts(TOWER)
