"""Regions of the plane: lines, ellipses, conics."""

from sympy import Function, Symbol, binomial, expand_func

from theorylab.quadratic.derivations.symbols import m
from theorylab.symbolic import Derivation, Induction, Integers, Interval, Rewrite

_lines, _ellipses = Function("R", positive=True), Function("E", positive=True)
_V, _edges, _F, _C = (Symbol(name, real=True) for name in ("V", "e", "F", "C"))

REGIONS = Derivation(
    "quadratic/regions",
    title="Regions of the plane",
    about=(
        "The units of one hidden layer cut the plane along lines if they are conventional, along "
        "conics if they are quadratic. How many regions can $m$ curves make? Add them one by one, "
        "or count vertices and edges and use Euler's formula."
    ),
    domain={
        m: Integers(1, 9),
        _lines(m): Interval(1, 99),
        _ellipses(m): Interval(1, 99),
        **{symbol: Interval(0, 99) for symbol in (_V, _edges, _F, _C)},
    },
)


def _one_by_one(d: Derivation) -> None:
    d.assume("no-line", _lines(0), 1, why="The empty plane is one region.")
    d.assume(
        "next-line",
        _lines(m + 1),
        _lines(m) + m + 1,
        why="In general position a new line meets the $m$ others once each and is cut into $m + 1$ "
        "parts, each of which cuts a region in two.",
    )
    d.step(
        "lines",
        _lines(m),
        1 + m + binomial(m, 2),
        by=Induction(m, 0, how=expand_func),
        using=("no-line", "next-line"),
        why="The regions of $m$ lines in general position, the most that lines can make.",
    )
    d.assume("one-ellipse", _ellipses(1), 2, why="An inside and an outside.")
    d.assume(
        "next-ellipse",
        _ellipses(m + 1),
        _ellipses(m) + 4 * m,
        why="Two conics meet in four points at most, so a new ellipse is cut into at most $4m$ "
        "arcs, each of which cuts a region in two.",
    )
    d.step(
        "ellipses",
        _ellipses(m),
        2 * m * (m - 1) + 2,
        by=Induction(m, 1),
        using=("one-ellipse", "next-ellipse"),
        why="The regions of $m$ ellipses, each two of which meet in four points.",
    )


def _euler(d: Derivation) -> None:
    d.assume(
        "ellipse-graph",
        (_V, _edges),
        (4 * binomial(m, 2), m * 4 * (m - 1)),
        why="Every pair of ellipses has four crossings; every ellipse carries $4(m-1)$ of them and "
        "as many arcs.",
    )
    d.assume("euler", _F, _edges - _V + 2, why="Euler's formula for a connected plane graph.")
    d.step(
        "ellipses-by-euler",
        _F,
        _ellipses(m),
        by=Rewrite(how=expand_func),
        using=("euler", "ellipse-graph", "ellipses"),
        why="Counting at once gives the same as counting one by one.",
    )
    d.assume(
        "conic-graph",
        (_V, _edges),
        (4 * binomial(m, 2) + 2 * m, m * (4 * (m - 1) + 2) + 2 * m),
        why="In the projective plane: $m$ hyperbolas and the line at infinity, which meets each of "
        "them twice.",
    )
    d.assume(
        "euler-projective",
        _C,
        _edges - _V + 1,
        why="Euler's formula in the projective plane, which has characteristic one.",
    )
    d.step(
        "hyperbolas",
        _C,
        2 * m**2 + 1,
        by=Rewrite(how=expand_func),
        using=("euler-projective", "conic-graph"),
        why="With hyperbolas, whose two branches count as one unit, there are still more regions.",
    )


_one_by_one(REGIONS)
_euler(REGIONS)
