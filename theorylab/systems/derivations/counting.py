"""Counting lenses and the positions and directions of the internal hom, one by one."""

from functools import cache
from itertools import product

from sympy import Function, symbols

from theorylab.symbolic import Derivation, Enumerate, Instance, Integers
from theorylab.systems.finite import Lens, Poly, curry, hom, uncurry

_a, _b, _c, _x = symbols("a b c x", integer=True, nonnegative=True)
_count = Function("N", integer=True, nonnegative=True)
_hom = Function("H", integer=True, nonnegative=True)
_there = Function("C", integer=True, nonnegative=True)
_back = Function("U", integer=True, nonnegative=True)


def _asked(q: Poly, r: Poly):
    """Every pair of a forward table and backward tables, tried without any formula."""
    for pos in product(range(len(r)), repeat=len(q)):
        backs = [product(range(m), repeat=r[j]) for m, j in zip(q.arity, pos, strict=True)]
        for back in product(*backs):
            yield Lens(q, r, pos, tuple(back))


@cache
def lenses(a: int, b: int, c: int) -> int:
    """The number of lenses from y^a + y^b to y^c + 1, by listing them."""
    return len(set(_asked(Poly((a, b)), Poly((c, 0)))))


@cache
def elements_of_hom(a: int, c: int, x: int) -> int:
    """The internal hom of y^a + y and y^c + 1, applied to a set of x elements.

    It is summed lens by lens, from the definition of its directions.
    """
    q, r = Poly((a, 1)), Poly((c, 0))
    return sum(x ** sum(r[j] for j in f.pos) for f in _asked(q, r))


@cache
def round_trips(a: int, b: int, c: int) -> tuple[int, int]:
    """How many lenses come back from currying and uncurrying, from either side.

    The first are lenses from (y^a + y) @ y^b to y^c + 1, the second lenses from y^a + y to the
    internal hom of the other two.
    """
    p, q, r = Poly((a, 1)), Poly((b,)), Poly((c, 0))
    there = sum(uncurry(curry(f, p, q), q, r) == f for f in _asked(p @ q, r))
    back = sum(curry(uncurry(g, q, r), p, q) == g for g in _asked(p, hom(q, r)))
    return there, back


_TWO = range(3)
COUNTING = Derivation(
    "systems/counting",
    title="Counting lenses",
    about=(
        "Interfaces with two positions and up to two directions at each are few enough that every "
        "lens between them can be written down. The formula for their number, the internal hom "
        "and currying are checked on all of them."
    ),
    domain={
        **{symbol: Integers(0, 2) for symbol in (_a, _b, _c, _x)},
        _count(_a, _b, _c): Integers(0, 25),
        _hom(_a, _c, _x): Integers(0, 99),
        _there(_a, _b, _c): Integers(0, 99),
        _back(_a, _b, _c): Integers(0, 99),
    },
)


def _whole(count):
    return lambda *at: count(*map(int, at))


def _listed(d: Derivation) -> None:
    d.step(
        "lenses",
        _count(_a, _b, _c),
        (_a**_c + 1) * (_b**_c + 1),
        by=Enumerate({s: _TWO for s in (_a, _b, _c)}, functions={_count: _whole(lenses)}),
        why="The number of lenses from $y^a + y^b$ to $y^c + 1$, listed one by one: for each "
        "position a position, and for each direction there one that comes back ($0^0 = 1$).",
        source="niu2023polynomial",
    )
    d.step(
        "hom",
        _hom(_a, _c, _x),
        ((_a * _x) ** _c + 1) * (_x**_c + 1),
        by=Enumerate({s: _TWO for s in (_a, _c, _x)}, functions={_hom: _whole(elements_of_hom)}),
        why="The internal hom of $q = y^a + y$ and $r = y^c + 1$ at a set of $x$ elements, summed "
        "lens by lens: it is the product over the positions $j$ of $q$ of $r$ at $q[j]\\,x$.",
        source="niu2023polynomial",
    )
    d.step(
        "positions",
        _hom(_a, _c, 1),
        2 * (_a**_c + 1),
        by=Instance({_x: 1}),
        using=("hom",),
        why="For a set of one element what is left is the number of positions: that of the lenses "
        "from $y^a + y$ to $y^c + 1$.",
    )


def _curried(d: Derivation) -> None:
    three = (_a, _b, _c)
    functions = {
        _there: _whole(lambda *at: round_trips(*at)[0]),
        _back: _whole(lambda *at: round_trips(*at)[1]),
    }
    d.step(
        "currying",
        (_there(*three), _back(*three)),
        (((_a * _b) ** _c + 1) * (_b**_c + 1),) * 2,
        by=Enumerate({s: _TWO for s in three}, functions=functions),
        why="Lenses from $(y^a + y) \\otimes y^b$ to $y^c + 1$ that come back unchanged from "
        "currying and uncurrying, and lenses from $y^a + y$ to the internal hom that come back "
        "from the reverse: on both sides all of them.",
        source="niu2023polynomial",
    )


_listed(COUNTING)
_curried(COUNTING)
